-- Secret headers of agents' actions. An agent's settings name a secret by its id; what is inside is sealed by the portal
-- (core/secrets.ts) for exactly this row, and read by nobody but the server.

create table public.agent_secrets (
  id uuid primary key default private.uuid_v7(),
  org_id uuid not null,
  agent_id uuid not null,
  name text not null check (char_length(btrim(name)) between 1 and 80),
  sealed text not null check (sealed ~ '^v1\.[A-Za-z0-9_-]{1,32}\.[A-Za-z0-9_-]{38,}$' and char_length(sealed) <= 8000),
  last_four text not null default '' check (char_length(last_four) in (0, 4)),
  created_by uuid,
  created_at timestamptz not null default now(),
  unique (org_id, id),
  foreign key (org_id, agent_id) references public.agents (org_id, id) on delete cascade
);
comment on table public.agent_secrets is 'Sealed values of the secret headers that an agent''s actions send.';
create index agent_secrets_agent_id_idx on public.agent_secrets (org_id, agent_id);

alter table public.agent_secrets enable row level security;
-- What is sealed is for the server alone.
grant select (id, org_id, agent_id, name, last_four, created_by, created_at) on public.agent_secrets to authenticated;
-- The id is made by the portal, since it is part of what is sealed.
grant insert (id, org_id, agent_id, name, sealed, last_four, created_by) on public.agent_secrets to authenticated;
grant delete on public.agent_secrets to authenticated;
grant select, insert, update, delete on public.agent_secrets to service_role;

create policy "Editors see which secrets there are" on public.agent_secrets for select to authenticated
  using (org_id in (select private.my_org_ids('editor')));
create policy "Editors add secrets as themselves" on public.agent_secrets for insert to authenticated
  with check (org_id in (select private.my_org_ids('editor')) and created_by = (select auth.uid()));
create policy "Editors remove secrets" on public.agent_secrets for delete to authenticated
  using (org_id in (select private.my_org_ids('editor')));

-- Sealed anew after a key was rotated; anything else is another secret.
create trigger freeze_columns before update on public.agent_secrets
  for each row execute function private.freeze_columns('id', 'org_id', 'agent_id', 'name', 'last_four', 'created_by', 'created_at');
create trigger audit after insert or delete on public.agent_secrets for each row execute function private.audit();
