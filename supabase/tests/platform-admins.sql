-- Operators of the platform: who they are, what they see, what they do; and that nobody else does.
select plan(17);
select tests.act_as('service_role');
delete from public.outbox;
insert into public.outbox (org_id, name, payload) values (tests.org('A'), 'source.read', '{"sourceId": "x"}'), (tests.org('A'), 'source.read', '{"sourceId": "y"}'), (null, 'platform.sweep', '{}');
do $$ begin perform public.settle_jobs((select jsonb_agg(jsonb_build_object('id', o.id, 'turn', 0, 'outcome', 'dead', 'reason', 'no')) from public.outbox o where o.name = 'source.read')); end $$;

select tests.act_as('owner');
select is(public.is_platform_admin(), false, 'T02: an owner is no operator');
select throws_ok($$select public.queue_overview()$$, 'P0002', null, 'H11: and sees nothing of the queue');
select throws_ok($$select public.pause_jobs('*', true)$$, 'P0002', null, 'H11: stops nothing');
select throws_ok($$select public.settle_dead_jobs(null, true)$$, 'P0002', null, 'H11: repeats nothing');
select throws_ok($$select public.add_platform_admin('x@example.com')$$, '42501', null, 'T03: and does not become one');
select throws_ok($$insert into private.platform_admins (user_id) values (tests.uid('owner'))$$, '42501', null, 'T03: by no way');

select tests.act_as('postgres');
select is(public.add_platform_admin('nobody@nowhere.example'), false, 'an address that nobody has makes nobody an operator');
update auth.users set email_confirmed_at = null where id = tests.uid('editor');
select is(public.add_platform_admin((select email::text from auth.users where id = tests.uid('editor'))), false, 'nor does one that is not confirmed');
update auth.users set email_confirmed_at = now() where id = tests.uid('viewer');
select is(public.add_platform_admin((select pg_catalog.upper(email::text) from auth.users where id = tests.uid('viewer'))), true, 'a confirmed one does');

select tests.act_as('viewer');
select is(public.is_platform_admin(), true, 'an operator is one');
select is((select (o ->> 'deadCount') || ' ' || jsonb_array_length(o -> 'minutes') from public.queue_overview() o), '2 60', 'and sees the queue');
select is((select o -> 'dead' -> 0 ->> 'organization' from public.queue_overview() o), 'Organization A', 'with whom it concerns');
do $$ begin perform public.pause_jobs('source.read', true); end $$;
select is((select count(*)::int from public.queue_overview() o, jsonb_array_elements(o -> 'jobs') j where (j ->> 'paused')::boolean), 1, 'pauses a job');
select is(public.settle_dead_jobs(array[(select (o -> 'dead' -> 0 ->> 'id')::uuid from public.queue_overview() o)], true), 1, 'has a dead letter tried again');
select is(public.settle_dead_jobs(null, false), 1, 'and dismisses the rest');
select is(public.settle_dead_jobs(null, true), 0, 'once');
select tests.act_as('service_role');
select results_eq($$select name, org_id from public.outbox where ended_at is null order by name$$, $$values ('platform.sweep', null::uuid), ('source.read', tests.org('A'))$$, 'a new job is there for the first');
select * from finish();
