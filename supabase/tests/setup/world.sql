-- The same small world twice, in organization A and in organization B: at least one row in every table.
do $$
declare
  letter text;
  org uuid;
  boss uuid;
  agent uuid;
  v1 uuid;
  source uuid;
  reading uuid;
  chunk uuid;
  visitor uuid;
  conversation uuid;
  question uuid;
  answer uuid;
  run uuid;
  key uuid;
  budget uuid;
  endpoint uuid;
  event uuid;
  delivery uuid;
  connection uuid;
begin
  foreach letter in array array['A', 'B'] loop
    org := tests.org(letter);
    boss := tests.uid(case letter when 'A' then 'owner' else 'owner of B' end);

    insert into public.organizations (id, slug, name, created_by) values (org, 'org-' || lower(letter), 'Organization ' || letter, boss);
    insert into public.memberships (org_id, user_id, role) select org, p.id, p.role from tests.personas p where p.home = letter;
    if letter = 'A' then
      insert into public.memberships (org_id, user_id, role) values (org, tests.uid('removed'), 'admin');
      delete from public.memberships m where m.user_id = tests.uid('removed');
    end if;

    insert into public.agents (org_id, public_id, name) values (org, 'agent-' || lower(letter), 'Agent ' || letter) returning id into agent;
    insert into public.agent_versions (org_id, agent_id, number, settings, created_by) values (org, agent, 1, '{"greeting": "Hi"}', boss) returning id into v1;
    update public.agents a set published_version_id = v1 where a.id = agent;
    insert into public.agent_origins (agent_id, org_id, origin) values (agent, org, 'https://' || lower(letter) || '.example');
    insert into public.agent_secrets (org_id, agent_id, name, sealed, last_four, created_by)
    values (org, agent, 'Authorization', 'v1.1.' || repeat('A', 40), 'abcd', boss);
    insert into public.identity_keys (org_id, agent_id, name, algorithm, sealed_secret, last_four, created_by)
    values (org, agent, 'Shop', 'HS256', 'v1.1.' || repeat('A', 40), 'abcd', boss);

    source := private.uuid_v7();
    insert into public.sources (id, org_id, agent_id, kind, title, object_key, media_type, byte_size, content_hash)
    values (source, org, agent, 'file', 'Handbook of ' || letter, org || '/' || agent || '/' || source, 'text/plain', 20, repeat('0', 64));
    insert into storage.objects (bucket_id, name) values ('knowledge', org || '/' || agent || '/' || source);
    perform private.enqueue('source.read', org, jsonb_build_object('sourceId', source), 'source.read:' || source);
    reading := public.begin_source_version(source, 'reading-' || letter, 1, 100, 'en', 1);
    perform public.add_chunks(reading, '[{"position": 0, "headingPath": ["Delivery"], "charStart": 0, "charEnd": 30, "body": "Delivery takes three days.", "language": "en", "contentHash": "c"}]');
    perform public.publish_source_version(reading);
    select c.id into chunk from public.chunks c where c.source_id = source;
    insert into public.embeddings (chunk_id, org_id, agent_id, model, dims, embedding) values (chunk, org, agent, 'm', 3, '[1,0,0]');

    insert into public.visitors (org_id, agent_id, locale) values (org, agent, 'en') returning id into visitor;
    insert into public.conversations (org_id, agent_id, visitor_id, client_id) values (org, agent, visitor, 'thread') returning id into conversation;
    insert into public.handoffs (org_id, conversation_id, agent_id) values (org, conversation, agent);
    insert into public.leads (org_id, agent_id, conversation_id, visitor_id, email, idempotency_key, request_hash)
    values (org, agent, conversation, visitor, 'someone@example.com', 'key', repeat('0', 64));
    insert into public.messages (org_id, conversation_id, author, body) values (org, conversation, 'visitor', 'When does it come?') returning id into question;
    insert into public.messages (org_id, conversation_id, parent_id, author, body) values (org, conversation, question, 'agent', 'In three days [1].') returning id into answer;
    -- Revoked, as an admin may only ever set revoked_at, not clear it.
    insert into public.api_keys (org_id, name, key_hash, last_four, created_by, revoked_at)
    values (org, 'Key of ' || letter, repeat(case letter when 'A' then 'a' else 'b' end, 64), 'abcd', boss, now()) returning id into key;
    insert into public.runs (org_id, agent_id, agent_version_id, conversation_id, message_id, responder, status, outcome, api_key_id)
    values (org, agent, v1, conversation, answer, 'quotes', 'finished', 'answered', key) returning id into run;
    insert into public.run_passages (run_id, org_id, position, chunk_id, chunk_hash, score) values (run, org, 0, chunk, 'c', 1);
    insert into public.run_actions (run_id, org_id, position, name, kind, outcome) values (run, org, 0, 'find_order', 'server', 'ok');
    insert into public.citations (message_id, org_id, index, source_id, chunk_id, title, quote, passage, char_start, char_end)
    values (answer, org, 1, source, chunk, 'Handbook', 'three days', 'Delivery takes three days.', 15, 25);
    insert into public.feedback (message_id, org_id, rating) values (answer, org, 'up');
    insert into public.unanswered (org_id, agent_id, run_id, question) values (org, agent, run, 'Why?');
    insert into public.usage_daily (org_id, agent_id, day, answers) values (org, agent, '2026-01-01', 1);
    insert into public.usage_by_model (org_id, agent_id, day, model, answers) values (org, agent, '2026-01-01', 'quotes', 1);
    insert into public.idempotency_keys (org_id, scope, key, request_hash, run_id) values (org, 'visitor', 'key-' || letter, 'hash', run);

    insert into public.budgets (org_id, agent_id, api_key_id, metric, limit_value) values (org, agent, key, 'tokens_per_day', 1000) returning id into budget;
    insert into public.budget_counters (org_id, budget_id, holder, period_start, used) values (org, budget, org, '2026-01-01', 900);
    insert into public.budget_holds (run_id, org_id, budget_id, holder, period_start, amount, held_until)
    values (run, org, budget, org, '2026-01-01', 50, '2026-01-01');
    insert into public.usage_alerts (org_id, budget_id, period_start, period_end, threshold, limit_value, used)
    values (org, budget, '2026-01-01', '2026-01-02', 80, 1000, 900);

    insert into public.webhook_endpoints (org_id, url, events, sealed_secret, created_by)
    values (org, 'https://hooks.example/' || letter, '{source.ready}', 'v1.1.' || repeat('A', 40), boss) returning id into endpoint;
    insert into public.webhook_events (org_id, type, ordering_key, data, conversation_id)
    values (org, 'message.created', conversation, '{}', conversation) returning id into event;
    insert into public.webhook_deliveries (org_id, event_id, endpoint_id) values (org, event, endpoint) returning id into delivery;
    insert into public.webhook_attempts (delivery_id, org_id, attempt) values (delivery, org, 1);

    insert into public.connections (org_id, crm, name, account_id, grant_kind, sealed_grant, settings, created_by)
    values (org, 'hubspot', 'HubSpot', 'account of ' || letter, 'token', 'v1.1.' || repeat('A', 40),
      '{"agentIds": null, "triggers": {"leadCaptured": true, "handoffRequested": true, "conversationEnded": false, "qualified": null}, "fields": [], "pull": true, "propagateErasure": true}', boss)
    returning id into connection;
    insert into public.connection_sign_ins (state_hash, org_id, user_id, session_hash, crm, cloud, sealed_verifier, connection_id)
    values (encode(sha256(org::text::bytea), 'hex'), org, boss, repeat('0', 64), 'hubspot', 'global', 'v1.1.' || repeat('A', 40), connection);
    insert into public.crm_contacts (org_id, connection_id, external_id, email, changed_at) values (org, connection, '11', letter || '@example.com', now());
    insert into public.crm_links (org_id, connection_id, object, conversation_id, external_id) values (org, connection, 'contact', conversation, '11');
    insert into public.crm_pushes (org_id, connection_id, conversation_id) values (org, connection, conversation)
    on conflict (connection_id, conversation_id) do nothing;
    -- Its row of crm_pulls is there already: the connection reads.
    insert into public.inbound_events (org_id, connection_id, event_id, kind, contact_id) values (org, connection, 'event', 'changed', '11');
    insert into public.crm_erasures (org_id, connection_id, object, external_id) values (org, connection, 'note', '12');
    insert into public.mails (org_id, user_id, kind) values (org, boss, 'webhook.disabled');
  end loop;
end $$;
