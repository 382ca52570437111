-- Verified visitors: a customer's own server says, in a signed token, who is looking at its page. Such a person is one visitor of the agent,
-- wherever they sign in; a browser's token alone never opens their history.

create table public.identity_keys (
  id uuid primary key default private.uuid_v7(),
  org_id uuid not null,
  agent_id uuid not null,
  name text not null check (char_length(btrim(name)) between 1 and 80),
  algorithm text not null check (algorithm in ('HS256', 'EdDSA')),
  sealed_secret text check (sealed_secret ~ '^v1\.[A-Za-z0-9_-]{1,32}\.[A-Za-z0-9_-]{38,}$' and char_length(sealed_secret) <= 1000),
  public_key text check (char_length(public_key) between 80 and 1000),
  last_four text not null default '' check (char_length(last_four) in (0, 4)),
  created_by uuid,
  created_at timestamptz not null default now(),
  last_used_at timestamptz,
  unique (org_id, id),
  foreign key (org_id, agent_id) references public.agents (org_id, id) on delete cascade,
  check ((algorithm = 'HS256') = (sealed_secret is not null)),
  check ((algorithm = 'EdDSA') = (public_key is not null))
);
comment on table public.identity_keys is 'What checks the tokens in which a customer''s server names its signed-in visitors: a shared secret, sealed by the portal for exactly this row, or a public key (SPKI, PEM). Several at once, so that they can be changed over.';
create index identity_keys_agent_id_idx on public.identity_keys (org_id, agent_id);

alter table public.visitors
  add column external_id text check (char_length(external_id) between 1 and 200),
  add column email text check (char_length(email) between 3 and 254),
  add column phone text check (char_length(phone) between 3 and 40),
  add column name text check (char_length(name) between 1 and 200),
  add column verified_at timestamptz,
  add constraint visitors_external_id_key unique (agent_id, external_id),
  add constraint visitors_verified_check check ((external_id is null) = (verified_at is null)),
  add constraint visitors_claims_check check (verified_at is not null or (email is null and phone is null and name is null));
comment on table public.visitors is 'A person on a customer''s site. external_id, email, phone and name are what a signed token said, last at verified_at; who has none is known only by a token their browser keeps. What visitors themselves say is in leads.';
create index visitors_email_idx on public.visitors (org_id, email) where email is not null;
create index visitors_phone_idx on public.visitors (org_id, phone) where phone is not null;

alter table public.identity_keys enable row level security;
-- What is sealed is for the server alone. The id is made by the portal, since it is part of what is sealed.
grant select (id, org_id, agent_id, name, algorithm, public_key, last_four, created_by, created_at, last_used_at) on public.identity_keys to authenticated;
grant insert (id, org_id, agent_id, name, algorithm, sealed_secret, public_key, last_four, created_by) on public.identity_keys to authenticated;
grant delete on public.identity_keys to authenticated;
grant select, insert, update, delete on public.identity_keys to service_role;

create policy "Admins read identity keys" on public.identity_keys for select to authenticated using (org_id in (select private.my_org_ids('admin')));
create policy "Admins add identity keys as themselves" on public.identity_keys for insert to authenticated
  with check (org_id in (select private.my_org_ids('admin')) and created_by = (select auth.uid()));
create policy "Admins revoke identity keys" on public.identity_keys for delete to authenticated using (org_id in (select private.my_org_ids('admin')));

-- Sealed anew after a key was rotated, and used; anything else is another key.
create trigger freeze_columns before update on public.identity_keys
  for each row execute function private.freeze_columns('id', 'org_id', 'agent_id', 'name', 'algorithm', 'public_key', 'last_four', 'created_by', 'created_at');
create trigger audit after insert or delete on public.identity_keys for each row execute function private.audit();
create trigger freeze_external_id before update of external_id on public.visitors
  for each row execute function private.freeze_columns('external_id');

-- A conversation keeps its visitor, but for one case: who began it unknown and then signs in takes it along.
drop trigger freeze_columns on public.conversations;
create trigger freeze_columns before update of id, org_id, agent_id, client_id on public.conversations
  for each row execute function private.freeze_columns('id', 'org_id', 'agent_id', 'client_id');
create function private.keep_visitor() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if new.visitor_id is distinct from old.visitor_id and not exists (
    select 1 from public.visitors was, public.visitors becomes
    where was.org_id = old.org_id and was.id = old.visitor_id and was.verified_at is null
      and becomes.org_id = old.org_id and becomes.agent_id = old.agent_id and becomes.id = new.visitor_id and becomes.verified_at is not null
  ) then
    raise exception 'visitor_id of conversations never changes' using errcode = '42501';
  end if;
  return new;
end $$;
create trigger keep_visitor before update of visitor_id on public.conversations for each row execute function private.keep_visitor();

-- {visitorId, conversations} with the 20 newest conversations of a visitor.
create function private.session_of(org uuid, visitor uuid) returns jsonb
language sql stable
set search_path = ''
as $$
  select pg_catalog.jsonb_build_object('visitorId', visitor, 'conversations', (
    select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('id', c.client_id, 'title', c.title, 'lastMessageAt', c.last_message_at)
                                         order by c.last_message_at desc), '[]')
    from (select * from public.conversations c where c.org_id = org and c.visitor_id = visitor order by c.last_message_at desc limit 20) c
  ))
$$;
grant execute on function private.session_of(uuid, uuid) to service_role;

-- Finds the visitor (or makes one, also when the given one was erased) and returns {visitorId, conversations} with the 20
-- newest conversations. A verified visitor is never found here: their browser's token is no proof of who sits there now.
create or replace function public.open_session(org uuid, agent uuid, visitor uuid default null, visitor_locale text default null) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  known uuid;
begin
  update public.visitors v set last_seen_at = pg_catalog.now(), locale = coalesce(visitor_locale, v.locale)
  where v.org_id = org and v.agent_id = agent and v.id = visitor and v.verified_at is null
  returning v.id into known;
  if known is null then
    insert into public.visitors (org_id, agent_id, locale) values (org, agent, visitor_locale) returning id into known;
  end if;
  return private.session_of(org, known);
end $$;

-- A session of the visitor that a token signed with identity_key names by the customer's own id; made at the first time. claims is
-- {email, phone, name}: what is given replaces what was known. `anonymous` is who the same browser was until now, proven by its
-- token: the conversations that they have not ended go on under the verified visitor; older ones stay where they are.
-- Returns {visitorId, conversations}.
create function public.open_verified_session(
  org uuid, agent uuid, identity_key uuid, external_id text, claims jsonb default '{}', anonymous uuid default null, visitor_locale text default null
) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  known uuid;
begin
  update public.identity_keys k set last_used_at = pg_catalog.now() where k.org_id = org and k.agent_id = agent and k.id = identity_key;
  if not found then
    raise exception 'This key was revoked' using errcode = 'P0001', hint = 'identity_refused';
  end if;
  insert into public.visitors as v (org_id, agent_id, locale, external_id, email, phone, name, verified_at)
  values (org, agent, visitor_locale, open_verified_session.external_id, claims ->> 'email', claims ->> 'phone', claims ->> 'name', pg_catalog.now())
  on conflict on constraint visitors_external_id_key do update set last_seen_at = pg_catalog.now(), verified_at = pg_catalog.now(),
    locale = coalesce(excluded.locale, v.locale), email = coalesce(excluded.email, v.email), phone = coalesce(excluded.phone, v.phone),
    name = coalesce(excluded.name, v.name)
  returning v.id into known;
  update public.conversations c set visitor_id = known
  from public.visitors was
  where was.org_id = org and was.agent_id = agent and was.id = anonymous and was.verified_at is null
    and c.org_id = org and c.visitor_id = was.id and c.ended_at is null
    and not exists (select 1 from public.conversations own where own.visitor_id = known and own.client_id = c.client_id);
  return private.session_of(org, known);
end $$;
revoke execute on function public.open_verified_session(uuid, uuid, uuid, text, jsonb, uuid, text) from public, anon, authenticated;
grant execute on function public.open_verified_session(uuid, uuid, uuid, text, jsonb, uuid, text) to service_role;
