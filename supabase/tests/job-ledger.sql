-- The ledger of jobs: places of organizations, ranks, what becomes of a try, pauses, ticks, what is swept.
select plan(31);
select tests.act_as('service_role');
delete from public.outbox;
create function pg_temp.put(org text, job text, n integer, age interval default '0') returns void language sql as $$
  insert into public.outbox (org_id, name, payload, available_at)
  select tests.org(org), job, jsonb_build_object('n', i), now() - interval '1 second' - age + make_interval(secs => i * 0.001) from generate_series(1, n) i $$;
create function pg_temp.claimed(slots integer default 3, batch integer default 50) returns table (org text, job text, n bigint) language sql as $$
  select case c.org_id when tests.org('A') then 'A' when tests.org('B') then 'B' else '-' end, c.name, count(*)
  from public.claim_outbox(batch, 30, slots, '{"first": 0, "last": 2}') c group by 1, 2 order by 1, 2 $$;
create function pg_temp.settle(result text, extra jsonb default '{}') returns void language plpgsql as $$ begin
  perform public.settle_jobs(coalesce(jsonb_agg(jsonb_build_object('id', o.id, 'turn', o.turn, 'outcome', result) || extra), '[]')) from public.outbox o
  where o.ended_at is null and (o.claimed_until is not null or o.sent_at is not null); end $$;
create function pg_temp.send() returns void language plpgsql as $$ begin
  perform public.mark_outbox_sent(array_agg(o.id), array_agg(o.turn)) from public.outbox o where o.claimed_until is not null; end $$;

-- Places.
select pg_temp.put('A', 'work', 500, '1 hour');
select pg_temp.put('B', 'work', 2);
insert into public.outbox (name) values ('work');
select results_eq($$select * from pg_temp.claimed()$$, $$values ('-', 'work', 1::bigint), ('A', 'work', 3), ('B', 'work', 2)$$, 'each organization gets its places, the platform too, whoever has waited longest');
select is_empty($$select * from pg_temp.claimed()$$, 'and no more while its jobs are claimed');
select pg_temp.send();
select is_empty($$select * from pg_temp.claimed()$$, 'or in the queue');
select is((select count(*)::int from public.jobs_in_flight(-1)), 6, 'where they can be found');
select is((select count(*)::int from public.jobs_in_flight(3600)), 0, 'those of old, if asked for');
do $$ begin perform public.settle_jobs((select jsonb_agg(jsonb_build_object('id', o.id, 'turn', 0, 'outcome', 'done', 'runMs', 5)) from (
  select id from public.outbox where sent_at is not null and org_id = tests.org('A') limit 2) o)); end $$;
select results_eq($$select * from pg_temp.claimed()$$, $$values ('A', 'work', 2::bigint)$$, 'an end makes room');
update public.outbox set claimed_until = now() - interval '1 second' where claimed_until is not null;
select results_eq($$select * from pg_temp.claimed()$$, $$values ('A', 'work', 2::bigint)$$, 'so does a dispatcher that died');
select is((select (done, wait_ms >= 3590000 * 2, run_ms)::text from private.job_minutes where name = 'work'), '(2,t,10)', 'what was done is counted, with the times it waited and ran');

-- Ranks.
delete from public.outbox;
select pg_temp.put('A', 'last', 9, '3 hours');
select results_eq($$select * from pg_temp.claimed(4)$$, $$values ('A', 'last', 2::bigint)$$, 'what comes in bulk takes half of the places');
select pg_temp.put('A', 'usual', 2, '2 hours');
select pg_temp.put('A', 'first', 1);
select results_eq($$select * from pg_temp.claimed(3)$$, $$values ('A', 'first', 1::bigint)$$, 'what somebody waits for goes first');
select results_eq($$select * from pg_temp.claimed(4)$$, $$values ('A', 'usual', 1::bigint)$$, 'then what is as usual');

-- What becomes of a try.
delete from public.outbox;
select pg_temp.put('A', 'work', 1);
select count(*) from pg_temp.claimed();
select pg_temp.send();
create temporary table told as select jsonb_build_array(jsonb_build_object('id', id, 'turn', turn, 'outcome', 'retry', 'retryMs', 60000)) as outcome from public.outbox;
grant select on told to public;
do $$ begin perform public.settle_jobs((select outcome from told)); perform public.settle_jobs((select outcome from told)); end $$;
select results_eq($$select tries, turn, sent_at is null, available_at > now() + interval '50 seconds' from public.outbox$$, $$values (1, 1, true, true)$$, 'a try that failed comes back later, once, however often it is told');
do $$ begin perform public.mark_outbox_sent(array(select id from public.outbox), array[0]); end $$;
select is((select sent_at from public.outbox), null, 'and is not marked as sent by whoever sent it before');
update public.outbox set available_at = now();
select count(*) from pg_temp.claimed();
select pg_temp.settle('back');
select results_eq($$select tries, turn, claimed_until from public.outbox$$, $$values (1, 2, null::timestamptz)$$, 'one that was not tried comes back without a try');
select count(*) from pg_temp.claimed();
select pg_temp.settle('dead', '{"reason": "It cannot be mended"}');
select results_eq($$select name, org_id, payload, reason, attempts from private.dead_jobs$$, $$values ('work', tests.org('A'), '{"n": 1}'::jsonb, 'It cannot be mended', 2)$$, 'one that is given up is on record');
select is_empty($$select * from pg_temp.claimed()$$, 'and is not claimed again');
do $$ begin perform public.settle_jobs((select jsonb_set(outcome, '{0,outcome}', '"done"') from told)); end $$;
select is((select count(*)::int from private.dead_jobs), 1, 'whatever is told of it later');
select results_eq($$select waiting, later, in_flight, dead from public.outbox_figures()$$, $$values (0, 0, 0, 1)$$, 'the figures say so');

-- Pauses.
select pg_temp.put('A', 'work', 1);
select pg_temp.put('A', 'other', 1);
insert into private.job_pauses (name) values ('work');
select is(public.beat_worker('00000000-0000-7000-8000-000000000001', '{"host": "h", "version": "1", "store": "redis", "concurrency": 8, "running": 0}'), array['work'], 'a worker hears what is paused');
select results_eq($$select * from pg_temp.claimed()$$, $$values ('A', 'other', 1::bigint)$$, 'a paused job stays in the outbox');
select pg_temp.put('B', 'other', 1);
insert into private.job_pauses (name) values ('*');
select is_empty($$select * from pg_temp.claimed()$$, 'all stay while everything is paused');
delete from private.job_pauses;
select results_eq($$select * from pg_temp.claimed()$$, $$values ('A', 'work', 1::bigint), ('B', 'other', 1)$$, 'and go when they are resumed');

-- Ticks.
delete from public.outbox;
select is(public.take_tick('sweep', now() - interval '5 minutes'), true, 'a tick is taken');
select is(public.take_tick('sweep', now() - interval '5 minutes'), false, 'once');
select is(public.take_tick('sweep', now() - interval '4 minutes'), false, 'the next is passed over while its job has not ended');
select count(*) from pg_temp.claimed();
select pg_temp.settle('done');
select is(public.take_tick('sweep', now() - interval '3 minutes'), true, 'and taken after that');
select is(public.take_tick('sweep', now() + interval '1 hour'), null, 'a clock that is wrong takes none');

-- What is kept for a while only.
update public.outbox set ended_at = now() - interval '8 days';
insert into public.outbox (name, available_at, created_at) values ('old', now() - interval '30 days', now() - interval '30 days');
insert into private.job_minutes (minute, name) values (now() - interval '8 days', 'work');
update private.workers set seen_at = now() - interval '2 days';
do $$ begin perform public.sweep_jobs(); end $$;
select results_eq($$select name from public.outbox where ended_at is null order by name$$, array['old'], 'a job that has not ended is kept, however old');
select is((select count(*)::int from public.outbox where ended_at is not null), 0, 'ended ones go after a week');
select is((select count(*)::int from private.job_minutes where minute < now() - interval '7 days') + (select count(*)::int from private.workers), 0, 'as do old figures and workers');
select is(has_function_privilege('authenticated', 'public.settle_jobs(jsonb)', 'execute') or has_table_privilege('authenticated', 'private.dead_jobs', 'select'), false, 'none of it is for people');
select * from finish();
