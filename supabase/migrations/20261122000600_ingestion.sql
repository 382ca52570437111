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

-- Swaps a complete reading in: it becomes what is searched, and older readings go. Enqueues its embeddings.
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
  delete from public.source_versions v where v.source_id = source and v.id <> version;
  perform private.enqueue('source.embed', org, pg_catalog.jsonb_build_object('versionId', version), 'source.embed:' || version);
end $$;
revoke execute on function public.publish_source_version(uuid) from public, anon, authenticated;
grant execute on function public.publish_source_version(uuid) to service_role;
