-- What the worker calls while it reads a source. Every step may run twice and has the effect of once.

-- Starts a reading (or finds the one already begun for the same bytes) and returns its id; null when the source is gone.
create function public.begin_source_version(source uuid, version_hash text, pages integer, chars integer, lang text, chunk_total integer)
returns uuid
language plpgsql
set search_path = ''
as $$
declare
  version_id uuid;
  org uuid;
begin
  update public.sources s set status = 'indexing', progress_done = 0, progress_total = chunk_total
  where s.id = source returning s.org_id into org;
  if org is null then
    return null;
  end if;
  select v.id into version_id from public.source_versions v
  where v.source_id = source and v.content_hash = version_hash and v.indexed_at is null limit 1;
  if version_id is null then
    insert into public.source_versions (org_id, source_id, content_hash, page_count, char_count, chunk_count, language)
    values (org, source, version_hash, pages, chars, chunk_total, lang) returning id into version_id;
  end if;
  return version_id;
end $$;
revoke execute on function public.begin_source_version(uuid, text, integer, integer, text, integer) from public, anon, authenticated;
grant execute on function public.begin_source_version(uuid, text, integer, integer, text, integer) to service_role;

-- Adds a batch of chunks [{position, headingPath, page, charStart, charEnd, body, language, contentHash}] to a reading and
-- moves its progress. Returns how many are stored so far, null when the source was deleted meanwhile.
create function public.add_chunks(version uuid, batch jsonb) returns integer
language plpgsql
set search_path = ''
as $$
declare
  stored integer;
begin
  insert into public.chunks (org_id, agent_id, source_id, source_version_id, position, heading_path, page, char_start, char_end,
                             body, language, content_hash, search)
  select s.org_id, s.agent_id, s.id, v.id, c.position, c."headingPath", c.page, c."charStart", c."charEnd", c.body, c.language, c."contentHash",
         private.to_search_vector(pg_catalog.concat_ws(' ', s.title, pg_catalog.array_to_string(c."headingPath", ' '), c.body))
  from public.source_versions v
  join public.sources s on s.id = v.source_id,
  jsonb_to_recordset(batch) as c (position integer, "headingPath" text[], page integer, "charStart" integer, "charEnd" integer,
                                  body text, language text, "contentHash" text)
  where v.id = version
  on conflict (source_version_id, position) do nothing;

  select count(*) into stored from public.chunks c where c.source_version_id = version;
  update public.sources s set progress_done = stored
  from public.source_versions v where v.id = version and s.id = v.source_id;
  return case when found then stored end;
end $$;
revoke execute on function public.add_chunks(uuid, jsonb) from public, anon, authenticated;
grant execute on function public.add_chunks(uuid, jsonb) to service_role;

-- Swaps a complete reading in: it becomes what is searched. Enqueues its embeddings. Older readings are no longer found
-- and go piece by piece (drop_old_readings): removing thousands of rows at once would hold everyone else up.
create function public.publish_source_version(version uuid) returns void
language plpgsql
set search_path = ''
as $$
declare
  source uuid;
  org uuid;
begin
  update public.source_versions v set indexed_at = coalesce(v.indexed_at, pg_catalog.now())
  where v.id = version returning v.source_id, v.org_id into source, org;
  if source is null then
    return;
  end if;
  update public.sources s
  set current_version_id = version, status = 'ready', failure_code = null, ready_at = pg_catalog.now(), progress_done = s.progress_total
  where s.id = source;
  perform private.enqueue('source.embed', org, pg_catalog.jsonb_build_object('versionId', version), 'source.embed:' || version);
end $$;
revoke execute on function public.publish_source_version(uuid) from public, anon, authenticated;
grant execute on function public.publish_source_version(uuid) to service_role;

-- Removes up to max_chunks chunks of a source's readings other than the current one, and the readings left empty.
-- Returns whether more are left. Does nothing while no reading is current.
create function public.drop_old_readings(source uuid, max_chunks integer default 64) returns boolean
language plpgsql
set search_path = ''
as $$
declare
  current_version uuid;
begin
  select s.current_version_id into current_version from public.sources s where s.id = source and s.status = 'ready';
  if current_version is null then
    return false;
  end if;
  delete from public.chunks c where c.id in (
    select old.id from public.chunks old
    where old.source_id = source and old.source_version_id <> current_version limit max_chunks);
  if exists (select 1 from public.chunks c where c.source_id = source and c.source_version_id <> current_version) then
    return true;
  end if;
  delete from public.source_versions v where v.source_id = source and v.id <> current_version;
  return false;
end $$;
revoke execute on function public.drop_old_readings(uuid, integer) from public, anon, authenticated;
grant execute on function public.drop_old_readings(uuid, integer) to service_role;

-- Sources that wait to be read or are being read, without news for quiet_seconds and without a job still in the outbox;
-- jobs: the ids of their jobs of the last week, for the worker to look up in its queue; recent: how many of the last hour.
create index sources_unfinished_idx on public.sources (updated_at) where status in ('queued', 'reading', 'indexing');
create index outbox_source_read_idx on public.outbox ((payload ->> 'sourceId')) where name = 'source.read';
create function public.unfinished_sources(quiet_seconds integer, max_rows integer default 100)
returns table (source_id uuid, jobs uuid[], recent integer)
language sql stable
set search_path = ''
as $$
  select s.id, coalesce(pg_catalog.array_agg(o.id) filter (where o.id is not null), '{}'),
         (count(o.id) filter (where o.created_at > pg_catalog.now() - interval '1 hour'))::integer
  from public.sources s
  left join public.outbox o on o.name = 'source.read' and o.payload ->> 'sourceId' = s.id::text
  where s.status in ('queued', 'reading', 'indexing')
    and s.updated_at < pg_catalog.now() - pg_catalog.make_interval(secs => quiet_seconds)
  group by s.id
  having pg_catalog.bool_and(o.sent_at is not null or o.id is null)
  order by s.updated_at
  limit max_rows
$$;
revoke execute on function public.unfinished_sources(integer, integer) from public, anon, authenticated;
grant execute on function public.unfinished_sources(integer, integer) to service_role;

-- Puts an unfinished source's job into the outbox again.
create function public.requeue_source(source uuid) returns void
language plpgsql
set search_path = ''
as $$
declare
  org uuid;
begin
  update public.sources s set updated_at = pg_catalog.now()
  where s.id = source and s.status in ('queued', 'reading', 'indexing') returning s.org_id into org;
  if org is not null then
    perform private.enqueue('source.read', org, pg_catalog.jsonb_build_object('sourceId', source), null);
  end if;
end $$;
revoke execute on function public.requeue_source(uuid) from public, anon, authenticated;
grant execute on function public.requeue_source(uuid) to service_role;

-- Which model's vectors a reading has in full; null when it has none yet.
alter table public.source_versions add column embedded_with text;

-- Chunks of a reading that have no vector of a model yet, in order, as the text to embed: what a reader sees above the
-- passage says what it is about. No rows: the reading is complete, or gone.
create function public.chunks_to_embed(version uuid, embedding_model text, max_rows integer default 32)
returns table (chunk_id uuid, content text)
language sql stable
set search_path = ''
as $$
  select c.id, pg_catalog.concat_ws(E'\n', s.title, pg_catalog.array_to_string(c.heading_path, ' > '), c.body)
  from public.chunks c
  join public.sources s on s.id = c.source_id and s.current_version_id = c.source_version_id
  where c.source_version_id = version
    and not exists (select 1 from public.embeddings e where e.chunk_id = c.id and e.model = embedding_model)
  order by c.position
  limit max_rows
$$;
revoke execute on function public.chunks_to_embed(uuid, text, integer) from public, anon, authenticated;
grant execute on function public.chunks_to_embed(uuid, text, integer) to service_role;

-- Stores vectors [{chunkId, embedding: [numbers]}] of a reading's chunks. Those already stored, and those of chunks that
-- are gone, are passed over.
create function public.add_embeddings(version uuid, embedding_model text, batch jsonb) returns void
language sql volatile
set search_path = ''
as $$
  insert into public.embeddings (chunk_id, org_id, agent_id, model, dims, embedding)
  select c.id, c.org_id, c.agent_id, embedding_model, extensions.vector_dims(b.embedding::extensions.vector), b.embedding::extensions.vector
  from jsonb_to_recordset(batch) as b ("chunkId" uuid, embedding text)
  join public.chunks c on c.id = b."chunkId" and c.source_version_id = version
  on conflict (chunk_id, model) do nothing
$$;
revoke execute on function public.add_embeddings(uuid, text, jsonb) from public, anon, authenticated;
grant execute on function public.add_embeddings(uuid, text, jsonb) to service_role;

-- Current readings without a model's vectors, oldest first, and without a job for them still in the outbox: found when a
-- job was lost, or a model was set up after the knowledge.
create index outbox_source_embed_idx on public.outbox ((payload ->> 'versionId')) where name = 'source.embed';
create function public.unembedded_versions(embedding_model text, max_rows integer default 20)
returns table (version_id uuid, jobs uuid[])
language sql stable
set search_path = ''
as $$
  select v.id, coalesce(pg_catalog.array_agg(o.id) filter (where o.id is not null), '{}')
  from public.sources s
  join public.source_versions v on v.id = s.current_version_id
  left join public.outbox o on o.name = 'source.embed' and o.payload ->> 'versionId' = v.id::text
  where s.status = 'ready' and v.embedded_with is distinct from embedding_model
  group by v.id
  having pg_catalog.bool_and(o.sent_at is not null or o.id is null)
  order by v.id
  limit max_rows
$$;
revoke execute on function public.unembedded_versions(text, integer) from public, anon, authenticated;
grant execute on function public.unembedded_versions(text, integer) to service_role;

-- Puts a reading's embedding job into the outbox again.
create function public.requeue_embedding(version uuid) returns void
language plpgsql
set search_path = ''
as $$
declare
  org uuid;
begin
  select v.org_id into org from public.source_versions v where v.id = version;
  if org is not null then
    perform private.enqueue('source.embed', org, pg_catalog.jsonb_build_object('versionId', version), null);
  end if;
end $$;
revoke execute on function public.requeue_embedding(uuid) from public, anon, authenticated;
grant execute on function public.requeue_embedding(uuid) to service_role;
