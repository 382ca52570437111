-- Jobs that run by the clock. The catalogue (core/jobs.ts) says which and how often; here is which tick was the last.

create table private.job_schedules (
  name text primary key check (char_length(name) between 1 and 80),
  last_tick timestamptz not null,
  last_job uuid
);
comment on table private.job_schedules is 'The last tick of each scheduled job, and the outbox row it made. A tick is taken by whoever moves last_tick first.';
grant select, insert, update, delete on private.job_schedules to service_role;

-- Takes a tick and puts its job into the outbox. False when another worker took it, or when the job of an earlier tick has not
-- left the outbox: after a pause one job makes up for all that was missed. Null for a tick that lies ahead: the caller's clock is wrong.
create function public.take_tick(job_name text, tick timestamptz) returns boolean
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
  if not found or exists (select 1 from public.outbox o where o.id = before and o.sent_at is null) then
    return false;
  end if;
  insert into public.outbox (name) values (job_name) returning id into made;
  update private.job_schedules s set last_job = made where s.name = job_name;
  return true;
end $$;
revoke execute on function public.take_tick(text, timestamptz) from public, anon, authenticated;
grant execute on function public.take_tick(text, timestamptz) to service_role;
