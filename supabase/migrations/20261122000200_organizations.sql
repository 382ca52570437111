-- Organizations (the tenant) and who belongs to them with which role.

create type public.member_role as enum ('viewer', 'operator', 'editor', 'admin', 'owner');
comment on type public.member_role is 'Ascending power: viewer reads; operator answers visitors; editor changes agents and knowledge; admin manages members, keys and settings; owner may delete the organization.';

create table public.organizations (
  id uuid primary key default private.uuid_v7(),
  slug text not null unique check (slug ~ '^[a-z0-9](-?[a-z0-9]){1,47}$'),
  name text not null check (char_length(btrim(name)) between 1 and 80),
  created_by uuid references auth.users (id) on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
comment on table public.organizations is 'A tenant. Every other tenant table carries its id as org_id.';
create index organizations_created_by_idx on public.organizations (created_by);

create table public.memberships (
  org_id uuid not null references public.organizations (id) on delete cascade,
  user_id uuid not null references auth.users (id) on delete cascade,
  role public.member_role not null,
  created_at timestamptz not null default now(),
  primary key (org_id, user_id)
);
comment on table public.memberships is 'Who belongs to an organization, with which role.';
create index memberships_user_id_idx on public.memberships (user_id);

-- The organizations in which the signed-in person holds at least min_role. Definer, so that the policies on memberships
-- can ask it without recursing into themselves.
create function private.my_org_ids(min_role public.member_role default 'viewer') returns setof uuid
language sql stable security definer
set search_path = ''
as $$
  select m.org_id from public.memberships m
  where m.user_id = (select auth.uid()) and m.role >= min_role
$$;
grant execute on function private.my_org_ids(public.member_role) to authenticated, service_role;

alter table public.organizations enable row level security;
alter table public.memberships enable row level security;

grant select, delete on public.organizations to authenticated;
grant update (name, slug) on public.organizations to authenticated;
grant select, insert, update, delete on public.organizations to service_role;
grant select, delete on public.memberships to authenticated;
-- The role alone: with user_id writable, an admin could hand a membership to anybody.
grant update (role) on public.memberships to authenticated;
grant select, insert, update, delete on public.memberships to service_role;

create policy "Members read their organizations" on public.organizations for select to authenticated
  using (id in (select private.my_org_ids('viewer')));
create policy "Admins rename their organizations" on public.organizations for update to authenticated
  using (id in (select private.my_org_ids('admin'))) with check (id in (select private.my_org_ids('admin')));
create policy "Owners delete their organizations" on public.organizations for delete to authenticated
  using (id in (select private.my_org_ids('owner')));

create policy "Members see who else belongs" on public.memberships for select to authenticated
  using (org_id in (select private.my_org_ids('viewer')));
create policy "Admins change roles below owner" on public.memberships for update to authenticated
  using (org_id in (select private.my_org_ids('admin')) and (role < 'owner' or org_id in (select private.my_org_ids('owner'))))
  with check (org_id in (select private.my_org_ids('admin')) and (role < 'owner' or org_id in (select private.my_org_ids('owner'))));
create policy "Admins remove members and people leave" on public.memberships for delete to authenticated
  using ((user_id = (select auth.uid()))
    or (org_id in (select private.my_org_ids('admin')) and (role < 'owner' or org_id in (select private.my_org_ids('owner')))));

-- An organization never loses its last owner (deleting the organization itself cascades and is allowed).
create function private.keep_an_owner() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  if old.role = 'owner' and (tg_op = 'DELETE' or new.role <> 'owner') then
    perform 1 from public.organizations o where o.id = old.org_id for update;
    if found and not exists (
      select 1 from public.memberships m
      where m.org_id = old.org_id and m.role = 'owner' and m.user_id <> old.user_id
    ) then
      raise exception 'An organization needs at least one owner' using errcode = 'P0001', hint = 'last_owner';
    end if;
  end if;
  return case when tg_op = 'DELETE' then old else new end;
end $$;
create trigger keep_an_owner before update or delete on public.memberships
  for each row execute function private.keep_an_owner();

create trigger freeze_columns before update of org_id, user_id on public.memberships
  for each row execute function private.freeze_columns('org_id', 'user_id');
create trigger freeze_columns before update of id on public.organizations
  for each row execute function private.freeze_columns('id');
create trigger touch_updated_at before update on public.organizations
  for each row execute function private.touch_updated_at();

-- Makes an organization and its first owner, the caller, in one transaction.
create function public.create_organization(org_name text, org_slug text) returns public.organizations
language plpgsql security definer
set search_path = ''
as $$
declare
  me uuid := (select auth.uid());
  made public.organizations;
begin
  if me is null then
    raise exception 'Sign in first' using errcode = '42501';
  end if;
  if (select count(*) from public.memberships m where m.user_id = me and m.role = 'owner') >= 50 then
    raise exception 'One person may own at most 50 organizations' using errcode = 'P0001', hint = 'too_many_organizations';
  end if;
  insert into public.organizations (name, slug, created_by) values (btrim(org_name), org_slug, me) returning * into made;
  insert into public.memberships (org_id, user_id, role) values (made.id, me, 'owner');
  return made;
end $$;
grant execute on function public.create_organization(text, text) to authenticated;
