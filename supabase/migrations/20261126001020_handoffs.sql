-- A visitor asks for a person. What is recorded here is the request; who takes it up comes later.

create table public.handoffs (
  id uuid primary key default private.uuid_v7(),
  org_id uuid not null,
  conversation_id uuid not null,
  agent_id uuid not null,
  state text not null default 'requested' check (state in ('requested', 'accepted', 'resolved')),
  reason text check (char_length(reason) between 1 and 500),
  requested_at timestamptz not null default now(),
  resolved_at timestamptz,
  resolved_by uuid,
  unique (org_id, id),
  foreign key (org_id, agent_id) references public.agents (org_id, id) on delete cascade,
  foreign key (org_id, conversation_id) references public.conversations (org_id, id) on delete cascade,
  check ((state = 'resolved') = (resolved_at is not null))
);
comment on table public.handoffs is 'A visitor''s wish to talk to a person. At most one of a conversation is open at a time.';
create unique index handoffs_open_idx on public.handoffs (conversation_id) where state <> 'resolved';
create index handoffs_conversation_id_idx on public.handoffs (org_id, conversation_id, requested_at desc);
create index handoffs_agent_id_idx on public.handoffs (org_id, agent_id, requested_at desc);

alter table public.handoffs enable row level security;
grant select on public.handoffs to authenticated;
grant update (state) on public.handoffs to authenticated;
grant select, insert, update, delete on public.handoffs to service_role;

create policy "Members read handoffs" on public.handoffs for select to authenticated using (org_id in (select private.my_org_ids('viewer')));
create policy "Operators take handoffs up" on public.handoffs for update to authenticated
  using (org_id in (select private.my_org_ids('operator'))) with check (org_id in (select private.my_org_ids('operator')));

create trigger freeze_columns before update of id, org_id, conversation_id, agent_id, reason, requested_at on public.handoffs
  for each row execute function private.freeze_columns('id', 'org_id', 'conversation_id', 'agent_id', 'reason', 'requested_at');
create function private.stamp_handoff() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.resolved_at := case when new.state = 'resolved' then pg_catalog.now() end;
  new.resolved_by := case when new.state = 'resolved' then (select auth.uid()) end;
  return new;
end $$;
create trigger stamp_handoff before update of state on public.handoffs
  for each row when (new.state is distinct from old.state) execute function private.stamp_handoff();
create trigger audit after update of state on public.handoffs for each row execute function private.audit();

create function private.tell_handoff_requested() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform private.emit_event(new.org_id, 'handoff.requested', new.conversation_id::text, pg_catalog.jsonb_build_object(
    'handoffId', new.id, 'conversationId', new.conversation_id, 'agentId', new.agent_id,
    'visitorId', (select c.visitor_id from public.conversations c where c.org_id = new.org_id and c.id = new.conversation_id),
    'reason', new.reason, 'requestedAt', new.requested_at), new.conversation_id);
  return null;
end $$;
create trigger tell_handoff_requested after insert on public.handoffs for each row execute function private.tell_handoff_requested();

-- A visitor's own conversation, by the id that their browser chose, for something other than a question: made when it is not there
-- yet, locked until the end of the transaction. page_origin null means the portal's own pages.
create function private.visitor_thread(
  org uuid, agent uuid, visitor uuid, page_origin text, conversation text, channel text, page_url text
) returns public.conversations
language plpgsql
set search_path = ''
as $$
declare
  thread public.conversations;
  known_locale text;
begin
  if page_origin is not null and not exists (select 1 from public.agent_origins o where o.agent_id = agent and o.origin = page_origin) then
    raise exception 'This origin is not allowed' using errcode = '42501', hint = 'origin_not_allowed';
  end if;
  if exists (select 1 from public.agents a where a.org_id = org and a.id = agent and a.status <> 'live') then
    raise exception 'This agent is paused' using errcode = 'P0001', hint = 'agent_paused';
  end if;
  update public.visitors v set last_seen_at = pg_catalog.now() where v.org_id = org and v.agent_id = agent and v.id = visitor
  returning v.locale into known_locale;
  if not found then
    raise exception 'This visitor was erased' using errcode = 'P0002', hint = 'visitor_gone';
  end if;
  insert into public.conversations (org_id, agent_id, visitor_id, client_id, channel, locale, page_url)
  values (org, agent, visitor, conversation, channel, known_locale, page_url)
  on conflict (visitor_id, client_id) do nothing;
  if found then
    insert into public.usage_daily as u (org_id, agent_id, day, conversations)
    values (org, agent, (pg_catalog.now() at time zone 'utc')::date, 1)
    on conflict (agent_id, day) do update set conversations = u.conversations + 1;
  end if;
  select c.* into thread from public.conversations c
  where c.org_id = org and c.visitor_id = visitor and c.client_id = conversation for update;
  return thread;
end $$;
grant execute on function private.visitor_thread(uuid, uuid, uuid, text, text, text, text) to service_role;

-- Records that a visitor asks for a person, once as long as the request is open, with a note in the conversation.
-- Returns {id, state, requestedAt}.
create function public.request_handoff(
  org uuid, agent uuid, visitor uuid, page_origin text, conversation text, channel text, reason text default null, page_url text default null
) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  thread public.conversations;
  open_one public.handoffs;
begin
  thread := private.visitor_thread(org, agent, visitor, page_origin, conversation, channel, page_url);
  select h.* into open_one from public.handoffs h where h.org_id = org and h.conversation_id = thread.id and h.state <> 'resolved';
  if open_one.id is null then
    insert into public.handoffs (org_id, conversation_id, agent_id, reason) values (org, thread.id, agent, request_handoff.reason) returning * into open_one;
    insert into public.messages (org_id, conversation_id, parent_id, author, parts)
    values (org, thread.id,
      (select m.id from public.messages m where m.conversation_id = thread.id order by m.created_at desc, m.id desc limit 1), 'system',
      pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_object('type', 'data-handoff', 'data', pg_catalog.jsonb_build_object('state', 'requested'))));
    update public.conversations c set last_message_at = pg_catalog.now() where c.id = thread.id;
  end if;
  return pg_catalog.jsonb_build_object('id', open_one.id, 'state', open_one.state, 'requestedAt', open_one.requested_at);
end $$;
revoke execute on function public.request_handoff(uuid, uuid, uuid, text, text, text, text, text) from public, anon, authenticated;
grant execute on function public.request_handoff(uuid, uuid, uuid, text, text, text, text, text) to service_role;
