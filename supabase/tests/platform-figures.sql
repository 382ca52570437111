-- The figures of the platform: what they count, who may ask, and that no organization can be made out in them.
select plan(15);
select tests.act_as('service_role');
delete from public.outbox;
insert into public.outbox (org_id, name, payload, available_at) values
  (tests.org('A'), 'source.read', '{"sourceId": "x"}', now() - interval '90 seconds'), (tests.org('A'), 'source.read', '{"sourceId": "y"}', now() + interval '1 hour'), (null, 'platform.sweep', '{}', now());
insert into public.outbox (org_id, name, payload, sent_at) values (tests.org('B'), 'source.read', '{"sourceId": "z"}', now() - interval '30 seconds');
do $$ begin perform public.settle_jobs((select jsonb_agg(jsonb_build_object('id', o.id, 'turn', 0, 'outcome', 'dead', 'reason', 'no')) from public.outbox o where o.name = 'platform.sweep')); end $$;
do $$ begin perform public.beat_worker('00000000-0000-7000-8000-0000000000f1', '{"host": "h", "version": "1", "store": "redis", "concurrency": 8, "running": 2}'); end $$;

select is((select f -> 'queue' -> 1 ->> 'waiting' || ' ' || (f -> 'queue' -> 1 ->> 'later') || ' ' || (f -> 'queue' -> 1 ->> 'inFlight') || ' ' || (f -> 'queue' -> 1 ->> 'oldestSeconds')::numeric::int || ' ' || (f -> 'queue' -> 1 ->> 'inFlightSeconds')::numeric::int from public.platform_figures() f), '1 1 1 90 30', 'the queue by job');
select is((select f -> 'queue' -> 0 ->> 'name' || ' ' || (f -> 'queue' -> 0 ->> 'dead') from public.platform_figures() f), 'platform.sweep 1', 'with what was given up');
select is((select (f ->> 'workersAlive')::int from public.platform_figures() f), 1, 'workers that live');
select is((select (f -> 'business' ->> 'organizations')::int from public.platform_figures() f), (select count(*)::int from public.organizations), 'organizations');
select is((select (f -> 'business' ->> 'organizationsActiveHour')::int from public.platform_figures() f), (select count(distinct r.org_id)::int from public.runs r where r.started_at > now() - interval '1 hour'), 'those that were asked something in the last hour');
select cmp_ok((select (f -> 'database' ->> 'bytes')::bigint from public.platform_figures() f), '>', 1000000::bigint, 'the size of the database');
select is((select count(*)::int from public.platform_figures() f, public.organizations g where f::text ilike '%' || g.name || '%' or f::text like '%' || g.id || '%' or f::text like '%' || g.slug || '"%'), 0, 'no organization can be made out in them');
select tests.act_as('postgres');
select is((select private.first_id_at(to_timestamp(1764133200.123))::text), '019abe88-60fb-0000-0000-000000000000', 'the first id of a moment');

insert into private.backups (begun_at, ended_at, alive_until, is_scheduled, place, file_name, outcome, failure) values
  ('2026-11-24T03:30Z', '2026-11-24T03:40Z', now(), true, 'folder', 'a', 'made', null), ('2026-11-25T03:30Z', '2026-11-25T03:41Z', now(), true, 'folder', 'b', 'failed', 'no space');
select is((select (private.platform_figures() ->> 'lastBackup')::timestamptz), '2026-11-24T03:40Z'::timestamptz, 'the last backup that succeeded');
delete from private.backups;

select tests.act_as('owner');
select throws_ok($$select public.platform_figures()$$, '42501', null, 'T03: people do not ask the server''s figures');
select throws_ok($$select public.platform_status()$$, 'P0002', null, 'H11: an owner sees nothing of the platform');
select tests.act_as('anon');
select throws_ok($$select public.platform_status()$$, '42501', null, 'H11: nor does anybody who is not signed in');

select tests.act_as('postgres');
update auth.users set email_confirmed_at = now() where id = tests.uid('viewer');
do $$ begin perform public.add_platform_admin((select email::text from auth.users where id = tests.uid('viewer'))); end $$;
select tests.act_as('viewer');
select is((select jsonb_array_length(s -> 'minutes') || ' ' || (s -> 'workers' -> 0 ->> 'host') || ' ' || ((s -> 'migrations' ->> 'count')::int > 10) from public.platform_status() s), '60 h true', 'an operator of the platform sees it');
select ok((select s ? 'queue' and s ? 'business' and s ? 'postgres' from public.platform_status() s), 'with all figures');
select is((select s -> 'lastBackup' from public.platform_status() s), 'null'::jsonb, 'and that there is no backup');
select * from finish();
