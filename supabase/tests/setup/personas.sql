-- The people of every database test, and how to act as one of them. Only test databases have the schema "tests".
create schema tests;
grant usage on schema tests to anon, authenticated, service_role;

create table tests.personas (
  name text primary key,
  id uuid not null unique,
  home text check (home in ('A', 'B')),
  role public.member_role
);
comment on table tests.personas is 'home and role say what they are now; "removed" was an admin of A; "stranger" never belonged anywhere.';
insert into tests.personas (name, id, home, role) values
  ('owner',     '00000000-0000-4000-8000-0000000000a1', 'A', 'owner'),
  ('admin',     '00000000-0000-4000-8000-0000000000a2', 'A', 'admin'),
  ('editor',    '00000000-0000-4000-8000-0000000000a3', 'A', 'editor'),
  ('operator',  '00000000-0000-4000-8000-0000000000a4', 'A', 'operator'),
  ('viewer',    '00000000-0000-4000-8000-0000000000a5', 'A', 'viewer'),
  ('bystander', '00000000-0000-4000-8000-0000000000a6', 'A', 'viewer'),
  ('second owner', '00000000-0000-4000-8000-0000000000a8', 'A', 'owner'),
  ('removed',   '00000000-0000-4000-8000-0000000000a7', null, null),
  ('owner of B',  '00000000-0000-4000-8000-0000000000b1', 'B', 'owner'),
  ('bystander of B', '00000000-0000-4000-8000-0000000000b6', 'B', 'viewer'),
  ('second owner of B', '00000000-0000-4000-8000-0000000000b8', 'B', 'owner'),
  ('stranger',  '00000000-0000-4000-8000-0000000000c1', null, null);
grant select on tests.personas to anon, authenticated, service_role;

insert into auth.users (id, email) select id, replace(name, ' ', '-') || '@example.com' from tests.personas;

-- A persona's user id.
create function tests.uid(who text) returns uuid language sql stable as $$ select id from tests.personas where name = who $$;
-- The id of organization A or B.
create function tests.org(which text) returns uuid language sql immutable as $$
  select case which when 'A' then '00000000-0000-7000-8000-00000000000a' when 'B' then '00000000-0000-7000-8000-00000000000b' end::uuid
$$;

-- From here to the end of the transaction (or savepoint), the session is `who`: a persona, anon, service_role, "nobody" (a
-- signed-in session without a user in its token), or postgres (back to the superuser). Claims are set in both spellings that
-- auth.uid() reads: Supabase's request.jwt.claims and Supabase Lite's request.jwt.claim.*.
create function tests.act_as(who text) returns void language plpgsql as $$
declare
  acting_role text := case when who in ('anon', 'service_role') then who when who = 'postgres' then 'none' else 'authenticated' end;
  sub text;
begin
  perform set_config('role', 'none', true);
  sub := tests.uid(who)::text;
  if sub is null and who not in ('anon', 'service_role', 'nobody', 'postgres') then
    raise exception 'No persona %', who;
  end if;
  perform set_config('request.jwt.claim.sub', coalesce(sub, ''), true);
  perform set_config('request.jwt.claim.role', case who when 'postgres' then '' else acting_role end, true);
  perform set_config('request.jwt.claims',
    case who when 'postgres' then '' else jsonb_strip_nulls(jsonb_build_object('role', acting_role, 'sub', sub))::text end, true);
  perform set_config('role', acting_role, true);
end $$;
