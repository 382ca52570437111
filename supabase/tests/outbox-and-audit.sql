-- The outbox and the audit log, and what is left of a deleted organization.
select plan(26);

-- The outbox: claimed once, claimed again when the lease has run out, never after it was sent.
select tests.act_as('service_role');
delete from public.outbox;
do $$ begin
  perform private.enqueue('source.read', tests.org('A'), jsonb_build_object('n', n), 'job:' || n) from generate_series(1, 5) n;
  perform private.enqueue('source.read', tests.org('A'), '{"n": "twice"}', 'job:1');
end $$;
select is((select count(*)::int from public.outbox), 5, 'a repeated dedupe key adds nothing');
select is((select payload ->> 'n' from public.outbox where dedupe_key = 'job:1'), '1', 'and changes nothing');
create temporary table claimed as select * from public.claim_outbox(2, 30);
select is((select count(*)::int from claimed), 2, 'a batch is claimed');
create temporary table claimed_next as select * from public.claim_outbox(50, 30);
select is((select count(*)::int from claimed_next), 3, 'the next claim gets the rest');
select is_empty($$select 1 from claimed join claimed_next using (id)$$, 'and nothing twice');
select is_empty($$select 1 from public.claim_outbox(50, 30)$$, 'until the leases run out');
update public.outbox set claimed_until = now() - interval '1 second' where dedupe_key in ('job:1', 'job:2');
select is((select count(*)::int from public.claim_outbox(50, 30)), 2, 'then a dead dispatcher''s jobs are claimed by another');
select lives_ok($$select public.mark_outbox_sent(array(select id from public.outbox where dedupe_key <> 'job:5'))$$, 'sent jobs');
update public.outbox set claimed_until = now() - interval '1 second';
select results_eq($$select payload ->> 'n' from public.claim_outbox(50, 30)$$, array['5'], 'are not claimed again');
update public.outbox set available_at = now() + interval '1 hour', claimed_until = null;
select is_empty($$select 1 from public.claim_outbox(50, 30)$$, 'nor are jobs for later');
select throws_ok($$update public.outbox set org_id = tests.org('B')$$, '42501', null, 'a job stays with its organization');

-- The audit log: who did what, written by the database itself.
select tests.act_as('admin');
update public.memberships set role = 'operator' where user_id = tests.uid('viewer');
select results_eq(
  $$select actor_id, subject_id, detail ->> 'role_before', detail ->> 'role' from public.audit_log where action = 'memberships.update' order by id desc limit 1$$,
  $$values (tests.uid('admin'), tests.uid('viewer')::text, 'viewer', 'operator')$$, 'a change of role is on record with its author');
select throws_ok($$insert into public.audit_log (org_id, actor_id, action, subject_type) values (tests.org('A'), tests.uid('owner'), 'agents.delete', 'agents')$$, '42501', null, 'nobody writes the record by hand');
select throws_ok($$update public.audit_log set actor_id = tests.uid('owner')$$, '42501', null, 'or changes it');
select throws_ok($$delete from public.audit_log$$, '42501', null, 'or clears it');
select is_empty($$select 1 from public.audit_log where detail::text ~ 'key_hash|[0-9a-f]{64}'$$, 'it holds no hashes of keys');
select tests.act_as('service_role');
select throws_ok($$update public.audit_log set action = 'x'$$, '42501', null, 'the server''s own key does not change it');
select throws_ok($$delete from public.audit_log$$, '42501', null, 'nor clear it');
select tests.act_as('postgres');
select throws_ok($$update public.audit_log set action = 'x'$$, '42501', 'The audit log is append-only', 'not even the database''s owner, by accident');
select throws_ok($$delete from public.audit_log$$, '42501', 'The audit log is append-only', 'deletes from it');
select throws_ok($$truncate public.audit_log$$, '42501', 'The audit log is append-only', 'or empties it');

-- Deleting an organization.
select tests.act_as('owner');
select isnt_empty($$delete from public.organizations where id = tests.org('A') returning 1$$, 'an owner deletes the organization');
select tests.act_as('postgres');
create function pg_temp.rows_of(org uuid) returns table (tbl text, n bigint) language plpgsql as $$
begin
  for tbl in select label from tests.tables where label like 'public.%' and label not like '% (%' loop
    execute format('select count(*) from %s where %s = %L', tbl, case tbl when 'public.organizations' then 'id' else 'org_id' end, org) into n;
    if n > 0 then return next; end if;
  end loop;
end $$;
select is_empty($$select * from pg_temp.rows_of(tests.org('A'))$$, 'nothing is left of it in any table');
select is((select count(*)::int from pg_temp.rows_of(tests.org('B')) where tbl <> 'public.outbox'), (select count(*)::int - 1 from tests.tables where label like 'public.%' and label not like '% (%'), 'and everything of the other');
select results_eq(
  $$select name, org_id from public.outbox where payload ->> 'objectKey' = (select o.name from storage.objects o where o.name like tests.org('A') || '/%')$$,
  $$values ('source.forget', null::uuid)$$, 'its stored files are still to be forgotten');
select is((select count(*)::int from auth.users where id = tests.uid('owner')), 1, 'and its people keep their accounts');
select * from finish();
