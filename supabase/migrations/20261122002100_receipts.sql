-- Receipts that explain an answer, summaries of long conversations, usage by model; and the turn that reads and writes all of it
-- within the organization's budgets.

alter table public.conversations
  add column summary text check (char_length(summary) <= 20000),
  add column summary_until uuid;
comment on column public.conversations.summary is 'What was said up to the message summary_until, in short: it stands in for those messages where the history would be too long.';

alter table public.runs
  add column search_text text check (char_length(search_text) <= 8000),
  add column attempts jsonb not null default '[]' check (jsonb_typeof(attempts) = 'array'),
  add column api_key_id uuid,
  add foreign key (org_id, api_key_id) references public.api_keys (org_id, id) on delete set null (api_key_id);
comment on column public.runs.search_text is 'What was searched for: the question, in its context.';
comment on column public.runs.attempts is 'Models that were tried before the one that answered: [{model, error}].';
create index runs_api_key_id_idx on public.runs (api_key_id, started_at desc);

alter table public.run_passages
  add column source_id uuid,
  add column title text,
  add column excerpt text check (char_length(excerpt) <= 240),
  add column cited boolean not null default false;

create table public.run_actions (
  run_id uuid not null,
  org_id uuid not null,
  position integer not null,
  name text not null check (char_length(name) <= 100),
  title text check (char_length(title) <= 200),
  kind text not null check (kind in ('server', 'page')),
  input jsonb not null default '{}',
  outcome text not null check (outcome in ('ok', 'failed', 'declined')),
  status integer,
  duration_ms integer,
  output_excerpt text check (char_length(output_excerpt) <= 2000),
  primary key (run_id, position),
  foreign key (org_id, run_id) references public.runs (org_id, id) on delete cascade
);
comment on table public.run_actions is 'What an answer did: each action with what it was given and what came of it. status is the HTTP status of a server action.';

create table public.usage_by_model (
  org_id uuid not null,
  agent_id uuid not null,
  day date not null,
  model text not null,
  answers integer not null default 0,
  prompt_tokens bigint not null default 0,
  completion_tokens bigint not null default 0,
  cost_micros bigint not null default 0,
  primary key (agent_id, day, model),
  foreign key (org_id, agent_id) references public.agents (org_id, id) on delete cascade
);
comment on table public.usage_by_model is 'usage_daily by model; ''quotes'' are answers without a model.';
create index usage_by_model_org_id_idx on public.usage_by_model (org_id, day);
insert into public.usage_by_model (org_id, agent_id, day, model, answers, prompt_tokens, completion_tokens, cost_micros)
select r.org_id, r.agent_id, (r.finished_at at time zone 'utc')::date, coalesce(r.model, r.responder), count(*), sum(r.prompt_tokens), sum(r.completion_tokens), sum(r.cost_micros)
from public.runs r where r.finished_at is not null group by 1, 2, 3, 4;

alter table public.run_actions enable row level security;
alter table public.usage_by_model enable row level security;
grant select on public.run_actions, public.usage_by_model to authenticated;
grant select, insert, update, delete on public.run_actions, public.usage_by_model to service_role;
create policy "Members read what answers did" on public.run_actions for select to authenticated using (org_id in (select private.my_org_ids('viewer')));
create policy "Members read usage by model" on public.usage_by_model for select to authenticated using (org_id in (select private.my_org_ids('viewer')));
create trigger freeze_columns before update of run_id, org_id on public.run_actions
  for each row execute function private.freeze_columns('run_id', 'org_id');
create trigger freeze_columns before update of org_id, agent_id, day, model on public.usage_by_model
  for each row execute function private.freeze_columns('org_id', 'agent_id', 'day', 'model');

-- Ends the running answers of a conversation whose process is gone, keeping what they had written. With everything, also
-- those whose lease still runs (the caller knows that nobody is writing them), and then what they have reserved is given back;
-- where only the lease is over, the reservation is over by itself, and an answer that turns up late still counts. Returns how many.
create or replace function public.fail_lost_runs(org uuid, conversation uuid, everything boolean default false) returns integer
language plpgsql volatile
set search_path = ''
as $$
declare
  lost uuid[];
  one uuid;
begin
  with ended as (
    update public.runs r set status = 'failed', outcome = 'failed', error_code = 'interrupted', finished_at = pg_catalog.now()
    where r.org_id = org and r.conversation_id = conversation and r.status = 'running'
      and (everything or r.lease_until < pg_catalog.now())
    returning r.id, r.message_id
  ), told as (
    update public.messages m set status = 'failed' from ended where m.org_id = org and m.id = ended.message_id
  )
  select coalesce(pg_catalog.array_agg(ended.id order by ended.id), '{}') into lost from ended;
  if everything then
    foreach one in array lost loop
      perform private.settle_budgets(org, one, 0, 0);
    end loop;
  end if;
  return pg_catalog.cardinality(lost);
end $$;

-- Begins a turn: the visitor's message is stored (once per client id), a running answer is made, an answer still running in
-- the same conversation is superseded. visitor null makes a conversation of its own (an API call, whose history is in the
-- request). origin null means the portal's own pages or an API key. A new answer takes from the budgets and reserves the most
-- it may use; a repeated one takes nothing.
-- Returns {runId, messageId, conversationId, replayed, status, superseded[], agentName, locale, settings, agentVersionId, question,
-- summary, history[{id, author, text}], isFirst}; history is what came after the summary.
drop function public.begin_turn(uuid, uuid, uuid, text, text, text, text, text, boolean, uuid, text, text, text, text, text, text, integer);
create function public.begin_turn(
  org uuid, agent uuid, visitor uuid, page_origin text, conversation text, channel text, message_id text, message_text text,
  regenerate boolean default false, answer_id uuid default null, visitor_locale text default null, page_url text default null,
  responder text default 'quotes', idempotency_scope text default null, idempotency_key text default null, request_hash text default null,
  history_limit integer default 30, api_key uuid default null, reserve_tokens integer default 0, reserve_micros bigint default 0
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

  -- A summary stands for the messages up to the one it names; an answer written anew from before that cannot use it.
  select m.* into summarised from public.messages m
  where m.conversation_id = thread.id and m.id = thread.summary_until and (m.created_at, m.id) < (question.created_at, question.id);

  return pg_catalog.jsonb_build_object('runId', run, 'messageId', answer, 'conversationId', thread.id, 'replayed', false,
    'status', 'running', 'superseded', pg_catalog.to_jsonb(superseded), 'agentName', the_agent.name, 'locale', known_locale, 'settings', the_agent.settings,
    'agentVersionId', the_agent.published_version_id, 'question', question.body,
    'summary', case when summarised.id is not null then thread.summary end,
    'isFirst', not exists (
      select 1 from public.messages m
      where m.conversation_id = thread.id and m.author = 'visitor' and (m.created_at, m.id) < (question.created_at, question.id)),
    'history', (
      select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('id', h.id, 'author', h.author, 'text', h.body) order by h.created_at, h.id), '[]')
      from (
        select m.author, m.body, m.created_at, m.id from private.visible_messages(org, thread.id) m
        where (m.created_at, m.id) < (question.created_at, question.id) and m.body <> '' and m.author <> 'system'
          and (summarised.id is null or (m.created_at, m.id) > (summarised.created_at, summarised.id))
        order by m.created_at desc, m.id desc limit history_limit
      ) h
    ));
end $$;
revoke execute on function public.begin_turn(uuid, uuid, uuid, text, text, text, text, text, boolean, uuid, text, text, text, text, text, text, integer, uuid, integer, bigint)
  from public, anon, authenticated;
grant execute on function public.begin_turn(uuid, uuid, uuid, text, text, text, text, text, boolean, uuid, text, text, text, text, text, text, integer, uuid, integer, bigint)
  to service_role;

-- Saves what an answer has so far and renews its lease and what it has reserved. False when the run is no longer running:
-- stopped, superseded or erased.
create or replace function public.save_partial_answer(org uuid, run uuid, partial_text text, lease_seconds integer default 30) returns boolean
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
  update public.budget_holds h set held_until = pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => lease_seconds)
  where h.run_id = run;
  if partial_text is not null then
    update public.messages m
    set body = partial_text, parts = pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_object('type', 'text', 'text', partial_text))
    where m.org_id = org and m.id = message;
  end if;
  return true;
end $$;

-- Ends a turn in one transaction: the message, the receipt, what was retrieved and done, the citations, the unanswered question,
-- title and summary of the conversation where given, and the usage. False when there is nothing to end: done already, or erased meanwhile.
create or replace function public.finish_turn(org uuid, run uuid, result jsonb) returns boolean
language plpgsql
set search_path = ''
as $$
declare
  ended public.runs;
  today date := (pg_catalog.now() at time zone 'utc')::date;
begin
  -- Conversations are locked before runs, here as where a turn begins.
  perform 1 from public.conversations c join public.runs r on r.org_id = c.org_id and r.conversation_id = c.id
  where r.org_id = org and r.id = run and (result ->> 'title' is not null or result -> 'summary' ->> 'text' is not null)
  for no key update of c;
  update public.runs r set
    status = case when r.status = 'stopped' then 'stopped' else result ->> 'status' end,
    outcome = case when r.status = 'stopped' then 'stopped' else result ->> 'outcome' end,
    responder = result ->> 'responder', model = result ->> 'model', provider = result ->> 'provider', prompt_hash = result ->> 'promptHash',
    prompt_tokens = (result ->> 'promptTokens')::integer, completion_tokens = (result ->> 'completionTokens')::integer,
    cached_tokens = (result ->> 'cachedTokens')::integer, cost_micros = (result ->> 'costMicros')::bigint,
    retrieval_ms = (result ->> 'retrievalMs')::integer, first_token_ms = (result ->> 'firstTokenMs')::integer,
    total_ms = (result ->> 'totalMs')::integer, search_text = pg_catalog.left(result ->> 'searchText', 8000),
    attempts = coalesce(result -> 'attempts', '[]'), error_code = result ->> 'errorCode', finished_at = pg_catalog.now()
  where r.org_id = org and r.id = run and r.finished_at is null
  returning * into ended;
  -- What an erased answer used counts as well.
  perform private.settle_budgets(org, run, (result ->> 'promptTokens')::bigint + (result ->> 'completionTokens')::bigint, (result ->> 'costMicros')::bigint);
  if ended.id is null then
    return false;
  end if;

  update public.messages m set body = result ->> 'text', parts = result -> 'parts',
    status = case ended.status when 'finished' then 'complete' else ended.status end
  where m.org_id = org and m.id = ended.message_id;
  insert into public.run_passages (run_id, org_id, position, chunk_id, chunk_hash, score, source_id, title, excerpt, cited)
  select run, org, p.position, p."chunkId", p."chunkHash", p.score, p."sourceId", p.title, pg_catalog.left(p.excerpt, 240), coalesce(p.cited, false)
  from pg_catalog.jsonb_to_recordset(result -> 'passages') as p (position integer, "chunkId" uuid, "chunkHash" text, score real,
    "sourceId" uuid, title text, excerpt text, cited boolean);
  insert into public.run_actions (run_id, org_id, position, name, title, kind, input, outcome, status, duration_ms, output_excerpt)
  select run, org, a.position, pg_catalog.left(a.name, 100), pg_catalog.left(a.title, 200), a.kind, coalesce(a.input, '{}'), a.outcome, a.status, a."durationMs", pg_catalog.left(a."outputExcerpt", 2000)
  from pg_catalog.jsonb_to_recordset(coalesce(result -> 'actions', '[]')) as a (position integer, name text, title text, kind text, input jsonb,
    outcome text, status integer, "durationMs" integer, "outputExcerpt" text);
  insert into public.citations (message_id, org_id, index, source_id, chunk_id, title, url, page, heading_path, quote, passage, char_start, char_end)
  select ended.message_id, org, c.index, c."sourceId", c."chunkId", c.title, c.url, c.page, coalesce(c.headings, '{}'), c.quote, c.passage, c.start, c.end
  from pg_catalog.jsonb_to_recordset(result -> 'citations') as c (index integer, "sourceId" uuid, "chunkId" uuid, title text, url text,
    page integer, headings text[], quote text, passage text, start integer, "end" integer);
  if ended.outcome = 'unanswered' then
    insert into public.unanswered (org_id, agent_id, run_id, question) values (org, ended.agent_id, run, result ->> 'question');
  end if;
  update public.conversations c set
    title = coalesce(pg_catalog.left(result ->> 'title', 200), c.title),
    summary = coalesce(pg_catalog.left(result -> 'summary' ->> 'text', 20000), c.summary),
    summary_until = case when result -> 'summary' ->> 'text' is null then c.summary_until else (result -> 'summary' ->> 'until')::uuid end
  where c.org_id = org and c.id = ended.conversation_id and (result ->> 'title' is not null or result -> 'summary' ->> 'text' is not null);
  insert into public.usage_daily as u (org_id, agent_id, day, answers, unanswered, prompt_tokens, completion_tokens, cost_micros)
  values (org, ended.agent_id, today, 1, (ended.outcome = 'unanswered')::integer, ended.prompt_tokens, ended.completion_tokens, ended.cost_micros)
  on conflict (agent_id, day) do update set answers = u.answers + 1, unanswered = u.unanswered + excluded.unanswered,
    prompt_tokens = u.prompt_tokens + excluded.prompt_tokens, completion_tokens = u.completion_tokens + excluded.completion_tokens,
    cost_micros = u.cost_micros + excluded.cost_micros;
  insert into public.usage_by_model as u (org_id, agent_id, day, model, answers, prompt_tokens, completion_tokens, cost_micros)
  values (org, ended.agent_id, today, coalesce(ended.model, ended.responder), 1, ended.prompt_tokens, ended.completion_tokens, ended.cost_micros)
  on conflict (agent_id, day, model) do update set answers = u.answers + 1,
    prompt_tokens = u.prompt_tokens + excluded.prompt_tokens, completion_tokens = u.completion_tokens + excluded.completion_tokens,
    cost_micros = u.cost_micros + excluded.cost_micros;
  return true;
end $$;
