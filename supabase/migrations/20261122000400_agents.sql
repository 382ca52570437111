-- Agents: identity and pointers; everything a visitor or the model sees lives in versions.

create table public.agents (
  id uuid primary key default private.uuid_v7(),
  org_id uuid not null references public.organizations (id) on delete cascade,
  public_id text not null unique default replace(extensions.uuid_generate_v4()::text, '-', '')
    check (public_id ~ '^[a-z0-9][a-z0-9-]{2,63}$'),
  name text not null check (char_length(btrim(name)) between 1 and 80),
  status text not null default 'live' check (status in ('live', 'paused')),
  published_version_id uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (org_id, id)
);
comment on table public.agents is 'An AI agent of an organization. public_id is the id that appears in the embed snippet.';
create index agents_org_id_idx on public.agents (org_id, created_at desc);

create table public.agent_versions (
  id uuid primary key default private.uuid_v7(),
  org_id uuid not null,
  agent_id uuid not null,
  number integer not null,
  settings jsonb not null check (jsonb_typeof(settings) = 'object' and octet_length(settings::text) <= 200000),
  created_by uuid,
  created_at timestamptz not null default now(),
  unique (agent_id, number),
  unique (agent_id, id),
  unique (org_id, id),
  foreign key (org_id, agent_id) references public.agents (org_id, id) on delete cascade
);
comment on table public.agent_versions is 'Immutable settings documents (core/agent-settings.ts); an answer names the version that made it.';
alter table public.agents add constraint agents_published_version_fkey
  foreign key (id, published_version_id) references public.agent_versions (agent_id, id) deferrable initially deferred;

create table public.agent_origins (
  agent_id uuid not null,
  org_id uuid not null,
  origin text not null check (origin ~ '^https?://[a-z0-9.\-\[\]:]+$' and char_length(origin) <= 300),
  created_at timestamptz not null default now(),
  primary key (agent_id, origin),
  foreign key (org_id, agent_id) references public.agents (org_id, id) on delete cascade
);
comment on table public.agent_origins is 'Exact origins (scheme, host, port) whose pages may talk to the agent. No row: no page may.';
create index agent_origins_org_id_idx on public.agent_origins (org_id);

alter table public.agents enable row level security;
alter table public.agent_versions enable row level security;
alter table public.agent_origins enable row level security;

grant select, delete on public.agents to authenticated;
-- public_id is one namespace for everybody, so nobody picks their own.
grant insert (org_id, name, status) on public.agents to authenticated;
grant update (name, status, published_version_id) on public.agents to authenticated;
grant select on public.agent_versions to authenticated;
grant insert (org_id, agent_id, number, settings, created_by) on public.agent_versions to authenticated;
grant select, delete on public.agent_origins to authenticated;
grant insert (org_id, agent_id, origin) on public.agent_origins to authenticated;
grant select, insert, update, delete on public.agents, public.agent_origins to service_role;
grant select, insert, delete on public.agent_versions to service_role;

create policy "Members read agents" on public.agents for select to authenticated using (org_id in (select private.my_org_ids('viewer')));
create policy "Editors create agents" on public.agents for insert to authenticated with check (org_id in (select private.my_org_ids('editor')));
create policy "Editors change agents" on public.agents for update to authenticated
  using (org_id in (select private.my_org_ids('editor'))) with check (org_id in (select private.my_org_ids('editor')));
create policy "Admins delete agents" on public.agents for delete to authenticated using (org_id in (select private.my_org_ids('admin')));

create policy "Members read agent versions" on public.agent_versions for select to authenticated using (org_id in (select private.my_org_ids('viewer')));
create policy "Editors add agent versions as themselves" on public.agent_versions for insert to authenticated
  with check (org_id in (select private.my_org_ids('editor')) and created_by = (select auth.uid()));

create policy "Members read allowed origins" on public.agent_origins for select to authenticated using (org_id in (select private.my_org_ids('viewer')));
create policy "Editors allow origins" on public.agent_origins for insert to authenticated with check (org_id in (select private.my_org_ids('editor')));
create policy "Editors disallow origins" on public.agent_origins for delete to authenticated using (org_id in (select private.my_org_ids('editor')));

create trigger touch_updated_at before update on public.agents for each row execute function private.touch_updated_at();
create trigger freeze_columns before update of id, org_id on public.agents
  for each row execute function private.freeze_columns('id', 'org_id');
create trigger freeze_columns before update on public.agent_versions
  for each row execute function private.freeze_columns('id', 'org_id', 'agent_id', 'number', 'settings', 'created_by', 'created_at');
create trigger freeze_columns before update on public.agent_origins
  for each row execute function private.freeze_columns('agent_id', 'org_id', 'origin');
create trigger audit after insert or update or delete on public.agents for each row execute function private.audit();
create trigger audit after insert or delete on public.agent_origins for each row execute function private.audit();

-- Creates (agent null) or changes an agent: a new published version and the exact list of allowed origins, in one
-- transaction, under the caller's own policies. Returns the agent row.
create function public.save_agent(org uuid, agent uuid, agent_name text, agent_settings jsonb, origins text[]) returns public.agents
language plpgsql
set search_path = ''
as $$
declare
  saved public.agents;
  version_id uuid;
begin
  if agent is null then
    insert into public.agents (org_id, name) values (org, btrim(agent_name)) returning * into saved;
  else
    update public.agents a set name = btrim(agent_name) where a.org_id = org and a.id = agent returning * into saved;
    if saved.id is null then
      raise exception 'No such agent' using errcode = 'P0002';
    end if;
  end if;
  insert into public.agent_versions (org_id, agent_id, number, settings, created_by)
  select saved.org_id, saved.id, coalesce(max(v.number), 0) + 1, agent_settings, (select auth.uid())
  from public.agent_versions v where v.agent_id = saved.id
  returning id into version_id;
  update public.agents a set published_version_id = version_id where a.id = saved.id returning * into saved;
  delete from public.agent_origins o where o.agent_id = saved.id and o.origin <> all (origins);
  insert into public.agent_origins (org_id, agent_id, origin)
  select saved.org_id, saved.id, o from unnest(origins) o on conflict do nothing;
  return saved;
end $$;
grant execute on function public.save_agent(uuid, uuid, text, jsonb, text[]) to authenticated, service_role;
