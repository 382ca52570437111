-- A conversation ends when nobody has written for a while, or when its visitor ends it; a new message opens it again.

alter table public.conversations
  add column ended_at timestamptz,
  add column ended_by text check (ended_by in ('idle', 'visitor')),
  add constraint conversations_ended_check check ((ended_at is null) = (ended_by is null));
create index conversations_open_idx on public.conversations (last_message_at) where ended_at is null;

-- What is long over is not told of as news.
update public.conversations c set ended_at = c.last_message_at, ended_by = 'idle' where c.last_message_at < now() - interval '30 minutes';

create function private.reopen_conversation() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.ended_at := null;
  new.ended_by := null;
  return new;
end $$;
create trigger reopen_conversation before update of last_message_at on public.conversations
  for each row when (old.ended_at is not null and new.last_message_at > old.last_message_at) execute function private.reopen_conversation();

create function private.tell_conversation_ended() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform private.emit_event(new.org_id, 'conversation.ended', new.id::text, pg_catalog.jsonb_build_object(
    'conversationId', new.id, 'agentId', new.agent_id, 'visitorId', new.visitor_id, 'channel', new.channel,
    'messageCount', new.message_count,
    'unanswered', (
      select count(*) from public.runs r join public.unanswered u on u.org_id = r.org_id and u.run_id = r.id
      where r.org_id = new.org_id and r.conversation_id = new.id),
    'durationSeconds', pg_catalog.floor(extract(epoch from new.last_message_at - new.created_at))::integer,
    'endedBy', new.ended_by), new.id);
  return null;
end $$;
create trigger tell_conversation_ended after update of ended_at on public.conversations
  for each row when (old.ended_at is null and new.ended_at is not null) execute function private.tell_conversation_ended();

-- Ends up to `batch` conversations in which nobody has written for idle_minutes and no answer is on its way. Returns how many. Several
-- workers may call it at once.
create function public.end_idle_conversations(idle_minutes integer default 30, batch integer default 500) returns integer
language plpgsql
set search_path = ''
as $$
declare
  ended integer;
begin
  with idle as (
    select c.id from public.conversations c
    where c.ended_at is null and c.last_message_at < pg_catalog.now() - pg_catalog.make_interval(mins => greatest(idle_minutes, 1))
      and not exists (
        select 1 from public.runs r where r.conversation_id = c.id and r.status = 'running' and r.lease_until > pg_catalog.now())
    order by c.last_message_at limit batch
    for update skip locked
  )
  update public.conversations c set ended_at = pg_catalog.now(), ended_by = 'idle' from idle where c.id = idle.id;
  get diagnostics ended = row_count;
  return ended;
end $$;
revoke execute on function public.end_idle_conversations(integer, integer) from public, anon, authenticated;
grant execute on function public.end_idle_conversations(integer, integer) to service_role;

-- Ends a visitor's own conversation; one that has ended stays as it is. False when there is no such conversation.
create function public.end_conversation(org uuid, visitor uuid, conversation text) returns boolean
language plpgsql
set search_path = ''
as $$
begin
  update public.conversations c set ended_at = coalesce(c.ended_at, pg_catalog.now()), ended_by = coalesce(c.ended_by, 'visitor')
  where c.org_id = org and c.visitor_id = visitor and c.client_id = conversation;
  return found;
end $$;
revoke execute on function public.end_conversation(uuid, uuid, text) from public, anon, authenticated;
grant execute on function public.end_conversation(uuid, uuid, text) to service_role;
