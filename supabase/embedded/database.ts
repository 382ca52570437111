import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { PGlite } from "@electric-sql/pglite";
import { pg_trgm } from "@electric-sql/pglite/contrib/pg_trgm";
import { uuid_ossp } from "@electric-sql/pglite/contrib/uuid_ossp";
import { vector } from "@electric-sql/pglite/vector";
import { createPgliteConnection } from "@supabase/lite/pglite";

/**
 * Opens Postgres (PGlite) with the extensions our migrations ask for.
 * @param folder data folder, or undefined for a database in memory
 */
export function openDatabase(folder?: string) {
  return createPgliteConnection({
    ...(folder ? { url: folder } : {}),
    pgliteOptions: { extensions: { vector, pg_trgm, uuid_ossp } },
  });
}

/** The roles and grants that hosted Supabase brings with it. */
const ROLES = `
do $$ begin
  if not exists (select 1 from pg_roles where rolname = 'anon') then create role anon nologin noinherit; end if;
  if not exists (select 1 from pg_roles where rolname = 'authenticated') then create role authenticated nologin noinherit; end if;
  if not exists (select 1 from pg_roles where rolname = 'service_role') then create role service_role nologin noinherit bypassrls; end if;
end $$;
grant usage on schema public to anon, authenticated, service_role;
`;

const GRANTS = `
grant usage on schema auth to anon, authenticated, service_role;
grant execute on all functions in schema auth to anon, authenticated, service_role;
`;

/** Call before the system schemas exist. */
export const createRoles = (db: PGlite) => db.exec(ROLES);
/** Call once the system schemas exist. */
export const grantSystemSchemas = (db: PGlite) => db.exec(GRANTS);

/**
 * Applies the migrations that are not applied yet, oldest first, each in a transaction of its own, and records them in
 * supabase_migrations.schema_migrations as the Supabase CLI does.
 * @param folder where the <timestamp>_<topic>.sql files are
 * @returns the versions applied now
 */
export async function migrate(db: PGlite, folder: string): Promise<string[]> {
  await db.exec(`
    create schema if not exists supabase_migrations;
    create table if not exists supabase_migrations.schema_migrations (version text primary key, statements text[], name text);
  `);
  const { rows } = await db.query<{ version: string }>("select version from supabase_migrations.schema_migrations");
  const applied = new Set(rows.map((row) => row.version));
  const files = (await readdir(folder)).filter((file) => /^\d{14}_[a-z0-9_]+\.sql$/.test(file)).sort();
  const now: string[] = [];
  for (const file of files) {
    const version = file.slice(0, 14);
    if (applied.has(version)) continue;
    const sql = await readFile(join(folder, file), "utf8");
    await db.transaction(async (tx) => {
      await tx.exec(sql);
      await tx.query("insert into supabase_migrations.schema_migrations (version, name, statements) values ($1, $2, $3)", [
        version,
        file.slice(15, -4),
        [sql],
      ]);
    });
    now.push(version);
  }
  return now;
}
