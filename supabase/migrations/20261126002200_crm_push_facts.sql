-- What a conversation has to tell a CRM, for the worker that writes it and for the portal that shows beforehand what would be written.

grant execute on function private.visible_messages(uuid, uuid) to authenticated;

-- {orgSlug, agentName, conversation, visitor, leads, handoff, unanswered, messages, messageCount} (core/crm/push-facts.ts); null for a
-- conversation that the caller may not read or that is gone.
create function public.crm_push_facts(org uuid, conversation uuid) returns jsonb
language sql stable
set search_path = ''
as $$
  select pg_catalog.jsonb_build_object(
    'orgSlug', o.slug, 'agentName', a.name,
    'conversation', pg_catalog.jsonb_build_object('id', c.id, 'title', c.title, 'locale', c.locale, 'pageUrl', c.page_url, 'summary', c.summary,
      'startedAt', c.created_at),
    'visitor', (
      select pg_catalog.jsonb_build_object('id', v.id, 'firstSeenAt', v.created_at, 'verified', case when v.verified_at is not null then
        pg_catalog.jsonb_build_object('externalId', v.external_id, 'email', v.email, 'phone', v.phone, 'name', v.name) end)
      from public.visitors v where v.org_id = org and v.id = c.visitor_id
    ),
    'leads', (
      select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('name', l.name, 'email', l.email, 'phone', l.phone, 'message', l.message)
                                           order by l.created_at desc, l.id desc), '[]')
      from public.leads l where l.org_id = org and l.conversation_id = c.id
    ),
    'handoff', (
      select pg_catalog.jsonb_build_object('reason', h.reason) from public.handoffs h where h.org_id = org and h.conversation_id = c.id
      order by h.requested_at desc, h.id desc limit 1
    ),
    'unanswered', (
      select coalesce(pg_catalog.jsonb_agg(u.question order by u.created_at, u.id), '[]')
      from public.unanswered u join public.runs r on r.org_id = u.org_id and r.id = u.run_id
      where u.org_id = org and r.conversation_id = c.id
    ),
    'messages', (
      select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('author', m.author, 'text', pg_catalog.left(m.body, 8000), 'at', m.created_at)
                                           order by m.created_at, m.id), '[]')
      from (
        select * from private.visible_messages(org, c.id) v where v.author in ('visitor', 'agent', 'operator') and v.body <> ''
        order by v.created_at desc, v.id desc limit 400
      ) m
    ),
    'messageCount', (select count(*) from private.visible_messages(org, c.id) v where v.author in ('visitor', 'agent', 'operator') and v.body <> ''))
  from public.conversations c
  join public.organizations o on o.id = c.org_id
  join public.agents a on a.org_id = c.org_id and a.id = c.agent_id
  where c.org_id = org and c.id = conversation
$$;
revoke execute on function public.crm_push_facts(uuid, uuid) from public, anon;
grant execute on function public.crm_push_facts(uuid, uuid) to authenticated, service_role;
