-- Connections to CRMs: an organization's accounts there, how they are signed in to, and how fast they may be asked.

create table public.connections (
  id uuid primary key default private.uuid_v7(),
  org_id uuid not null references public.organizations (id) on delete cascade,
  crm text not null check (crm in ('hubspot', 'salesforce', 'pipedrive', 'amocrm', 'bitrix24')),
  cloud text not null default 'global' check (cloud in ('global', 'ru')),
  name text not null check (char_length(btrim(name)) between 1 and 120),
  account_id text not null check (char_length(account_id) between 1 and 200),
  account_name text not null default '' check (char_length(account_name) <= 200),
  account_url text check (char_length(account_url) <= 500),
  status text not null default 'ok' check (status in ('ok', 'unauthorized', 'failing', 'paused', 'disconnecting')),
  grant_kind text not null check (grant_kind in ('oauth', 'token')),
  sealed_grant text not null check (sealed_grant ~ '^v1\.[A-Za-z0-9_-]{1,32}\.[A-Za-z0-9_-]{38,}$' and char_length(sealed_grant) <= 30000),
  grant_generation integer not null default 1,
  grant_expires_at timestamptz,
  refreshing_until timestamptz,
  refresh_began_at timestamptz,
  sealed_inbound_secret text check (sealed_inbound_secret ~ '^v1\.[A-Za-z0-9_-]{1,32}\.[A-Za-z0-9_-]{38,}$' and char_length(sealed_inbound_secret) <= 1000),
  inbound_subscription text check (char_length(inbound_subscription) <= 500),
  settings jsonb not null,
  last_push_at timestamptz,
  last_pull_at timestamptz,
  last_event_at timestamptz,
  error_code text check (char_length(error_code) <= 40),
  error_detail text check (char_length(error_detail) <= 300),
  failing_since timestamptz,
  created_by uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (org_id, id),
  unique (org_id, crm, account_id)
);
comment on table public.connections is 'An account in a CRM. What lets us in is sealed by the portal for exactly this row; grant_generation counts its replacements, so that of two workers only one refreshes, and refresh_began_at tells of a refresh whose end was never written.';
create index connections_org_id_idx on public.connections (org_id);
create index connections_account_idx on public.connections (crm, account_id);

create table public.connection_sign_ins (
  state_hash text primary key check (state_hash ~ '^[0-9a-f]{64}$'),
  org_id uuid not null references public.organizations (id) on delete cascade,
  user_id uuid not null,
  session_hash text not null check (session_hash ~ '^[0-9a-f]{64}$'),
  crm text not null check (char_length(crm) <= 40),
  cloud text not null check (cloud in ('global', 'ru')),
  domain text check (char_length(domain) <= 253),
  sealed_verifier text not null check (char_length(sealed_verifier) <= 1000),
  connection_id uuid,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null default now() + interval '15 minutes',
  used_at timestamptz,
  foreign key (org_id, connection_id) references public.connections (org_id, id) on delete cascade
);
comment on table public.connection_sign_ins is 'A sign-in at a CRM that was begun: its state works once, for the person and browser that began it (RFC 6749 section 10.12). connection_id is set when a connection is authorised again.';
create index connection_sign_ins_org_id_idx on public.connection_sign_ins (org_id, connection_id);

create table private.crm_quotas (
  crm text not null,
  account_id text not null,
  key text not null check (char_length(key) <= 60),
  level double precision not null,
  filled_at timestamptz not null,
  blocked_until timestamptz,
  primary key (crm, account_id, key)
);
comment on table private.crm_quotas is 'How much of a CRM account''s rate limits is left, as buckets that fill; shared by all workers and by all organizations that use the account.';

alter table public.connections enable row level security;
alter table public.connection_sign_ins enable row level security;

-- What is sealed is for the server alone. The id is made by the portal, since it is part of what is sealed.
grant select (id, org_id, crm, cloud, name, account_id, account_name, account_url, status, grant_kind, grant_expires_at, inbound_subscription, settings,
  last_push_at, last_pull_at, last_event_at, error_code, error_detail, failing_since, created_by, created_at, updated_at)
  on public.connections to authenticated;
grant insert (id, org_id, crm, cloud, name, account_id, account_name, account_url, grant_kind, sealed_grant, grant_expires_at, sealed_inbound_secret, settings, created_by)
  on public.connections to authenticated;
grant update (name, settings) on public.connections to authenticated;
grant select, insert, update, delete on public.connections, public.connection_sign_ins, private.crm_quotas to service_role;

create policy "Admins read connections" on public.connections for select to authenticated using (org_id in (select private.my_org_ids('admin')));
create policy "Admins add connections as themselves" on public.connections for insert to authenticated
  with check (org_id in (select private.my_org_ids('admin')) and created_by = (select auth.uid()));
create policy "Admins change connections" on public.connections for update to authenticated
  using (org_id in (select private.my_org_ids('admin'))) with check (org_id in (select private.my_org_ids('admin')));

create trigger touch_updated_at before update of name, settings on public.connections for each row execute function private.touch_updated_at();
create trigger freeze_columns before update of id, org_id, crm, cloud, account_id, created_by on public.connections
  for each row execute function private.freeze_columns('id', 'org_id', 'crm', 'cloud', 'account_id', 'created_by');
create trigger freeze_columns before update of state_hash, org_id, user_id, session_hash, connection_id on public.connection_sign_ins
  for each row execute function private.freeze_columns('state_hash', 'org_id', 'user_id', 'session_hash', 'connection_id');
create trigger audit after insert or delete or update of name, status, settings on public.connections
  for each row execute function private.audit('crm', 'status', 'account_name');

-- Begins a sign-in at a CRM, for the admin who asks; what is left of old ones goes.
create function public.begin_crm_sign_in(org uuid, state_hash text, session_hash text, crm text, cloud text, domain text, sealed_verifier text, connection uuid default null)
returns void
language plpgsql security definer
set search_path = ''
as $$
begin
  if org not in (select private.my_org_ids('admin')) then
    raise exception 'No such organization' using errcode = 'P0002';
  end if;
  if connection is not null and not exists (select 1 from public.connections c where c.org_id = org and c.id = connection and c.crm = begin_crm_sign_in.crm) then
    raise exception 'No such connection' using errcode = 'P0002';
  end if;
  delete from public.connection_sign_ins s where s.expires_at < pg_catalog.now() - interval '1 day';
  insert into public.connection_sign_ins (state_hash, org_id, user_id, session_hash, crm, cloud, domain, sealed_verifier, connection_id)
  values (state_hash, org, (select auth.uid()), session_hash, crm, cloud, domain, sealed_verifier, connection);
end $$;
grant execute on function public.begin_crm_sign_in(uuid, text, text, text, text, text, text, uuid) to authenticated;

-- Ends a sign-in: its row, once, for the person and browser that began it and that is still an admin there; null for everybody else.
-- Returns {orgId, orgSlug, crm, cloud, domain, sealedVerifier, connectionId}.
create function public.take_crm_sign_in(state_hash text, session_hash text) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  taken public.connection_sign_ins;
begin
  update public.connection_sign_ins s set used_at = pg_catalog.now()
  where s.state_hash = take_crm_sign_in.state_hash and s.session_hash = take_crm_sign_in.session_hash
    and s.user_id = (select auth.uid()) and s.used_at is null and s.expires_at > pg_catalog.now()
    and s.org_id in (select private.my_org_ids('admin'))
  returning s.* into taken;
  if taken.state_hash is null then
    return null;
  end if;
  return pg_catalog.jsonb_build_object('orgId', taken.org_id, 'orgSlug', (select o.slug from public.organizations o where o.id = taken.org_id),
    'crm', taken.crm, 'cloud', taken.cloud, 'domain', taken.domain, 'sealedVerifier', taken.sealed_verifier, 'connectionId', taken.connection_id);
end $$;
grant execute on function public.take_crm_sign_in(text, text) to authenticated;

-- A connection that is signed in to anew: the same account, another grant. Returns false for another account or no such connection.
create function public.reauthorize_connection(org uuid, connection uuid, account text, kind text, sealed text, expires timestamptz) returns boolean
language plpgsql security definer
set search_path = ''
as $$
begin
  if org not in (select private.my_org_ids('admin')) then
    raise exception 'No such connection' using errcode = 'P0002';
  end if;
  update public.connections c
  set sealed_grant = sealed, grant_kind = kind, grant_expires_at = expires, grant_generation = c.grant_generation + 1, refreshing_until = null,
    refresh_began_at = null, status = 'ok', error_code = null, error_detail = null, failing_since = null
  where c.org_id = org and c.id = connection and c.account_id = account and c.status <> 'disconnecting';
  if not found then
    return false;
  end if;
  insert into public.outbox (org_id, name, payload) values (org, 'crm.setup', pg_catalog.jsonb_build_object('connectionId', connection));
  return true;
end $$;
grant execute on function public.reauthorize_connection(uuid, uuid, text, text, text, timestamptz) to authenticated;

-- Stops or resumes the work of a connection, or takes leave of it: the worker revokes the tokens and erases the row.
create function public.change_connection(org uuid, connection uuid, wish text) returns boolean
language plpgsql security definer
set search_path = ''
as $$
begin
  if org not in (select private.my_org_ids('admin')) then
    raise exception 'No such connection' using errcode = 'P0002';
  end if;
  if wish = 'pause' then
    update public.connections c set status = 'paused' where c.org_id = org and c.id = connection and c.status in ('ok', 'failing');
  elsif wish = 'resume' then
    update public.connections c set status = 'ok', error_code = null, error_detail = null, failing_since = null
    where c.org_id = org and c.id = connection and c.status in ('paused', 'failing');
  elsif wish = 'disconnect' then
    update public.connections c set status = 'disconnecting' where c.org_id = org and c.id = connection and c.status <> 'disconnecting';
    if found then
      insert into public.outbox (org_id, name, payload) values (org, 'crm.disconnect', pg_catalog.jsonb_build_object('connectionId', connection));
      return true;
    end if;
  else
    raise exception 'No such wish' using errcode = '22023';
  end if;
  return found;
end $$;
grant execute on function public.change_connection(uuid, uuid, text) to authenticated;

-- Sets a new connection up (checks the account, asks for its webhooks) as soon as it is there.
create function private.set_up_connection() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  insert into public.outbox (org_id, name, payload) values (new.org_id, 'crm.setup', pg_catalog.jsonb_build_object('connectionId', new.id));
  return null;
end $$;
create trigger set_up_connection after insert on public.connections for each row execute function private.set_up_connection();

-- What a worker needs to speak for a connection: {orgId, crm, cloud, accountId, status, sealedGrant, generation, expiresAt, refreshing,
-- lostRefresh, sealedInboundSecret, inboundSubscription, settings}; null when it is gone.
create function public.open_connection(connection uuid) returns jsonb
language sql stable
set search_path = ''
as $$
  select pg_catalog.jsonb_build_object('orgId', c.org_id, 'crm', c.crm, 'cloud', c.cloud, 'accountId', c.account_id, 'status', c.status,
    'sealedGrant', c.sealed_grant, 'generation', c.grant_generation, 'expiresAt', c.grant_expires_at,
    'refreshing', c.refreshing_until > pg_catalog.clock_timestamp(),
    'lostRefresh', c.refresh_began_at is not null and c.refreshing_until <= pg_catalog.clock_timestamp(),
    'sealedInboundSecret', c.sealed_inbound_secret, 'inboundSubscription', c.inbound_subscription, 'settings', c.settings)
  from public.connections c where c.id = connection
$$;
revoke execute on function public.open_connection(uuid) from public, anon, authenticated;
grant execute on function public.open_connection(uuid) to service_role;

-- Takes the right to refresh the grant of one generation, for lease_seconds: true for one caller alone. A lease that ran out is taken over.
create function public.begin_grant_refresh(connection uuid, generation integer, lease_seconds integer default 60) returns boolean
language plpgsql
set search_path = ''
as $$
begin
  update public.connections c
  set refreshing_until = pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => lease_seconds), refresh_began_at = pg_catalog.clock_timestamp()
  where c.id = connection and c.grant_generation = generation
    and (c.refreshing_until is null or c.refreshing_until <= pg_catalog.clock_timestamp());
  return found;
end $$;
revoke execute on function public.begin_grant_refresh(uuid, integer, integer) from public, anon, authenticated;
grant execute on function public.begin_grant_refresh(uuid, integer, integer) to service_role;

-- Puts the refreshed grant in the place of the one of `generation`; false when somebody else has replaced it.
create function public.store_grant(connection uuid, generation integer, sealed text, expires timestamptz) returns boolean
language plpgsql
set search_path = ''
as $$
begin
  update public.connections c
  set sealed_grant = sealed, grant_expires_at = expires, grant_generation = c.grant_generation + 1, refreshing_until = null, refresh_began_at = null
  where c.id = connection and c.grant_generation = generation;
  return found;
end $$;
revoke execute on function public.store_grant(uuid, integer, text, timestamptz) from public, anon, authenticated;
grant execute on function public.store_grant(uuid, integer, text, timestamptz) to service_role;

-- Gives the right to refresh back after a refusal or failure; with `lost`, the connection must be signed in to anew.
create function public.end_grant_refresh(connection uuid, generation integer) returns void
language sql
set search_path = ''
as $$
  update public.connections c set refreshing_until = null, refresh_began_at = null where c.id = connection and c.grant_generation = generation
$$;
revoke execute on function public.end_grant_refresh(uuid, integer) from public, anon, authenticated;
grant execute on function public.end_grant_refresh(uuid, integer) to service_role;

-- Notes how work with a connection went: code null is success; "unauthorized" stops the connection until somebody signs in anew.
create function public.note_connection(connection uuid, code text, detail text default null) returns void
language sql
set search_path = ''
as $$
  update public.connections c
  set error_code = code, error_detail = pg_catalog.left(detail, 300),
    failing_since = case when code is null then null else coalesce(c.failing_since, pg_catalog.now()) end,
    status = case
      when c.status in ('paused', 'disconnecting') then c.status
      when code is null then 'ok'
      when code in ('unauthorized', 'refresh_lost') then 'unauthorized'
      else 'failing' end
  where c.id = connection and (c.error_code is distinct from code or c.error_detail is distinct from detail or (code is null and c.status = 'failing'))
$$;
revoke execute on function public.note_connection(uuid, text, text) from public, anon, authenticated;
grant execute on function public.note_connection(uuid, text, text) to service_role;

-- Takes from the account's buckets, all or nothing. `wanted` is [{key, burst, perSecond, cost}]. Returns the milliseconds to wait before it is
-- worth asking again; 0 when it was taken.
create function public.take_crm_quota(account_crm text, account text, wanted jsonb) returns integer
language plpgsql
set search_path = ''
as $$
declare
  moment timestamptz;
  one record;
  row private.crm_quotas;
  level double precision;
  wait double precision := 0;
begin
  insert into private.crm_quotas (crm, account_id, key, level, filled_at)
  select account_crm, account, w ->> 'key', (w ->> 'burst')::double precision, pg_catalog.clock_timestamp()
  from pg_catalog.jsonb_array_elements(wanted) w order by w ->> 'key'
  on conflict do nothing;
  perform 1 from private.crm_quotas q where q.crm = account_crm and q.account_id = account order by q.key for update;
  moment := pg_catalog.clock_timestamp();
  for one in
    select w ->> 'key' as key, (w ->> 'burst')::double precision as burst, (w ->> 'perSecond')::double precision as per_second,
      (w ->> 'cost')::double precision as cost
    from pg_catalog.jsonb_array_elements(wanted) w
  loop
    select q.* into row from private.crm_quotas q where q.crm = account_crm and q.account_id = account and q.key = one.key;
    level := least(one.burst, row.level + greatest(extract(epoch from moment - row.filled_at), 0) * one.per_second);
    if row.blocked_until > moment then
      wait := greatest(wait, extract(epoch from row.blocked_until - moment));
    end if;
    if level < least(one.cost, one.burst) then
      wait := greatest(wait, (least(one.cost, one.burst) - level) / one.per_second);
    end if;
  end loop;
  if wait > 0 then
    return pg_catalog.ceil(wait * 1000);
  end if;
  update private.crm_quotas q
  set level = least(w.burst, q.level + greatest(extract(epoch from moment - q.filled_at), 0) * w.per_second) - w.cost, filled_at = moment
  from (
    select v ->> 'key' as key, (v ->> 'burst')::double precision as burst, (v ->> 'perSecond')::double precision as per_second,
      (v ->> 'cost')::double precision as cost
    from pg_catalog.jsonb_array_elements(wanted) v
  ) w
  where q.crm = account_crm and q.account_id = account and q.key = w.key;
  return 0;
end $$;
revoke execute on function public.take_crm_quota(text, text, jsonb) from public, anon, authenticated;
grant execute on function public.take_crm_quota(text, text, jsonb) to service_role;

-- The CRM said "too many": nobody calls this account before that long.
create function public.pause_crm_account(account_crm text, account text, milliseconds integer) returns void
language sql
set search_path = ''
as $$
  update private.crm_quotas q
  set blocked_until = greatest(q.blocked_until, pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => least(greatest(milliseconds, 0), 86400000) / 1000.0))
  where q.crm = account_crm and q.account_id = account
$$;
revoke execute on function public.pause_crm_account(text, text, integer) from public, anon, authenticated;
grant execute on function public.pause_crm_account(text, text, integer) to service_role;
