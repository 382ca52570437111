-- How the worker does its work with CRMs: each piece is held by one job at a time, a worker that dies anywhere loses its hold and nothing
-- else, and every step is written down in the transaction that it belongs to.

alter table public.crm_pushes
  add column lease text check (char_length(lease) <= 100),
  add column identity text[] not null default '{}';
comment on column public.crm_pushes.lease is 'The job that is at it. The same job may go on after its worker died; others wait until lease_until.';
comment on column public.crm_pushes.identity is 'E-mails and phones (digits) of the person, as they are compared: two conversations of one person are written one after the other.';
alter table public.inbound_events add column lease text check (char_length(lease) <= 100);
create index inbound_events_contact_idx on public.inbound_events (connection_id, contact_id) where status = 'pending';

-- A job that comes later: for work that has to wait without having failed. One job has one successor, however often it is run.
create function public.postpone_job(job_org uuid, job_name text, job_payload jsonb, after_job text, milliseconds integer) returns void
language sql
set search_path = ''
as $$
  insert into public.outbox (org_id, name, payload, dedupe_key, available_at)
  values (job_org, job_name, job_payload, 'after:' || after_job,
    pg_catalog.now() + pg_catalog.make_interval(secs => least(greatest(milliseconds, 0), 86400000) / 1000.0))
  on conflict (dedupe_key) do nothing
$$;
revoke execute on function public.postpone_job(uuid, text, jsonb, text, integer) from public, anon, authenticated;
grant execute on function public.postpone_job(uuid, text, jsonb, text, integer) to service_role;

-- Out ----------------------------------------------------------------------------------------------------------------------------

-- Takes a push for a job. Returns {state, ...}: 'gone'; 'ended'; 'stopped' (the connection works with nobody now); 'busy' with waitMs (another job
-- is at it, or writes the same person); 'begun' with {orgId, connectionId, asked, facts, links, visitorContact}. visitorContact is the
-- contact that another conversation of the same verified visitor was written to.
create function public.begin_crm_push(push uuid, job text, lease_seconds integer default 120) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  taken public.crm_pushes;
  account public.connections;
  moment timestamptz;
  facts jsonb;
  who text[];
begin
  select p.* into taken from public.crm_pushes p where p.id = push for update;
  if taken.id is null then
    return pg_catalog.jsonb_build_object('state', 'gone');
  elsif taken.status <> 'pending' then
    return pg_catalog.jsonb_build_object('state', 'ended');
  end if;
  -- Who begins on one connection does so one after the other, so that two jobs see each other.
  select c.* into account from public.connections c where c.org_id = taken.org_id and c.id = taken.connection_id for no key update;
  if account.status not in ('ok', 'failing') then
    return pg_catalog.jsonb_build_object('state', 'stopped');
  end if;
  moment := pg_catalog.clock_timestamp();
  if taken.lease <> job and taken.lease_until > moment then
    return pg_catalog.jsonb_build_object('state', 'busy', 'orgId', taken.org_id, 'waitMs', pg_catalog.ceil(extract(epoch from taken.lease_until - moment) * 1000));
  end if;
  facts := public.crm_push_facts(taken.org_id, taken.conversation_id);
  select coalesce(pg_catalog.array_agg(distinct w.key), '{}') into who from (
    select pg_catalog.lower(l ->> 'email') as key from pg_catalog.jsonb_array_elements(facts -> 'leads') l
    union all select private.phone_key(l ->> 'phone') from pg_catalog.jsonb_array_elements(facts -> 'leads') l
    union all select pg_catalog.lower(facts #>> '{visitor,verified,email}')
    union all select private.phone_key(facts #>> '{visitor,verified,phone}')
    union all select 'id ' || (facts #>> '{visitor,verified,externalId}')
  ) w where w.key is not null;
  if exists (
    select 1 from public.crm_pushes o
    where o.connection_id = taken.connection_id and o.id <> taken.id and o.lease_until > moment and o.identity && who
  ) then
    return pg_catalog.jsonb_build_object('state', 'busy', 'orgId', taken.org_id, 'waitMs', 2000);
  end if;
  update public.crm_pushes p set lease = job, lease_until = moment + pg_catalog.make_interval(secs => lease_seconds), attempts = p.attempts + 1, identity = who
  where p.id = push;
  return pg_catalog.jsonb_build_object('state', 'begun', 'orgId', taken.org_id, 'connectionId', taken.connection_id, 'asked', taken.asked, 'facts', facts,
    'links', (
      select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('object', l.object, 'externalId', l.external_id, 'url', l.url, 'ours', l.ours,
        'pushedHash', l.pushed_hash)), '[]')
      from public.crm_links l where l.connection_id = taken.connection_id and l.conversation_id = taken.conversation_id
    ),
    'visitorContact', (
      select l.external_id from public.crm_links l
      where l.connection_id = taken.connection_id and l.object = 'contact' and l.external_id is not null
        and l.visitor_id = (facts #>> '{visitor,id}')::uuid and facts #> '{visitor,verified}' <> 'null'::jsonb
      order by l.begun_at limit 1
    ));
end $$;
revoke execute on function public.begin_crm_push(uuid, text, integer) from public, anon, authenticated;
grant execute on function public.begin_crm_push(uuid, text, integer) to service_role;

-- Writes down a step of a push: before a record is made (external null), and after it was made or written. Returns 'noted', 'lost' (another
-- job has taken over) or 'gone' (the conversation was erased meanwhile).
create function public.note_crm_link(
  push uuid, job text, kind text, external text default null, link_url text default null, mine boolean default false, hash text default null,
  lease_seconds integer default 120
) returns text
language plpgsql
set search_path = ''
as $$
declare
  held public.crm_pushes;
begin
  update public.crm_pushes p set lease_until = pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => lease_seconds)
  where p.id = push and p.lease = job returning p.* into held;
  if held.id is null then
    return case when exists (select 1 from public.crm_pushes p where p.id = push) then 'lost' else 'gone' end;
  end if;
  insert into public.crm_links as l (org_id, connection_id, object, visitor_id, conversation_id, external_id, url, ours, pushed_hash, pushed_at)
  -- A contact that we made for another conversation is ours here too: it goes with the last of them.
  select held.org_id, held.connection_id, kind, c.visitor_id, held.conversation_id, external, link_url,
    mine or (kind = 'contact' and exists (
      select 1 from public.crm_links o where o.connection_id = held.connection_id and o.external_id = external and o.object = 'contact' and o.ours)), hash,
    case when external is not null then pg_catalog.now() end
  from public.conversations c where c.org_id = held.org_id and c.id = held.conversation_id
  on conflict (connection_id, object, conversation_id) do update set visitor_id = excluded.visitor_id, external_id = excluded.external_id,
    url = excluded.url, ours = l.ours or excluded.ours, pushed_hash = coalesce(excluded.pushed_hash, l.pushed_hash), pushed_at = excluded.pushed_at
  where excluded.external_id is not null;
  return 'noted';
end $$;
revoke execute on function public.note_crm_link(uuid, text, text, text, text, boolean, text, integer) from public, anon, authenticated;
grant execute on function public.note_crm_link(uuid, text, text, text, text, boolean, text, integer) to service_role;

-- Forgets the link to a record that somebody deleted in the CRM.
create function public.drop_crm_link(push uuid, job text, kind text) returns void
language sql
set search_path = ''
as $$
  delete from public.crm_links l using public.crm_pushes p
  where p.id = push and p.lease = job and l.connection_id = p.connection_id and l.conversation_id = p.conversation_id and l.object = kind
$$;
revoke execute on function public.drop_crm_link(uuid, text, text) from public, anon, authenticated;
grant execute on function public.drop_crm_link(uuid, text, text) to service_role;

-- Gives a push back: 'done' or 'skipped' as far as it had been asked for when it began, 'failed' for good, 'pending' to be tried again.
create function public.end_crm_push(push uuid, job text, ending text, seen integer, code text default null, detail text default null, wrote jsonb default null) returns void
language plpgsql
set search_path = ''
as $$
declare
  ended public.crm_pushes;
begin
  update public.crm_pushes p set lease = null, lease_until = null, error_code = code, error_detail = pg_catalog.left(detail, 300),
    written = coalesce(wrote, p.written), done = case when ending in ('done', 'skipped') then seen else p.done end,
    status = case when p.asked > seen then 'pending' else ending end,
    ended_at = case when ending <> 'pending' and p.asked <= seen then pg_catalog.now() end
  where p.id = push and p.lease = job returning p.* into ended;
  if ending = 'done' then
    update public.connections c set last_push_at = pg_catalog.now() where c.org_id = ended.org_id and c.id = ended.connection_id;
  end if;
end $$;
revoke execute on function public.end_crm_push(uuid, text, text, integer, text, text, jsonb) from public, anon, authenticated;
grant execute on function public.end_crm_push(uuid, text, text, integer, text, text, jsonb) to service_role;

-- Writes a conversation to a CRM because somebody says so, or tries again what failed. Returns the push's id; null where there is no such conversation
-- or connection, or it is on its way out.
create function public.push_to_crm(org uuid, connection uuid, conversation uuid) returns uuid
language plpgsql security definer
set search_path = ''
as $$
declare
  push record;
begin
  if org not in (select private.my_org_ids('operator')) then
    raise exception 'No such conversation' using errcode = 'P0002';
  end if;
  insert into public.crm_pushes as p (org_id, connection_id, conversation_id, reasons)
  select org, c.id, v.id, array['byHand'] from public.connections c join public.conversations v on v.org_id = c.org_id
  where c.org_id = org and c.id = connection and c.status <> 'disconnecting' and v.id = conversation and v.channel <> 'playground'
  on conflict (connection_id, conversation_id) do update set status = 'pending', asked = p.asked + 1, asked_at = pg_catalog.now(), attempts = 0,
    ended_at = null, error_code = null, error_detail = null,
    reasons = case when 'byHand' = any (p.reasons) then p.reasons else p.reasons || 'byHand'::text end
  returning p.id, p.asked into push;
  if push.id is null then
    return null;
  end if;
  insert into public.outbox (org_id, name, payload, dedupe_key)
  values (org, 'crm.push', pg_catalog.jsonb_build_object('pushId', push.id), 'crm.push:' || push.id || ':' || push.asked)
  on conflict (dedupe_key) do nothing;
  return push.id;
end $$;
revoke execute on function public.push_to_crm(uuid, uuid, uuid) from public, anon;
grant execute on function public.push_to_crm(uuid, uuid, uuid) to authenticated;

-- In -----------------------------------------------------------------------------------------------------------------------------

-- Stores contacts as a CRM has them (newer ones replace older ones), and marks those that are gone. `contacts` is [{externalId, name,
-- email, phone, fields, url, changedAt}]. Who is gone stays gone for what was read before. Returns how many rows changed.
create or replace function public.store_crm_contacts(connection uuid, contacts jsonb, gone text[] default '{}') returns integer
language plpgsql
set search_path = ''
as $$
declare
  org uuid;
  changed integer;
  removed integer;
begin
  select c.org_id into org from public.connections c where c.id = connection and c.status <> 'disconnecting' and (c.settings ->> 'pull')::boolean;
  if org is null then
    return 0;
  end if;
  insert into public.crm_contacts as k (org_id, connection_id, external_id, name, email, phone, fields, url, changed_at)
  select distinct on (x ->> 'externalId') org, connection, x ->> 'externalId', pg_catalog.left(x ->> 'name', 500), pg_catalog.left(x ->> 'email', 320),
    pg_catalog.left(x ->> 'phone', 100), coalesce(x -> 'fields', '{}'), x ->> 'url', (x ->> 'changedAt')::timestamptz
  from pg_catalog.jsonb_array_elements(contacts) x
  order by x ->> 'externalId', (x ->> 'changedAt')::timestamptz desc
  on conflict (connection_id, external_id) do update set name = excluded.name, email = excluded.email, phone = excluded.phone, fields = excluded.fields,
    url = excluded.url, changed_at = excluded.changed_at, deleted_at = null, fetched_at = pg_catalog.now()
  where k.changed_at <= excluded.changed_at and (k.deleted_at is null or k.changed_at < excluded.changed_at)
    and (k.name, k.email, k.phone, k.fields, k.url, k.changed_at, k.deleted_at)
      is distinct from (excluded.name, excluded.email, excluded.phone, excluded.fields, excluded.url, excluded.changed_at, null::timestamptz);
  get diagnostics changed = row_count;
  insert into public.crm_contacts as k (org_id, connection_id, external_id, changed_at, deleted_at)
  select distinct org, connection, g, pg_catalog.now(), pg_catalog.now() from pg_catalog.unnest(gone) g
  on conflict (connection_id, external_id) do update set deleted_at = pg_catalog.now(), changed_at = greatest(k.changed_at, pg_catalog.now()),
    name = null, email = null, phone = null, url = null, fields = '{}'
  where k.deleted_at is null;
  get diagnostics removed = row_count;
  return changed + removed;
end $$;

-- A connection that is to read begins with everything, also when it is to keep another choice of fields; one that is not keeps nothing.
create function private.arrange_crm_pull() returns trigger
language plpgsql security definer
set search_path = ''
as $$
declare
  kept_before jsonb;
  kept_now jsonb;
begin
  if not (new.settings ->> 'pull')::boolean then
    delete from public.crm_pulls p where p.org_id = new.org_id and p.connection_id = new.id;
    delete from public.crm_contacts k where k.org_id = new.org_id and k.connection_id = new.id;
    return null;
  end if;
  select pg_catalog.jsonb_agg(f ->> 'theirs' order by f ->> 'theirs') into kept_now
  from pg_catalog.jsonb_array_elements(new.settings -> 'fields') f where f ->> 'object' = 'contact' and f ->> 'direction' in ('in', 'both');
  if tg_op = 'UPDATE' then
    select pg_catalog.jsonb_agg(f ->> 'theirs' order by f ->> 'theirs') into kept_before
    from pg_catalog.jsonb_array_elements(old.settings -> 'fields') f where f ->> 'object' = 'contact' and f ->> 'direction' in ('in', 'both');
    if (old.settings ->> 'pull')::boolean and kept_before is not distinct from kept_now then
      return null;
    end if;
    -- What is no longer let in goes at once; what is newly let in is read anew, also of contacts that have not changed.
    update public.crm_contacts k set changed_at = 'epoch', fields = (
      select coalesce(pg_catalog.jsonb_object_agg(e.key, e.value), '{}') from pg_catalog.jsonb_each(k.fields) e where coalesce(kept_now, '[]') ? e.key)
    where k.org_id = new.org_id and k.connection_id = new.id and k.deleted_at is null;
  end if;
  insert into public.crm_pulls (connection_id, org_id) values (new.id, new.org_id)
  on conflict (connection_id) do update set mode = 'backfill', since = null, cursor = null, high_water = null, pages = 0, contacts = 0, total = null,
    lease = null, lease_until = null, began_at = pg_catalog.now(), moved_at = pg_catalog.now(), ended_at = null, due_at = pg_catalog.now();
  insert into public.outbox (org_id, name, payload) values (new.org_id, 'crm.pull', pg_catalog.jsonb_build_object('connectionId', new.id));
  return null;
end $$;
create trigger arrange_crm_pull after insert on public.connections for each row when ((new.settings ->> 'pull')::boolean) execute function private.arrange_crm_pull();
create trigger arrange_crm_pull_anew after update of settings on public.connections
  for each row when (old.settings is distinct from new.settings) execute function private.arrange_crm_pull();

-- Takes the reading of a connection's contacts for a job. Null when nothing is due, when another job is at it or the connection works with
-- nobody now. A run that has ended is followed by one of what changed since it began, less five minutes: clocks differ, and searches in CRMs lag
-- behind. Returns {orgId, mode, since, cursor}.
create function public.begin_crm_pull(connection uuid, job text, lease_seconds integer default 60) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  taken public.crm_pulls;
begin
  select p.* into taken from public.crm_pulls p
  join public.connections c on c.org_id = p.org_id and c.id = p.connection_id and c.status in ('ok', 'failing') and (c.settings ->> 'pull')::boolean
  where p.connection_id = connection and p.due_at <= pg_catalog.now()
    and (p.lease is null or p.lease = job or p.lease_until <= pg_catalog.clock_timestamp())
  for update of p;
  if taken.connection_id is null then
    return null;
  end if;
  if taken.ended_at is not null then
    update public.crm_pulls p set mode = 'changes', since = p.high_water - interval '5 minutes', cursor = null, pages = 0, contacts = 0, total = null,
      began_at = pg_catalog.now(), ended_at = null
    where p.connection_id = connection;
  end if;
  update public.crm_pulls p set lease = job, lease_until = pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => lease_seconds)
  where p.connection_id = connection returning p.* into taken;
  return pg_catalog.jsonb_build_object('orgId', taken.org_id, 'mode', taken.mode, 'since', taken.since, 'cursor', taken.cursor);
end $$;
revoke execute on function public.begin_crm_pull(uuid, text, integer) from public, anon, authenticated;
grant execute on function public.begin_crm_pull(uuid, text, integer) to service_role;

-- Stores a page and moves the cursor, both or neither, for the job that has the reading and is where it thinks it is; false for any other. After
-- the last page (next_cursor null) the next run is due in 5 minutes, in 30 where the CRM's own webhooks tell of changes.
create function public.store_crm_page(
  connection uuid, job text, at_cursor text, page jsonb, gone text[], next_cursor text, in_all integer default null, lease_seconds integer default 60
) returns boolean
language plpgsql
set search_path = ''
as $$
begin
  update public.crm_pulls p set cursor = next_cursor, pages = p.pages + 1, contacts = p.contacts + pg_catalog.jsonb_array_length(page),
    total = coalesce(in_all, p.total), moved_at = pg_catalog.now(),
    lease = case when next_cursor is null then null else p.lease end,
    lease_until = case when next_cursor is not null then pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => lease_seconds) end,
    ended_at = case when next_cursor is null then pg_catalog.now() end,
    high_water = case when next_cursor is null then p.began_at else p.high_water end,
    due_at = case when next_cursor is not null then p.due_at else pg_catalog.now() + (
      select case when c.last_event_at > pg_catalog.now() - interval '1 day' then interval '30 minutes' else interval '5 minutes' end
      from public.connections c where c.id = connection) end
  where p.connection_id = connection and p.lease = job and p.ended_at is null and p.cursor is not distinct from at_cursor;
  if not found then
    return false;
  end if;
  perform public.store_crm_contacts(connection, page, gone);
  if next_cursor is null then
    update public.connections c set last_pull_at = pg_catalog.now() where c.id = connection;
  end if;
  return true;
end $$;
revoke execute on function public.store_crm_page(uuid, text, text, jsonb, text[], text, integer, integer) from public, anon, authenticated;
grant execute on function public.store_crm_page(uuid, text, text, jsonb, text[], text, integer, integer) to service_role;

-- Gives the reading back before its end: to go on where it stands, not before so many milliseconds. `anew` begins from the first page of
-- the run: the CRM no longer knows the cursor.
create function public.yield_crm_pull(connection uuid, job text, milliseconds integer default 0, anew boolean default false) returns void
language sql
set search_path = ''
as $$
  update public.crm_pulls p set lease = null, lease_until = null, cursor = case when anew then null else p.cursor end,
    due_at = pg_catalog.now() + pg_catalog.make_interval(secs => greatest(milliseconds, 0) / 1000.0)
  where p.connection_id = connection and p.lease = job
$$;
revoke execute on function public.yield_crm_pull(uuid, text, integer, boolean) from public, anon, authenticated;
grant execute on function public.yield_crm_pull(uuid, text, integer, boolean) to service_role;

-- Takes an event for a job, with all others that wait about the same contact: one look at the contact does for all. Returns {state, ...}: 'ended';
-- 'stopped'; 'held' (another job is at it and answers for it); 'begun' with {orgId, connectionId, contactId, events, wanted}. wanted is
-- false where contacts do not come in at all.
create function public.begin_crm_inbound(event uuid, job text, lease_seconds integer default 60) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  asked public.inbound_events;
  account public.connections;
  taken uuid[];
begin
  select e.* into asked from public.inbound_events e where e.id = event;
  if asked.id is null or asked.status <> 'pending' then
    return pg_catalog.jsonb_build_object('state', 'ended');
  end if;
  select c.* into account from public.connections c where c.org_id = asked.org_id and c.id = asked.connection_id;
  if account.status not in ('ok', 'failing') then
    return pg_catalog.jsonb_build_object('state', 'stopped');
  end if;
  perform 1 from public.inbound_events e
  where e.connection_id = asked.connection_id and e.contact_id = asked.contact_id and e.status = 'pending' order by e.id for update;
  with held as (
    update public.inbound_events e set lease = job, lease_until = pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => lease_seconds),
      attempts = e.attempts + 1
    where e.connection_id = asked.connection_id and e.contact_id = asked.contact_id and e.status = 'pending'
      and (e.lease is null or e.lease = job or e.lease_until <= pg_catalog.clock_timestamp())
    returning e.id
  )
  select pg_catalog.array_agg(h.id) into taken from held h;
  if taken is null or not event = any (taken) then
    update public.inbound_events e set lease = null, lease_until = null where e.id = any (taken) and e.lease = job;
    return pg_catalog.jsonb_build_object('state', case
      when exists (select 1 from public.inbound_events e where e.id = event and e.status = 'pending') then 'held' else 'ended' end);
  end if;
  return pg_catalog.jsonb_build_object('state', 'begun', 'orgId', asked.org_id, 'connectionId', asked.connection_id, 'contactId', asked.contact_id,
    'events', pg_catalog.to_jsonb(taken), 'wanted', (account.settings ->> 'pull')::boolean);
end $$;
revoke execute on function public.begin_crm_inbound(uuid, text, integer) from public, anon, authenticated;
grant execute on function public.begin_crm_inbound(uuid, text, integer) to service_role;

-- Ends events with what the CRM has now, in one transaction. Returns how many events this ended: 0 when another job has taken over.
create function public.end_crm_inbound(events uuid[], job text, contacts jsonb, gone text[]) returns integer
language plpgsql
set search_path = ''
as $$
declare
  account uuid;
  ended integer;
begin
  select e.connection_id into account from public.inbound_events e where e.id = any (events) limit 1;
  update public.inbound_events e set status = 'done', ended_at = pg_catalog.now(), lease = null, lease_until = null, error_code = null, error_detail = null
  where e.id = any (events) and e.lease = job and e.status = 'pending';
  get diagnostics ended = row_count;
  if ended > 0 then
    perform public.store_crm_contacts(account, contacts, gone);
  end if;
  return ended;
end $$;
revoke execute on function public.end_crm_inbound(uuid[], text, jsonb, text[]) from public, anon, authenticated;
grant execute on function public.end_crm_inbound(uuid[], text, jsonb, text[]) to service_role;

-- Gives events back after a failure: to be tried again, or, as `dead`, to lie in the list of dead letters until somebody decides.
create function public.fail_crm_inbound(events uuid[], job text, dead boolean, code text, detail text default null) returns void
language sql
set search_path = ''
as $$
  update public.inbound_events e set lease = null, lease_until = null, error_code = code, error_detail = pg_catalog.left(detail, 300),
    status = case when dead then 'dead' else 'pending' end, ended_at = case when dead then pg_catalog.now() end
  where e.id = any (events) and e.lease = job and e.status = 'pending'
$$;
revoke execute on function public.fail_crm_inbound(uuid[], text, boolean, text, text) from public, anon, authenticated;
grant execute on function public.fail_crm_inbound(uuid[], text, boolean, text, text) to service_role;

-- Tries a dead letter again. False when it is none (any more).
create function public.retry_inbound_event(org uuid, event uuid) returns boolean
language plpgsql security definer
set search_path = ''
as $$
begin
  if org not in (select private.my_org_ids('admin')) then
    raise exception 'No such event' using errcode = 'P0002';
  end if;
  update public.inbound_events e set status = 'pending', attempts = 0, ended_at = null, received_at = pg_catalog.now()
  where e.org_id = org and e.id = event and e.status = 'dead';
  if not found then
    return false;
  end if;
  insert into public.outbox (org_id, name, payload) values (org, 'crm.inbound', pg_catalog.jsonb_build_object('eventId', event));
  return true;
end $$;
revoke execute on function public.retry_inbound_event(uuid, uuid) from public, anon;
grant execute on function public.retry_inbound_event(uuid, uuid) to authenticated;

-- Takes a dead letter off the list. False when it is none (any more).
create function public.dismiss_inbound_event(org uuid, event uuid) returns boolean
language plpgsql security definer
set search_path = ''
as $$
begin
  if org not in (select private.my_org_ids('admin')) then
    raise exception 'No such event' using errcode = 'P0002';
  end if;
  update public.inbound_events e set status = 'dismissed' where e.org_id = org and e.id = event and e.status = 'dead';
  return found;
end $$;
revoke execute on function public.dismiss_inbound_event(uuid, uuid) from public, anon;
grant execute on function public.dismiss_inbound_event(uuid, uuid) to authenticated;

-- Around them --------------------------------------------------------------------------------------------------------------------

-- Puts everything that waits on a connection into the outbox: after it was set up, signed in to anew or resumed.
create function public.wake_connection(connection uuid) returns integer
language plpgsql
set search_path = ''
as $$
declare
  woken integer;
begin
  with waiting as (
    select p.org_id, 'crm.push' as name, pg_catalog.jsonb_build_object('pushId', p.id) as payload
    from public.crm_pushes p where p.connection_id = connection and p.status = 'pending'
    union all
    select distinct on (e.contact_id) e.org_id, 'crm.inbound', pg_catalog.jsonb_build_object('eventId', e.id)
    from public.inbound_events e where e.connection_id = connection and e.status = 'pending'
    union all
    select e.org_id, 'crm.erase', pg_catalog.jsonb_build_object('erasureId', e.id)
    from public.crm_erasures e where e.connection_id = connection and e.status = 'pending'
    union all
    select p.org_id, 'crm.pull', pg_catalog.jsonb_build_object('connectionId', p.connection_id) from public.crm_pulls p where p.connection_id = connection
  )
  insert into public.outbox (org_id, name, payload) select w.org_id, w.name, w.payload from waiting w;
  get diagnostics woken = row_count;
  return woken;
end $$;
revoke execute on function public.wake_connection(uuid) from public, anon, authenticated;
grant execute on function public.wake_connection(uuid) to service_role;

-- Stops or resumes the work of a connection, or takes leave of it: the worker revokes the tokens and erases the row.
create or replace function public.change_connection(org uuid, connection uuid, wish text) returns boolean
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
    if found then
      insert into public.outbox (org_id, name, payload) values (org, 'crm.setup', pg_catalog.jsonb_build_object('connectionId', connection));
      return true;
    end if;
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

-- Once a minute: readings that are due, and work whose job was lost, come into the outbox; what is kept for a while only goes. Returns how
-- many jobs it made.
create function public.poll_crms() returns integer
language plpgsql
set search_path = ''
as $$
declare
  made integer;
begin
  with work as (
    select p.org_id, 'crm.pull' as name, pg_catalog.jsonb_build_object('connectionId', p.connection_id) as payload,
      'crm.pull:' || p.connection_id || ':' || pg_catalog.date_trunc('minute', pg_catalog.now()) as key
    from public.crm_pulls p join public.connections c on c.org_id = p.org_id and c.id = p.connection_id and c.status in ('ok', 'failing')
    where p.due_at <= pg_catalog.now() and (p.lease is null or p.lease_until <= pg_catalog.now())
    union all
    (select p.org_id, 'crm.push', pg_catalog.jsonb_build_object('pushId', p.id),
      'crm.push:' || p.id || ':lost:' || pg_catalog.floor(extract(epoch from pg_catalog.now()) / 1800)
    from public.crm_pushes p join public.connections c on c.org_id = p.org_id and c.id = p.connection_id and c.status in ('ok', 'failing')
    where p.status = 'pending' and p.asked_at < pg_catalog.now() - interval '30 minutes' and (p.lease is null or p.lease_until <= pg_catalog.now())
    order by p.asked_at limit 500)
    union all
    (select e.org_id, 'crm.inbound', pg_catalog.jsonb_build_object('eventId', e.id),
      'crm.inbound:' || e.id || ':lost:' || pg_catalog.floor(extract(epoch from pg_catalog.now()) / 1800)
    from public.inbound_events e join public.connections c on c.org_id = e.org_id and c.id = e.connection_id and c.status in ('ok', 'failing')
    where e.status = 'pending' and e.received_at < pg_catalog.now() - interval '30 minutes' and (e.lease is null or e.lease_until <= pg_catalog.now())
    order by e.received_at limit 500)
    union all
    (select e.org_id, 'crm.erase', pg_catalog.jsonb_build_object('erasureId', e.id),
      'crm.erase:' || e.id || ':lost:' || pg_catalog.floor(extract(epoch from pg_catalog.now()) / 1800)
    from public.crm_erasures e join public.connections c on c.org_id = e.org_id and c.id = e.connection_id and c.status in ('ok', 'failing')
    where e.status = 'pending' and e.asked_at < pg_catalog.now() - interval '30 minutes' order by e.asked_at limit 500)
  )
  insert into public.outbox (org_id, name, payload, dedupe_key) select w.org_id, w.name, w.payload, w.key from work w
  on conflict (dedupe_key) do nothing;
  get diagnostics made = row_count;
  delete from public.inbound_events e where e.status in ('done', 'dismissed') and e.ended_at < pg_catalog.now() - interval '7 days';
  delete from public.crm_contacts k where k.deleted_at < pg_catalog.now() - interval '30 days';
  delete from public.connection_sign_ins s where s.expires_at < pg_catalog.now() - interval '1 day';
  return made;
end $$;
revoke execute on function public.poll_crms() from public, anon, authenticated;
grant execute on function public.poll_crms() to service_role;
