-- Agents, their versions and origins.
select plan(36);

create temporary table ids as
  select (select id from public.agents where public_id = 'agent-a') as a, (select id from public.agents where public_id = 'agent-b') as b,
    (select published_version_id from public.agents where public_id = 'agent-a') as version_a,
    (select published_version_id from public.agents where public_id = 'agent-b') as version_b;
grant select on ids to public;

-- save_agent: one call, one version, the exact origins.
select tests.act_as('editor');
select is((select name from public.save_agent(tests.org('A'), (select a from ids), ' Ассистент ', '{"greeting": "Привет"}', array['https://a.example', 'https://new.example'])), 'Ассистент', 'an editor saves an agent');
select is((select number from public.agent_versions v join public.agents a on a.published_version_id = v.id where a.id = (select a from ids)), 2, 'which publishes version 2');
select is((select settings ->> 'greeting' from public.agent_versions where agent_id = (select a from ids) and number = 1), 'Hi', 'and leaves version 1 as it was');
select is((select created_by from public.agent_versions where agent_id = (select a from ids) and number = 2), tests.uid('editor'), 'in the editor''s name');
select set_eq($$select origin from public.agent_origins where agent_id = (select a from ids)$$, array['https://a.example', 'https://new.example'], 'the origins are exactly those given');
select lives_ok($$select public.save_agent(tests.org('A'), (select a from ids), 'Ассистент', '{}', '{}')$$, 'no origins');
select is_empty($$select 1 from public.agent_origins where agent_id = (select a from ids)$$, 'means none');
select throws_ok($$select public.save_agent(tests.org('A'), (select a from ids), 'x', '{}', array['https://ok.example', 'javascript:alert(1)'])$$, '23514', null, 'a bad origin fails the whole call');
select is((select max(number) from public.agent_versions where agent_id = (select a from ids)), 3, 'and leaves no version behind');
select throws_ok($$select public.save_agent(tests.org('A'), (select a from ids), 'x', '[]', '{}')$$, '23514', null, 'settings are an object');
select lives_ok($$select public.save_agent(tests.org('A'), null, 'New', '{}', array['https://n.example'])$$, 'without an id a new agent is made');
select is((select v.number from public.agents a join public.agent_versions v on v.id = a.published_version_id where a.name = 'New'), 1, 'with version 1 published');

-- change_agent_settings: only from the version that is published.
select is(public.change_agent_settings(tests.org('A'), (select a from ids), (select version_a from ids), '{"greeting": "Lost"}'), null, 'settings made from a version of the past are not published');
select is((select max(number) from public.agent_versions where agent_id = (select a from ids)), 3, 'and leave no version behind');
select isnt(public.change_agent_settings(tests.org('A'), (select a from ids), (select published_version_id from public.agents where id = (select a from ids)), '{"greeting": "Hello"}'), null, 'those made from the published one are');
select is((select v.settings ->> 'greeting' || v.number || a.name from public.agents a join public.agent_versions v on v.id = a.published_version_id where a.id = (select a from ids)), 'Hello4Ассистент', 'as the next version, and the name stays');
select throws_ok($$select public.change_agent_settings(tests.org('B'), (select b from ids), (select version_b from ids), '{}')$$, 'P0002', 'No such agent', 'another organization''s agent is not found');
select throws_ok($$select public.change_agent_settings(tests.org('A'), (select b from ids), (select version_b from ids), '{}')$$, 'P0002', 'No such agent', 'T07: also under one''s own organization');

-- What an editor may not write.
select throws_ok($$insert into public.agents (org_id, name, public_id) values (tests.org('A'), 'Squatter', 'demo')$$, '42501', null, 'T03: nobody picks a public id');
select throws_ok($$update public.agents set org_id = tests.org('B') where id = (select a from ids)$$, '42501', null, 'T03: an agent stays in its organization');
select throws_ok($$insert into public.agent_versions (org_id, agent_id, number, settings, created_by) values (tests.org('A'), (select a from ids), 99, '{}', tests.uid('owner'))$$, '42501', null, 'a version names its true author');
select throws_ok($$update public.agent_versions set settings = '{}' where agent_id = (select a from ids)$$, '42501', null, 'versions never change');
select throws_ok($$update public.agents set published_version_id = (select version_b from ids) where id = (select a from ids); set constraints all immediate$$, '23503', null, 'an agent cannot publish another organization''s version');
select throws_ok($$update public.agents set published_version_id = (select version_a from ids) where name = 'New'; set constraints all immediate$$, '23503', null, 'nor another agent''s');
select is_empty($$delete from public.agents where id = (select a from ids) returning 1$$, 'an editor deletes no agent');

-- Others.
select throws_ok($$select public.save_agent(tests.org('B'), (select b from ids), 'Mine now', '{}', '{}')$$, 'P0002', 'No such agent', 'another organization''s agent is not found');
select throws_ok($$select public.save_agent(tests.org('A'), (select b from ids), 'Mine now', '{}', '{}')$$, 'P0002', 'No such agent', 'also under one''s own organization');
select throws_ok($$select public.save_agent(tests.org('B'), null, 'Mine', '{}', '{}')$$, '42501', null, 'nor can one be made there');
select tests.act_as('operator');
select throws_ok($$select public.save_agent(tests.org('A'), (select a from ids), 'x', '{}', '{}')$$, 'P0002', null, 'T02: an operator changes no agent');
select throws_ok($$select public.change_agent_settings(tests.org('A'), (select a from ids), null, '{}')$$, 'P0002', null, 'T02: nor its settings');
select tests.act_as('removed');
select throws_ok($$select public.change_agent_settings(tests.org('A'), (select a from ids), null, '{}')$$, 'P0002', null, 'T18: nor does a removed admin, in part');
select throws_ok($$select public.save_agent(tests.org('A'), (select a from ids), 'x', '{}', '{}')$$, 'P0002', null, 'T18: nor does a removed admin');

select tests.act_as('service_role');
select throws_ok($$update public.agent_versions set settings = '{}'$$, '42501', null, 'the server changes no version either');
select throws_ok($$update public.agents set org_id = tests.org('B') where id = (select a from ids)$$, '42501', 'org_id of agents never changes', 'nor moves an agent');
select tests.act_as('admin');
select isnt_empty($$delete from public.agents where id = (select a from ids) returning 1$$, 'an admin deletes an agent');
select tests.act_as('postgres');
select is((select count(*)::int from public.chunks where org_id = tests.org('A')) + (select count(*)::int from public.runs where org_id = tests.org('A')), 0, 'and with it goes all it knew and said');
select * from finish();
