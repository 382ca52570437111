-- Retrieval: stemmed text search over an agent's current knowledge, fused with vectors where they exist.

-- The words of a question as a query that any of them satisfies (AND queries miss most good passages).
create function private.to_any_word_query(question text) returns tsquery
language sql immutable
set search_path = ''
as $$
  select coalesce(
    (select pg_catalog.string_agg(pg_catalog.quote_literal(word), ' | ')::tsquery
     from (select word from unnest(pg_catalog.tsvector_to_array(private.to_search_vector(pg_catalog.left(question, 2000)))) word limit 32) words),
    ''::tsquery)
$$;
grant execute on function private.to_any_word_query(text) to authenticated, service_role;

-- The best passages for a question, best first. org and agent come from the verified session, never from a request body.
-- Text rank is ts_rank with normalization 1 (divides by 1 + log of the length); with a vector, both orders are fused by
-- reciprocal rank (Cormack, Clarke, Buettcher 2009; k = 60).
create function public.search_chunks(
  org uuid, agent uuid, question text, max_results integer default 8,
  question_embedding extensions.vector default null, embedding_model text default null
) returns table (
  chunk_id uuid, source_id uuid, title text, url text, page integer, heading_path text[],
  body text, char_start integer, char_end integer, content_hash text, language text, score real
)
language sql stable
set search_path = ''
as $$
  with query as (select private.to_any_word_query(question) as words),
  by_text as (
    select c.id, pg_catalog.row_number() over (order by pg_catalog.ts_rank(c.search, query.words, 1) desc, c.id) as place,
           pg_catalog.ts_rank(c.search, query.words, 1) as rank
    from query, public.chunks c
    join public.sources s on s.org_id = c.org_id and s.current_version_id = c.source_version_id
    where c.org_id = org and c.agent_id = agent and c.search @@ query.words
    order by rank desc, c.id
    limit greatest(max_results * 4, 32)
  ),
  by_vector as (
    select e.chunk_id as id, pg_catalog.row_number() over (order by e.embedding operator(extensions.<=>) question_embedding, e.chunk_id) as place
    from public.embeddings e
    join public.chunks c on c.id = e.chunk_id
    join public.sources s on s.org_id = c.org_id and s.current_version_id = c.source_version_id
    where question_embedding is not null and e.org_id = org and e.agent_id = agent and e.model = embedding_model
      and e.dims = extensions.vector_dims(question_embedding)
    order by e.embedding operator(extensions.<=>) question_embedding, e.chunk_id
    limit greatest(max_results * 4, 32)
  ),
  fused as (
    select coalesce(t.id, v.id) as id,
           case when question_embedding is null then t.rank
                else coalesce(1.0 / (60 + t.place), 0) + coalesce(1.0 / (60 + v.place), 0) end::real as score
    from by_text t full join by_vector v on v.id = t.id
    order by score desc, 1
    limit max_results
  )
  select c.id, c.source_id, s.title, s.url, c.page, c.heading_path, c.body, c.char_start, c.char_end, c.content_hash, c.language, f.score
  from fused f
  join public.chunks c on c.id = f.id
  join public.sources s on s.id = c.source_id
  order by f.score desc, c.id
$$;
revoke execute on function public.search_chunks(uuid, uuid, text, integer, extensions.vector, text) from public, anon;
grant execute on function public.search_chunks(uuid, uuid, text, integer, extensions.vector, text) to authenticated, service_role;
