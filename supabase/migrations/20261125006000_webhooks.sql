-- Webhooks out (https://www.standardwebhooks.com): what happens in an organization is told to the addresses that its admins give.
-- An event is written in the transaction of the change it tells of, with one delivery for each endpoint that wants it and a job in
-- the outbox for each. A delivery that fails is tried again by a later outbox row, so a lost queue loses nothing.

create table public.webhook_endpoints (
  id uuid primary key default private.uuid_v7(),
  org_id uuid not null references public.organizations (id) on delete cascade,
  url text not null check (char_length(url) between 10 and 2000),
  description text not null default '' check (char_length(description) <= 200),
  events text[] not null check (cardinality(events) between 1 and 20),
  status text not null default 'enabled' check (status in ('enabled', 'disabled')),
  disabled_reason text check (disabled_reason in ('by_hand', 'gone', 'failing')),
  sealed_secret text not null check (sealed_secret ~ '^v1\.[A-Za-z0-9_-]{1,32}\.[A-Za-z0-9_-]{38,}$' and char_length(sealed_secret) <= 1000),
  previous_secret text check (previous_secret ~ '^v1\.[A-Za-z0-9_-]{1,32}\.[A-Za-z0-9_-]{38,}$' and char_length(previous_secret) <= 1000),
  previous_until timestamptz,
  failing_since timestamptz,
  last_success_at timestamptz,
  created_by uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (org_id, id),
  check ((status = 'disabled') = (disabled_reason is not null))
);
comment on table public.webhook_endpoints is 'An address that is told of chosen events. Its signing secrets are sealed by the portal for exactly this row; previous_secret also signs until previous_until, so that receivers can change over.';
create index webhook_endpoints_org_id_idx on public.webhook_endpoints (org_id);

create table public.webhook_events (
  id uuid primary key default private.uuid_v7(),
  org_id uuid not null references public.organizations (id) on delete cascade,
  type text not null check (char_length(type) between 1 and 60),
  ordering_key text not null check (char_length(ordering_key) <= 100),
  data jsonb not null,
  conversation_id uuid,
  created_at timestamptz not null default now(),
  unique (org_id, id),
  foreign key (org_id, conversation_id) references public.conversations (org_id, id) on delete cascade
);
comment on table public.webhook_events is 'What endpoints were told. Written only where somebody listens; kept for 30 days. What is told of a conversation is erased with it.';
create index webhook_events_org_id_idx on public.webhook_events (org_id, created_at desc);
create index webhook_events_conversation_id_idx on public.webhook_events (conversation_id);

create table public.webhook_deliveries (
  id uuid primary key default private.uuid_v7(),
  org_id uuid not null,
  event_id uuid not null,
  endpoint_id uuid not null,
  status text not null default 'pending' check (status in ('pending', 'delivered', 'failed', 'canceled')),
  attempts integer not null default 0,
  next_attempt_at timestamptz default now(),
  attempting_until timestamptz,
  is_replay boolean not null default false,
  created_at timestamptz not null default now(),
  ended_at timestamptz,
  unique (org_id, id),
  foreign key (org_id, event_id) references public.webhook_events (org_id, id) on delete cascade,
  foreign key (org_id, endpoint_id) references public.webhook_endpoints (org_id, id) on delete cascade
);
comment on table public.webhook_deliveries is 'One event on its way to one endpoint. attempting_until is the lease of the worker that is trying now.';
create index webhook_deliveries_event_id_idx on public.webhook_deliveries (org_id, event_id);
create index webhook_deliveries_endpoint_id_idx on public.webhook_deliveries (org_id, endpoint_id, created_at desc);
create index webhook_deliveries_pending_idx on public.webhook_deliveries (next_attempt_at) where status = 'pending';

create table public.webhook_attempts (
  delivery_id uuid not null,
  org_id uuid not null,
  attempt integer not null,
  started_at timestamptz not null default now(),
  duration_ms integer,
  status_code integer,
  failure text check (char_length(failure) <= 40),
  request_headers jsonb not null default '{}',
  request_body text check (char_length(request_body) <= 20480),
  response_body text check (char_length(response_body) <= 4000),
  primary key (delivery_id, attempt),
  foreign key (org_id, delivery_id) references public.webhook_deliveries (org_id, id) on delete cascade
);
comment on table public.webhook_attempts is 'One request of a delivery and what came back. failure is a code: an EgressErrorCode, status, gone, interrupted or secret.';
create index webhook_attempts_org_id_idx on public.webhook_attempts (org_id, delivery_id);

alter table public.webhook_endpoints enable row level security;
alter table public.webhook_events enable row level security;
alter table public.webhook_deliveries enable row level security;
alter table public.webhook_attempts enable row level security;

-- What is sealed is for the server alone. The id is made by the portal, since it is part of what is sealed.
grant select (id, org_id, url, description, events, status, disabled_reason, previous_until, failing_since, last_success_at, created_by, created_at, updated_at)
  on public.webhook_endpoints to authenticated;
grant insert (id, org_id, url, description, events, sealed_secret, created_by) on public.webhook_endpoints to authenticated;
grant update (url, description, events, status, disabled_reason, failing_since) on public.webhook_endpoints to authenticated;
grant delete on public.webhook_endpoints to authenticated;
grant select on public.webhook_events, public.webhook_deliveries, public.webhook_attempts to authenticated;
grant select, insert, update, delete on public.webhook_endpoints, public.webhook_events, public.webhook_deliveries, public.webhook_attempts to service_role;

create policy "Admins read webhook endpoints" on public.webhook_endpoints for select to authenticated using (org_id in (select private.my_org_ids('admin')));
create policy "Admins add webhook endpoints as themselves" on public.webhook_endpoints for insert to authenticated
  with check (org_id in (select private.my_org_ids('admin')) and created_by = (select auth.uid()));
create policy "Admins change webhook endpoints" on public.webhook_endpoints for update to authenticated
  using (org_id in (select private.my_org_ids('admin'))) with check (org_id in (select private.my_org_ids('admin')));
create policy "Admins remove webhook endpoints" on public.webhook_endpoints for delete to authenticated using (org_id in (select private.my_org_ids('admin')));
create policy "Admins read webhook events" on public.webhook_events for select to authenticated using (org_id in (select private.my_org_ids('admin')));
create policy "Admins read webhook deliveries" on public.webhook_deliveries for select to authenticated using (org_id in (select private.my_org_ids('admin')));
create policy "Admins read webhook attempts" on public.webhook_attempts for select to authenticated using (org_id in (select private.my_org_ids('admin')));

create trigger touch_updated_at before update of url, description, events, status on public.webhook_endpoints
  for each row execute function private.touch_updated_at();
create trigger freeze_columns before update of id, org_id, created_by on public.webhook_endpoints
  for each row execute function private.freeze_columns('id', 'org_id', 'created_by');
create trigger freeze_columns before update of id, org_id, type, data, conversation_id on public.webhook_events
  for each row execute function private.freeze_columns('id', 'org_id', 'type', 'data', 'conversation_id');
create trigger freeze_columns before update of id, org_id, event_id, endpoint_id on public.webhook_deliveries
  for each row execute function private.freeze_columns('id', 'org_id', 'event_id', 'endpoint_id');
create trigger freeze_columns before update of delivery_id, org_id, attempt on public.webhook_attempts
  for each row execute function private.freeze_columns('delivery_id', 'org_id', 'attempt');
create trigger audit after insert or delete or update of url, events, status, sealed_secret on public.webhook_endpoints
  for each row execute function private.audit('url', 'status', 'disabled_reason');

-- Puts a delivery on its way, at once or later.
create function private.enqueue_delivery(org uuid, delivery uuid, due timestamptz default now()) returns void
language sql
set search_path = ''
as $$
  insert into public.outbox (org_id, name, payload, available_at)
  values (org, 'webhook.deliver', pg_catalog.jsonb_build_object('deliveryId', delivery), due)
$$;
grant execute on function private.enqueue_delivery(uuid, uuid, timestamptz) to service_role;

-- Tells the endpoints of an organization that want it of something that happened. Costs one index look-up where nobody listens.
create function private.emit_event(org uuid, event_type text, ordering text, event_data jsonb, conversation uuid default null) returns void
language plpgsql
set search_path = ''
as $$
declare
  event uuid;
  target record;
  delivery uuid;
begin
  for target in
    select e.id from public.webhook_endpoints e
    where e.org_id = org and e.status = 'enabled' and event_type = any (e.events) order by e.id
  loop
    if event is null then
      insert into public.webhook_events (org_id, type, ordering_key, data, conversation_id)
      values (org, event_type, ordering, event_data, conversation) returning id into event;
    end if;
    insert into public.webhook_deliveries (org_id, event_id, endpoint_id) values (org, event, target.id) returning id into delivery;
    perform private.enqueue_delivery(org, delivery);
  end loop;
end $$;
grant execute on function private.emit_event(uuid, text, text, jsonb, uuid) to service_role;

-- The events themselves. Words of visitors and agents come along up to 4,000 characters, the rest is there to be fetched.
create function private.tell_conversation_started() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform private.emit_event(new.org_id, 'conversation.started', new.id::text, pg_catalog.jsonb_build_object(
    'conversationId', new.id, 'agentId', new.agent_id, 'channel', new.channel, 'locale', new.locale, 'pageUrl', new.page_url), new.id);
  return null;
end $$;
create trigger tell_conversation_started after insert on public.conversations for each row execute function private.tell_conversation_started();

create function private.tell_message_created() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform private.emit_event(new.org_id, 'message.created', new.conversation_id::text, pg_catalog.jsonb_build_object(
    'messageId', new.id, 'conversationId', new.conversation_id, 'author', new.author, 'status', new.status,
    'text', pg_catalog.left(new.body, 4000), 'truncated', pg_catalog.char_length(new.body) > 4000), new.conversation_id);
  return null;
end $$;
-- An answer is told of once it has ended, everything else as it is written.
create trigger tell_message_created after insert on public.messages
  for each row when (new.status <> 'streaming' and new.author <> 'system') execute function private.tell_message_created();
create trigger tell_answer_created after update of status on public.messages
  for each row when (old.status = 'streaming' and new.status <> 'streaming') execute function private.tell_message_created();

create function private.tell_feedback_received() returns trigger
language plpgsql
set search_path = ''
as $$
declare
  conversation uuid;
begin
  select m.conversation_id into conversation from public.messages m where m.org_id = new.org_id and m.id = new.message_id;
  perform private.emit_event(new.org_id, 'feedback.received', conversation::text, pg_catalog.jsonb_build_object(
    'messageId', new.message_id, 'conversationId', conversation, 'rating', new.rating, 'comment', new.comment), conversation);
  return null;
end $$;
create trigger tell_feedback_received after insert or update of rating, comment on public.feedback
  for each row execute function private.tell_feedback_received();

create function private.tell_source_read() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform private.emit_event(new.org_id, 'source.' || new.status, new.id::text, pg_catalog.jsonb_build_object(
    'sourceId', new.id, 'agentId', new.agent_id, 'kind', new.kind, 'title', new.title, 'failure', new.failure_code));
  return null;
end $$;
create trigger tell_source_read after update of status on public.sources
  for each row when (new.status in ('ready', 'failed') and old.status is distinct from new.status) execute function private.tell_source_read();

create function private.tell_usage_threshold() returns trigger
language plpgsql
set search_path = ''
as $$
declare
  budget public.budgets;
begin
  select b.* into budget from public.budgets b where b.org_id = new.org_id and b.id = new.budget_id;
  perform private.emit_event(new.org_id, 'usage.threshold', new.budget_id::text, pg_catalog.jsonb_build_object(
    'budgetId', new.budget_id, 'subject', budget.subject, 'agentId', budget.agent_id, 'apiKeyId', budget.api_key_id, 'metric', budget.metric,
    'threshold', new.threshold, 'limit', new.limit_value, 'used', new.used, 'periodStart', new.period_start, 'periodEnd', new.period_end));
  return null;
end $$;
create trigger tell_usage_threshold after insert on public.usage_alerts for each row execute function private.tell_usage_threshold();

-- Takes a delivery up: null when there is nothing to do (ended, not due, being tried by another worker, endpoint disabled or gone).
-- An attempt that was begun and never ended counts, as the endpoint may have heard it.
-- Returns {attempt, orgId, endpointId, url, sealedSecret, previousSecret, eventId, type, orderingKey, createdAt, data}.
create function public.begin_webhook_attempt(delivery uuid, lease_seconds integer default 60) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  taken public.webhook_deliveries;
  endpoint public.webhook_endpoints;
  event public.webhook_events;
begin
  select d.* into taken from public.webhook_deliveries d
  where d.id = delivery and d.status = 'pending' and d.next_attempt_at <= pg_catalog.clock_timestamp() + interval '2 seconds'
    and (d.attempting_until is null or d.attempting_until < pg_catalog.clock_timestamp())
  for update;
  if taken.id is null then
    return null;
  end if;
  select e.* into endpoint from public.webhook_endpoints e where e.org_id = taken.org_id and e.id = taken.endpoint_id;
  if endpoint.status = 'disabled' then
    update public.webhook_deliveries d set status = 'canceled', next_attempt_at = null, ended_at = pg_catalog.now() where d.id = delivery;
    return null;
  end if;
  select v.* into event from public.webhook_events v where v.org_id = taken.org_id and v.id = taken.event_id;
  update public.webhook_deliveries d
  set attempts = d.attempts + 1, attempting_until = pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => lease_seconds)
  where d.id = delivery;
  insert into public.webhook_attempts (delivery_id, org_id, attempt, failure) values (delivery, taken.org_id, taken.attempts + 1, 'interrupted');
  return pg_catalog.jsonb_build_object('attempt', taken.attempts + 1, 'orgId', taken.org_id, 'endpointId', endpoint.id, 'url', endpoint.url,
    'sealedSecret', endpoint.sealed_secret,
    'previousSecret', case when endpoint.previous_until > pg_catalog.now() then endpoint.previous_secret end,
    'eventId', event.id, 'type', event.type, 'orderingKey', event.ordering_key, 'createdAt', event.created_at, 'data', event.data);
end $$;
revoke execute on function public.begin_webhook_attempt(uuid, integer) from public, anon, authenticated;
grant execute on function public.begin_webhook_attempt(uuid, integer) to service_role;

-- Ends an attempt. result is {ok, gone, retryInSeconds (null: it was the last), durationMs, statusCode, failure, requestHeaders, requestBody, responseBody}.
-- A success ends the endpoint's failing; gone disables it; so does a delivery given up when nothing got through since it began to fail.
create function public.end_webhook_attempt(delivery uuid, attempt integer, result jsonb) returns void
language plpgsql
set search_path = ''
as $$
declare
  tried public.webhook_deliveries;
  succeeded boolean := (result ->> 'ok')::boolean;
  gone boolean := coalesce((result ->> 'gone')::boolean, false);
  wait double precision := (result ->> 'retryInSeconds')::double precision;
  due timestamptz;
begin
  update public.webhook_attempts a set duration_ms = (result ->> 'durationMs')::integer, status_code = (result ->> 'statusCode')::integer,
    failure = result ->> 'failure', request_headers = coalesce(result -> 'requestHeaders', '{}'),
    request_body = pg_catalog.left(result ->> 'requestBody', 20480), response_body = pg_catalog.left(result ->> 'responseBody', 4000)
  where a.delivery_id = delivery and a.attempt = end_webhook_attempt.attempt;
  select d.* into tried from public.webhook_deliveries d where d.id = delivery and d.status = 'pending' for update;
  if tried.id is null then
    return;
  end if;
  if succeeded then
    update public.webhook_deliveries d set status = 'delivered', next_attempt_at = null, attempting_until = null, ended_at = pg_catalog.now() where d.id = delivery;
    update public.webhook_endpoints e set failing_since = null, last_success_at = pg_catalog.now() where e.org_id = tried.org_id and e.id = tried.endpoint_id;
    return;
  end if;
  update public.webhook_endpoints e set failing_since = coalesce(e.failing_since, pg_catalog.now()) where e.org_id = tried.org_id and e.id = tried.endpoint_id;
  if not gone and wait is not null then
    due := pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => wait);
    update public.webhook_deliveries d set next_attempt_at = due, attempting_until = null where d.id = delivery;
    perform private.enqueue_delivery(tried.org_id, delivery, due);
    return;
  end if;
  update public.webhook_deliveries d set status = 'failed', next_attempt_at = null, attempting_until = null, ended_at = pg_catalog.now() where d.id = delivery;
  update public.webhook_endpoints e set status = 'disabled', disabled_reason = case when gone then 'gone' else 'failing' end
  where e.org_id = tried.org_id and e.id = tried.endpoint_id and e.status = 'enabled'
    and (gone or (e.failing_since <= tried.created_at + interval '1 minute' and not tried.is_replay));
  if found then
    update public.webhook_deliveries d set status = 'canceled', next_attempt_at = null, ended_at = pg_catalog.now()
    where d.org_id = tried.org_id and d.endpoint_id = tried.endpoint_id and d.status = 'pending' and d.attempting_until is null;
  end if;
end $$;
revoke execute on function public.end_webhook_attempt(uuid, integer, jsonb) from public, anon, authenticated;
grant execute on function public.end_webhook_attempt(uuid, integer, jsonb) to service_role;

-- Sends events to an endpoint once more: one delivery's, or all that were told (or only those that failed) in a span of time, at most
-- 1,000. The receiver knows them by the same webhook-id. Returns how many.
create function public.replay_webhooks(
  org uuid, endpoint uuid, delivery uuid default null, since timestamptz default null, until timestamptz default null, only_failed boolean default true
) returns integer
language plpgsql security definer
set search_path = ''
as $$
declare
  one record;
  again uuid;
  made integer := 0;
begin
  if org not in (select private.my_org_ids('admin')) and (select auth.role()) is distinct from 'service_role'
    or not exists (select 1 from public.webhook_endpoints e where e.org_id = org and e.id = endpoint) then
    raise exception 'No such endpoint' using errcode = 'P0002';
  end if;
  if not exists (select 1 from public.webhook_endpoints e where e.org_id = org and e.id = endpoint and e.status = 'enabled') then
    raise exception 'This endpoint is disabled' using errcode = 'P0001', hint = 'disabled';
  end if;
  for one in
    select distinct on (d.event_id) d.event_id from public.webhook_deliveries d
    where d.org_id = org and d.endpoint_id = endpoint and d.status <> 'pending'
      and (replay_webhooks.delivery is null or d.id = replay_webhooks.delivery)
      and (since is null or d.created_at >= since) and (until is null or d.created_at < until)
      and (replay_webhooks.delivery is not null or since is not null or until is not null)
      and (replay_webhooks.delivery is not null or not only_failed or not exists (
        select 1 from public.webhook_deliveries ok where ok.org_id = org and ok.event_id = d.event_id and ok.endpoint_id = endpoint and ok.status in ('delivered', 'pending')))
    order by d.event_id limit 1000
  loop
    insert into public.webhook_deliveries (org_id, event_id, endpoint_id, is_replay) values (org, one.event_id, endpoint, true) returning id into again;
    perform private.enqueue_delivery(org, again);
    made := made + 1;
  end loop;
  return made;
end $$;
grant execute on function public.replay_webhooks(uuid, uuid, uuid, timestamptz, timestamptz, boolean) to authenticated, service_role;

-- Sends an event webhook.test to one endpoint, whatever it listens to. Returns the delivery.
create function public.test_webhook(org uuid, endpoint uuid) returns uuid
language plpgsql security definer
set search_path = ''
as $$
declare
  event uuid;
  delivery uuid;
begin
  if org not in (select private.my_org_ids('admin')) and (select auth.role()) is distinct from 'service_role'
    or not exists (select 1 from public.webhook_endpoints e where e.org_id = org and e.id = endpoint) then
    raise exception 'No such endpoint' using errcode = 'P0002';
  end if;
  if not exists (select 1 from public.webhook_endpoints e where e.org_id = org and e.id = endpoint and e.status = 'enabled') then
    raise exception 'This endpoint is disabled' using errcode = 'P0001', hint = 'disabled';
  end if;
  insert into public.webhook_events (org_id, type, ordering_key, data)
  values (org, 'webhook.test', endpoint::text, pg_catalog.jsonb_build_object('endpointId', endpoint)) returning id into event;
  insert into public.webhook_deliveries (org_id, event_id, endpoint_id) values (org, event, endpoint) returning id into delivery;
  perform private.enqueue_delivery(org, delivery);
  return delivery;
end $$;
grant execute on function public.test_webhook(uuid, uuid) to authenticated, service_role;

-- A new signing secret; the old one signs along until it is over. The new one is sealed by the portal for this endpoint.
create function public.rotate_webhook_secret(org uuid, endpoint uuid, sealed text, overlap_hours integer default 24) returns timestamptz
language plpgsql security definer
set search_path = ''
as $$
declare
  over timestamptz;
begin
  if org not in (select private.my_org_ids('admin')) and (select auth.role()) is distinct from 'service_role' then
    raise exception 'No such endpoint' using errcode = 'P0002';
  end if;
  update public.webhook_endpoints e
  set previous_secret = e.sealed_secret, sealed_secret = sealed,
    previous_until = pg_catalog.now() + pg_catalog.make_interval(hours => least(greatest(overlap_hours, 0), 168))
  where e.org_id = org and e.id = endpoint
  returning e.previous_until into over;
  if over is null then
    raise exception 'No such endpoint' using errcode = 'P0002';
  end if;
  return over;
end $$;
grant execute on function public.rotate_webhook_secret(uuid, uuid, text, integer) to authenticated, service_role;

-- Deliveries that are due and that no job works on: what a lost queue has forgotten. They are put into the outbox again.
create function public.requeue_lost_deliveries(quiet_seconds integer default 300) returns integer
language plpgsql
set search_path = ''
as $$
declare
  lost record;
  found_any integer := 0;
begin
  for lost in
    select d.org_id, d.id from public.webhook_deliveries d
    where d.status = 'pending' and d.next_attempt_at < pg_catalog.now() - pg_catalog.make_interval(secs => quiet_seconds)
      and (d.attempting_until is null or d.attempting_until < pg_catalog.now())
      and not exists (
        select 1 from public.outbox o
        where o.name = 'webhook.deliver' and o.payload ->> 'deliveryId' = d.id::text
          and (o.sent_at is null or o.sent_at > pg_catalog.now() - pg_catalog.make_interval(secs => quiet_seconds)))
    order by d.next_attempt_at limit 500
  loop
    perform private.enqueue_delivery(lost.org_id, lost.id);
    found_any := found_any + 1;
  end loop;
  delete from public.webhook_events e where e.created_at < pg_catalog.now() - interval '30 days'
    and not exists (select 1 from public.webhook_deliveries d where d.org_id = e.org_id and d.event_id = e.id and d.status = 'pending');
  return found_any;
end $$;
revoke execute on function public.requeue_lost_deliveries(integer) from public, anon, authenticated;
grant execute on function public.requeue_lost_deliveries(integer) to service_role;
create index outbox_webhook_delivery_idx on public.outbox ((payload ->> 'deliveryId')) where name = 'webhook.deliver';
