-- Webhook endpoints over the developer API: a scope of its own, endpoints that are added once however often they are sent, and a cap, as
-- every event is written once for each endpoint in the transaction of what it tells of.

alter table public.api_keys drop constraint api_keys_scopes_check;
alter table public.api_keys add constraint api_keys_scopes_check check (scopes <@ array['chat', 'read', 'write', 'audit', 'webhooks']);

alter table public.idempotency_keys add column endpoint_id uuid;
alter table public.idempotency_keys drop constraint idempotency_keys_subject_check;
alter table public.idempotency_keys add constraint idempotency_keys_subject_check check (num_nonnulls(run_id, source_id, endpoint_id) = 1);
comment on table public.idempotency_keys is 'What an Idempotency-Key made, per visitor or API key: a run, a source or a webhook endpoint (which may be deleted since). Swept after two days.';

-- At most 50 endpoints an organization. Two that are added at once wait for each other.
create function private.cap_webhook_endpoints() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  perform 1 from public.organizations o where o.id = new.org_id for no key update;
  if (select count(*) from public.webhook_endpoints e where e.org_id = new.org_id) >= 50 then
    raise exception 'An organization may have at most 50 webhook endpoints' using errcode = 'P0001', hint = 'too_many_endpoints';
  end if;
  return new;
end $$;
create trigger cap_webhook_endpoints before insert on public.webhook_endpoints
  for each row execute function private.cap_webhook_endpoints();

-- Whether the caller may have an endpoint sent something: an admin of its organization, or the server.
create function private.assert_endpoint_enabled(org uuid, endpoint uuid) returns void
language plpgsql
set search_path = ''
as $$
declare
  state text;
begin
  if org in (select private.my_org_ids('admin')) or (select auth.role()) is not distinct from 'service_role' then
    select e.status into state from public.webhook_endpoints e where e.org_id = org and e.id = endpoint;
  end if;
  if state is null then
    raise exception 'No such endpoint' using errcode = 'P0002';
  end if;
  if state <> 'enabled' then
    raise exception 'This endpoint is disabled' using errcode = 'P0001', hint = 'disabled';
  end if;
end $$;

-- As before, with the check that both have in common.
create or replace function public.replay_webhooks(
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
  perform private.assert_endpoint_enabled(org, endpoint);
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

create or replace function public.test_webhook(org uuid, endpoint uuid) returns uuid
language plpgsql security definer
set search_path = ''
as $$
declare
  event uuid;
  delivery uuid;
begin
  perform private.assert_endpoint_enabled(org, endpoint);
  insert into public.webhook_events (org_id, type, ordering_key, data)
  values (org, 'webhook.test', endpoint::text, pg_catalog.jsonb_build_object('endpointId', endpoint)) returning id into event;
  insert into public.webhook_deliveries (org_id, event_id, endpoint_id) values (org, event, endpoint) returning id into delivery;
  perform private.enqueue_delivery(org, delivery);
  return delivery;
end $$;

-- Adds an endpoint for an API key. The same Idempotency-Key again adds nothing: it returns the id of the endpoint that the first call
-- added. org and api_key come from the verified key; the secret is sealed by the portal for this endpoint.
create function public.add_endpoint_for_key(
  org uuid, api_key uuid, endpoint uuid, endpoint_url text, endpoint_description text, endpoint_events text[], sealed text,
  idempotency_key text default null, request_hash text default null
) returns uuid
language plpgsql
set search_path = ''
as $$
declare
  earlier public.idempotency_keys;
begin
  if idempotency_key is not null then
    delete from public.idempotency_keys k where k.created_at < pg_catalog.now() - interval '2 days';
    -- Of two at once, the second waits here until the first has committed.
    insert into public.idempotency_keys (org_id, scope, key, request_hash, endpoint_id)
    values (org, 'key:' || api_key, idempotency_key, request_hash, endpoint) on conflict (org_id, scope, key) do nothing;
    select k.* into earlier from public.idempotency_keys k
    where k.org_id = org and k.scope = 'key:' || api_key and k.key = add_endpoint_for_key.idempotency_key;
    if earlier.request_hash <> add_endpoint_for_key.request_hash or earlier.endpoint_id is null then
      raise exception 'This Idempotency-Key was used for another request' using errcode = 'P0001', hint = 'idempotency_mismatch';
    end if;
    if earlier.endpoint_id <> endpoint then
      return earlier.endpoint_id;
    end if;
  end if;
  insert into public.webhook_endpoints (id, org_id, url, description, events, sealed_secret, created_by)
  values (endpoint, org, endpoint_url, endpoint_description, endpoint_events, sealed,
          (select k.created_by from public.api_keys k where k.org_id = org and k.id = api_key));
  return endpoint;
end $$;
revoke execute on function public.add_endpoint_for_key(uuid, uuid, uuid, text, text, text[], text, text, text) from public, anon, authenticated;
grant execute on function public.add_endpoint_for_key(uuid, uuid, uuid, text, text, text[], text, text, text) to service_role;
