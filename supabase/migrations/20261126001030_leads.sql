-- Leads: how to reach somebody, as they themselves said in a conversation. Nothing here is verified.

create table public.leads (
  id uuid primary key default private.uuid_v7(),
  org_id uuid not null,
  agent_id uuid not null,
  conversation_id uuid not null,
  visitor_id uuid not null,
  name text check (char_length(name) between 1 and 200),
  email text check (char_length(email) between 3 and 254),
  phone text check (char_length(phone) between 3 and 40),
  message text check (char_length(message) between 1 and 2000),
  fields jsonb not null default '{}' check (jsonb_typeof(fields) = 'object' and octet_length(fields::text) <= 4000),
  consent boolean not null default false,
  consent_text text check (char_length(consent_text) between 1 and 1000),
  page_url text check (char_length(page_url) <= 2000),
  idempotency_key text not null check (char_length(idempotency_key) between 1 and 255),
  request_hash text not null check (char_length(request_hash) = 64),
  created_at timestamptz not null default now(),
  unique (org_id, id),
  unique (conversation_id, idempotency_key),
  foreign key (org_id, agent_id) references public.agents (org_id, id) on delete cascade,
  foreign key (org_id, conversation_id) references public.conversations (org_id, id) on delete cascade,
  foreign key (agent_id, visitor_id) references public.visitors (agent_id, id) on delete cascade,
  check (coalesce(email, phone) is not null),
  check (not consent or consent_text is not null)
);
comment on table public.leads is 'Contact details that visitors left. phone is E.164 where it can be read so; consent_text is what stood beside the box that was ticked. Erased with the conversation.';
create index leads_org_id_idx on public.leads (org_id, created_at desc);
create index leads_agent_id_idx on public.leads (agent_id, created_at desc);
create index leads_conversation_id_idx on public.leads (org_id, conversation_id);
create index leads_visitor_id_idx on public.leads (agent_id, visitor_id);

alter table public.leads enable row level security;
grant select on public.leads to authenticated;
grant delete on public.leads to authenticated;
grant select, insert, update, delete on public.leads to service_role;

create policy "Members read leads" on public.leads for select to authenticated using (org_id in (select private.my_org_ids('viewer')));
create policy "Admins erase leads" on public.leads for delete to authenticated using (org_id in (select private.my_org_ids('admin')));

create trigger freeze_columns before update of id, org_id, agent_id, conversation_id on public.leads
  for each row execute function private.freeze_columns('id', 'org_id', 'agent_id', 'conversation_id');
create trigger audit after delete on public.leads for each row execute function private.audit();

-- A lead follows its conversation to the visitor who takes it along.
create function private.move_leads() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  update public.leads l set visitor_id = new.visitor_id where l.org_id = new.org_id and l.conversation_id = new.id;
  return null;
end $$;
create trigger move_leads after update of visitor_id on public.conversations
  for each row when (new.visitor_id is distinct from old.visitor_id) execute function private.move_leads();

create function private.tell_lead_captured() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform private.emit_event(new.org_id, 'lead.captured', new.conversation_id::text, pg_catalog.jsonb_build_object(
    'leadId', new.id, 'conversationId', new.conversation_id, 'agentId', new.agent_id, 'visitorId', new.visitor_id,
    'name', new.name, 'email', new.email, 'phone', new.phone, 'message', new.message, 'fields', new.fields,
    'consent', new.consent, 'pageUrl', new.page_url), new.conversation_id);
  return null;
end $$;
create trigger tell_lead_captured after insert on public.leads for each row execute function private.tell_lead_captured();

-- Stores a lead, once for each idempotency_key of a conversation and at most 20 for each. lead is {name, email, phone, message, fields,
-- consent, consentText}. Returns {id, createdAt, created}.
create function public.capture_lead(
  org uuid, agent uuid, visitor uuid, page_origin text, conversation text, channel text, lead jsonb, idempotency_key text, request_hash text,
  page_url text default null
) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  thread public.conversations;
  stored public.leads;
begin
  thread := private.visitor_thread(org, agent, visitor, page_origin, conversation, channel, page_url);
  select l.* into stored from public.leads l where l.conversation_id = thread.id and l.idempotency_key = capture_lead.idempotency_key;
  if stored.id is not null then
    if stored.request_hash <> capture_lead.request_hash then
      raise exception 'This Idempotency-Key was used for another lead' using errcode = 'P0001', hint = 'idempotency_mismatch';
    end if;
    return pg_catalog.jsonb_build_object('id', stored.id, 'createdAt', stored.created_at, 'created', false);
  end if;
  if (select count(*) from public.leads l where l.org_id = org and l.conversation_id = thread.id) >= 20 then
    raise exception 'This conversation has enough leads' using errcode = 'P0001', hint = 'too_many_leads';
  end if;
  insert into public.leads (org_id, agent_id, conversation_id, visitor_id, name, email, phone, message, fields, consent, consent_text, page_url,
    idempotency_key, request_hash)
  values (org, agent, thread.id, visitor, lead ->> 'name', lead ->> 'email', lead ->> 'phone', lead ->> 'message', coalesce(lead -> 'fields', '{}'),
    coalesce((lead ->> 'consent')::boolean, false), lead ->> 'consentText', capture_lead.page_url, capture_lead.idempotency_key, capture_lead.request_hash)
  returning * into stored;
  return pg_catalog.jsonb_build_object('id', stored.id, 'createdAt', stored.created_at, 'created', true);
end $$;
revoke execute on function public.capture_lead(uuid, uuid, uuid, text, text, text, jsonb, text, text, text) from public, anon, authenticated;
grant execute on function public.capture_lead(uuid, uuid, uuid, text, text, text, jsonb, text, text, text) to service_role;

-- A visitor's own conversation as {id, clientId, title, createdAt, lastMessageAt, messages[], run, handoff, hasLead}, or null. run is the
-- newest one, handoff the state of the open request for a person.
create or replace function public.visitor_conversation(org uuid, visitor uuid, conversation text) returns jsonb
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
    ),
    'handoff', (select h.state from public.handoffs h where h.org_id = org and h.conversation_id = thread.id and h.state <> 'resolved'),
    'hasLead', exists (select 1 from public.leads l where l.org_id = org and l.conversation_id = thread.id));
end $$;
