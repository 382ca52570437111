-- What the visitor API calls, few round trips a turn: one to begin, one to finish. All of it is for service_role alone;
-- org, agent and visitor always come from a verified session or API key, never from a request body.
-- Errors carry a hint that the portal turns into its own error codes.

alter table public.runs add column lease_until timestamptz not null default now() + interval '30 seconds';
comment on column public.runs.lease_until is 'A running answer renews this every few seconds; once it has passed, the process that made the answer is gone.';
create index runs_running_idx on public.runs (conversation_id) where status = 'running';
create index agent_origins_origin_idx on public.agent_origins (origin);

create table public.idempotency_keys (
  org_id uuid not null,
  scope text not null check (char_length(scope) between 1 and 100),
  key text not null check (char_length(key) between 1 and 255),
  request_hash text not null,
  run_id uuid not null,
  created_at timestamptz not null default now(),
  primary key (org_id, scope, key),
  foreign key (org_id, run_id) references public.runs (org_id, id) on delete cascade
);
comment on table public.idempotency_keys is 'Which run an Idempotency-Key started, per visitor or API key. Swept after two days.';
create index idempotency_keys_run_id_idx on public.idempotency_keys (run_id);
create index idempotency_keys_created_at_idx on public.idempotency_keys (created_at);
alter table public.idempotency_keys enable row level security;
grant select, insert, update, delete on public.idempotency_keys to service_role;

-- The agent behind a public id with its published settings and its allowed origins; no row when there is none.
create function public.visitor_agent(public_agent_id text)
returns table (agent_id uuid, org_id uuid, public_id text, name text, status text, settings jsonb, origins text[])
language sql stable
set search_path = ''
as $$
  select a.id, a.org_id, a.public_id, a.name, a.status, coalesce(v.settings, '{}'),
         array(select o.origin from public.agent_origins o where o.agent_id = a.id)
  from public.agents a
  left join public.agent_versions v on v.org_id = a.org_id and v.id = a.published_version_id
  where a.public_id = public_agent_id
$$;
revoke execute on function public.visitor_agent(text) from public, anon, authenticated;
grant execute on function public.visitor_agent(text) to service_role;

-- Does any agent list this origin? For preflights and errors of calls that do not name an agent.
create function public.is_listed_origin(origin text) returns boolean
language sql stable
set search_path = ''
as $$ select exists (select 1 from public.agent_origins o where o.origin = is_listed_origin.origin) $$;
revoke execute on function public.is_listed_origin(text) from public, anon, authenticated;
grant execute on function public.is_listed_origin(text) to service_role;

-- Finds the visitor (or makes one, also when the given one was erased) and returns {visitorId, conversations} with the 20
-- newest conversations.
create function public.open_session(org uuid, agent uuid, visitor uuid default null, visitor_locale text default null) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  known uuid;
begin
  update public.visitors v set last_seen_at = pg_catalog.now(), locale = coalesce(visitor_locale, v.locale)
  where v.org_id = org and v.agent_id = agent and v.id = visitor
  returning v.id into known;
  if known is null then
    insert into public.visitors (org_id, agent_id, locale) values (org, agent, visitor_locale) returning id into known;
  end if;
  return pg_catalog.jsonb_build_object('visitorId', known, 'conversations', (
    select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('id', c.client_id, 'title', c.title, 'lastMessageAt', c.last_message_at)
                                         order by c.last_message_at desc), '[]')
    from (select * from public.conversations c where c.org_id = org and c.visitor_id = known order by c.last_message_at desc limit 20) c
  ));
end $$;
revoke execute on function public.open_session(uuid, uuid, uuid, text) from public, anon, authenticated;
grant execute on function public.open_session(uuid, uuid, uuid, text) to service_role;

-- Ends the running answers of a conversation whose process is gone, keeping what they had written. With everything, also
-- those whose lease still runs (the caller knows that nobody is writing them). Returns how many.
create function public.fail_lost_runs(org uuid, conversation uuid, everything boolean default false) returns integer
language sql volatile
set search_path = ''
as $$
  with lost as (
    update public.runs r set status = 'failed', outcome = 'failed', error_code = 'interrupted', finished_at = pg_catalog.now()
    where r.org_id = org and r.conversation_id = conversation and r.status = 'running'
      and (everything or r.lease_until < pg_catalog.now())
    returning r.message_id
  ), told as (
    update public.messages m set status = 'failed' from lost where m.org_id = org and m.id = lost.message_id
    returning 1
  )
  select count(*)::integer from told
$$;
revoke execute on function public.fail_lost_runs(uuid, uuid, boolean) from public, anon, authenticated;
grant execute on function public.fail_lost_runs(uuid, uuid, boolean) to service_role;

-- The messages of a conversation that are on its visible path, oldest first: of several answers to one question only the
-- newest.
create function private.visible_messages(org uuid, conversation uuid) returns setof public.messages
language sql stable
set search_path = ''
as $$
  select m.* from public.messages m
  where m.org_id = org and m.conversation_id = conversation
    and not (m.author = 'agent' and m.parent_id is not null and exists (
      select 1 from public.messages newer
      where newer.conversation_id = conversation and newer.parent_id = m.parent_id and newer.author = 'agent'
        and (newer.created_at, newer.id) > (m.created_at, m.id)
    ))
  order by m.created_at, m.id
$$;
grant execute on function private.visible_messages(uuid, uuid) to service_role;

-- Begins a turn: the visitor's message is stored (once per client id), a running answer is made, an answer still running in
-- the same conversation is superseded. visitor null makes a conversation of its own (an API call, whose history is in the
-- request). origin null means the portal's own pages or an API key.
-- Returns {runId, messageId, conversationId, replayed, status, superseded[], agentName, locale, settings, question, history[]}.
create function public.begin_turn(
  org uuid, agent uuid, visitor uuid, page_origin text, conversation text, channel text, message_id text, message_text text,
  regenerate boolean default false, answer_id uuid default null, visitor_locale text default null, page_url text default null,
  responder text default 'quotes', idempotency_scope text default null, idempotency_key text default null, request_hash text default null,
  history_limit integer default 30
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
  superseded uuid[];
  is_new boolean := false;
  known_locale text := visitor_locale;
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
  if replay.id is null and not regenerate then
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
      'question', message_text, 'history', '[]'::jsonb);
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
      (select m.id from public.messages m where m.conversation_id = thread.id order by m.created_at desc, m.id desc limit 1),
      'visitor', pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_object('type', 'text', 'text', message_text)), message_text, message_id)
    returning * into question;
  end if;

  perform public.fail_lost_runs(org, thread.id);
  with older as (
    update public.runs r set status = 'stopped', outcome = 'stopped'
    where r.org_id = org and r.conversation_id = thread.id and r.status = 'running'
    returning r.id, r.message_id
  ), marked as (
    update public.messages m set status = 'stopped' from older where m.org_id = org and m.id = older.message_id
  )
  select coalesce(pg_catalog.array_agg(older.id), '{}') into superseded from older;

  -- A millisecond after the question, so that order by created_at holds inside this transaction too.
  insert into public.messages (org_id, conversation_id, parent_id, author, status, created_at)
  values (org, thread.id, question.id, 'agent', 'streaming', pg_catalog.now() + interval '1 millisecond') returning id into answer;
  insert into public.runs (org_id, agent_id, agent_version_id, conversation_id, message_id, responder)
  values (org, agent, the_agent.published_version_id, thread.id, answer, begin_turn.responder) returning id into run;
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

  return pg_catalog.jsonb_build_object('runId', run, 'messageId', answer, 'conversationId', thread.id, 'replayed', false,
    'status', 'running', 'superseded', pg_catalog.to_jsonb(superseded), 'agentName', the_agent.name, 'locale', known_locale, 'settings', the_agent.settings,
    'question', question.body, 'history', (
      select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('author', h.author, 'text', h.body) order by h.created_at, h.id), '[]')
      from (
        select m.author, m.body, m.created_at, m.id from private.visible_messages(org, thread.id) m
        where (m.created_at, m.id) < (question.created_at, question.id) and m.body <> '' and m.author <> 'system'
        order by m.created_at desc, m.id desc limit history_limit
      ) h
    ));
end $$;
revoke execute on function public.begin_turn(uuid, uuid, uuid, text, text, text, text, text, boolean, uuid, text, text, text, text, text, text, integer) from public, anon, authenticated;
grant execute on function public.begin_turn(uuid, uuid, uuid, text, text, text, text, text, boolean, uuid, text, text, text, text, text, text, integer) to service_role;

-- Saves what an answer has so far and renews its lease. False when the run is no longer running: stopped, superseded or erased.
create function public.save_partial_answer(org uuid, run uuid, partial_text text, lease_seconds integer default 30) returns boolean
language plpgsql
set search_path = ''
as $$
declare
  message uuid;
begin
  update public.runs r set lease_until = pg_catalog.now() + pg_catalog.make_interval(secs => lease_seconds)
  where r.org_id = org and r.id = run and r.status = 'running' returning r.message_id into message;
  if message is null then
    return false;
  end if;
  if partial_text is not null then
    update public.messages m
    set body = partial_text, parts = pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_object('type', 'text', 'text', partial_text))
    where m.org_id = org and m.id = message;
  end if;
  return true;
end $$;
revoke execute on function public.save_partial_answer(uuid, uuid, text, integer) from public, anon, authenticated;
grant execute on function public.save_partial_answer(uuid, uuid, text, integer) to service_role;

-- Ends a turn in one transaction: the message, the receipt, what was retrieved, the citations, the unanswered question and the
-- day's usage. False when there is nothing to end: done already, or erased meanwhile.
create function public.finish_turn(org uuid, run uuid, result jsonb) returns boolean
language plpgsql
set search_path = ''
as $$
declare
  ended public.runs;
begin
  update public.runs r set
    status = case when r.status = 'stopped' then 'stopped' else result ->> 'status' end,
    outcome = case when r.status = 'stopped' then 'stopped' else result ->> 'outcome' end,
    responder = result ->> 'responder', model = result ->> 'model', provider = result ->> 'provider', prompt_hash = result ->> 'promptHash',
    prompt_tokens = (result ->> 'promptTokens')::integer, completion_tokens = (result ->> 'completionTokens')::integer,
    cached_tokens = (result ->> 'cachedTokens')::integer, cost_micros = (result ->> 'costMicros')::bigint,
    retrieval_ms = (result ->> 'retrievalMs')::integer, first_token_ms = (result ->> 'firstTokenMs')::integer,
    total_ms = (result ->> 'totalMs')::integer, error_code = result ->> 'errorCode', finished_at = pg_catalog.now()
  where r.org_id = org and r.id = run and r.finished_at is null
  returning * into ended;
  if ended.id is null then
    return false;
  end if;

  update public.messages m set body = result ->> 'text', parts = result -> 'parts',
    status = case ended.status when 'finished' then 'complete' else ended.status end
  where m.org_id = org and m.id = ended.message_id;
  insert into public.run_passages (run_id, org_id, position, chunk_id, chunk_hash, score)
  select run, org, p.position, p."chunkId", p."chunkHash", p.score
  from pg_catalog.jsonb_to_recordset(result -> 'passages') as p (position integer, "chunkId" uuid, "chunkHash" text, score real);
  insert into public.citations (message_id, org_id, index, source_id, chunk_id, title, url, page, heading_path, quote, passage, char_start, char_end)
  select ended.message_id, org, c.index, c."sourceId", c."chunkId", c.title, c.url, c.page, coalesce(c.headings, '{}'), c.quote, c.passage, c.start, c.end
  from pg_catalog.jsonb_to_recordset(result -> 'citations') as c (index integer, "sourceId" uuid, "chunkId" uuid, title text, url text,
    page integer, headings text[], quote text, passage text, start integer, "end" integer);
  if ended.outcome = 'unanswered' then
    insert into public.unanswered (org_id, agent_id, run_id, question) values (org, ended.agent_id, run, result ->> 'question');
  end if;
  insert into public.usage_daily as u (org_id, agent_id, day, answers, unanswered, prompt_tokens, completion_tokens, cost_micros)
  values (org, ended.agent_id, (pg_catalog.now() at time zone 'utc')::date, 1, (ended.outcome = 'unanswered')::integer,
          ended.prompt_tokens, ended.completion_tokens, ended.cost_micros)
  on conflict (agent_id, day) do update set answers = u.answers + 1, unanswered = u.unanswered + excluded.unanswered,
    prompt_tokens = u.prompt_tokens + excluded.prompt_tokens, completion_tokens = u.completion_tokens + excluded.completion_tokens,
    cost_micros = u.cost_micros + excluded.cost_micros;
  return true;
end $$;
revoke execute on function public.finish_turn(uuid, uuid, jsonb) from public, anon, authenticated;
grant execute on function public.finish_turn(uuid, uuid, jsonb) to service_role;

-- A visitor's own conversation as {id, clientId, title, createdAt, lastMessageAt, messages[], run}, or null. run is the newest one.
create function public.visitor_conversation(org uuid, visitor uuid, conversation text) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  thread public.conversations;
begin
  select c.* into thread from public.conversations c where c.org_id = org and c.visitor_id = visitor and c.client_id = conversation;
  if thread.id is null then
    return null;
  end if;
  perform public.fail_lost_runs(org, thread.id);
  return pg_catalog.jsonb_build_object(
    'id', thread.id, 'clientId', thread.client_id, 'title', thread.title, 'createdAt', thread.created_at, 'lastMessageAt', thread.last_message_at,
    'messages', (
      select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
        'id', coalesce(case when m.author = 'visitor' then m.client_id end, m.id::text), 'author', m.author, 'parts', m.parts,
        'status', m.status, 'createdAt', m.created_at, 'rating', f.rating) order by m.created_at, m.id), '[]')
      from private.visible_messages(org, thread.id) m left join public.feedback f on f.message_id = m.id
    ),
    'run', (
      select pg_catalog.jsonb_build_object('id', r.id, 'messageId', r.message_id, 'status', r.status)
      from public.runs r where r.org_id = org and r.conversation_id = thread.id order by r.started_at desc, r.id desc limit 1
    ));
end $$;
revoke execute on function public.visitor_conversation(uuid, uuid, text) from public, anon, authenticated;
grant execute on function public.visitor_conversation(uuid, uuid, text) to service_role;

-- The newest run of a visitor's own conversation, {conversationId, id, messageId, status, parts}, or null.
create function public.visitor_run(org uuid, visitor uuid, conversation text) returns jsonb
language sql volatile
set search_path = ''
as $$
  select pg_catalog.jsonb_build_object('conversationId', c.id, 'id', r.id, 'messageId', r.message_id, 'status', r.status)
  from public.conversations c
  left join lateral (
    select r.* from public.runs r where r.org_id = org and r.conversation_id = c.id order by r.started_at desc, r.id desc limit 1
  ) r on true
  where c.org_id = org and c.visitor_id = visitor and c.client_id = conversation
$$;
revoke execute on function public.visitor_run(uuid, uuid, text) from public, anon, authenticated;
grant execute on function public.visitor_run(uuid, uuid, text) to service_role;

-- Erases a visitor's own conversation. Returns the runs that were still running, null when there is no such conversation.
create function public.erase_conversation(org uuid, visitor uuid, conversation text) returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  thread uuid;
  running uuid[];
begin
  select c.id into thread from public.conversations c
  where c.org_id = org and c.visitor_id = visitor and c.client_id = conversation for update;
  if thread is null then
    return null;
  end if;
  select coalesce(pg_catalog.array_agg(r.id), '{}') into running from public.runs r
  where r.org_id = org and r.conversation_id = thread and r.status = 'running';
  delete from public.conversations c where c.org_id = org and c.id = thread;
  return running;
end $$;
revoke execute on function public.erase_conversation(uuid, uuid, text) from public, anon, authenticated;
grant execute on function public.erase_conversation(uuid, uuid, text) to service_role;

-- Rates an answer in one of the visitor's own conversations; a second rating replaces the first. False when there is no such answer.
create function public.rate_answer(org uuid, visitor uuid, message uuid, new_rating text, new_comment text default null) returns boolean
language plpgsql
set search_path = ''
as $$
begin
  insert into public.feedback as f (message_id, org_id, rating, comment)
  select m.id, org, new_rating, new_comment
  from public.messages m join public.conversations c on c.org_id = m.org_id and c.id = m.conversation_id
  where m.org_id = org and m.id = message and m.author <> 'visitor' and c.visitor_id = visitor
  on conflict (message_id) do update set rating = excluded.rating, comment = coalesce(excluded.comment, f.comment);
  return found;
end $$;
revoke execute on function public.rate_answer(uuid, uuid, uuid, text, text) from public, anon, authenticated;
grant execute on function public.rate_answer(uuid, uuid, uuid, text, text) to service_role;

-- One citation of an answer in one of the visitor's own conversations, or no row.
create function public.visitor_citation(org uuid, visitor uuid, message uuid, citation_index integer) returns setof public.citations
language sql stable
set search_path = ''
as $$
  select t.* from public.citations t
  join public.messages m on m.org_id = t.org_id and m.id = t.message_id
  join public.conversations c on c.org_id = m.org_id and c.id = m.conversation_id
  where t.org_id = org and t.message_id = message and t.index = citation_index and c.visitor_id = visitor
$$;
revoke execute on function public.visitor_citation(uuid, uuid, uuid, integer) from public, anon, authenticated;
grant execute on function public.visitor_citation(uuid, uuid, uuid, integer) to service_role;
