-- The note of a request for a person counts as a message, so that a conversation that begins with one is listed.

create or replace function public.request_handoff(
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
    update public.conversations c set message_count = c.message_count + 1, last_message_at = pg_catalog.now() where c.id = thread.id;
  end if;
  return pg_catalog.jsonb_build_object('id', open_one.id, 'state', open_one.state, 'requestedAt', open_one.requested_at);
end $$;
