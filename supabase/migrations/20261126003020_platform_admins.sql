-- People who run the platform, and what they see and do about its queue. They get no rights in anybody's organization.

create table private.platform_admins (
  user_id uuid primary key references auth.users (id) on delete cascade,
  created_at timestamptz not null default now()
);
comment on table private.platform_admins is 'Who runs this installation. Written by add_platform_admin, with the server''s own key or in the SQL editor.';
grant select, insert, delete on private.platform_admins to service_role;

-- Whether the signed-in person runs the platform.
create function public.is_platform_admin() returns boolean
language sql stable security definer
set search_path = ''
as $$ select exists (select 1 from private.platform_admins a where a.user_id = (select auth.uid())) $$;
grant execute on function public.is_platform_admin() to authenticated;

-- Makes the person with this confirmed address an operator of the platform. False when there is none.
create function public.add_platform_admin(address text) returns boolean
language plpgsql security definer
set search_path = ''
as $$
begin
  insert into private.platform_admins (user_id)
  select u.id from auth.users u where pg_catalog.lower(u.email) = pg_catalog.lower(address) and u.email_confirmed_at is not null
  on conflict (user_id) do nothing;
  return exists (select 1 from private.platform_admins a join auth.users u on u.id = a.user_id where pg_catalog.lower(u.email) = pg_catalog.lower(address));
end $$;
revoke execute on function public.add_platform_admin(text) from public, anon, authenticated;
grant execute on function public.add_platform_admin(text) to service_role;

-- Ends the call of anybody who does not run the platform, as if there were nothing.
create function private.require_platform_admin() returns void
language plpgsql
set search_path = ''
as $$
begin
  if not public.is_platform_admin() then
    raise exception 'There is no such thing' using errcode = 'P0002';
  end if;
end $$;

-- All that the queue page shows, from the ledger: jobs by name, the last hour by the minute, organizations with jobs in flight, workers, schedules,
-- dead letters.
create function public.queue_overview() returns jsonb
language plpgsql stable security definer
set search_path = ''
as $$
begin
  perform private.require_platform_admin();
  return pg_catalog.jsonb_build_object(
    'pausedAll', exists (select 1 from private.job_pauses p where p.name = '*'),
    'jobs', (
      with open as (
        select o.name, count(*) filter (where o.sent_at is null and o.available_at <= pg_catalog.now()) as waiting,
          count(*) filter (where o.sent_at is null and o.available_at > pg_catalog.now()) as later, count(*) filter (where o.sent_at is not null) as in_flight,
          extract(epoch from pg_catalog.now() - min(o.available_at) filter (where o.sent_at is null and o.available_at <= pg_catalog.now())) as oldest
        from public.outbox o where o.ended_at is null group by 1
      ), hour as (
        select m.name, sum(m.done) as done, sum(m.failed) as failed, sum(m.dead) as dead, sum(m.wait_ms) as wait_ms, sum(m.run_ms) as run_ms
        from private.job_minutes m where m.minute > pg_catalog.now() - interval '1 hour' group by 1
      ), names as (
        select name from open union select name from hour union select p.name from private.job_pauses p where p.name <> '*' union select s.name from private.job_schedules s)
      select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('name', n.name, 'waiting', coalesce(o.waiting, 0), 'later', coalesce(o.later, 0),
        'inFlight', coalesce(o.in_flight, 0), 'oldestSeconds', coalesce(o.oldest, 0), 'done', coalesce(h.done, 0), 'failed', coalesce(h.failed, 0), 'dead', coalesce(h.dead, 0),
        'waitMs', case when h.done > 0 then h.wait_ms / h.done end, 'runMs', case when h.done > 0 then h.run_ms / h.done end,
        'paused', exists (select 1 from private.job_pauses p where p.name = n.name), 'lastTick', s.last_tick) order by n.name), '[]')
      from names n left join open o on o.name = n.name left join hour h on h.name = n.name left join private.job_schedules s on s.name = n.name),
    'minutes', (
      select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('at', t.at, 'done', coalesce(m.done, 0), 'failed', coalesce(m.failed, 0)) order by t.at)
      from pg_catalog.generate_series(pg_catalog.date_trunc('minute', pg_catalog.now()) - interval '59 minutes', pg_catalog.now(), interval '1 minute') t (at)
      left join (select x.minute, sum(x.done) as done, sum(x.failed + x.dead) as failed from private.job_minutes x where x.minute > pg_catalog.now() - interval '61 minutes' group by 1) m on m.minute = t.at),
    'organizations', (
      select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('id', x.org_id, 'name', g.name, 'inFlight', x.in_flight, 'waiting', x.waiting) order by x.in_flight desc, x.waiting desc), '[]')
      from (
        select o.org_id, count(*) filter (where o.sent_at is not null) as in_flight, count(*) filter (where o.sent_at is null and o.available_at <= pg_catalog.now()) as waiting
        from public.outbox o where o.ended_at is null and o.org_id is not null group by 1 order by 2 desc, 3 desc limit 20) x
      join public.organizations g on g.id = x.org_id),
    'workers', (
      select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('id', w.id, 'host', w.host, 'version', w.version, 'store', w.store, 'startedAt', w.started_at,
        'seenAt', w.seen_at, 'alive', w.seen_at > pg_catalog.now() - interval '15 seconds', 'running', w.running, 'concurrency', w.concurrency) order by w.started_at), '[]')
      from private.workers w where w.seen_at > pg_catalog.now() - interval '10 minutes'),
    'deadCount', (select count(*) from private.dead_jobs d where d.retried_at is null and d.dismissed_at is null),
    'dead', (
      select coalesce(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(x) order by x."failedAt" desc), '[]') from (
        select d.id, d.name, d.reason, d.attempts, d.failed_at as "failedAt", g.name as organization
        from private.dead_jobs d left join public.organizations g on g.id = d.org_id
        where d.retried_at is null and d.dismissed_at is null order by d.failed_at desc limit 50) x));
end $$;
grant execute on function public.queue_overview() to authenticated;

-- Pauses a job by name, or all (*), on every worker, until it is resumed.
create function public.pause_jobs(job_name text, paused boolean) returns void
language plpgsql security definer
set search_path = ''
as $$
begin
  perform private.require_platform_admin();
  if paused then
    insert into private.job_pauses (name, paused_by) values (job_name, (select auth.uid())) on conflict (name) do nothing;
  else
    delete from private.job_pauses p where p.name = job_name;
  end if;
end $$;
grant execute on function public.pause_jobs(text, boolean) to authenticated;

-- Settles dead letters (all that are open where ids is null, at most 1,000): with a new job for each, or without. Returns how many.
create function public.settle_dead_jobs(ids uuid[], retry boolean) returns integer
language plpgsql security definer
set search_path = ''
as $$
declare
  letter private.dead_jobs;
  again uuid;
  settled integer := 0;
begin
  perform private.require_platform_admin();
  for letter in
    select d.* from private.dead_jobs d where d.retried_at is null and d.dismissed_at is null and (ids is null or d.id = any (ids))
    order by d.failed_at limit 1000 for update
  loop
    again := null;
    if retry then
      insert into public.outbox (org_id, name, payload) values (letter.org_id, letter.name, letter.payload) returning id into again;
    end if;
    update private.dead_jobs d set retried_at = case when retry then pg_catalog.now() end, dismissed_at = case when not retry then pg_catalog.now() end,
      retry_job = again, settled_by = (select auth.uid()) where d.id = letter.id;
    settled := settled + 1;
  end loop;
  return settled;
end $$;
grant execute on function public.settle_dead_jobs(uuid[], boolean) to authenticated;
