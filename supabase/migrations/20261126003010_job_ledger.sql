-- The outbox becomes the ledger of jobs: a row stays until its job has ended, and comes back for another try. The queue holds only
-- what may run now, so that whatever waits is in one place, and each organization has a few jobs in the queue at a time.

alter table public.outbox
  add column tries integer not null default 0,
  add column turn integer not null default 0,
  add column ended_at timestamptz;
comment on column public.outbox.tries is 'Tries that failed.';
comment on column public.outbox.turn is 'How often it came back from the queue. A message about an earlier turn changes nothing.';
comment on column public.outbox.ended_at is 'When its job was done or given up (then there is a row in private.dead_jobs).';
update public.outbox set ended_at = sent_at where sent_at is not null;

-- A lane is an organization, or the platform itself (the id of zeros).
drop index public.outbox_unsent_idx;
create index outbox_waiting_idx on public.outbox (coalesce(org_id, '00000000-0000-0000-0000-000000000000'), name, available_at)
  where sent_at is null and ended_at is null;
create index outbox_in_flight_idx on public.outbox (coalesce(org_id, '00000000-0000-0000-0000-000000000000'), sent_at)
  where ended_at is null and (sent_at is not null or claimed_until is not null);
create index outbox_ended_idx on public.outbox (ended_at) where ended_at is not null;

create table private.job_pauses (
  name text primary key check (char_length(name) between 1 and 80),
  paused_at timestamptz not null default now(),
  paused_by uuid references auth.users (id) on delete set null
);
comment on table private.job_pauses is 'Jobs that stay in the outbox until somebody resumes them, by name; * stands for all.';
create index job_pauses_paused_by_idx on private.job_pauses (paused_by);
grant select, insert, update, delete on private.job_pauses to service_role;

create table private.dead_jobs (
  id uuid primary key,
  org_id uuid references public.organizations (id) on delete cascade,
  name text not null,
  payload jsonb not null,
  reason text not null check (char_length(reason) between 1 and 500),
  attempts integer not null,
  failed_at timestamptz not null default now(),
  retried_at timestamptz,
  retry_job uuid,
  dismissed_at timestamptz,
  settled_by uuid references auth.users (id) on delete set null,
  check (retried_at is null or dismissed_at is null)
);
comment on table private.dead_jobs is 'Jobs that were given up: all tries failed, another one could not help, or their workers died of them. The id is the outbox row''s. Secrets are masked in reason; payloads hold ids only.';
create index dead_jobs_open_idx on private.dead_jobs (failed_at desc) where retried_at is null and dismissed_at is null;
create index dead_jobs_failed_at_idx on private.dead_jobs (failed_at);
create index dead_jobs_org_id_idx on private.dead_jobs (org_id);
create index dead_jobs_settled_by_idx on private.dead_jobs (settled_by);
grant select, insert, update, delete on private.dead_jobs to service_role;

create table private.job_minutes (
  minute timestamptz not null,
  name text not null,
  done integer not null default 0,
  failed integer not null default 0,
  dead integer not null default 0,
  wait_ms bigint not null default 0,
  run_ms bigint not null default 0,
  primary key (minute, name)
);
comment on table private.job_minutes is 'What came of jobs, by the minute: done, failed (and tried again), dead; the sums of their waiting, from due to started, and running.';
grant select, insert, update, delete on private.job_minutes to service_role;

create table private.workers (
  id uuid primary key,
  started_at timestamptz not null default now(),
  seen_at timestamptz not null default now(),
  host text not null,
  version text not null,
  store text not null,
  concurrency integer not null,
  running integer not null,
  depths jsonb
);
comment on table private.workers is 'Worker processes and when they were last seen.';
grant select, insert, update, delete on private.workers to service_role;

-- Claims up to batch_size due jobs for lease_seconds; a dispatcher that dies loses its lease and another claims them. Each lane
-- has `slots` jobs claimed or in the queue at most, of which jobs of rank 2 and above take half. Lanes are served by who waits longest;
-- within a lane, by ranks ({name: 0 first, 1 as usual, 2 last}) and then by age. Claimers exclude each other lane by lane, so that two
-- never fill the same slots and neither waits for the other.
drop function public.claim_outbox(integer, integer);
create function public.claim_outbox(batch_size integer default 50, lease_seconds integer default 30, slots integer default 1000, ranks jsonb default '{}')
returns table (id uuid, org_id uuid, name text, payload jsonb, created_at timestamptz, tries integer, turn integer)
language plpgsql volatile
set search_path = ''
as $$
#variable_conflict use_column
declare
  paused text[] := array(select p.name from private.job_pauses p);
  lane record;
  used integer;
  used_last integer;
  taken integer := 0;
  more integer;
begin
  if '*' = any (paused) then
    return;
  end if;
  for lane in
    -- A jump from one (lane, name) to the next in the index, however many rows wait in each.
    with recursive pairs (org, name) as (
      (select coalesce(o.org_id, '00000000-0000-0000-0000-000000000000'), o.name from public.outbox o
       where o.sent_at is null and o.ended_at is null order by 1, 2 limit 1)
      union all
      select n.org, n.name from pairs p cross join lateral (
        select coalesce(o.org_id, '00000000-0000-0000-0000-000000000000') as org, o.name from public.outbox o
        where o.sent_at is null and o.ended_at is null
          and (coalesce(o.org_id, '00000000-0000-0000-0000-000000000000'), o.name) > (p.org, p.name)
        order by 1, 2 limit 1) n
    ), heads as (
      select p.org, p.name, h.available_at from pairs p cross join lateral (
        select o.available_at from public.outbox o
        where o.sent_at is null and o.ended_at is null and coalesce(o.org_id, '00000000-0000-0000-0000-000000000000') = p.org
          and o.name = p.name and o.available_at <= pg_catalog.now() and (o.claimed_until is null or o.claimed_until < pg_catalog.now())
        order by o.available_at limit 1) h
      where p.name <> all (paused)
    )
    select h.org, pg_catalog.array_agg(h.name) as names from heads h
    where (
      select count(*) from public.outbox o
      where o.ended_at is null and (o.sent_at is not null or o.claimed_until is not null)
        and coalesce(o.org_id, '00000000-0000-0000-0000-000000000000') = h.org
        and (o.sent_at is not null or o.claimed_until > pg_catalog.now())) < slots
    group by h.org order by min(h.available_at) limit batch_size
  loop
    exit when taken >= batch_size;
    continue when not pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('outbox ' || lane.org, 0));
    -- Counted again now that nobody else claims here.
    select count(*), count(*) filter (where coalesce((ranks ->> o.name)::integer, 1) >= 2) into used, used_last
    from public.outbox o
    where o.ended_at is null and (o.sent_at is not null or o.claimed_until is not null)
      and coalesce(o.org_id, '00000000-0000-0000-0000-000000000000') = lane.org
      and (o.sent_at is not null or o.claimed_until > pg_catalog.now());
    return query
    with due as (
      select d.id, r.rank, d.available_at,
        pg_catalog.row_number() over (partition by r.rank >= 2 order by r.rank, d.available_at, d.id) as place
      from pg_catalog.unnest(lane.names) as n (name)
      cross join lateral (select coalesce((ranks ->> n.name)::integer, 1) as rank) r
      cross join lateral (
        select o.id, o.available_at from public.outbox o
        where o.sent_at is null and o.ended_at is null and coalesce(o.org_id, '00000000-0000-0000-0000-000000000000') = lane.org
          and o.name = n.name and o.available_at <= pg_catalog.now() and (o.claimed_until is null or o.claimed_until < pg_catalog.now())
        order by o.available_at limit slots) d
    ), chosen as (
      select d.id from due d where d.rank < 2 or d.place <= greatest(slots / 2, 1) - used_last
      order by d.rank, d.available_at, d.id limit least(greatest(slots - used, 0), batch_size - taken)
    )
    update public.outbox o set claimed_until = pg_catalog.now() + pg_catalog.make_interval(secs => lease_seconds)
    from chosen c where o.id = c.id and o.sent_at is null and o.ended_at is null
    returning o.id, o.org_id, o.name, o.payload, o.created_at, o.tries, o.turn;
    get diagnostics more = row_count;
    taken := taken + more;
  end loop;
end $$;
revoke execute on function public.claim_outbox(integer, integer, integer, jsonb) from public, anon, authenticated;
grant execute on function public.claim_outbox(integer, integer, integer, jsonb) to service_role;

-- Marks jobs as handed to the queue, each at the turn in which it was claimed (without turns: at any).
drop function public.mark_outbox_sent(uuid[]);
create function public.mark_outbox_sent(ids uuid[], turns integer[] default null) returns void
language sql volatile
set search_path = ''
as $$
  update public.outbox o set sent_at = pg_catalog.now(), claimed_until = null
  from rows from (pg_catalog.unnest(ids), pg_catalog.unnest(turns)) as x (id, turn)
  where o.id = x.id and o.turn = coalesce(x.turn, o.turn) and o.ended_at is null
$$;
revoke execute on function public.mark_outbox_sent(uuid[], integer[]) from public, anon, authenticated;
grant execute on function public.mark_outbox_sent(uuid[], integer[]) to service_role;

-- Writes down what came of jobs: [{id, turn, outcome, runMs, retryMs, reason}] with the outcomes
--   done   it is over, whatever the turn;
--   retry  a try failed: it comes back after retryMs;
--   back   it was not tried (it is paused, or the queue lost it): it comes back at once, and no try is counted;
--   dead   it is given up, with the reason.
-- Told twice, or of an earlier turn, it changes nothing.
create function public.settle_jobs(outcomes jsonb) returns void
language plpgsql
set search_path = ''
as $$
begin
  with told as (
    select * from pg_catalog.jsonb_to_recordset(outcomes) as t (id uuid, turn integer, outcome text, "runMs" double precision, "retryMs" double precision, reason text)
  ), settled as (
    update public.outbox o set
      ended_at = case when t.outcome in ('done', 'dead') then pg_catalog.clock_timestamp() end,
      tries = o.tries + case when t.outcome in ('retry', 'dead') then 1 else 0 end,
      turn = o.turn + case when t.outcome in ('retry', 'back') then 1 else 0 end,
      sent_at = case when t.outcome in ('done', 'dead') then coalesce(o.sent_at, pg_catalog.clock_timestamp()) end,
      claimed_until = null,
      available_at = case t.outcome when 'retry' then pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => coalesce(t."retryMs", 0) / 1000) else o.available_at end
    from told t
    where o.id = t.id and o.ended_at is null and (t.outcome = 'done' or o.turn = t.turn)
    returning o.id, o.org_id, o.name, o.payload, o.tries, t.outcome, t.reason, coalesce(t."runMs", 0)::bigint as run_ms,
      case when t.outcome in ('done', 'dead') then greatest(extract(epoch from pg_catalog.clock_timestamp() - o.available_at) * 1000 - coalesce(t."runMs", 0), 0)::bigint else 0 end as wait_ms
  ), buried as (
    insert into private.dead_jobs (id, org_id, name, payload, reason, attempts)
    select s.id, s.org_id, s.name, s.payload, pg_catalog.left(coalesce(nullif(s.reason, ''), 'unknown'), 500), s.tries from settled s where s.outcome = 'dead'
    on conflict (id) do nothing
  )
  insert into private.job_minutes as m (minute, name, done, failed, dead, wait_ms, run_ms)
  select pg_catalog.date_trunc('minute', pg_catalog.now()), s.name, count(*) filter (where s.outcome = 'done'), count(*) filter (where s.outcome = 'retry'),
    count(*) filter (where s.outcome = 'dead'), coalesce(sum(s.wait_ms) filter (where s.outcome = 'done'), 0), coalesce(sum(s.run_ms) filter (where s.outcome = 'done'), 0)
  from settled s where s.outcome <> 'back' group by s.name order by s.name
  on conflict (minute, name) do update set done = m.done + excluded.done, failed = m.failed + excluded.failed, dead = m.dead + excluded.dead,
    wait_ms = m.wait_ms + excluded.wait_ms, run_ms = m.run_ms + excluded.run_ms;
end $$;
revoke execute on function public.settle_jobs(jsonb) from public, anon, authenticated;
grant execute on function public.settle_jobs(jsonb) to service_role;

-- Jobs that were handed to the queue so long ago and have not ended, oldest first; goes on after a row.
create function public.jobs_in_flight(quiet_seconds integer, after_id uuid default '00000000-0000-0000-0000-000000000000', max_rows integer default 200)
returns table (id uuid, name text, tries integer, turn integer)
language sql stable
set search_path = ''
as $$
  select o.id, o.name, o.tries, o.turn from public.outbox o
  where o.ended_at is null and o.sent_at is not null and o.sent_at < pg_catalog.now() - pg_catalog.make_interval(secs => quiet_seconds) and o.id > after_id
  order by o.id limit max_rows
$$;
revoke execute on function public.jobs_in_flight(integer, uuid, integer) from public, anon, authenticated;
grant execute on function public.jobs_in_flight(integer, uuid, integer) to service_role;

-- A worker says that it lives; returns the names of the jobs that are paused.
create function public.beat_worker(worker uuid, info jsonb) returns text[]
language plpgsql
set search_path = ''
as $$
begin
  insert into private.workers as w (id, host, version, store, concurrency, running, depths)
  values (worker, pg_catalog.left(info ->> 'host', 200), info ->> 'version', info ->> 'store', (info ->> 'concurrency')::integer, (info ->> 'running')::integer, info -> 'depths')
  on conflict (id) do update set seen_at = pg_catalog.now(), running = excluded.running, depths = excluded.depths;
  return array(select p.name from private.job_pauses p order by p.name);
end $$;
revoke execute on function public.beat_worker(uuid, jsonb) from public, anon, authenticated;
grant execute on function public.beat_worker(uuid, jsonb) to service_role;

-- A worker says that it is going.
create function public.forget_worker(worker uuid) returns void
language sql volatile
set search_path = ''
as $$ delete from private.workers w where w.id = worker $$;
revoke execute on function public.forget_worker(uuid) from public, anon, authenticated;
grant execute on function public.forget_worker(uuid) to service_role;

-- How the ledger stands: due and waiting (counted to 10,000), the age of the oldest of them in seconds, later, in flight, given up.
create function public.outbox_figures() returns table (waiting integer, oldest_seconds double precision, later integer, in_flight integer, dead integer)
language sql stable
set search_path = ''
as $$
  select
    (select count(*) from (select 1 from public.outbox o where o.sent_at is null and o.ended_at is null and o.available_at <= pg_catalog.now() limit 10000) w)::integer,
    (select extract(epoch from pg_catalog.now() - min(o.available_at)) from public.outbox o where o.sent_at is null and o.ended_at is null and o.available_at <= pg_catalog.now())::double precision,
    (select count(*) from (select 1 from public.outbox o where o.sent_at is null and o.ended_at is null and o.available_at > pg_catalog.now() limit 10000) l)::integer,
    (select count(*) from public.outbox o where o.ended_at is null and o.sent_at is not null)::integer,
    (select count(*) from private.dead_jobs d where d.retried_at is null and d.dismissed_at is null)::integer
$$;
revoke execute on function public.outbox_figures() from public, anon, authenticated;
grant execute on function public.outbox_figures() to service_role;

-- Clears away what is kept for a while only: ended jobs and their dedupe keys, minutes and workers long gone a week; dead jobs 90 days.
create function public.sweep_jobs() returns void
language sql volatile
set search_path = ''
as $$
  delete from public.outbox o where o.ended_at < pg_catalog.now() - interval '7 days';
  delete from private.job_minutes m where m.minute < pg_catalog.now() - interval '7 days';
  delete from private.workers w where w.seen_at < pg_catalog.now() - interval '1 day';
  delete from private.dead_jobs d where d.failed_at < pg_catalog.now() - interval '90 days';
$$;
revoke execute on function public.sweep_jobs() from public, anon, authenticated;
grant execute on function public.sweep_jobs() to service_role;

-- What looks for lost work asks the ledger: a job that has not ended is not lost.
create or replace function public.take_tick(job_name text, tick timestamptz) returns boolean
language plpgsql
set search_path = ''
as $$
declare
  before uuid;
  made uuid;
begin
  if tick > pg_catalog.now() + interval '30 seconds' then
    return null;
  end if;
  insert into private.job_schedules as s (name, last_tick) values (job_name, tick)
  on conflict (name) do update set last_tick = excluded.last_tick where s.last_tick < excluded.last_tick
  returning s.last_job into before;
  if not found or exists (select 1 from public.outbox o where o.id = before and o.ended_at is null) then
    return false;
  end if;
  insert into public.outbox (name) values (job_name) returning id into made;
  update private.job_schedules s set last_job = made where s.name = job_name;
  return true;
end $$;

create or replace function public.unfinished_sources(quiet_seconds integer, max_rows integer default 100)
returns table (source_id uuid, jobs uuid[], recent integer)
language sql stable
set search_path = ''
as $$
  select s.id, coalesce(pg_catalog.array_agg(o.id) filter (where o.id is not null), '{}'),
         (count(o.id) filter (where o.created_at > pg_catalog.now() - interval '1 hour'))::integer
  from public.sources s
  left join public.outbox o on o.name = 'source.read' and o.payload ->> 'sourceId' = s.id::text
  where s.status in ('queued', 'reading', 'indexing')
    and s.updated_at < pg_catalog.now() - pg_catalog.make_interval(secs => quiet_seconds)
  group by s.id
  having pg_catalog.bool_and(o.ended_at is not null or o.id is null)
  order by s.updated_at
  limit max_rows
$$;

create or replace function public.unembedded_versions(embedding_model text, max_rows integer default 20)
returns table (version_id uuid, jobs uuid[])
language sql stable
set search_path = ''
as $$
  select v.id, coalesce(pg_catalog.array_agg(o.id) filter (where o.id is not null), '{}')
  from public.sources s
  join public.source_versions v on v.id = s.current_version_id
  left join public.outbox o on o.name = 'source.embed' and o.payload ->> 'versionId' = v.id::text
  where s.status = 'ready' and v.embedded_with is distinct from embedding_model
    -- One that was given up is tried again, but not at once: its provider may be down for a while.
    and not exists (select 1 from private.dead_jobs d where d.name = 'source.embed' and d.payload ->> 'versionId' = v.id::text
      and d.failed_at > pg_catalog.now() - interval '1 hour')
  group by v.id
  having pg_catalog.bool_and(o.ended_at is not null or o.id is null)
  order by v.id
  limit max_rows
$$;

create or replace function public.requeue_lost_deliveries(quiet_seconds integer default 300) returns integer
language plpgsql
set search_path = ''
as $$
declare
  lost record;
  found_any integer := 0;
begin
  for lost in
    select d.org_id, d.id from public.webhook_deliveries d
    where d.status = 'pending' and d.next_attempt_at < pg_catalog.now() - pg_catalog.make_interval(secs => quiet_seconds)
      and (d.attempting_until is null or d.attempting_until < pg_catalog.now())
      and not exists (
        select 1 from public.outbox o
        where o.name = 'webhook.deliver' and o.payload ->> 'deliveryId' = d.id::text
          and (o.ended_at is null or o.ended_at > pg_catalog.now() - pg_catalog.make_interval(secs => quiet_seconds)))
    order by d.next_attempt_at limit 500
  loop
    perform private.enqueue_delivery(lost.org_id, lost.id);
    found_any := found_any + 1;
  end loop;
  delete from public.webhook_events e where e.created_at < pg_catalog.now() - interval '30 days'
    and not exists (select 1 from public.webhook_deliveries d where d.org_id = e.org_id and d.event_id = e.id and d.status = 'pending');
  return found_any;
end $$;
