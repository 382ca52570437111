-- Retrieval whose work is bounded however many passages an agent has: common words no longer fetch every passage that holds them.

-- One index answers "this agent's passages with this word", so that no agent's search goes through the words of all others.
create extension if not exists btree_gin with schema extensions;
create index chunks_agent_id_search_idx on public.chunks using gin (agent_id, search);
drop index public.chunks_search_idx;

-- Which passages of an agent are worth ranking for a question. Words that few passages hold pick theirs, the rarest first, up to
-- some thousand passages; words that many hold say little alone, so they pick those that hold as many of them together as any does.
-- Where no word is in more than 400 passages and all of theirs are no more than a thousand (so in every small knowledge), these
-- are simply all passages with any of the words.
create function private.passages_to_rank(org uuid, agent uuid, question text) returns setof uuid
language plpgsql stable rows 300
set search_path = ''
-- For a question that the planner cannot know it takes an index that reads, and unpacks, every passage of the agent.
set enable_indexscan = 'off'
set enable_seqscan = 'off'
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  -- A word is common when more passages than this hold it.
  many constant integer := 400;
  enough constant integer := 1000;
  -- More words than this are hardly ever together in one passage.
  most_together constant integer := 5;
  rare tsquery;
  common tsquery[];
  together tsquery;
begin
  with counted as (
    select w.word, pg_catalog.quote_literal(w.word)::tsquery as query, (
      select count(*) from (
        select 1 from public.chunks c
        where c.org_id = org and c.agent_id = agent and c.search @@ pg_catalog.quote_literal(w.word)::tsquery limit many + 1
      ) first_ones) as held_by
    from pg_catalog.unnest(pg_catalog.tsvector_to_array(private.to_search_vector(pg_catalog.left(question, 2000)))) as w (word) limit 32
  ), summed as (
    select c.*, sum(c.held_by) over (order by c.held_by, c.word) as so_far from counted c where c.held_by > 0
  )
  select pg_catalog.string_agg(s.query::text, ' | ') filter (where s.held_by <= many and s.so_far <= enough),
         pg_catalog.array_agg(s.query order by s.word) filter (where s.held_by > many)
  into rare, common from summed s;

  for held_together in reverse least(coalesce(pg_catalog.cardinality(common), 0), most_together) .. 1 loop
    together := pg_catalog.array_to_string(common[1:held_together], ' & ')::tsquery;
    exit when exists (select 1 from public.chunks c where c.org_id = org and c.agent_id = agent and c.search @@ together);
  end loop;

  return query
    (select c.id from public.chunks c where c.org_id = org and c.agent_id = agent and c.search @@ rare limit enough)
    union
    (select c.id from public.chunks c where c.org_id = org and c.agent_id = agent and c.search @@ together limit many);
end $$;
grant execute on function private.passages_to_rank(uuid, uuid, text) to authenticated, service_role;

-- As before, but for the passages that are ranked at all. A function in SQL is planned anew in every call, which took longer than
-- the search itself; this one once a session.
create or replace function public.search_chunks(
  org uuid, agent uuid, question text, max_results integer default 8,
  question_embedding extensions.vector default null, embedding_model text default null
) returns table (
  chunk_id uuid, source_id uuid, title text, url text, media_type text, page integer, heading_path text[],
  body text, char_start integer, char_end integer, content_hash text, language text, score real
)
language plpgsql stable
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
#variable_conflict use_column
declare
  any_word tsquery := private.to_any_word_query(question);
begin
  return query
  with words as materialized (
    select word, pg_catalog.quote_literal(word)::tsquery as query
    from unnest(pg_catalog.tsvector_to_array(private.to_search_vector(pg_catalog.left(question, 2000)))) word limit 32
  ),
  candidates as materialized (
    select c.id, c.search
    from private.passages_to_rank(org, agent, question) picked
    join public.chunks c on c.id = picked
    join public.sources s on s.org_id = c.org_id and s.current_version_id = c.source_version_id
    where c.org_id = org and c.agent_id = agent
    order by pg_catalog.ts_rank(c.search, any_word, 1) desc, c.id
    limit greatest(least(max_results, 50) * 4, 64)
  ),
  hits as materialized (
    select c.id, w.word, pg_catalog.ts_rank(c.search, w.query, 1) as rank
    from candidates c join words w on c.search @@ w.query
  ),
  -- Of as many chunks as candidates may be: where fewer match, the rest hold none of the words.
  rarity as (
    select h.word, pg_catalog.ln(1 + (greatest(least(max_results, 50) * 4, 64) - count(*) + 0.5) / (count(*) + 0.5)) as idf
    from hits h group by h.word
  ),
  by_text as (
    select h.id, sum(h.rank * r.idf) as rank, pg_catalog.row_number() over (order by sum(h.rank * r.idf) desc, h.id) as place
    from hits h join rarity r on r.word = h.word
    group by h.id
  ),
  by_vector as (
    select e.chunk_id as id, pg_catalog.row_number() over (order by e.embedding operator(extensions.<=>) question_embedding, e.chunk_id) as place
    from public.embeddings e
    join public.chunks c on c.id = e.chunk_id
    join public.sources s on s.org_id = c.org_id and s.current_version_id = c.source_version_id
    where question_embedding is not null and e.org_id = org and e.agent_id = agent and e.model = embedding_model
      and e.dims = extensions.vector_dims(question_embedding)
    order by e.embedding operator(extensions.<=>) question_embedding, e.chunk_id
    limit greatest(least(max_results, 50) * 4, 32)
  ),
  fused as (
    select coalesce(t.id, v.id) as id,
           case when question_embedding is null then t.rank
                else coalesce(1.0 / (60 + t.place), 0) + coalesce(1.0 / (60 + v.place), 0) end::real as score
    from by_text t full join by_vector v on v.id = t.id
    order by score desc, 1
    limit least(max_results, 50)
  )
  select c.id, c.source_id, s.title, s.url, s.media_type, c.page, c.heading_path, c.body, c.char_start, c.char_end, c.content_hash, c.language, f.score
  from fused f
  join public.chunks c on c.id = f.id
  join public.sources s on s.id = c.source_id
  order by f.score desc, c.id;
end $$;
