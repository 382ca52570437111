-- How the whole platform stands, in numbers: for monitoring (/metrics of the worker) and the page of those who run it. No name or id of
-- an organization is in them. Everything is counted by an index, or estimated where a table is large, as this is asked every half minute.

create index usage_daily_day_idx on public.usage_daily (day);

-- The least id that a row made at this moment can have: ids begin with their time (RFC 9562, UUIDv7), so the newest rows of a table are a range of its primary key.
create function private.first_id_at(moment timestamptz) returns uuid
language sql stable
set search_path = ''
as $$
  select (pg_catalog.lpad(pg_catalog.to_hex((extract(epoch from moment) * 1000)::bigint), 12, '0') || '00000000000000000000')::uuid
$$;
revoke execute on function private.first_id_at(timestamptz) from public, anon, authenticated;

-- How many rows a table has: counted up to 100,000, beyond that as the statistics have it.
create function private.rows_about(relation regclass) returns bigint
language plpgsql stable
set search_path = ''
as $$
declare
  estimate bigint := (select c.reltuples::bigint from pg_catalog.pg_class c where c.oid = relation);
  counted bigint;
begin
  if estimate > 100000 then
    return estimate;
  end if;
  execute pg_catalog.format('select count(*) from (select 1 from %s limit 100001) x', relation) into counted;
  return counted;
end $$;
revoke execute on function private.rows_about(regclass) from public, anon, authenticated;

-- When the last backup that succeeded ended; null when this installation has made none, or keeps no record of them.
create function private.last_backup() returns timestamptz
language plpgsql stable
set search_path = ''
as $$
declare
  made timestamptz;
begin
  if pg_catalog.to_regclass('private.backups') is not null then
    execute 'select max(b.ended_at) from private.backups b where b.outcome = ''made''' into made;
  end if;
  return made;
end $$;
revoke execute on function private.last_backup() from public, anon, authenticated;

-- The figures: database, queue by job, workers, webhooks, CRMs, business. Sizes are bytes, ages seconds, money micro-dollars; "today" is the day in UTC.
create function private.platform_figures() returns jsonb
language sql stable
set search_path = ''
as $$
  select pg_catalog.jsonb_build_object(
    'database', pg_catalog.jsonb_build_object(
      'bytes', pg_catalog.pg_database_size(pg_catalog.current_database()),
      'connections', (select count(*) from pg_catalog.pg_stat_activity a where a.datname = pg_catalog.current_database()),
      'maxConnections', pg_catalog.current_setting('max_connections')::integer),
    'queue', (
      with open as (
        select o.name, count(*) filter (where o.sent_at is null and o.available_at <= pg_catalog.now()) as waiting,
          count(*) filter (where o.sent_at is null and o.available_at > pg_catalog.now()) as later, count(*) filter (where o.sent_at is not null) as in_flight,
          extract(epoch from pg_catalog.now() - min(o.available_at) filter (where o.sent_at is null and o.available_at <= pg_catalog.now())) as oldest,
          extract(epoch from pg_catalog.now() - min(o.sent_at)) as running
        from public.outbox o where o.ended_at is null group by 1
      ), dead as (
        select d.name, count(*) as dead from private.dead_jobs d where d.retried_at is null and d.dismissed_at is null group by 1
      ), paused as (select p.name from private.job_pauses p where p.name <> '*'
      ), names as (select name from open union select name from dead union select name from paused)
      select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('name', n.name, 'waiting', coalesce(o.waiting, 0), 'later', coalesce(o.later, 0),
        'inFlight', coalesce(o.in_flight, 0), 'oldestSeconds', coalesce(o.oldest, 0), 'inFlightSeconds', coalesce(o.running, 0), 'dead', coalesce(d.dead, 0),
        'paused', exists (select 1 from private.job_pauses p where p.name in (n.name, '*'))) order by n.name), '[]')
      from names n left join open o on o.name = n.name left join dead d on d.name = n.name),
    'workersAlive', (select count(*) from private.workers w where w.seen_at > pg_catalog.now() - interval '15 seconds'),
    'lastBackup', private.last_backup(),
    'webhooks', (
      select pg_catalog.jsonb_build_object('enabled', count(*) filter (where e.status = 'enabled' and e.failing_since is null),
        'failing', count(*) filter (where e.status = 'enabled' and e.failing_since is not null),
        'disabled', count(*) filter (where e.status = 'disabled' and e.disabled_reason <> 'by_hand'),
        'pending', (select count(*) from public.webhook_deliveries d where d.status = 'pending'),
        'overdue', (select count(*) from public.webhook_deliveries d where d.status = 'pending' and d.next_attempt_at < pg_catalog.now() - interval '5 minutes'))
      from public.webhook_endpoints e),
    'connections', (
      select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('crm', x.crm, 'status', x.status, 'count', x.n) order by x.crm, x.status), '[]')
      from (select c.crm, c.status, count(*) as n from public.connections c group by 1, 2) x),
    'business', pg_catalog.jsonb_build_object(
      'organizations', private.rows_about('public.organizations'),
      'agents', private.rows_about('public.agents'),
      'users', private.rows_about('auth.users'),
      'sources', private.rows_about('public.sources'),
      'unreadSources', (select count(*) from public.sources s where s.status in ('queued', 'reading', 'indexing')),
      'passages', private.rows_about('public.chunks'),
      'knowledgeBytes', pg_catalog.pg_total_relation_size('public.chunks') + pg_catalog.pg_total_relation_size('public.embeddings'),
      'usersActiveDay', (select count(*) from auth.users u where u.last_sign_in_at > pg_catalog.now() - interval '1 day')
    ) || (
      select pg_catalog.jsonb_build_object('visitorsActiveHour', count(distinct c.visitor_id), 'organizationsActiveHour', count(distinct r.org_id),
        'conversationsActiveHour', count(distinct r.conversation_id))
      from public.runs r join public.conversations c on c.org_id = r.org_id and c.id = r.conversation_id
      where r.id >= private.first_id_at(pg_catalog.now() - interval '1 hour')
    ) || (
      select pg_catalog.jsonb_build_object('conversationsToday', coalesce(sum(u.conversations), 0), 'answersToday', coalesce(sum(u.answers), 0),
        'unansweredToday', coalesce(sum(u.unanswered), 0), 'tokensToday', coalesce(sum(u.prompt_tokens + u.completion_tokens), 0),
        'costMicrosToday', coalesce(sum(u.cost_micros), 0))
      from public.usage_daily u where u.day = (pg_catalog.now() at time zone 'utc')::date))
$$;
revoke execute on function private.platform_figures() from public, anon, authenticated;

-- The figures for the server's own key.
create function public.platform_figures() returns jsonb
language sql stable security definer
set search_path = ''
as $$ select private.platform_figures() $$;
revoke execute on function public.platform_figures() from public, anon, authenticated;
grant execute on function public.platform_figures() to service_role;

-- All that the status page shows of the database: the figures, workers, the last hour by the minute, migrations, the server's version.
create function public.platform_status() returns jsonb
language plpgsql stable security definer
set search_path = ''
as $$
declare
  migrations jsonb;
begin
  perform private.require_platform_admin();
  if pg_catalog.to_regclass('supabase_migrations.schema_migrations') is not null then
    execute 'select jsonb_build_object(''count'', count(*), ''last'', max(m.version)) from supabase_migrations.schema_migrations m' into migrations;
  end if;
  return private.platform_figures() || pg_catalog.jsonb_build_object(
    'at', pg_catalog.now(),
    'postgres', pg_catalog.current_setting('server_version'),
    'startedAt', pg_catalog.pg_postmaster_start_time(),
    'migrations', migrations,
    'workers', (
      select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('id', w.id, 'host', w.host, 'version', w.version, 'store', w.store,
        'seenAt', w.seen_at, 'alive', w.seen_at > pg_catalog.now() - interval '15 seconds', 'running', w.running, 'concurrency', w.concurrency,
        'depths', w.depths) order by w.started_at), '[]')
      from private.workers w where w.seen_at > pg_catalog.now() - interval '10 minutes'),
    'minutes', (
      select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('at', t.at, 'answers', coalesce(m.answers, 0), 'failed', coalesce(m.failed, 0), 'firstTokenMs', m.first_token) order by t.at)
      from pg_catalog.generate_series(pg_catalog.date_trunc('minute', pg_catalog.now()) - interval '59 minutes', pg_catalog.now(), interval '1 minute') t (at)
      left join (
        select pg_catalog.date_trunc('minute', r.started_at) as minute, count(*) filter (where r.outcome <> 'failed') as answers,
          count(*) filter (where r.outcome = 'failed') as failed, pg_catalog.round(avg(r.first_token_ms)) as first_token
        from public.runs r where r.id >= private.first_id_at(pg_catalog.now() - interval '61 minutes') group by 1) m on m.minute = t.at));
end $$;
grant execute on function public.platform_status() to authenticated;
