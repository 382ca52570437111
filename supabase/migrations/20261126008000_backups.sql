-- Backups of the whole installation: each one that was begun, and what came of it. The files themselves are elsewhere (docs/RECOVERY.md).

create table private.backups (
  id uuid primary key default private.uuid_v7(),
  begun_at timestamptz not null default now(),
  ended_at timestamptz,
  -- Lost when nobody renews it: its process died.
  alive_until timestamptz not null,
  is_scheduled boolean not null,
  place text not null check (char_length(place) between 1 and 1000),
  file_name text not null check (char_length(file_name) between 1 and 200),
  outcome text check (outcome in ('made', 'failed')),
  bytes bigint check (bytes >= 0),
  rows_count bigint,
  objects_count bigint,
  failure text check (char_length(failure) between 1 and 500),
  check ((ended_at is null) = (outcome is null)),
  check ((outcome is not distinct from 'failed') = (failure is not null))
);
comment on table private.backups is 'Backups of this installation, kept for 400 days. Not itself backed up. failure holds no secrets and no data.';
create index backups_made_idx on private.backups (ended_at desc) where outcome = 'made';
create index backups_begun_idx on private.backups (begun_at desc);

alter table private.backups enable row level security;
grant select, insert, update, delete on private.backups to service_role;

-- Notes that a backup begins. Null while another one is being made: two at once would read everything twice.
create function public.begin_backup(place text, file_name text, is_scheduled boolean, lease_seconds integer default 300) returns uuid
language plpgsql
set search_path = ''
as $$
declare
  made uuid;
begin
  perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('gpt-agent backup', 0));
  update private.backups b set ended_at = pg_catalog.now(), outcome = 'failed', failure = 'Its process went away in the middle of it.'
    where b.ended_at is null and b.alive_until < pg_catalog.now();
  if exists (select 1 from private.backups b where b.ended_at is null) then
    return null;
  end if;
  delete from private.backups b where b.begun_at < pg_catalog.now() - interval '400 days';
  insert into private.backups (place, file_name, is_scheduled, alive_until)
  values (begin_backup.place, begin_backup.file_name, begin_backup.is_scheduled, pg_catalog.now() + pg_catalog.make_interval(secs => lease_seconds))
  returning id into made;
  return made;
end $$;
revoke execute on function public.begin_backup(text, text, boolean, integer) from public, anon, authenticated;
grant execute on function public.begin_backup(text, text, boolean, integer) to service_role;

-- Says that a backup is still being made. False when it counts as lost, and should stop.
create function public.renew_backup(backup uuid, lease_seconds integer default 300) returns boolean
language plpgsql
set search_path = ''
as $$
begin
  update private.backups b set alive_until = pg_catalog.now() + pg_catalog.make_interval(secs => lease_seconds)
    where b.id = backup and b.ended_at is null;
  return found;
end $$;
revoke execute on function public.renew_backup(uuid, integer) from public, anon, authenticated;
grant execute on function public.renew_backup(uuid, integer) to service_role;

-- Notes what came of a backup: why it failed, or what its file holds. Changes nothing of one that has ended.
create function public.end_backup(backup uuid, failure text default null, bytes bigint default null, rows_count bigint default null, objects_count bigint default null)
returns void
language sql
set search_path = ''
as $$
  update private.backups b set ended_at = pg_catalog.now(), outcome = case when end_backup.failure is null then 'made' else 'failed' end,
    failure = pg_catalog.left(end_backup.failure, 500), bytes = end_backup.bytes, rows_count = end_backup.rows_count, objects_count = end_backup.objects_count
  where b.id = backup and b.ended_at is null
$$;
revoke execute on function public.end_backup(uuid, text, bigint, bigint, bigint) from public, anon, authenticated;
grant execute on function public.end_backup(uuid, text, bigint, bigint, bigint) to service_role;

-- How backups stand: {lastMadeAt, lastBytes, lastPlace, lastFile, lastFailedAt, lastFailure, isRunning}; nulls where there is none.
create function public.backup_status() returns jsonb
language sql stable
set search_path = ''
as $$
  select pg_catalog.jsonb_build_object(
    'lastMadeAt', made.ended_at, 'lastBytes', made.bytes, 'lastPlace', made.place, 'lastFile', made.file_name,
    'lastFailedAt', failed.ended_at, 'lastFailure', failed.failure,
    'isRunning', exists (select 1 from private.backups r where r.ended_at is null and r.alive_until >= pg_catalog.now()))
  from (select 1) one
  left join lateral (select * from private.backups b where b.outcome = 'made' order by b.ended_at desc limit 1) made on true
  left join lateral (select * from private.backups b where b.outcome = 'failed' order by b.ended_at desc limit 1) failed on true
$$;
revoke execute on function public.backup_status() from public, anon, authenticated;
grant execute on function public.backup_status() to service_role;
