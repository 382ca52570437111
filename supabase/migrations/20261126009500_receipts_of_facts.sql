-- Receipts say which fields of CRMs a model was told of a visitor. Their names alone: values are the CRM's, stay there to be corrected and
-- erased, and a receipt would keep them longer than what was read is kept.

alter table public.runs add column visitor_facts jsonb not null default '[]' check (jsonb_typeof(visitor_facts) = 'array');
comment on column public.runs.visitor_facts is 'What the model was told of the visitor: [{label, crm, cloud}], never a value.';

-- [{label, value, crm, cloud}], at most 20, values cut at 300 characters; nothing for a visitor without a signed token, for fields that are not
-- marked, and for connections that leave this agent out.
create or replace function public.visitor_facts(org uuid, agent uuid, visitor uuid) returns jsonb
language sql stable
set search_path = ''
as $$
  select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('label', told.label, 'value', told.value, 'crm', told.crm, 'cloud', told.cloud)), '[]')
  from (
    select f ->> 'label' as label, pg_catalog.left(f ->> 'value', 300) as value, c.crm, c.cloud
    from pg_catalog.jsonb_array_elements(private.crm_context_of(org, visitor)) k
    join public.connections c on c.org_id = org and c.id = (k ->> 'connectionId')::uuid
      and (c.settings -> 'agentIds' = 'null'::jsonb or c.settings -> 'agentIds' @> pg_catalog.to_jsonb(agent))
    cross join pg_catalog.jsonb_array_elements(k -> 'fields') f
    where (f ->> 'agentMayRead')::boolean and pg_catalog.btrim(f ->> 'value') <> ''
    limit 20
  ) told
$$;

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
    attempts = coalesce(result -> 'attempts', '[]'), visitor_facts = coalesce(result -> 'visitorFacts', '[]'), error_code = result ->> 'errorCode', finished_at = pg_catalog.now()
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
