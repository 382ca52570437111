-- The developer API: a scope of its own for the audit log, and sources that are added once however often they are sent.

alter table public.api_keys drop constraint api_keys_scopes_check;
alter table public.api_keys add constraint api_keys_scopes_check check (scopes <@ array['chat', 'read', 'write', 'audit']);

-- Read by pages, newest first: ids are ordered by time.
create index audit_log_org_id_id_idx on public.audit_log (org_id, id desc);

alter table public.idempotency_keys alter column run_id drop not null;
alter table public.idempotency_keys add column source_id uuid;
alter table public.idempotency_keys add constraint idempotency_keys_subject_check check (num_nonnulls(run_id, source_id) = 1);
alter table public.idempotency_keys add constraint idempotency_keys_org_id_fkey
  foreign key (org_id) references public.organizations (id) on delete cascade;
comment on table public.idempotency_keys is 'What an Idempotency-Key made, per visitor or API key: a run, or a source (which may be deleted since). Swept after two days.';

-- Adds a source for an API key, whose object is stored already, and enqueues its reading. The same Idempotency-Key again
-- adds nothing: it returns the id of the source that the first call added. org and api_key come from the verified key.
create function public.add_source_for_key(
  org uuid, agent uuid, api_key uuid, source uuid, source_kind text, source_title text, source_media_type text,
  source_byte_size bigint, source_hash text, idempotency_key text default null, request_hash text default null
) returns uuid
language plpgsql
set search_path = ''
as $$
declare
  earlier public.idempotency_keys;
begin
  if not exists (select 1 from public.agents a where a.org_id = org and a.id = agent) then
    raise exception 'No such agent' using errcode = 'P0002';
  end if;
  if idempotency_key is not null then
    delete from public.idempotency_keys k where k.created_at < pg_catalog.now() - interval '2 days';
    -- Of two at once, the second waits here until the first has committed.
    insert into public.idempotency_keys (org_id, scope, key, request_hash, source_id)
    values (org, 'key:' || api_key, idempotency_key, request_hash, source) on conflict (org_id, scope, key) do nothing;
    select k.* into earlier from public.idempotency_keys k
    where k.org_id = org and k.scope = 'key:' || api_key and k.key = add_source_for_key.idempotency_key;
    if earlier.request_hash <> add_source_for_key.request_hash or earlier.source_id is null then
      raise exception 'This Idempotency-Key was used for another request' using errcode = 'P0001', hint = 'idempotency_mismatch';
    end if;
    if earlier.source_id <> source then
      return earlier.source_id;
    end if;
  end if;
  insert into public.sources (id, org_id, agent_id, kind, title, object_key, media_type, byte_size, content_hash, created_by)
  values (source, org, agent, source_kind, source_title, org || '/' || agent || '/' || source, source_media_type, source_byte_size, source_hash,
          (select k.created_by from public.api_keys k where k.org_id = org and k.id = api_key));
  perform private.enqueue('source.read', org, pg_catalog.jsonb_build_object('sourceId', source), 'source.read:' || source);
  return source;
end $$;
revoke execute on function public.add_source_for_key(uuid, uuid, uuid, uuid, text, text, text, bigint, text, text, text) from public, anon, authenticated;
grant execute on function public.add_source_for_key(uuid, uuid, uuid, uuid, text, text, text, bigint, text, text, text) to service_role;
