-- Who belongs to an organization, with their e-mail addresses, which are in Supabase Auth's own table.

-- The members of an organization the caller belongs to; nobody for anyone else. Definer, because people may not read auth.users.
create function public.list_members(org uuid)
returns table (user_id uuid, email text, role public.member_role, created_at timestamptz)
language sql stable security definer
set search_path = ''
as $$
  select m.user_id, u.email::text, m.role, m.created_at
  from public.memberships m
  join auth.users u on u.id = m.user_id
  where m.org_id = org and org in (select private.my_org_ids('viewer'))
  order by m.role desc, u.email
$$;
revoke execute on function public.list_members(uuid) from public, anon;
grant execute on function public.list_members(uuid) to authenticated, service_role;
