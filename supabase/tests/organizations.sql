-- Organizations and memberships: what roles may not do to each other, the last owner, limits.
select plan(35);

-- An admin is not an owner, and cannot become one.
select tests.act_as('admin');
select throws_ok($$update public.memberships set role = 'owner' where user_id = tests.uid('admin')$$, '42501', null, 'an admin cannot make themselves owner');
select throws_ok($$update public.memberships set role = 'owner' where user_id = tests.uid('viewer')$$, '42501', null, 'an admin cannot make anybody owner');
select is_empty($$update public.memberships set role = 'viewer' where user_id = tests.uid('owner') returning 1$$, 'an admin cannot demote an owner');
select is_empty($$delete from public.memberships where user_id = tests.uid('owner') returning 1$$, 'an admin cannot remove an owner');
select throws_ok($$update public.memberships set user_id = tests.uid('stranger') where user_id = tests.uid('viewer')$$, '42501', null, 'an admin cannot hand a membership to somebody else');
select throws_ok($$update public.memberships set org_id = tests.org('B') where user_id = tests.uid('viewer')$$, '42501', null, 'an admin cannot move a membership to another organization');
select throws_ok($$insert into public.memberships values (tests.org('A'), tests.uid('stranger'), 'viewer')$$, '42501', null, 'T17: nobody is added without being invited');
select throws_ok($$update public.organizations set id = private.uuid_v7() where id = tests.org('A')$$, '42501', null, 'an organization keeps its id');
select throws_ok($$update public.organizations set created_by = tests.uid('admin') where id = tests.org('A')$$, '42501', null, 'T03: created_by is not for writing');
select isnt_empty($$update public.memberships set role = 'editor' where user_id = tests.uid('viewer') returning 1$$, 'an admin may change roles below owner');
select isnt_empty($$update public.organizations set name = 'Renamed' where id = tests.org('A') returning 1$$, 'an admin may rename the organization');
select is_empty($$delete from public.organizations where id = tests.org('A') returning 1$$, 'an admin cannot delete the organization');

select tests.act_as('editor');
select is_empty($$update public.memberships set role = 'admin' where user_id = tests.uid('editor') returning 1$$, 'an editor cannot promote themselves');
select is_empty($$delete from public.memberships where user_id = tests.uid('operator') returning 1$$, 'an editor cannot remove others');
select isnt_empty($$delete from public.memberships where user_id = tests.uid('editor') returning 1$$, 'anybody may leave');
select is_empty($$select 1 from public.organizations$$, 'T18: and then sees nothing any more');

-- Naming no row at all touches only what is one's own to touch.
select tests.act_as('owner of B');
update public.memberships set role = 'owner';
delete from public.memberships where user_id <> tests.uid('bystander of B');
select tests.act_as('postgres');
select results_eq($$select user_id, role from public.memberships where org_id = tests.org('B')$$, $$values (tests.uid('bystander of B'), 'owner'::public.member_role)$$, 'a blind change by an owner of B reaches everybody in B');
select results_eq($$select count(*)::int, count(*) filter (where role = 'owner')::int from public.memberships where org_id = tests.org('A')$$, $$values (6, 2)$$, 'and nobody in A');

-- The last owner.
select tests.act_as('owner');
select lives_ok($$delete from public.memberships where user_id = tests.uid('second owner')$$, 'an owner may remove another owner');
select throws_ok($$delete from public.memberships where user_id = tests.uid('owner')$$, 'P0001', 'An organization needs at least one owner', 'the last owner cannot leave');
select throws_ok($$update public.memberships set role = 'admin' where user_id = tests.uid('owner')$$, 'P0001', 'An organization needs at least one owner', 'nor step down');
select tests.act_as('service_role');
select throws_ok($$delete from public.memberships where user_id = tests.uid('owner')$$, 'P0001', null, 'not even the server removes the last owner');
select throws_ok($$update public.memberships set user_id = tests.uid('stranger') where user_id = tests.uid('operator')$$, '42501', 'user_id of memberships never changes', 'nor hands a membership to somebody else');
select tests.act_as('owner');
update public.memberships set role = 'owner' where user_id = tests.uid('admin');
select lives_ok($$update public.memberships set role = 'viewer' where user_id = tests.uid('owner')$$, 'with a second owner the first may step down');

-- Creating.
select tests.act_as('stranger');
select is((select name from public.create_organization('  Café Ёлка  ', 'cafe-yolka')), 'Café Ёлка', 'anybody may create an organization; its name is trimmed');
select is((select m.role::text from public.memberships m join public.organizations o on o.id = m.org_id where o.slug = 'cafe-yolka'), 'owner', 'and owns it');
select throws_ok($$select public.create_organization('Again', 'cafe-yolka')$$, '23505', null, 'a slug is taken once');
select throws_ok($$select public.create_organization('A', slug) from (values ('a'), ('-a'), ('A-B'), ('a--b'), ('a_b'), ('кафе')) v (slug)$$, '23514', null, 'bad slugs are refused');
select throws_ok($$select public.create_organization('   ', 'blank')$$, '23514', null, 'so are blank names');
select throws_ok($$select public.create_organization(repeat('x', 81), 'long-name')$$, '23514', null, 'and names over 80 characters');
select lives_ok($$select public.create_organization('Org ' || n, 'stranger-' || n) from generate_series(2, 50) n$$, 'one person may own 50');
select throws_ok($$select public.create_organization('One more', 'one-more')$$, 'P0001', 'One person may own at most 50 organizations', 'and no more');
select tests.act_as('nobody');
select throws_ok($$select public.create_organization('Ghost', 'ghost')$$, '42501', 'Sign in first', 'T20: a session without a user creates nothing');
select tests.act_as('anon');
select throws_ok($$select public.create_organization('Anon', 'anon')$$, '42501', null, 'T21: nor does an anonymous one');
select throws_ok($$select * from private.my_org_ids()$$, '42501', null, 'T21: the private schema is closed to it');
select * from finish();
