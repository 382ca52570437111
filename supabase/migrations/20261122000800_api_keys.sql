-- API keys: only the SHA-256 of a key is stored.

create table public.api_keys (
  id uuid primary key default private.uuid_v7(),
  org_id uuid not null references public.organizations (id) on delete cascade,
  name text not null check (char_length(btrim(name)) between 1 and 80),
  key_hash text not null unique check (key_hash ~ '^[0-9a-f]{64}$'),
  last_four text not null check (char_length(last_four) = 4),
  scopes text[] not null default '{chat}' check (scopes <@ array['chat', 'read', 'write']),
  created_by uuid references auth.users (id) on delete cascade,
  created_at timestamptz not null default now(),
  last_used_at timestamptz,
  revoked_at timestamptz,
  unique (org_id, id)
);
comment on table public.api_keys is 'A developer''s key. It works while it is not revoked and its maker is still an admin of the organization.';
create index api_keys_org_id_idx on public.api_keys (org_id, created_at desc);
create index api_keys_created_by_idx on public.api_keys (created_by);

alter table public.api_keys enable row level security;
-- The hash itself is for the server alone.
grant select (id, org_id, name, last_four, scopes, created_by, created_at, last_used_at, revoked_at) on public.api_keys to authenticated;
grant insert (org_id, name, key_hash, last_four, scopes, created_by) on public.api_keys to authenticated;
grant update (revoked_at) on public.api_keys to authenticated;
grant select, insert, update, delete on public.api_keys to service_role;

create policy "Admins read API keys" on public.api_keys for select to authenticated using (org_id in (select private.my_org_ids('admin')));
create policy "Admins create API keys as themselves" on public.api_keys for insert to authenticated
  with check (org_id in (select private.my_org_ids('admin')) and created_by = (select auth.uid()));
create policy "Admins revoke API keys" on public.api_keys for update to authenticated
  using (org_id in (select private.my_org_ids('admin'))) with check (org_id in (select private.my_org_ids('admin')) and revoked_at is not null);
create trigger freeze_columns before update of id, org_id, key_hash, created_by on public.api_keys
  for each row execute function private.freeze_columns('id', 'org_id', 'key_hash', 'created_by');
create trigger audit after insert or update of revoked_at on public.api_keys for each row execute function private.audit();

-- The live key with this hash, or no row: unknown, revoked, or its maker has lost the admin role since. Its last use is
-- kept to the minute, so that a busy key's requests do not queue for its row.
create function public.find_api_key(hash text) returns table (id uuid, org_id uuid, scopes text[])
language sql volatile
set search_path = ''
as $$
  with live as (
    select k.id, k.org_id, k.scopes, k.last_used_at from public.api_keys k
    where k.key_hash = hash and k.revoked_at is null
      and exists (select 1 from public.memberships m where m.org_id = k.org_id and m.user_id = k.created_by and m.role >= 'admin')
  ), used as (
    update public.api_keys k set last_used_at = pg_catalog.now()
    from live where k.id = live.id and (live.last_used_at is null or live.last_used_at < pg_catalog.now() - interval '1 minute')
  )
  select live.id, live.org_id, live.scopes from live
$$;
grant execute on function public.find_api_key(text) to service_role;
