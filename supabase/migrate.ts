import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { SqlDatabase, SqlSession } from "@gpt-agent/core/backup/sql-session";

/** Whoever migrates holds it for a transaction: two processes that start at once apply each migration once. */
const LOCK = "select pg_advisory_xact_lock(hashtextextended('gpt-agent migrations', 0))";

const LEDGER = `
  create schema if not exists supabase_migrations;
  create table if not exists supabase_migrations.schema_migrations (version text primary key, statements text[], name text);
`;

const FILE = /^(\d{14})_([a-z0-9_]+)\.sql$/;

/** The versions that a folder of <timestamp>_<topic>.sql files holds, oldest first. */
export async function knownMigrations(folder: string): Promise<string[]> {
  const files = (await readdir(folder)).filter((file) => FILE.test(file)).sort();
  return files.map((file) => file.slice(0, 14));
}

/** The versions that a database has, oldest first; none where there is no ledger. */
export async function appliedMigrations(db: SqlSession): Promise<string[]> {
  const { rows: ledger } = await db.query<{ found: boolean }>(
    "select to_regclass('supabase_migrations.schema_migrations') is not null as found",
  );
  if (!ledger[0]?.found) return [];
  const { rows } = await db.query<{ version: string }>("select version from supabase_migrations.schema_migrations order by version");
  return rows.map(({ version }) => version);
}

/**
 * Applies the migrations that are not applied yet, oldest first, each in a transaction of its own under the lock, and records them in
 * supabase_migrations.schema_migrations as the Supabase CLI does, so that either can go on where the other ended.
 * @param folder where the <timestamp>_<topic>.sql files are
 * @returns the versions applied now
 */
export async function migrate(db: SqlDatabase, folder: string): Promise<string[]> {
  await db.transaction(async (session) => {
    await session.exec(LOCK);
    await session.exec(LEDGER);
  });
  const applied = new Set(await appliedMigrations(db));
  const now: string[] = [];
  for (const version of await knownMigrations(folder)) {
    if (!applied.has(version) && (await db.transaction((session) => applyMigration(session, folder, version)))) now.push(version);
  }
  return now;
}

/**
 * Applies one migration inside of a transaction that is already open.
 * @returns false when another process has applied it
 */
export async function applyMigration(session: SqlSession, folder: string, version: string): Promise<boolean> {
  await session.exec(LOCK);
  const { rows } = await session.query("select 1 as one from supabase_migrations.schema_migrations where version = $1", [version]);
  if (rows.length > 0) return false;
  const file = (await readdir(folder)).find((name) => name.startsWith(`${version}_`) && FILE.test(name));
  if (!file) throw new Error(`There is no migration ${version}`);
  const sql = await readFile(join(folder, file), "utf8");
  await session.exec(sql);
  await session.query("insert into supabase_migrations.schema_migrations (version, name, statements) values ($1, $2, $3)", [
    version,
    file.slice(15, -4),
    [sql],
  ]);
  return true;
}

/** Applies exactly these migrations that are missing, inside of a transaction that is already open. */
export async function migrateTo(session: SqlSession, folder: string, versions: readonly string[]): Promise<void> {
  await session.exec(LOCK);
  await session.exec(LEDGER);
  for (const version of versions) await applyMigration(session, folder, version);
}
