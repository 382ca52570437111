-- Whoever listens on the channel "outbox" hears of new jobs when they are committed, without what they are. The worker's dispatcher does
-- (worker/notices); it looks by itself four times a second anyway.

create function private.announce_jobs() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  -- What is for later is found when its time has come.
  if exists (select 1 from added a where a.available_at <= pg_catalog.now()) then
    perform pg_catalog.pg_notify('outbox', '');
  end if;
  return null;
end $$;
create trigger announce_jobs after insert on public.outbox referencing new table as added for each statement execute function private.announce_jobs();
