-- API keys: who makes them, when they work.
select plan(20);

select tests.act_as('admin');
insert into public.api_keys (org_id, name, key_hash, last_four, scopes, created_by) values (tests.org('A'), 'Server', repeat('1', 64), 'wxyz', '{chat,read}', tests.uid('admin'));
select tests.act_as('service_role');
select results_eq($$select org_id, scopes from public.find_api_key(repeat('1', 64))$$, $$values (tests.org('A'), '{chat,read}'::text[])$$, 'T01: a key belongs to one organization');
select isnt((select last_used_at from public.api_keys where key_hash = repeat('1', 64)), null, 'its use is noted');
select is_empty($$select 1 from public.find_api_key(repeat('2', 64))$$, 'an unknown key finds nothing');
select is_empty($$select 1 from public.find_api_key(null)$$, 'T24: no key finds nothing');
select is_empty($$select 1 from (values (''), (''' or true --'), ('%'), (repeat('1', 63) || '_')) v (q), public.find_api_key(q)$$, 'T59: nor does SQL');
select is_empty($$select 1 from public.find_api_key(repeat('a', 64))$$, 'D4: nor does a revoked one');

-- It dies with its maker's rights, and comes back with them.
update public.memberships set role = 'editor' where user_id = tests.uid('admin');
select is_empty($$select 1 from public.find_api_key(repeat('1', 64))$$, 'T18: a demoted maker''s key stops working');
update public.memberships set role = 'admin' where user_id = tests.uid('admin');
select isnt_empty($$select 1 from public.find_api_key(repeat('1', 64))$$, 'and works again once they are an admin again');
delete from public.memberships where user_id = tests.uid('admin');
select is_empty($$select 1 from public.find_api_key(repeat('1', 64))$$, 'T18: a removed maker''s key stops working');
insert into public.memberships values (tests.org('A'), tests.uid('admin'), 'admin');

select tests.act_as('admin');
select throws_ok($$select key_hash from public.api_keys$$, '42501', null, 'D2: nobody reads the hashes');
select throws_ok($$update public.api_keys set scopes = '{write}'$$, '42501', null, 'T03: scopes never grow');
select throws_ok($$update public.api_keys set key_hash = repeat('3', 64)$$, '42501', null, 'nor is a key replaced');
select throws_ok($$update public.api_keys set revoked_at = null$$, '42501', null, 'D4: what is revoked stays revoked');
select throws_ok($$insert into public.api_keys (org_id, name, key_hash, last_four, created_by) values (tests.org('A'), 'x', repeat('4', 64), 'aaaa', tests.uid('owner'))$$, '42501', null, 'nobody makes a key in another''s name');
select throws_ok($$insert into public.api_keys (org_id, name, key_hash, last_four, created_by) values (tests.org('B'), 'x', repeat('4', 64), 'aaaa', tests.uid('admin'))$$, '42501', null, 'or for another organization');
select throws_ok($$insert into public.api_keys (org_id, name, key_hash, last_four, created_by, scopes) values (tests.org('A'), 'x', repeat('4', 64), 'aaaa', tests.uid('admin'), '{everything}')$$, '23514', null, 'scopes are a closed list');
select isnt_empty($$update public.api_keys set revoked_at = now() where last_four = 'wxyz' returning id$$, 'an admin revokes');
select tests.act_as('service_role');
select is_empty($$select 1 from public.find_api_key(repeat('1', 64))$$, 'D4: and the very next request finds nothing');
select throws_ok($$update public.api_keys set org_id = tests.org('B') where key_hash = repeat('1', 64)$$, '42501', null, 'no key changes organization, whoever asks');
select tests.act_as('editor');
select is_empty($$select id from public.api_keys$$, 'an editor sees no keys');
select * from finish();
