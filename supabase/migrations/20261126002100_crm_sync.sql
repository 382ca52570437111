-- What is synced with a CRM: contacts that come in, conversations that go out, the links between both, and the events that CRMs send.

create table public.crm_contacts (
  id uuid primary key default private.uuid_v7(),
  org_id uuid not null,
  connection_id uuid not null,
  external_id text not null check (char_length(external_id) between 1 and 200),
  name text check (char_length(name) <= 500),
  email text check (char_length(email) <= 320),
  phone text check (char_length(phone) <= 100),
  phone_key text check (char_length(phone_key) <= 40),
  fields jsonb not null default '{}' check (pg_column_size(fields) <= 16384),
  url text check (char_length(url) <= 500),
  changed_at timestamptz not null,
  deleted_at timestamptz,
  fetched_at timestamptz not null default now(),
  unique (org_id, id),
  unique (connection_id, external_id),
  foreign key (org_id, connection_id) references public.connections (org_id, id) on delete cascade
);
comment on table public.crm_contacts is 'Contacts as a CRM has them, with the fields that the connection''s map lets in, by the CRM''s own keys. changed_at is the CRM''s time; phone_key the phone''s digits, for comparing.';
create index crm_contacts_org_id_idx on public.crm_contacts (org_id, connection_id);
create index crm_contacts_email_idx on public.crm_contacts (org_id, lower(email)) where email is not null and deleted_at is null;
create index crm_contacts_phone_idx on public.crm_contacts (org_id, phone_key) where phone_key is not null and deleted_at is null;

create table public.crm_links (
  id uuid primary key default private.uuid_v7(),
  org_id uuid not null,
  connection_id uuid not null,
  object text not null check (object in ('contact', 'deal', 'summary', 'transcript')),
  visitor_id uuid,
  conversation_id uuid,
  external_id text check (char_length(external_id) between 1 and 200),
  url text check (char_length(url) <= 500),
  ours boolean not null default false,
  pushed_hash text check (char_length(pushed_hash) <= 64),
  begun_at timestamptz not null default now(),
  pushed_at timestamptz,
  unique (org_id, id),
  unique (connection_id, object, conversation_id),
  foreign key (org_id, connection_id) references public.connections (org_id, id) on delete cascade
);
comment on table public.crm_links is 'Which record of a CRM belongs to which conversation. A row without external_id is a creation whose end was never heard of: the record is looked for before it is made again. `ours` says that we made the record and may remove it. pushed_hash is of what was last written.';
create index crm_links_org_id_idx on public.crm_links (org_id, connection_id);
create index crm_links_conversation_id_idx on public.crm_links (conversation_id);
create index crm_links_external_id_idx on public.crm_links (connection_id, external_id);

create table public.crm_pushes (
  id uuid primary key default private.uuid_v7(),
  org_id uuid not null,
  connection_id uuid not null,
  conversation_id uuid not null,
  reasons text[] not null default '{}',
  status text not null default 'pending' check (status in ('pending', 'done', 'failed', 'skipped')),
  asked integer not null default 1,
  done integer not null default 0,
  attempts integer not null default 0,
  lease_until timestamptz,
  error_code text check (char_length(error_code) <= 40),
  error_detail text check (char_length(error_detail) <= 300),
  written jsonb not null default '{}',
  asked_at timestamptz not null default now(),
  ended_at timestamptz,
  unique (org_id, id),
  unique (connection_id, conversation_id),
  foreign key (org_id, connection_id) references public.connections (org_id, id) on delete cascade,
  foreign key (org_id, conversation_id) references public.conversations (org_id, id) on delete cascade
);
comment on table public.crm_pushes is 'A conversation on its way to a CRM. It is asked for by reasons, as often as they happen; `asked` and `done` count that, so that what happens while it is written is written too.';
create index crm_pushes_org_id_idx on public.crm_pushes (org_id, connection_id, asked_at desc);
create index crm_pushes_conversation_id_idx on public.crm_pushes (org_id, conversation_id);
create index crm_pushes_pending_idx on public.crm_pushes (asked_at) where status = 'pending';

create table public.crm_pulls (
  connection_id uuid primary key,
  org_id uuid not null,
  mode text not null default 'backfill' check (mode in ('backfill', 'changes')),
  since timestamptz,
  cursor text check (char_length(cursor) <= 4000),
  high_water timestamptz,
  pages integer not null default 0,
  contacts integer not null default 0,
  total integer,
  lease text,
  lease_until timestamptz,
  began_at timestamptz not null default now(),
  moved_at timestamptz not null default now(),
  ended_at timestamptz,
  due_at timestamptz not null default now(),
  foreign key (org_id, connection_id) references public.connections (org_id, id) on delete cascade
);
comment on table public.crm_pulls is 'Where the reading of a CRM''s contacts stands: first all of them, then what changed since high_water. The cursor moves in the transaction that stores the page, and only for the holder of the lease.';
create index crm_pulls_org_id_idx on public.crm_pulls (org_id, connection_id);
create index crm_pulls_due_at_idx on public.crm_pulls (due_at);

create table public.inbound_events (
  id uuid primary key default private.uuid_v7(),
  org_id uuid not null,
  connection_id uuid not null,
  event_id text not null check (char_length(event_id) between 1 and 200),
  kind text not null check (kind in ('changed', 'deleted')),
  contact_id text not null check (char_length(contact_id) between 1 and 200),
  status text not null default 'pending' check (status in ('pending', 'done', 'dead', 'dismissed')),
  attempts integer not null default 0,
  lease_until timestamptz,
  error_code text check (char_length(error_code) <= 40),
  error_detail text check (char_length(error_detail) <= 300),
  received_at timestamptz not null default now(),
  ended_at timestamptz,
  unique (org_id, id),
  unique (connection_id, event_id),
  foreign key (org_id, connection_id) references public.connections (org_id, id) on delete cascade
);
comment on table public.inbound_events is 'What CRMs have told us of, once for each of their event ids. Ids alone: the record is fetched anew. Ended events are kept for 7 days, so that repetitions are known.';
create index inbound_events_org_id_idx on public.inbound_events (org_id, connection_id, received_at desc);
create index inbound_events_pending_idx on public.inbound_events (received_at) where status = 'pending';

create table public.crm_erasures (
  id uuid primary key default private.uuid_v7(),
  org_id uuid not null,
  connection_id uuid not null,
  object text not null check (object in ('contact', 'deal', 'note')),
  external_id text not null check (char_length(external_id) between 1 and 200),
  status text not null default 'pending' check (status in ('pending', 'done', 'failed')),
  error_code text check (char_length(error_code) <= 40),
  asked_at timestamptz not null default now(),
  ended_at timestamptz,
  unique (org_id, id),
  foreign key (org_id, connection_id) references public.connections (org_id, id) on delete cascade
);
comment on table public.crm_erasures is 'Records of ours in a CRM that are to be removed, since what they tell of was erased here.';
create index crm_erasures_org_id_idx on public.crm_erasures (org_id, connection_id);

alter table public.crm_contacts enable row level security;
alter table public.crm_links enable row level security;
alter table public.crm_pushes enable row level security;
alter table public.crm_pulls enable row level security;
alter table public.inbound_events enable row level security;
alter table public.crm_erasures enable row level security;
grant select on public.crm_contacts, public.crm_links, public.crm_pushes, public.crm_pulls, public.inbound_events, public.crm_erasures to authenticated;
grant select, insert, update, delete on public.crm_contacts, public.crm_links, public.crm_pushes, public.crm_pulls, public.inbound_events, public.crm_erasures
  to service_role;

create policy "Operators read CRM contacts" on public.crm_contacts for select to authenticated using (org_id in (select private.my_org_ids('operator')));
create policy "Operators read CRM links" on public.crm_links for select to authenticated using (org_id in (select private.my_org_ids('operator')));
create policy "Operators read CRM pushes" on public.crm_pushes for select to authenticated using (org_id in (select private.my_org_ids('operator')));
create policy "Admins read CRM pulls" on public.crm_pulls for select to authenticated using (org_id in (select private.my_org_ids('admin')));
create policy "Admins read inbound events" on public.inbound_events for select to authenticated using (org_id in (select private.my_org_ids('admin')));
create policy "Admins read CRM erasures" on public.crm_erasures for select to authenticated using (org_id in (select private.my_org_ids('admin')));

create trigger freeze_columns before update of id, org_id, connection_id, external_id on public.crm_contacts
  for each row execute function private.freeze_columns('id', 'org_id', 'connection_id', 'external_id');
create trigger freeze_columns before update of id, org_id, connection_id, object, conversation_id on public.crm_links
  for each row execute function private.freeze_columns('id', 'org_id', 'connection_id', 'object', 'conversation_id');
create trigger freeze_columns before update of id, org_id, connection_id, conversation_id on public.crm_pushes
  for each row execute function private.freeze_columns('id', 'org_id', 'connection_id', 'conversation_id');
create trigger freeze_columns before update of connection_id, org_id on public.crm_pulls
  for each row execute function private.freeze_columns('connection_id', 'org_id');
create trigger freeze_columns before update of id, org_id, connection_id, event_id, kind, contact_id on public.inbound_events
  for each row execute function private.freeze_columns('id', 'org_id', 'connection_id', 'event_id', 'kind', 'contact_id');
create trigger freeze_columns before update of id, org_id, connection_id, object, external_id on public.crm_erasures
  for each row execute function private.freeze_columns('id', 'org_id', 'connection_id', 'object', 'external_id');

-- A phone number for comparing: its digits, Russian 8XXXXXXXXXX as 7XXXXXXXXXX; null for fewer than seven.
create function private.phone_key(phone text) returns text
language sql immutable
set search_path = ''
as $$
  select case when pg_catalog.char_length(d) < 7 then null when d ~ '^8\d{10}$' then '7' || pg_catalog.substr(d, 2) else pg_catalog.left(d, 40) end
  from (select pg_catalog.regexp_replace(coalesce(phone, ''), '\D', '', 'g') as d) digits
$$;
grant execute on function private.phone_key(text) to authenticated, service_role;
create function private.set_phone_key() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.phone_key := private.phone_key(new.phone);
  return new;
end $$;
create trigger set_phone_key before insert or update of phone on public.crm_contacts for each row execute function private.set_phone_key();

-- Out ----------------------------------------------------------------------------------------------------------------------------

-- Asks for a conversation to be written to every CRM whose settings want it for this reason. What happens within a few seconds is
-- written at once. Playground conversations never leave.
create function private.ask_crm_push(org uuid, conversation uuid, reason text) returns void
language plpgsql
set search_path = ''
as $$
declare
  target record;
  push record;
begin
  for target in
    select c.id from public.connections c
    join public.conversations v on v.org_id = c.org_id and v.id = conversation
    where c.org_id = org and c.status in ('ok', 'failing', 'unauthorized') and v.channel <> 'playground'
      and (c.settings -> 'agentIds' = 'null'::jsonb or c.settings -> 'agentIds' @> pg_catalog.to_jsonb(v.agent_id))
      and case when reason = 'qualified' then c.settings -> 'triggers' -> 'qualified' <> 'null'::jsonb
        else (c.settings -> 'triggers' ->> reason)::boolean end
    order by c.id
  loop
    insert into public.crm_pushes as p (org_id, connection_id, conversation_id, reasons)
    values (org, target.id, conversation, array[reason])
    on conflict (connection_id, conversation_id) do update set status = 'pending', asked = p.asked + 1, asked_at = pg_catalog.now(), attempts = 0,
      ended_at = null, error_code = null, error_detail = null,
      reasons = case when reason = any (p.reasons) then p.reasons else p.reasons || reason end
    returning p.id, p.asked into push;
    insert into public.outbox (org_id, name, payload, dedupe_key, available_at)
    values (org, 'crm.push', pg_catalog.jsonb_build_object('pushId', push.id), 'crm.push:' || push.id || ':' || push.asked, pg_catalog.now() + interval '3 seconds')
    on conflict (dedupe_key) do nothing;
  end loop;
end $$;
grant execute on function private.ask_crm_push(uuid, uuid, text) to service_role;

create function private.push_lead() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  perform private.ask_crm_push(new.org_id, new.conversation_id, 'leadCaptured');
  return null;
end $$;
create trigger push_lead after insert on public.leads for each row execute function private.push_lead();

create function private.push_handoff() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  perform private.ask_crm_push(new.org_id, new.conversation_id, 'handoffRequested');
  return null;
end $$;
create trigger push_handoff after insert on public.handoffs for each row execute function private.push_handoff();

create function private.push_ended_conversation() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  perform private.ask_crm_push(new.org_id, new.id, 'conversationEnded');
  return null;
end $$;
create trigger push_ended_conversation after update of ended_at on public.conversations
  for each row when (old.ended_at is null and new.ended_at is not null) execute function private.push_ended_conversation();

-- A conversation qualifies, once for each connection, with its n-th question or by a word in one.
create function private.push_qualified() returns trigger
language plpgsql security definer
set search_path = ''
as $$
declare
  questions integer;
begin
  if not exists (
    select 1 from public.connections c where c.org_id = new.org_id and c.settings -> 'triggers' -> 'qualified' <> 'null'::jsonb and c.status <> 'disconnecting'
  ) then
    return null;
  end if;
  select count(*) into questions from public.messages m where m.org_id = new.org_id and m.conversation_id = new.conversation_id and m.author = 'visitor';
  if exists (
    select 1 from public.connections c, lateral (select c.settings -> 'triggers' -> 'qualified' as rule) q
    where c.org_id = new.org_id and q.rule <> 'null'::jsonb
      and not exists (
        select 1 from public.crm_pushes p where p.connection_id = c.id and p.conversation_id = new.conversation_id and 'qualified' = any (p.reasons))
      and (questions >= (q.rule ->> 'minQuestions')::integer
        or exists (
          select 1 from pg_catalog.jsonb_array_elements_text(q.rule -> 'words') w
          where pg_catalog.strpos(pg_catalog.lower(new.body), pg_catalog.lower(w)) > 0))
  ) then
    perform private.ask_crm_push(new.org_id, new.conversation_id, 'qualified');
  end if;
  return null;
end $$;
create trigger push_qualified after insert on public.messages
  for each row when (new.author = 'visitor') execute function private.push_qualified();

-- What we wrote is removed there when it is erased here, where the connection's settings say so. Contacts only where we made them and no
-- other conversation of ours hangs on them.
create function private.erase_in_crms() returns trigger
language plpgsql security definer
set search_path = ''
as $$
declare
  link record;
  erasure uuid;
begin
  for link in
    delete from public.crm_links l using public.connections c
    where l.org_id = old.org_id and l.conversation_id = old.id and c.org_id = l.org_id and c.id = l.connection_id
    returning l.connection_id, case when l.object in ('summary', 'transcript') then 'note' else l.object end as object, l.external_id, l.ours,
      (c.settings ->> 'propagateErasure')::boolean and c.status <> 'disconnecting' as wanted
  loop
    continue when not (link.wanted and link.ours) or link.external_id is null
      or exists (select 1 from public.crm_links o where o.connection_id = link.connection_id and o.external_id = link.external_id and link.object = 'contact' and o.object = 'contact');
    insert into public.crm_erasures (org_id, connection_id, object, external_id) values (old.org_id, link.connection_id, link.object, link.external_id)
    returning id into erasure;
    insert into public.outbox (org_id, name, payload) values (old.org_id, 'crm.erase', pg_catalog.jsonb_build_object('erasureId', erasure));
  end loop;
  return old;
end $$;
create trigger erase_in_crms before delete on public.conversations for each row execute function private.erase_in_crms();

-- In -----------------------------------------------------------------------------------------------------------------------------

-- Stores events that a CRM sent, each once; only for a connection that works. Returns how many were new.
create function public.receive_crm_events(connection uuid, events jsonb) returns integer
language plpgsql
set search_path = ''
as $$
declare
  one record;
  fresh integer := 0;
begin
  for one in
    insert into public.inbound_events (org_id, connection_id, event_id, kind, contact_id)
    select c.org_id, c.id, e ->> 'id', e ->> 'kind', e ->> 'contactId'
    from public.connections c, pg_catalog.jsonb_array_elements(events) e
    where c.id = connection and c.status <> 'disconnecting'
    on conflict (connection_id, event_id) do nothing
    returning id, org_id
  loop
    insert into public.outbox (org_id, name, payload) values (one.org_id, 'crm.inbound', pg_catalog.jsonb_build_object('eventId', one.id));
    fresh := fresh + 1;
  end loop;
  update public.connections c set last_event_at = pg_catalog.now() where c.id = connection and fresh > 0;
  return fresh;
end $$;
revoke execute on function public.receive_crm_events(uuid, jsonb) from public, anon, authenticated;
grant execute on function public.receive_crm_events(uuid, jsonb) to service_role;

-- Stores contacts as a CRM has them (newer ones replace older ones), and marks those that are gone. `contacts` is [{externalId, name,
-- email, phone, fields, url, changedAt}]. Returns how many rows changed.
create function public.store_crm_contacts(connection uuid, contacts jsonb, gone text[] default '{}') returns integer
language plpgsql
set search_path = ''
as $$
declare
  org uuid;
  changed integer;
  removed integer;
begin
  select c.org_id into org from public.connections c where c.id = connection;
  if org is null then
    return 0;
  end if;
  insert into public.crm_contacts as k (org_id, connection_id, external_id, name, email, phone, fields, url, changed_at)
  select org, connection, x ->> 'externalId', pg_catalog.left(x ->> 'name', 500), pg_catalog.left(x ->> 'email', 320), pg_catalog.left(x ->> 'phone', 100),
    coalesce(x -> 'fields', '{}'), x ->> 'url', (x ->> 'changedAt')::timestamptz
  from pg_catalog.jsonb_array_elements(contacts) x
  order by x ->> 'externalId'
  on conflict (connection_id, external_id) do update set name = excluded.name, email = excluded.email, phone = excluded.phone, fields = excluded.fields,
    url = excluded.url, changed_at = excluded.changed_at, deleted_at = null, fetched_at = pg_catalog.now()
  where k.changed_at <= excluded.changed_at;
  get diagnostics changed = row_count;
  update public.crm_contacts k set deleted_at = pg_catalog.now(), name = null, email = null, phone = null, fields = '{}'
  where k.connection_id = connection and k.external_id = any (gone) and k.deleted_at is null;
  get diagnostics removed = row_count;
  return changed + removed;
end $$;
revoke execute on function public.store_crm_contacts(uuid, jsonb, text[]) from public, anon, authenticated;
grant execute on function public.store_crm_contacts(uuid, jsonb, text[]) to service_role;

-- The contact of a verified visitor in each of the organization's CRMs: by the e-mail, phone or external id that a signed token named. Nothing for anybody
-- else: what visitors say of themselves proves nothing. Returns [{connectionId, crm, externalId, name, url, fields: [{label, value, agentMayRead}]}].
create function private.crm_context_of(org uuid, visitor uuid) returns jsonb
language sql stable
set search_path = ''
as $$
  select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('connectionId', found.connection_id, 'crm', found.crm, 'connection', found.connection,
    'externalId', found.external_id, 'name', found.name, 'email', found.email, 'phone', found.phone, 'url', found.url, 'changedAt', found.changed_at,
    'fields', (
      select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('label', f ->> 'label', 'value', found.fields -> (f ->> 'theirs'),
        'agentMayRead', (f ->> 'agentMayRead')::boolean)), '[]')
      from pg_catalog.jsonb_array_elements(found.settings -> 'fields') f
      where f ->> 'object' = 'contact' and f ->> 'direction' in ('in', 'both') and found.fields -> (f ->> 'theirs') is not null
        and found.fields -> (f ->> 'theirs') <> 'null'::jsonb
    ))), '[]')
  from (
    select distinct on (k.connection_id) k.*, c.crm, c.name as connection, c.settings
    from public.visitors v
    join public.crm_contacts k on k.org_id = v.org_id and k.deleted_at is null
    join public.connections c on c.org_id = k.org_id and c.id = k.connection_id and c.status <> 'disconnecting' and (c.settings ->> 'pull')::boolean
    where v.org_id = org and v.id = visitor and v.verified_at is not null
      and (pg_catalog.lower(k.email) = pg_catalog.lower(v.email) or k.phone_key = private.phone_key(v.phone))
    order by k.connection_id, (pg_catalog.lower(k.email) = pg_catalog.lower(v.email)) desc nulls last, k.changed_at desc
  ) found
$$;
grant execute on function private.crm_context_of(uuid, uuid) to authenticated, service_role;

-- For the portal: what CRMs know of a conversation's verified visitor, for operators (RLS sees to it).
create function public.crm_context(org uuid, visitor uuid) returns jsonb
language sql stable
set search_path = ''
as $$ select private.crm_context_of(org, visitor) $$;
grant execute on function public.crm_context(uuid, uuid) to authenticated, service_role;
