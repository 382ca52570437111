-- Which CRM a conversation is in, for the people who answer it.

-- The names of an organization's connections, for operators, who may not see the connections themselves. Nothing for anybody else.
create function public.connection_names(org uuid) returns table (id uuid, crm text, cloud text, name text, status text)
language sql stable security definer
set search_path = ''
as $$
  select c.id, c.crm, c.cloud, c.name, c.status from public.connections c
  where c.org_id = org and org in (select private.my_org_ids('operator'))
  order by c.created_at
$$;
grant execute on function public.connection_names(uuid) to authenticated;
