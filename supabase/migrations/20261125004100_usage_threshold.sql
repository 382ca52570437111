-- The event usage.threshold: raised also where a limit is set below what was used already, and told in the audit log.

-- Whoever hands the event on later (a webhook, an e-mail) puts a trigger "after insert" on this table that calls private.enqueue()
-- with 'usage.threshold:' || new.id as dedupe key: the row and the outbox row are one transaction, so no event is lost, and the
-- unique key above lets each happen once. Reading the table now and then would be wrong: ids and created_at are given before
-- a transaction commits, so a row may appear behind one that was read already.
comment on table public.usage_alerts is 'The event usage.threshold: a budget of tokens or money came to 80 % or 100 % of its limit, once per period (and once more after the limit was changed). A consumer gets each exactly once by an insert trigger that enqueues to the outbox under the key usage.threshold:<id>.';

create function private.audit_usage_alert() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  insert into public.audit_log (org_id, actor_id, action, subject_type, subject_id, detail)
  select new.org_id, null, 'usage.threshold', 'budgets', b.id::text, pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
    'subject', b.subject, 'agent_id', b.agent_id, 'api_key_id', b.api_key_id, 'metric', b.metric, 'threshold', new.threshold,
    'limit_value', new.limit_value, 'used', new.used, 'period_end', new.period_end))
  from public.budgets b where b.id = new.budget_id;
  return null;
end $$;
create trigger audit after insert on public.usage_alerts for each row execute function private.audit_usage_alert();

-- A limit set at or below what was used already refuses every question, so no answer ends that could raise the event. Of budgets
-- that count each visitor apart nobody knows the holders yet: their event comes with the next answer.
create function private.raise_usage_alerts() returns trigger
language plpgsql security definer
set search_path = ''
as $$
declare
  now_start timestamptz := pg_catalog.date_trunc(private.budget_period(new.metric), pg_catalog.clock_timestamp(), 'UTC');
  so_far bigint;
begin
  if new.each_visitor or private.budget_period(new.metric) = 'minute' then
    return null;
  end if;
  select c.used into so_far from public.budget_counters c
  where c.budget_id = new.id and c.holder = new.org_id and c.period_start >= now_start;
  so_far := coalesce(so_far, private.used_since(new, new.org_id, now_start));
  insert into public.usage_alerts (org_id, budget_id, period_start, period_end, threshold, limit_value, used)
  select new.org_id, new.id, now_start, private.budget_period_end(new.metric, now_start), t.threshold, new.limit_value, so_far
  from (values (80), (100)) as t (threshold) where so_far * 100 >= new.limit_value * t.threshold
  on conflict (budget_id, period_start, limit_value, threshold) do nothing;
  return null;
end $$;
create trigger raise_usage_alerts after insert or update of limit_value on public.budgets
  for each row execute function private.raise_usage_alerts();
