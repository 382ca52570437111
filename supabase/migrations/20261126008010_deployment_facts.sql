-- What `npm run doctor` and whoever else watches an installation asks the database about itself.

-- Facts about the installation: {now, server, migrations, tablesWithoutRls, tables, buckets: [{id, public}], workersSeen, sealedWith: {keyId: count}, backups}. No data
-- of any organization.
create function public.deployment_facts() returns jsonb
language plpgsql stable security definer
set search_path = ''
as $$
declare
  col record;
  found record;
  sealed jsonb := '{}';
begin
  for col in
    select n.nspname, c.relname, a.attname from pg_catalog.pg_attribute a
    join pg_catalog.pg_class c on c.oid = a.attrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and n.nspname = 'public' and a.attnum > 0 and not a.attisdropped and a.atttypid = 'text'::pg_catalog.regtype
      and (a.attname like '%sealed%' or a.attname like '%secret')
  loop
    for found in execute pg_catalog.format(
      'select pg_catalog.split_part(%1$I, ''.'', 2) as id, pg_catalog.count(*) as n from %2$I.%3$I where %1$I ~ ''^v1\.[[:alnum:]_-]{1,32}\.'' group by 1',
      col.attname, col.nspname, col.relname)
    loop
      sealed := sealed || pg_catalog.jsonb_build_object(found.id, coalesce((sealed ->> found.id)::bigint, 0) + found.n);
    end loop;
  end loop;
  return pg_catalog.jsonb_build_object(
    'now', pg_catalog.clock_timestamp(),
    'server', pg_catalog.current_setting('server_version'),
    'migrations', (select coalesce(pg_catalog.jsonb_agg(m.version order by m.version), '[]') from supabase_migrations.schema_migrations m),
    'tables', (select pg_catalog.count(*) from pg_catalog.pg_class c where c.relnamespace = 'public'::pg_catalog.regnamespace and c.relkind in ('r', 'p')),
    'tablesWithoutRls', (
      select coalesce(pg_catalog.jsonb_agg(n.nspname || '.' || c.relname order by 1), '[]') from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p') and not c.relrowsecurity and (n.nspname = 'public' or (n.nspname = 'storage' and c.relname in ('objects', 'buckets')))),
    'buckets', (select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('id', b.id, 'public', b.public) order by b.id), '[]') from storage.buckets b),
    'workersSeen', (select pg_catalog.count(*) from private.workers w where w.seen_at > pg_catalog.now() - interval '60 seconds'),
    'sealedWith', sealed,
    'backups', public.backup_status());
end $$;
revoke execute on function public.deployment_facts() from public, anon, authenticated;
grant execute on function public.deployment_facts() to service_role;
