-- The growing answers of a portal are saved in one call.

-- Saves what answers have so far, saves = [{org, run, text}], and renews their leases and what they have reserved; a null text
-- only renews. Returns the runs that are no longer running: stopped, superseded or erased.
create function public.save_partial_answers(saves jsonb, lease_seconds integer default 30) returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  until timestamptz := pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => lease_seconds);
  living uuid[];
begin
  -- In the order in which everybody else locks them: runs by their id, and only then their messages.
  perform 1 from public.runs r
  join pg_catalog.jsonb_to_recordset(saves) as s (org uuid, run uuid) on r.org_id = s.org and r.id = s.run
  where r.status = 'running' order by r.id for update of r;
  with renewed as (
    update public.runs r set lease_until = until
    from pg_catalog.jsonb_to_recordset(saves) as s (org uuid, run uuid)
    where r.org_id = s.org and r.id = s.run and r.status = 'running'
    returning r.id
  )
  select coalesce(pg_catalog.array_agg(renewed.id), '{}') into living from renewed;
  update public.budget_holds h set held_until = until where h.run_id = any (living);
  update public.messages m
  set body = s.text, parts = pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_object('type', 'text', 'text', s.text))
  from pg_catalog.jsonb_to_recordset(saves) as s (org uuid, run uuid, text text)
  join public.runs r on r.org_id = s.org and r.id = s.run
  where s.text is not null and s.run = any (living) and m.org_id = s.org and m.id = r.message_id;
  return array(select s.run from pg_catalog.jsonb_to_recordset(saves) as s (run uuid) where s.run <> all (living));
end $$;
revoke execute on function public.save_partial_answers(jsonb, integer) from public, anon, authenticated;
grant execute on function public.save_partial_answers(jsonb, integer) to service_role;
drop function public.save_partial_answer(uuid, uuid, text, integer);
