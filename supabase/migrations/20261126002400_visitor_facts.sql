-- What an agent may be told of its verified visitor: the fields of the organization's CRMs that the field map marks for it.

-- [{label, value}], at most 20, values cut at 300 characters; nothing for a visitor without a signed token, for fields that are not marked, and for
-- connections that leave this agent out.
create function public.visitor_facts(org uuid, agent uuid, visitor uuid) returns jsonb
language sql stable
set search_path = ''
as $$
  select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('label', told.label, 'value', told.value)), '[]')
  from (
    select f ->> 'label' as label, pg_catalog.left(f ->> 'value', 300) as value
    from pg_catalog.jsonb_array_elements(private.crm_context_of(org, visitor)) k
    join public.connections c on c.org_id = org and c.id = (k ->> 'connectionId')::uuid
      and (c.settings -> 'agentIds' = 'null'::jsonb or c.settings -> 'agentIds' @> pg_catalog.to_jsonb(agent))
    cross join pg_catalog.jsonb_array_elements(k -> 'fields') f
    where (f ->> 'agentMayRead')::boolean and pg_catalog.btrim(f ->> 'value') <> ''
    limit 20
  ) told
$$;
revoke execute on function public.visitor_facts(uuid, uuid, uuid) from public, anon, authenticated;
grant execute on function public.visitor_facts(uuid, uuid, uuid) to service_role;
