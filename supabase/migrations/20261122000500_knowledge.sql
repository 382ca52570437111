-- Knowledge: sources (a file, a page, a Q&A pair), their readings (versions), chunks and embeddings.

create table public.sources (
  id uuid primary key default private.uuid_v7(),
  org_id uuid not null,
  agent_id uuid not null,
  kind text not null check (kind in ('file', 'page', 'qa')),
  title text not null check (char_length(btrim(title)) between 1 and 300),
  url text check (char_length(url) <= 2000),
  object_key text unique,
  media_type text check (char_length(media_type) <= 200),
  byte_size bigint check (byte_size >= 0),
  content_hash text check (char_length(content_hash) <= 128),
  status text not null default 'queued' check (status in ('queued', 'reading', 'indexing', 'ready', 'failed')),
  progress_done integer not null default 0,
  progress_total integer not null default 0,
  failure_code text,
  current_version_id uuid,
  created_by uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  ready_at timestamptz,
  unique (org_id, id),
  foreign key (org_id, agent_id) references public.agents (org_id, id) on delete cascade
);
comment on table public.sources is 'One document of an agent''s knowledge. failure_code is a key of core/source-failures.ts, worded for people by the portal.';
create index sources_agent_id_idx on public.sources (agent_id, created_at desc);
create index sources_org_id_idx on public.sources (org_id);

create table public.source_versions (
  id uuid primary key default private.uuid_v7(),
  org_id uuid not null,
  source_id uuid not null,
  content_hash text not null,
  page_count integer,
  char_count integer not null default 0,
  chunk_count integer not null default 0,
  language text,
  created_at timestamptz not null default now(),
  indexed_at timestamptz,
  unique (org_id, id),
  unique (source_id, id),
  foreign key (org_id, source_id) references public.sources (org_id, id) on delete cascade
);
comment on table public.source_versions is 'One reading of a source. A new reading is indexed beside the old one, then swapped in.';
alter table public.sources add constraint sources_current_version_fkey
  foreign key (id, current_version_id) references public.source_versions (source_id, id) deferrable initially deferred;

create table public.chunks (
  id uuid primary key default private.uuid_v7(),
  org_id uuid not null,
  agent_id uuid not null,
  source_id uuid not null,
  source_version_id uuid not null,
  position integer not null check (position >= 0),
  heading_path text[] not null default '{}',
  page integer,
  char_start integer not null check (char_start >= 0),
  char_end integer not null check (char_end > char_start),
  body text not null,
  language text,
  content_hash text not null,
  -- Headings say what the passage is about, so their words are searched with it.
  search tsvector not null,
  created_at timestamptz not null default now(),
  unique (source_version_id, position),
  unique (org_id, id),
  foreign key (org_id, source_version_id) references public.source_versions (org_id, id) on delete cascade
);
comment on table public.chunks is 'A passage of a source: body is characters [char_start, char_end) of the extracted text; page counts from 1.';
create index chunks_search_idx on public.chunks using gin (search);
create index chunks_agent_id_idx on public.chunks (agent_id);
create index chunks_source_id_idx on public.chunks (source_id);

create table public.embeddings (
  chunk_id uuid not null,
  org_id uuid not null,
  agent_id uuid not null,
  model text not null,
  dims integer not null,
  embedding extensions.vector not null,
  created_at timestamptz not null default now(),
  primary key (chunk_id, model),
  foreign key (org_id, chunk_id) references public.chunks (org_id, id) on delete cascade,
  check (extensions.vector_dims(embedding) = dims)
);
comment on table public.embeddings is 'Vectors apart from chunks, so that several models can live side by side while one replaces another.';
create index embeddings_agent_id_idx on public.embeddings (agent_id, model);

alter table public.sources enable row level security;
alter table public.source_versions enable row level security;
alter table public.chunks enable row level security;
alter table public.embeddings enable row level security;

grant select, delete on public.sources to authenticated;
grant select on public.source_versions, public.chunks, public.embeddings to authenticated;
grant select, insert, update, delete on public.sources, public.source_versions, public.chunks, public.embeddings to service_role;

create policy "Members read sources" on public.sources for select to authenticated using (org_id in (select private.my_org_ids('viewer')));
create policy "Editors delete sources" on public.sources for delete to authenticated using (org_id in (select private.my_org_ids('editor')));
create policy "Members read source versions" on public.source_versions for select to authenticated using (org_id in (select private.my_org_ids('viewer')));
create policy "Members read chunks" on public.chunks for select to authenticated using (org_id in (select private.my_org_ids('viewer')));
create policy "Members read embeddings" on public.embeddings for select to authenticated using (org_id in (select private.my_org_ids('viewer')));

create trigger touch_updated_at before update on public.sources for each row execute function private.touch_updated_at();
create trigger freeze_columns before update of id, org_id, agent_id, object_key on public.sources
  for each row execute function private.freeze_columns('id', 'org_id', 'agent_id', 'object_key');
create trigger freeze_columns before update of id, org_id, source_id on public.source_versions
  for each row execute function private.freeze_columns('id', 'org_id', 'source_id');
create trigger freeze_columns before update of id, org_id, agent_id, source_id, source_version_id on public.chunks
  for each row execute function private.freeze_columns('id', 'org_id', 'agent_id', 'source_id', 'source_version_id');
create trigger freeze_columns before update of chunk_id, org_id, agent_id on public.embeddings
  for each row execute function private.freeze_columns('chunk_id', 'org_id', 'agent_id');
create trigger audit after insert or delete on public.sources for each row execute function private.audit();

-- A source removed in any way takes its stored object with it, later and surely.
create function private.forget_source_object() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  if old.object_key is not null then
    -- org_id null: the job must outlive an organization that is being deleted.
    perform private.enqueue('source.forget', null, jsonb_build_object('objectKey', old.object_key), 'source.forget:' || old.id);
  end if;
  return null;
end $$;
create trigger forget_source_object after delete on public.sources for each row execute function private.forget_source_object();

-- Records an uploaded file and enqueues its reading, in one transaction. The caller must be an editor of org, and
-- object_key must be the one derived from the ids: <org>/<agent>/<source>.
create function public.add_file_source(
  org uuid, agent uuid, source uuid, source_title text, source_media_type text, source_byte_size bigint, source_hash text
) returns public.sources
language plpgsql security definer
set search_path = ''
as $$
declare
  added public.sources;
begin
  if org not in (select private.my_org_ids('editor')) and (select auth.role()) is distinct from 'service_role' then
    raise exception 'No such agent' using errcode = 'P0002';
  end if;
  if not exists (select 1 from public.agents a where a.org_id = org and a.id = agent) then
    raise exception 'No such agent' using errcode = 'P0002';
  end if;
  insert into public.sources (id, org_id, agent_id, kind, title, object_key, media_type, byte_size, content_hash, created_by)
  values (source, org, agent, 'file', source_title, org || '/' || agent || '/' || source, source_media_type,
          source_byte_size, source_hash, (select auth.uid()))
  returning * into added;
  perform private.enqueue('source.read', org, jsonb_build_object('sourceId', source), 'source.read:' || source);
  return added;
end $$;
grant execute on function public.add_file_source(uuid, uuid, uuid, text, text, bigint, text) to authenticated, service_role;

-- Reads a failed or outdated source once more.
create function public.reread_source(org uuid, source uuid) returns public.sources
language plpgsql security definer
set search_path = ''
as $$
declare
  found_source public.sources;
begin
  if org not in (select private.my_org_ids('editor')) and (select auth.role()) is distinct from 'service_role' then
    raise exception 'No such source' using errcode = 'P0002';
  end if;
  update public.sources s set status = 'queued', failure_code = null, progress_done = 0, progress_total = 0
  where s.org_id = org and s.id = source and s.status in ('ready', 'failed')
  returning * into found_source;
  if found_source.id is null then
    raise exception 'No such source' using errcode = 'P0002';
  end if;
  perform private.enqueue('source.read', org, jsonb_build_object('sourceId', source), null);
  return found_source;
end $$;
grant execute on function public.reread_source(uuid, uuid) to authenticated, service_role;

-- Knowledge files: one private bucket, keys <org>/<agent>/<source>, reachable by members of <org> only.
insert into storage.buckets (id, name, public, file_size_limit)
values ('knowledge', 'knowledge', false, 52428800)
on conflict (id) do nothing;

create policy "Members read their knowledge files" on storage.objects for select to authenticated
  using (bucket_id = 'knowledge' and (storage.foldername(name))[1] in (select o::text from private.my_org_ids('viewer') o));
-- Only <org>/<agent>/<uuid>, for an agent that exists. No update policy: a stored file is never replaced or moved.
create policy "Editors upload knowledge files" on storage.objects for insert to authenticated
  with check (
    bucket_id = 'knowledge'
    and array_to_string(storage.foldername(name), '/') in (
      select a.org_id || '/' || a.id from public.agents a where a.org_id in (select private.my_org_ids('editor')))
    and storage.filename(name) ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
  );
create policy "Editors delete knowledge files" on storage.objects for delete to authenticated
  using (bucket_id = 'knowledge' and (storage.foldername(name))[1] in (select o::text from private.my_org_ids('editor') o));
