-- Foundations: extensions, the private schema, roles, ids, text search, permission helpers' vocabulary.
-- Order in every migration: table, comment, indexes, RLS on, grants, policies named as sentences, functions.

create schema if not exists extensions;
create extension if not exists "uuid-ossp" with schema extensions;
create extension if not exists pg_trgm with schema extensions;
create extension if not exists vector with schema extensions;
grant usage on schema extensions to anon, authenticated, service_role;

-- Helpers that policies and functions call. Not exposed over the REST API.
create schema if not exists private;
revoke all on schema private from public;
grant usage on schema private to authenticated, service_role;

-- Supabase grants new public tables and functions to everyone by default; we grant by hand, per table and function.
alter default privileges in schema public revoke all on tables from anon, authenticated, service_role;
alter default privileges in schema public revoke all on sequences from anon, authenticated, service_role;
alter default privileges in schema public revoke execute on functions from anon, authenticated, service_role;
-- Postgres lets PUBLIC execute every new function. That default can only be taken back for all schemas at once: said
-- "in schema public", it is accepted and changes nothing.
alter default privileges revoke execute on functions from public;

-- Time-ordered ids (UUIDv7, RFC 9562 section 5.7): 48 bits of Unix milliseconds, then version, variant and random bits.
create function private.uuid_v7() returns uuid
language sql volatile
set search_path = ''
as $$
  select encode(
    set_bit(set_bit(
      overlay(pg_catalog.uuid_send(pg_catalog.gen_random_uuid())
              placing substring(pg_catalog.int8send((extract(epoch from pg_catalog.clock_timestamp()) * 1000)::bigint) from 3)
              from 1 for 6),
      52, 1), 53, 1),
    'hex')::uuid
$$;
grant execute on function private.uuid_v7() to authenticated, service_role;

-- One configuration for mixed Russian and English text: Postgres's russian configuration stems Cyrillic words with the
-- Russian stemmer and ASCII words with the English one.
create text search configuration private.knowledge (copy = pg_catalog.russian);

-- The searchable form of a text: ё folds into е, as readers type either.
create function private.to_search_vector(content text) returns tsvector
language sql immutable
set search_path = ''
as $$ select pg_catalog.to_tsvector('private.knowledge'::regconfig, pg_catalog.translate(content, 'ёЁ', 'еЕ')) $$;
grant execute on function private.to_search_vector(text) to authenticated, service_role;

-- Keeps updated_at true.
create function private.touch_updated_at() returns trigger
language plpgsql
set search_path = ''
as $$ begin new.updated_at := pg_catalog.now(); return new; end $$;

-- Ids and tenancy never move, whoever asks. Used as `before update of a, b … execute function private.freeze_columns('a', 'b')`,
-- so that it costs nothing where those columns are not written.
create function private.freeze_columns() returns trigger
language plpgsql
set search_path = ''
as $$
declare
  frozen text;
begin
  foreach frozen in array tg_argv loop
    if to_jsonb(old) -> frozen is distinct from to_jsonb(new) -> frozen then
      raise exception '% of % never changes', frozen, tg_table_name using errcode = '42501';
    end if;
  end loop;
  return new;
end $$;
