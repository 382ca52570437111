-- The queue's own functions are called for every job, with parameters that change nothing about how a row is found. Planned anew for each call,
-- as Postgres does while it hopes for a better plan, a claim took three times as long as with one plan for all.
alter function public.claim_outbox(integer, integer, integer, jsonb) set plan_cache_mode = force_generic_plan;
alter function public.mark_outbox_sent(uuid[], integer[]) set plan_cache_mode = force_generic_plan;
alter function public.settle_jobs(jsonb) set plan_cache_mode = force_generic_plan;

-- A function in SQL is planned anew for each call in any case; the same statement in PL/pgSQL is planned once.
create or replace function public.postpone_job(job_org uuid, job_name text, job_payload jsonb, after_job text, milliseconds integer) returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into public.outbox (org_id, name, payload, dedupe_key, available_at)
  values (job_org, job_name, job_payload, 'after:' || after_job,
    pg_catalog.now() + pg_catalog.make_interval(secs => least(greatest(milliseconds, 0), 86400000) / 1000.0))
  on conflict (dedupe_key) do nothing;
end
$$;
