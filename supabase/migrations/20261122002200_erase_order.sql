-- Erasing a conversation while its answer ends: both lock the runs before the messages, so that neither waits for the other.

-- Erases a visitor's own conversation. Returns the runs that were still running, null when there is no such conversation.
create or replace function public.erase_conversation(org uuid, visitor uuid, conversation text) returns uuid[]
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
  perform 1 from public.runs r where r.org_id = org and r.conversation_id = thread order by r.id for update;
  select coalesce(pg_catalog.array_agg(r.id), '{}') into running from public.runs r
  where r.org_id = org and r.conversation_id = thread and r.status = 'running';
  delete from public.conversations c where c.org_id = org and c.id = thread;
  return running;
end $$;
