-- A question is recorded as unanswered once, however often its answer is written anew.

create function private.unanswered_once() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if exists (
    select 1 from public.unanswered u
    join public.runs earlier on earlier.org_id = u.org_id and earlier.id = u.run_id
    join public.messages told on told.org_id = earlier.org_id and told.id = earlier.message_id
    join public.runs current on current.org_id = new.org_id and current.id = new.run_id
    join public.messages now_told on now_told.org_id = current.org_id and now_told.id = current.message_id
    where u.org_id = new.org_id and u.run_id <> new.run_id and earlier.conversation_id = current.conversation_id and told.parent_id = now_told.parent_id
  ) then
    return null;
  end if;
  return new;
end $$;
create trigger unanswered_once before insert on public.unanswered for each row execute function private.unanswered_once();
