-- Turns and searches that ask less of the database: what is the same for every call is planned once a session (functions in SQL are
-- parsed and planned in every call), a new conversation is not searched for what only an older one has, and nothing is read twice.

create or replace function private.uuid_v7() returns uuid
language plpgsql volatile
set search_path = ''
as $$
begin
  return pg_catalog.encode(
    pg_catalog.set_bit(pg_catalog.set_bit(
      overlay(pg_catalog.uuid_send(pg_catalog.gen_random_uuid())
              placing substring(pg_catalog.int8send((extract(epoch from pg_catalog.clock_timestamp()) * 1000)::bigint) from 3)
              from 1 for 6),
      52, 1), 53, 1),
    'hex')::uuid;
end $$;

create or replace function private.to_search_vector(content text) returns tsvector
language plpgsql immutable
set search_path = ''
as $$
begin
  return pg_catalog.to_tsvector('private.knowledge'::regconfig, pg_catalog.translate(content, 'ёЁ', 'еЕ'));
end $$;

-- Whoever asks for an agent's passages asks for words as well, which chunks_agent_id_search_idx answers together. Where there was
-- an index of agents alone, the planner took that for words it cannot know, and read every passage of the agent.
drop index public.chunks_agent_id_idx;

-- As before (20261125004410), in one function: which passages are worth ranking is found out first, and their rows are read once.
-- Words that few passages hold pick theirs, the rarest first, up to some thousand passages; words that many hold pick those that
-- hold as many of them together as any does.
create or replace function public.search_chunks(
  org uuid, agent uuid, question text, max_results integer default 8,
  question_embedding extensions.vector default null, embedding_model text default null
) returns table (
  chunk_id uuid, source_id uuid, title text, url text, media_type text, page integer, heading_path text[],
  body text, char_start integer, char_end integer, content_hash text, language text, score real
)
language plpgsql stable
set search_path = ''
-- For words that the planner cannot know it takes an index that reads, and unpacks, every passage of the agent. Hence also
-- `org_id is not distinct from org` below: the same as `=`, but no reason to read all of the organization's.
set enable_indexscan = 'off'
set enable_seqscan = 'off'
set plan_cache_mode = 'force_generic_plan'
as $$
#variable_conflict use_column
declare
  -- A word is common when more passages than this hold it.
  many constant integer := 400;
  enough constant integer := 1000;
  -- So many passages are looked at first: a word in half of them is common, and no index has to be read through to learn that.
  looked_at constant integer := 400;
  -- More words than this are hardly ever together in one passage.
  most_together constant integer := 5;
  words constant text[] := (pg_catalog.tsvector_to_array(private.to_search_vector(pg_catalog.left(question, 2000))))[1:32];
  results constant integer := least(max_results, 50);
  -- So many are ranked a second time.
  ranked_again constant integer := greatest(least(max_results, 50) * 4, 64);
  any_word tsquery;
  rare tsquery;
  common tsquery[];
  together tsquery;
  held_all uuid[];
begin
  -- Materialized: read and counted once, not once for each place that names it.
  with first_ones as materialized (
    select c.search from public.chunks c where c.agent_id = agent and c.org_id is not distinct from org limit looked_at
  ), size as materialized (
    select count(*) as passages from first_ones
  ), asked as materialized (
    select w.word, w.query, (select count(*) from first_ones f where f.search @@ w.query) as among_first
    from (select u.word, pg_catalog.quote_literal(u.word)::tsquery as query from pg_catalog.unnest(words) as u (word)) w
  ), counted as materialized (
    select a.word, a.query, case
      when size.passages < looked_at then a.among_first
      when a.among_first > looked_at / 2 then many + 1
      else (
        select count(*) from (
          select 1 from public.chunks c
          where c.agent_id = agent and c.search @@ a.query and c.org_id is not distinct from org limit many + 1
        ) holders)
      end as held_by
    from asked a, size
  ), summed as (
    select c.*, sum(c.held_by) over (order by c.held_by, c.word) as so_far from counted c where c.held_by > 0
  )
  select pg_catalog.string_agg(s.query::text, ' | '),
         pg_catalog.string_agg(s.query::text, ' | ') filter (where s.held_by <= many and s.so_far <= enough),
         pg_catalog.array_agg(s.query order by s.word) filter (where s.held_by > many)
  into any_word, rare, common from summed s;

  for held_together in reverse least(coalesce(pg_catalog.cardinality(common), 0), most_together) .. 1 loop
    together := pg_catalog.array_to_string(common[1:held_together], ' & ')::tsquery;
    select pg_catalog.array_agg(held.id) into held_all from (
      select c.id from public.chunks c where c.agent_id = agent and c.search @@ together and c.org_id is not distinct from org limit many
    ) held;
    exit when held_all is not null;
  end loop;

  return query
  with asked as materialized (
    select w.word, pg_catalog.quote_literal(w.word)::tsquery as query from pg_catalog.unnest(words) as w (word)
  ),
  held as (
    (select c.id, c.source_version_id, c.search from public.chunks c
     where c.agent_id = agent and c.search @@ rare and c.org_id is not distinct from org limit enough)
    union all
    (select c.id, c.source_version_id, c.search from public.chunks c
     where c.id = any (held_all) and (rare is null or not c.search @@ rare))
  ),
  candidates as materialized (
    select h.id, h.search
    from held h
    join public.sources s on s.org_id = org and s.current_version_id = h.source_version_id
    order by pg_catalog.ts_rank(h.search, any_word, 1) desc, h.id
    limit ranked_again
  ),
  hits as materialized (
    select c.id, w.word, pg_catalog.ts_rank(c.search, w.query, 1) as rank
    from candidates c join asked w on c.search @@ w.query
  ),
  -- Of as many chunks as candidates may be: where fewer match, the rest hold none of the words. Once, not for each hit.
  rarity as materialized (
    select h.word, pg_catalog.ln(1 + (ranked_again - count(*) + 0.5) / (count(*) + 0.5)) as idf
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
    limit greatest(results * 4, 32)
  ),
  fused as (
    select coalesce(t.id, v.id) as id,
           case when question_embedding is null then t.rank
                else coalesce(1.0 / (60 + t.place), 0) + coalesce(1.0 / (60 + v.place), 0) end::real as score
    from by_text t full join by_vector v on v.id = t.id
    order by score desc, 1
    limit results
  )
  select c.id, c.source_id, s.title, s.url, s.media_type, c.page, c.heading_path, c.body, c.char_start, c.char_end, c.content_hash, c.language, f.score
  from fused f
  join public.chunks c on c.id = f.id
  join public.sources s on s.id = c.source_id
  order by f.score desc, c.id;
end $$;
drop function private.passages_to_rank(uuid, uuid, text);
drop function private.to_any_word_query(text);

-- As before (20261122002100), but what only an older conversation can have (a repeated question, running answers, a summary, history) is
-- not looked for in one that this call has made.
create or replace function public.begin_turn(
  org uuid, agent uuid, visitor uuid, page_origin text, conversation text, channel text, message_id text, message_text text,
  regenerate boolean default false, answer_id uuid default null, visitor_locale text default null, page_url text default null,
  responder text default 'quotes', idempotency_scope text default null, idempotency_key text default null,
  request_hash text default null, history_limit integer default 30, api_key uuid default null,
  reserve_tokens integer default 0, reserve_micros bigint default 0
) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  the_agent record;
  thread public.conversations;
  question public.messages;
  replay public.runs;
  replay_hash text;
  answer uuid;
  run uuid;
  summarised public.messages;
  superseded uuid[] := '{}';
  is_new boolean := false;
  known_locale text := visitor_locale;
  is_first boolean := true;
  history jsonb := '[]';
begin
  select a.name, a.status, a.published_version_id, coalesce(v.settings, '{}') as settings into the_agent
  from public.agents a
  left join public.agent_versions v on v.org_id = a.org_id and v.id = a.published_version_id
  where a.org_id = org and a.id = agent;
  if not found then
    raise exception 'No such agent' using errcode = 'P0002', hint = 'not_found';
  end if;
  if page_origin is not null and not exists (select 1 from public.agent_origins o where o.agent_id = agent and o.origin = page_origin) then
    raise exception 'This origin is not allowed' using errcode = '42501', hint = 'origin_not_allowed';
  end if;
  if the_agent.status <> 'live' then
    raise exception 'This agent is paused' using errcode = 'P0001', hint = 'agent_paused';
  end if;

  if visitor is not null then
    update public.visitors v set last_seen_at = pg_catalog.now() where v.org_id = org and v.agent_id = agent and v.id = visitor
    returning coalesce(v.locale, visitor_locale) into known_locale;
    if not found then
      raise exception 'This visitor was erased' using errcode = 'P0002', hint = 'visitor_gone';
    end if;
    select c.* into thread from public.conversations c
    where c.org_id = org and c.visitor_id = visitor and c.client_id = conversation for update;
  end if;
  if thread.id is null then
    if regenerate then
      raise exception 'No such conversation' using errcode = 'P0002', hint = 'not_found';
    end if;
    insert into public.conversations (org_id, agent_id, visitor_id, client_id, channel, title, locale, page_url)
    values (org, agent, visitor, conversation, channel,
            pg_catalog.left(pg_catalog.btrim(pg_catalog.regexp_replace(message_text, '\s+', ' ', 'g')), 80), known_locale, page_url)
    on conflict (visitor_id, client_id) do nothing
    returning * into thread;
    is_new := thread.id is not null;
    if not is_new then
      select c.* into thread from public.conversations c
      where c.org_id = org and c.visitor_id = visitor and c.client_id = conversation for update;
    end if;
  end if;

  -- Asked before? Then the same run answers, by Idempotency-Key or by the message's own id.
  if idempotency_key is not null then
    select k.request_hash, k.run_id into replay_hash, run
    from public.idempotency_keys k
    where k.org_id = org and k.scope = idempotency_scope and k.key = begin_turn.idempotency_key;
    if found then
      select r.* into replay from public.runs r where r.org_id = org and r.id = run;
    end if;
    if replay_hash <> begin_turn.request_hash then
      raise exception 'This Idempotency-Key was used for another request' using errcode = 'P0001', hint = 'idempotency_mismatch';
    end if;
  end if;
  if replay.id is null and not regenerate and not is_new then
    select m.* into question from public.messages m
    where m.conversation_id = thread.id and m.client_id = begin_turn.message_id;
    if question.id is not null then
      if question.body <> message_text then
        raise exception 'This message id was used for another text' using errcode = 'P0001', hint = 'idempotency_mismatch';
      end if;
      select r.* into replay
      from public.messages m join public.runs r on r.org_id = m.org_id and r.message_id = m.id
      where m.org_id = org and m.conversation_id = thread.id and m.parent_id = question.id
      order by r.started_at desc, r.id desc limit 1;
    end if;
  end if;
  if replay.id is not null then
    return pg_catalog.jsonb_build_object('runId', replay.id, 'messageId', replay.message_id, 'conversationId', replay.conversation_id,
      'replayed', true, 'status', replay.status, 'superseded', '[]'::jsonb, 'agentName', the_agent.name, 'locale', known_locale, 'settings', the_agent.settings,
      'agentVersionId', the_agent.published_version_id, 'question', message_text, 'summary', null, 'history', '[]'::jsonb, 'isFirst', false);
  end if;

  if regenerate then
    select q.* into question
    from public.messages a join public.messages q on q.org_id = a.org_id and q.id = a.parent_id
    where a.org_id = org and a.conversation_id = thread.id and a.author = 'agent' and (answer_id is null or a.id = answer_id)
    order by a.created_at desc, a.id desc limit 1;
    if question.id is null then
      raise exception 'No such message' using errcode = 'P0002', hint = 'not_found';
    end if;
  else
    insert into public.messages (org_id, conversation_id, parent_id, author, parts, body, client_id)
    values (org, thread.id,
      case when not is_new then
        (select m.id from public.messages m where m.conversation_id = thread.id order by m.created_at desc, m.id desc limit 1) end,
      'visitor', pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_object('type', 'text', 'text', message_text)), message_text, message_id)
    returning * into question;
  end if;

  if not is_new then
    perform public.fail_lost_runs(org, thread.id);
    with older as (
      update public.runs r set status = 'stopped', outcome = 'stopped'
      where r.org_id = org and r.conversation_id = thread.id and r.status = 'running'
      returning r.id, r.message_id
    ), marked as (
      update public.messages m set status = 'stopped' from older where m.org_id = org and m.id = older.message_id
    )
    select coalesce(pg_catalog.array_agg(older.id), '{}') into superseded from older;
  end if;
  run := private.uuid_v7();
  perform private.take_budgets(org, agent, visitor, api_key, run, reserve_tokens, reserve_micros, superseded);

  -- A millisecond after the question, so that order by created_at holds inside this transaction too.
  insert into public.messages (org_id, conversation_id, parent_id, author, status, created_at)
  values (org, thread.id, question.id, 'agent', 'streaming', pg_catalog.now() + interval '1 millisecond') returning id into answer;
  insert into public.runs (id, org_id, agent_id, agent_version_id, conversation_id, message_id, responder, api_key_id)
  values (run, org, agent, the_agent.published_version_id, thread.id, answer, begin_turn.responder, api_key);
  update public.conversations c set message_count = c.message_count + case when regenerate then 1 else 2 end,
    last_message_at = pg_catalog.now(), locale = coalesce(known_locale, c.locale)
  where c.id = thread.id;
  if is_new then
    insert into public.usage_daily as u (org_id, agent_id, day, conversations)
    values (org, agent, (pg_catalog.now() at time zone 'utc')::date, 1)
    on conflict (agent_id, day) do update set conversations = u.conversations + 1;
  end if;
  if idempotency_key is not null then
    delete from public.idempotency_keys k where k.created_at < pg_catalog.now() - interval '2 days';
    insert into public.idempotency_keys (org_id, scope, key, request_hash, run_id)
    values (org, idempotency_scope, idempotency_key, request_hash, run);
  end if;

  if not is_new then
    -- A summary stands for the messages up to the one it names; an answer written anew from before that cannot use it.
    select m.* into summarised from public.messages m
    where m.conversation_id = thread.id and m.id = thread.summary_until and (m.created_at, m.id) < (question.created_at, question.id);
    is_first := not exists (
      select 1 from public.messages m
      where m.conversation_id = thread.id and m.author = 'visitor' and (m.created_at, m.id) < (question.created_at, question.id));
    history := (
      select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('id', h.id, 'author', h.author, 'text', h.body) order by h.created_at, h.id), '[]')
      from (
        select m.author, m.body, m.created_at, m.id from private.visible_messages(org, thread.id) m
        where (m.created_at, m.id) < (question.created_at, question.id) and m.body <> '' and m.author <> 'system'
          and (summarised.id is null or (m.created_at, m.id) > (summarised.created_at, summarised.id))
        order by m.created_at desc, m.id desc limit history_limit
      ) h
    );
  end if;
  return pg_catalog.jsonb_build_object('runId', run, 'messageId', answer, 'conversationId', thread.id, 'replayed', false,
    'status', 'running', 'superseded', pg_catalog.to_jsonb(superseded), 'agentName', the_agent.name, 'locale', known_locale, 'settings', the_agent.settings,
    'agentVersionId', the_agent.published_version_id, 'question', question.body,
    'summary', case when summarised.id is not null then thread.summary end,
    'isFirst', is_first, 'history', history);
end $$;
