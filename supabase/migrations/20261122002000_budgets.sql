-- Budgets: how much an organization, an agent, an API key or each visitor may use. A begun answer reserves the most it can use,
-- and the reservation is replaced by what it really used as it ends. All periods are UTC minutes, days and months; an answer
-- counts in the period in which it was begun.
--
-- Locks, so that nothing deadlocks: conversation, then runs, then counters (by budget, then holder), then everything else.

create table public.budgets (
  id uuid primary key default private.uuid_v7(),
  org_id uuid not null references public.organizations (id) on delete cascade,
  agent_id uuid,
  api_key_id uuid,
  each_visitor boolean not null default false,
  subject text not null generated always as (
    case when each_visitor then 'visitor' when api_key_id is not null then 'api_key' when agent_id is not null then 'agent' else 'organization' end
  ) stored,
  metric text not null check (metric in
    ('requests_per_minute', 'concurrent_runs', 'tokens_per_day', 'tokens_per_month', 'cost_per_day', 'cost_per_month')),
  limit_value bigint not null check (limit_value between 1 and 1000000000000000),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (org_id, id),
  constraint budgets_one_each unique nulls not distinct (org_id, agent_id, api_key_id, each_visitor, metric),
  -- Calls with an API key have no visitor.
  check (not (each_visitor and api_key_id is not null)),
  foreign key (org_id, agent_id) references public.agents (org_id, id) on delete cascade,
  foreign key (org_id, api_key_id) references public.api_keys (org_id, id) on delete cascade
);
comment on table public.budgets is 'A limit on what is used: by everybody, or only through one agent or one API key, and counted for each visitor apart where each_visitor. Costs are micro-dollars.';
create index budgets_agent_id_idx on public.budgets (agent_id);
create index budgets_api_key_id_idx on public.budgets (api_key_id);

create table public.budget_counters (
  org_id uuid not null,
  budget_id uuid not null,
  holder uuid not null,
  period_start timestamptz not null,
  used bigint not null default 0,
  primary key (budget_id, holder),
  unique (org_id, budget_id, holder),
  foreign key (org_id, budget_id) references public.budgets (org_id, id) on delete cascade
);
comment on table public.budget_counters is 'What was used in the newest period that saw a question; used is 0 in any later one. holder is the visitor where a budget counts each apart, otherwise the organization. Its row lock orders everybody who takes from the budget.';
create index budget_counters_period_start_idx on public.budget_counters (budget_id, period_start);

create table public.budget_holds (
  run_id uuid not null,
  org_id uuid not null,
  budget_id uuid not null,
  holder uuid not null,
  period_start timestamptz not null,
  amount bigint not null,
  held_until timestamptz not null,
  primary key (run_id, budget_id),
  foreign key (org_id, budget_id, holder) references public.budget_counters (org_id, budget_id, holder) on delete cascade
);
comment on table public.budget_holds is 'What a running answer has reserved. Counts only until held_until, which is renewed with the run''s lease. Without a foreign key to the run: erasing a conversation does not give back what its answer goes on to use.';
create index budget_holds_budget_id_idx on public.budget_holds (budget_id, holder);

create table public.usage_alerts (
  id uuid primary key default private.uuid_v7(),
  org_id uuid not null,
  budget_id uuid not null,
  period_start timestamptz not null,
  period_end timestamptz not null,
  threshold integer not null check (threshold in (80, 100)),
  limit_value bigint not null,
  used bigint not null,
  created_at timestamptz not null default now(),
  unique (budget_id, period_start, limit_value, threshold),
  foreign key (org_id, budget_id) references public.budgets (org_id, id) on delete cascade
);
comment on table public.usage_alerts is 'The event usage.threshold: a budget of tokens or money came to 80 % or 100 % of its limit, once per period (and once more after the limit was changed).';
create index usage_alerts_org_id_idx on public.usage_alerts (org_id, period_end desc);

alter table public.budgets enable row level security;
alter table public.budget_counters enable row level security;
alter table public.budget_holds enable row level security;
alter table public.usage_alerts enable row level security;

grant select, delete on public.budgets to authenticated;
grant insert (org_id, agent_id, api_key_id, each_visitor, metric, limit_value) on public.budgets to authenticated;
grant update (limit_value) on public.budgets to authenticated;
grant select on public.budget_counters, public.budget_holds, public.usage_alerts to authenticated;
grant select, insert, update, delete on public.budgets, public.budget_counters, public.budget_holds, public.usage_alerts to service_role;

create policy "Members read budgets" on public.budgets for select to authenticated using (org_id in (select private.my_org_ids('viewer')));
create policy "Admins set budgets" on public.budgets for insert to authenticated with check (org_id in (select private.my_org_ids('admin')));
create policy "Admins change budgets" on public.budgets for update to authenticated
  using (org_id in (select private.my_org_ids('admin'))) with check (org_id in (select private.my_org_ids('admin')));
create policy "Admins remove budgets" on public.budgets for delete to authenticated using (org_id in (select private.my_org_ids('admin')));
create policy "Members read what was used" on public.budget_counters for select to authenticated using (org_id in (select private.my_org_ids('viewer')));
create policy "Members read what is reserved" on public.budget_holds for select to authenticated using (org_id in (select private.my_org_ids('viewer')));
create policy "Members read usage alerts" on public.usage_alerts for select to authenticated using (org_id in (select private.my_org_ids('viewer')));

create trigger touch_updated_at before update on public.budgets for each row execute function private.touch_updated_at();
create trigger freeze_columns before update of id, org_id, agent_id, api_key_id, each_visitor, metric on public.budgets
  for each row execute function private.freeze_columns('id', 'org_id', 'agent_id', 'api_key_id', 'each_visitor', 'metric');
create trigger freeze_columns before update of org_id, budget_id, holder on public.budget_counters
  for each row execute function private.freeze_columns('org_id', 'budget_id', 'holder');
create trigger freeze_columns before update of run_id, org_id, budget_id, holder on public.budget_holds
  for each row execute function private.freeze_columns('run_id', 'org_id', 'budget_id', 'holder');
create trigger freeze_columns before update of id, org_id, budget_id on public.usage_alerts
  for each row execute function private.freeze_columns('id', 'org_id', 'budget_id');

-- As before, and columns named in the trigger are told too, with what they were before a change.
create or replace function private.audit() returns trigger
language plpgsql security definer
set search_path = ''
as $$
declare
  old_row jsonb := case when tg_op = 'INSERT' then null else to_jsonb(old) end;
  new_row jsonb := case when tg_op = 'DELETE' then null else to_jsonb(new) end;
  kept jsonb := coalesce(new_row, old_row);
  org uuid := coalesce(kept ->> 'org_id', kept ->> 'id')::uuid;
  told jsonb := '{}';
  told_column text;
begin
  -- A cascade from a deleted organization leaves no organization to write about.
  if not exists (select 1 from public.organizations o where o.id = org) then
    return null;
  end if;
  for n in 0 .. tg_nargs - 1 loop
    told_column := tg_argv[n];
    told := told || jsonb_build_object(told_column, kept -> told_column);
    if tg_op = 'UPDATE' and old_row -> told_column is distinct from new_row -> told_column then
      told := told || jsonb_build_object(told_column || '_before', old_row -> told_column);
    end if;
  end loop;
  insert into public.audit_log (org_id, actor_id, action, subject_type, subject_id, detail)
  values (
    org, (select auth.uid()), tg_table_name || '.' || lower(tg_op), tg_table_name,
    coalesce(kept ->> 'id', kept ->> 'user_id', kept ->> 'agent_id'),
    jsonb_strip_nulls(
      jsonb_build_object('name', kept -> 'name', 'role', kept -> 'role', 'origin', kept -> 'origin') || told
      || case when tg_op = 'UPDATE' then jsonb_build_object(
        'changed', (
          select coalesce(jsonb_agg(n.key order by n.key), '[]')
          from jsonb_each(new_row) n where old_row -> n.key is distinct from n.value and n.key <> 'updated_at'
        ),
        'role_before', case when old_row -> 'role' is distinct from new_row -> 'role' then old_row -> 'role' end
      ) else '{}' end
    )
  );
  return null;
end $$;
create trigger audit after insert or update or delete on public.budgets
  for each row execute function private.audit('subject', 'metric', 'limit_value', 'agent_id', 'api_key_id');

-- The length of a metric's period: minute, day or month.
create function private.budget_period(metric text) returns text
language sql immutable
set search_path = ''
as $$
  select case when metric like '%per_month' then 'month' when metric like '%per_day' then 'day' else 'minute' end
$$;
grant execute on function private.budget_period(text) to authenticated, service_role;

-- When a period that began at period_start is over. Reckoned in UTC whatever the session's time zone is.
create function private.budget_period_end(metric text, period_start timestamptz) returns timestamptz
language sql immutable
set search_path = ''
as $$
  select ((period_start at time zone 'UTC') + ('1 ' || private.budget_period(metric))::interval) at time zone 'UTC'
$$;
grant execute on function private.budget_period_end(text, timestamptz) to authenticated, service_role;

-- What a budget's holder used since a time according to the receipts and rollups: where a counter begins. Requests of the
-- running minute are not looked up.
create function private.used_since(budget public.budgets, holder uuid, since timestamptz) returns bigint
language plpgsql stable
set search_path = ''
as $$
declare
  counts_cost boolean := budget.metric like 'cost%';
  total bigint;
begin
  if private.budget_period(budget.metric) = 'minute' then
    return 0;
  end if;
  if budget.each_visitor then
    select sum(case when counts_cost then r.cost_micros else r.prompt_tokens + r.completion_tokens end) into total
    from public.conversations c join public.runs r on r.org_id = c.org_id and r.conversation_id = c.id
    where c.org_id = budget.org_id and c.visitor_id = holder and r.started_at >= since and (budget.agent_id is null or r.agent_id = budget.agent_id);
  elsif budget.api_key_id is not null then
    select sum(case when counts_cost then r.cost_micros else r.prompt_tokens + r.completion_tokens end) into total
    from public.runs r
    where r.org_id = budget.org_id and r.api_key_id = budget.api_key_id and r.started_at >= since
      and (budget.agent_id is null or r.agent_id = budget.agent_id);
  else
    select sum(case when counts_cost then u.cost_micros else u.prompt_tokens + u.completion_tokens end) into total
    from public.usage_daily u
    where u.org_id = budget.org_id and u.day >= (since at time zone 'utc')::date and (budget.agent_id is null or u.agent_id = budget.agent_id);
  end if;
  return coalesce(total, 0);
end $$;
grant execute on function private.used_since(public.budgets, uuid, timestamptz) to authenticated, service_role;

-- Takes one request from every budget that it falls under, and reserves what the run may use; all or nothing. Costs one
-- index look-up where no budgets are set. freed are runs that this one supersedes: they no longer count as concurrent.
-- Raises over_limit with {subject, metric, retryAfter} (seconds) as detail: of several, the one that lasts longest.
create function private.take_budgets(
  org uuid, agent uuid, visitor uuid, api_key uuid, run uuid, reserve_tokens bigint, reserve_micros bigint, freed uuid[] default '{}'
) returns void
language plpgsql
set search_path = ''
as $$
declare
  wanted public.budgets[];
  told_at timestamptz;
  over jsonb;
begin
  select pg_catalog.array_agg(b order by b.id) into wanted from public.budgets b
  where b.org_id = org and (b.agent_id is null or b.agent_id = agent) and (b.api_key_id is null or b.api_key_id = api_key)
    and (not b.each_visitor or visitor is not null);
  if wanted is null then
    return;
  end if;

  insert into public.budget_counters (org_id, budget_id, holder, period_start, used)
  select org, b.id, h.holder, p.period_start, private.used_since(b, h.holder, p.period_start)
  from pg_catalog.unnest(wanted) b,
    lateral (select case when b.each_visitor then visitor else org end as holder) h,
    lateral (select pg_catalog.date_trunc(private.budget_period(b.metric), pg_catalog.clock_timestamp(), 'UTC') as period_start) p
  where not exists (select 1 from public.budget_counters c where c.budget_id = b.id and c.holder = h.holder)
  order by b.id
  on conflict (budget_id, holder) do nothing;
  perform 1 from public.budget_counters c
  where (c.budget_id, c.holder) in (select b.id, case when b.each_visitor then visitor else org end from pg_catalog.unnest(wanted) b)
  order by c.budget_id, c.holder for update;

  -- Told only now: whoever waited for the locks may have waited into the next period.
  told_at := pg_catalog.clock_timestamp();
  delete from public.budget_holds h using pg_catalog.unnest(wanted) b
  where h.budget_id = b.id and (h.run_id = any (freed) and b.metric = 'concurrent_runs' or h.held_until < told_at - interval '1 day');

  with state as (
    select b.id, b.subject, b.metric, b.limit_value, c.holder, greatest(c.period_start, p.now_start) as period_start,
      case b.metric when 'requests_per_minute' then 1 when 'concurrent_runs' then 1
        else greatest(case when b.metric like 'cost%' then reserve_micros else reserve_tokens end, 0) end as amount,
      case when c.period_start >= p.now_start and b.metric <> 'concurrent_runs' then c.used else 0 end as used,
      (select coalesce(sum(h.amount), 0) from public.budget_holds h
       where h.budget_id = b.id and h.holder = c.holder and h.held_until > told_at
         and (b.metric = 'concurrent_runs' or h.period_start = greatest(c.period_start, p.now_start))) as held
    from pg_catalog.unnest(wanted) b
    join public.budget_counters c on c.budget_id = b.id and c.holder = case when b.each_visitor then visitor else org end,
    lateral (select pg_catalog.date_trunc(private.budget_period(b.metric), told_at, 'UTC') as now_start) p
  ), refused as (
    select s.subject, s.metric, case s.metric when 'concurrent_runs' then 5 else greatest(1, pg_catalog.ceil(extract(epoch from
        private.budget_period_end(s.metric, s.period_start) - told_at))::integer) end as retry_after
    -- Nothing fits into a full budget, not even an answer that reserves nothing.
    from state s where s.used + s.held + greatest(s.amount, 1) > s.limit_value
  ), counted as (
    update public.budget_counters c
    set period_start = s.period_start, used = s.used + case s.metric when 'requests_per_minute' then 1 else 0 end
    from state s where c.budget_id = s.id and c.holder = s.holder and not exists (select 1 from refused)
  ), reserved as (
    insert into public.budget_holds (run_id, org_id, budget_id, holder, period_start, amount, held_until)
    select run, org, s.id, s.holder, s.period_start, s.amount, told_at + interval '30 seconds'
    from state s where s.metric <> 'requests_per_minute' and not exists (select 1 from refused)
  )
  select pg_catalog.jsonb_build_object('subject', r.subject, 'metric', r.metric, 'retryAfter', r.retry_after) into over
  from refused r order by r.retry_after desc limit 1;
  if over is not null then
    raise exception 'A budget is used up' using errcode = 'P0001', hint = 'over_limit', detail = over::text;
  end if;
end $$;
grant execute on function private.take_budgets(uuid, uuid, uuid, uuid, uuid, bigint, bigint, uuid[]) to service_role;

-- Replaces what a run has reserved by what it really used, and notes budgets that came to 80 % or 100 % of their limit (100 %
-- also when another answer like this one no longer fits). Nothing happens the second time.
create function private.settle_budgets(org uuid, run uuid, used_tokens bigint, used_micros bigint) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform 1 from public.budget_counters c
  where (c.budget_id, c.holder) in (select h.budget_id, h.holder from public.budget_holds h where h.org_id = org and h.run_id = run)
  order by c.budget_id, c.holder for update;
  if not found then
    return;
  end if;
  with released as (
    delete from public.budget_holds h where h.org_id = org and h.run_id = run
    returning h.budget_id, h.holder, h.period_start, h.amount
  ), counted as (
    update public.budget_counters c set used = c.used + case when b.metric like 'cost%' then used_micros else used_tokens end
    from released r join public.budgets b on b.id = r.budget_id
    -- A counter that has moved on to a later period has nothing to do with this run.
    where c.budget_id = r.budget_id and c.holder = r.holder and c.period_start = r.period_start and b.metric <> 'concurrent_runs'
    returning c.budget_id, c.period_start, c.used, r.amount, b.limit_value, b.metric
  )
  insert into public.usage_alerts (org_id, budget_id, period_start, period_end, threshold, limit_value, used)
  select org, c.budget_id, c.period_start, private.budget_period_end(c.metric, c.period_start), t.threshold, c.limit_value, c.used
  from counted c, (values (80), (100)) as t (threshold)
  where c.used * 100 >= c.limit_value * t.threshold or (t.threshold = 100 and c.used > 0 and c.used + c.amount > c.limit_value)
  on conflict (budget_id, period_start, limit_value, threshold) do nothing;
end $$;
grant execute on function private.settle_budgets(uuid, uuid, bigint, bigint) to service_role;

-- The budgets of an organization with what is used and reserved of each now. Of budgets that count each visitor apart, the
-- visitor who used most.
create function public.budget_use(org uuid)
returns table (id uuid, agent_id uuid, api_key_id uuid, subject text, metric text, limit_value bigint, used bigint, reserved bigint,
  period_end timestamptz, updated_at timestamptz)
language sql stable
set search_path = ''
as $$
  select b.id, b.agent_id, b.api_key_id, b.subject, b.metric, b.limit_value,
    coalesce(top.used, case when b.each_visitor then 0 else private.used_since(b, org, p.now_start) end), coalesce(top.reserved, 0),
    case when b.metric <> 'concurrent_runs' then private.budget_period_end(b.metric, p.now_start) end, b.updated_at
  from public.budgets b,
  lateral (select pg_catalog.date_trunc(private.budget_period(b.metric), pg_catalog.now(), 'UTC') as now_start) p
  left join lateral (
    select case when c.period_start >= p.now_start and b.metric <> 'concurrent_runs' then c.used else 0 end as used, (
      select coalesce(sum(h.amount), 0)::bigint from public.budget_holds h
      where h.budget_id = c.budget_id and h.holder = c.holder and h.held_until > pg_catalog.now()
        and (b.metric = 'concurrent_runs' or h.period_start >= p.now_start)) as reserved
    from public.budget_counters c
    where c.budget_id = b.id
      -- Visitors who have not asked lately have nothing of the period and nothing running.
      and (not b.each_visitor or c.period_start >= p.now_start - case b.metric when 'concurrent_runs' then interval '1 hour' else interval '0' end)
    order by 1 desc, 2 desc limit 1
  ) top on true
  where b.org_id = org
  order by b.subject, b.metric, b.id
$$;
revoke execute on function public.budget_use(uuid) from public, anon;
grant execute on function public.budget_use(uuid) to authenticated, service_role;
