-- One part of an agent's settings is changed at a time (an action, the topics), while other people may be changing other parts; and what became of
-- the actions.

-- Publishes new settings made from the version `base`. Returns the new version's id, or null when another version has been
-- published in the meantime: the caller then makes its change anew from that one. Under the caller's own policies.
create function public.change_agent_settings(org uuid, agent uuid, base uuid, agent_settings jsonb) returns uuid
language plpgsql
set search_path = ''
as $$
declare
  published uuid;
  version_id uuid;
begin
  select a.published_version_id into published from public.agents a where a.org_id = org and a.id = agent for update;
  if not found then
    raise exception 'No such agent' using errcode = 'P0002';
  end if;
  if published is distinct from base then
    return null;
  end if;
  insert into public.agent_versions (org_id, agent_id, number, settings, created_by)
  select org, agent, coalesce(max(v.number), 0) + 1, agent_settings, (select auth.uid())
  from public.agent_versions v where v.agent_id = agent
  returning id into version_id;
  update public.agents a set published_version_id = version_id where a.org_id = org and a.id = agent;
  return version_id;
end $$;
grant execute on function public.change_agent_settings(uuid, uuid, uuid, jsonb) to authenticated, service_role;

-- How an agent's HTTP actions fared in its answers of the last 30 days (the latest 5,000 of them). Under the caller's own policies.
create function public.action_use(org uuid, agent uuid) returns table (name text, used bigint, failed bigint, declined bigint, last_used timestamptz)
language sql stable
set search_path = ''
as $$
  select a.name, count(*), count(*) filter (where a.outcome = 'failed'), count(*) filter (where a.outcome = 'declined'), max(r.started_at)
  from (
    select r.id, r.org_id, r.started_at from public.runs r
    where r.org_id = action_use.org and r.agent_id = action_use.agent and r.started_at > now() - interval '30 days'
    order by r.started_at desc limit 5000
  ) r
  join public.run_actions a on a.run_id = r.id and a.org_id = r.org_id
  where a.kind = 'server'
  group by a.name;
$$;
grant execute on function public.action_use(uuid, uuid) to authenticated, service_role;
