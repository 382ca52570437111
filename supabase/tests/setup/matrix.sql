-- The access matrix: every table x principal x organization x verb, tried for real and undone.

-- The tables of the matrix, from the catalogue: all of public, and the stored objects. org is the SQL that tells a row's
-- organization; pick chooses the row that is tried on where any would not do: memberships are tried on a bystander's (everybody
-- may remove their own) and once more on an owner's.
create view tests.tables as
  with plain as (
    select c.oid::regclass as name, n.nspname || '.' || c.relname as label,
      case c.oid when 'public.organizations'::regclass then 'id' when 'storage.objects'::regclass then 'split_part(name, ''/'', 1)::uuid' else 'org_id' end as org,
      case c.oid when 'public.memberships'::regclass then 'user_id in (tests.uid(''bystander''), tests.uid(''bystander of B''))' else 'true' end as pick,
      (select array_agg(a.attname::text order by a.attnum) from pg_index i join pg_attribute a on a.attrelid = c.oid and a.attnum = any (i.indkey)
       where i.indrelid = c.oid and i.indisprimary) as key
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where (n.nspname = 'public' and c.relkind in ('r', 'p')) or c.oid = 'storage.objects'::regclass
  )
  select * from plain
  union all
  select name, label || ' (an owner''s)', org, 'user_id in (tests.uid(''second owner''), tests.uid(''second owner of B''))', key from plain where label = 'public.memberships';

-- Runs a statement as somebody and undoes it. Returns how many rows it touched, or the SQLSTATE it failed with. prepare is
-- run first, as the superuser with triggers and foreign keys asleep; check_keys also checks foreign keys that wait for the commit.
create function tests.attempt(who text, statement text, prepare text default null, check_keys boolean default false) returns text language plpgsql as $$
declare
  touched bigint;
begin
  begin
    if prepare is not null then
      set local session_replication_role = replica;
      execute prepare;
      set local session_replication_role = origin;
    end if;
    perform tests.act_as(who);
    execute statement;
    get diagnostics touched = row_count;
    if check_keys then
      set constraints all immediate;
    end if;
    raise exception using errcode = 'TEST0', message = touched::text;
  exception
    when sqlstate 'TEST0' then return sqlerrm;
    when others then return sqlstate;
  end;
end $$;

-- One row of a table, by organization.
create function tests.row_of(t tests.tables, org uuid) returns jsonb language plpgsql as $$
declare
  found_row jsonb;
begin
  execute format('select to_jsonb(r) from %s r where %s = %L and %s order by r limit 1', t.name, t.org, org, t.pick) into found_row;
  return found_row;
end $$;

-- insert into … for a row given as JSON, limited to the columns that who may write (all of them where there are none, so
-- that the refusal is Postgres's own) and always with the columns in also.
create function tests.insert_sql(t tests.tables, who text, new_row jsonb, also text[] default '{}') returns text language plpgsql as $$
declare
  who_role text := case when who in ('anon', 'service_role') then who else 'authenticated' end;
  columns text;
begin
  with candidates as (
    select a.attname, a.attnum, has_column_privilege(who_role, t.name::oid, a.attnum, 'insert') as granted
    from pg_attribute a where a.attrelid = t.name and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
      and (t.label <> 'storage.objects' or a.attname in ('bucket_id', 'name') or a.attname::text = any (also))
  )
  select string_agg(quote_ident(attname), ', ' order by attnum) into columns
  from candidates where granted or attname::text = any (also) or not exists (select 1 from candidates where granted);
  if new_row ? 'created_by' and tests.uid(who) is not null then
    new_row := new_row || jsonb_build_object('created_by', tests.uid(who));
  end if;
  return format('insert into %s (%s) select %s from jsonb_populate_record(null::%s, %L)', t.name, columns, columns, t.name, new_row);
end $$;

-- Tries everything on every table, and returns what happened: org is whose row was touched, outcome a row count or a
-- SQLSTATE. With only_table and only_verb it is quick: that table's rows of organization A, that verb.
create function tests.matrix(only_table text default null, only_verb text default null)
returns table (tbl text, principal text, org text, verb text, outcome text) language plpgsql as $$
declare
  t tests.tables;
  fk record;
  who text;
  which text;
  mine jsonb;
  theirs jsonb;
  the_row text;
  writable text;
  remove_it text;
  remove_both text;
  leave_it text;
  blind_value text;
  keys text;
begin
  for t in select * from tests.tables where only_table is null or split_part(label, ' ', 1) = only_table order by label loop
    -- A column that a person may write, or else any that is not part of the key.
    select a.attname into writable from pg_attribute a
    where a.attrelid = t.name and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and not a.attname::text = any (t.key)
    order by has_column_privilege('authenticated', t.name::oid, a.attnum, 'update') desc, a.attname = 'org_id', a.attnum limit 1;
    select string_agg(quote_ident(k), ', ') into keys from unnest(t.key) k;

    foreach which in array case when only_table is null then array['A', 'B'] else array['A'] end loop
      mine := tests.row_of(t, tests.org(which));
      theirs := tests.row_of(t, tests.org(case which when 'A' then 'B' else 'A' end));
      if mine is null then
        raise exception '% has no row of %: add one to setup/world.sql', t.label, which;
      end if;
      select string_agg(format('r.%I = %L', k, mine ->> k), ' and ') into the_row from unnest(t.key) k;
      remove_it := format('delete from %s r where %s', t.name, the_row);
      leave_it := format('delete from %s r where not (%s)', t.name, the_row);
      execute format('select (%I)::text from %s r where %s', writable, t.name, the_row) into blind_value;
      -- Their row as well, so that not its own unique key but the missing right refuses one that points where it did.
      select remove_it || '; ' || format('delete from %s r where ', t.name) || string_agg(format('r.%I = %L', k, theirs ->> k), ' and ')
      into remove_both from unnest(t.key) k;

      foreach who in array array['anon', 'nobody', 'removed', 'viewer', 'operator', 'editor', 'admin', 'owner', 'owner of B', 'service_role'] loop
        -- To B the people of A are all the same strangers: two of them stand for the rest.
        continue when which = 'B' and who in ('viewer', 'operator', 'editor');
        tbl := t.label; principal := who; org := which;

        if only_verb is null or only_verb = 'select' then
          verb := 'select'; outcome := tests.attempt(who, format('select 1 from %s r where %s', t.name, the_row)); return next;
        end if;
        if only_verb is null or only_verb = 'insert' then
          verb := 'insert'; outcome := tests.attempt(who, tests.insert_sql(t, who, mine), remove_it); return next;
        end if;
        -- Also blind, without naming any row or reading any column, so that no policy for reading helps; this row is the only one
        -- left. (Memberships are what everybody's rights come from, so theirs cannot be taken away: see organizations.sql.)
        if only_verb is null or only_verb = 'update' then
          verb := 'update'; outcome := tests.attempt(who, format('update %s r set %I = %I where %s', t.name, writable, writable, the_row)); return next;
          if t.name <> 'public.memberships'::regclass then
            verb := 'update blind'; outcome := tests.attempt(who, format('update %s set %I = %L', t.name, writable, blind_value), leave_it); return next;
          end if;
        end if;
        if only_verb is null or only_verb = 'delete' then
          verb := 'delete'; outcome := tests.attempt(who, remove_it); return next;
          if t.name <> 'public.memberships'::regclass then
            verb := 'delete blind'; outcome := tests.attempt(who, format('delete from %s', t.name), leave_it); return next;
          end if;
        end if;
        continue when only_table is not null;

        verb := 'select all'; outcome := tests.attempt(who, format('select 1 from %s r where %s = %L', t.name, t.org, tests.org(which))); return next;
        verb := 'select count'; outcome := tests.attempt(who, format('select 1 from (select count(*) as n from %s r where %s = %L) x where n > 0', t.name, t.org, tests.org(which))); return next;
        verb := 'insert returning'; outcome := tests.attempt(who, tests.insert_sql(t, who, mine) || ' returning ' || keys, remove_it); return next;
        verb := 'update returning'; outcome := tests.attempt(who, format('update %s r set %I = %I where %s returning %s', t.name, writable, writable, the_row, keys)); return next;
        verb := 'delete returning'; outcome := tests.attempt(who, remove_it || ' returning ' || keys); return next;
        verb := 'upsert'; outcome := tests.attempt(who, format('%s on conflict (%s) do update set %I = excluded.%I', tests.insert_sql(t, who, mine, t.key), keys, writable, writable)); return next;
        if t.label not in ('public.organizations', 'storage.objects') then
          verb := 'move'; outcome := tests.attempt(who, format('update %s r set org_id = %L where %s', t.name, theirs ->> 'org_id', the_row)); return next;
        elsif t.label = 'storage.objects' then
          verb := 'move'; outcome := tests.attempt(who, format('update %s r set name = %L where %s', t.name, theirs ->> 'name' || '-moved', the_row)); return next;
        end if;

        -- A row of one organization that points at the other's: every foreign key column but org_id, inserted and updated.
        for fk in
          select distinct a.attname::text as col from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid and a.attnum = any (c.conkey)
          where c.conrelid = t.name and c.contype = 'f' and a.attname not in ('id', 'org_id') and c.confrelid not in ('auth.users'::regclass, 'storage.buckets'::regclass)
        loop
          verb := 'insert pointing at the other''s ' || fk.col;
          outcome := tests.attempt(who, tests.insert_sql(t, who, mine || jsonb_build_object(fk.col, theirs -> fk.col), array[fk.col]), remove_both, true); return next;
          verb := 'point at the other''s ' || fk.col;
          outcome := tests.attempt(who, format('update %s r set %I = %L where %s', t.name, fk.col, theirs ->> fk.col, the_row), null, true); return next;
        end loop;
      end loop;
    end loop;
  end loop;
end $$;
