import { quoted, tableName, tablesOf } from "@gpt-agent/core/backup/dump-database";
import { BackupError } from "@gpt-agent/core/backup/errors";
import { checkBackup, readBackup } from "@gpt-agent/core/backup/make-backup";
import type { BackupHead, BackupManifest, StoredObject, TableShape } from "@gpt-agent/core/backup/records";
import type { SqlDatabase, SqlSession } from "@gpt-agent/core/backup/sql-session";
import { appliedMigrations, knownMigrations, migrate, migrateTo } from "../migrate.ts";

export type Restore = {
  /** The backup's bytes, each time from the first: it is read three times. */
  file: () => AsyncIterable<Uint8Array>;
  keys: readonly Buffer[];
  db: SqlDatabase;
  migrationsFolder: string;
  /** Puts an object into storage, over one that is there. */
  putObject: (object: StoredObject, bytes: Buffer) => Promise<void>;
  /** What is there goes. Without it only an empty database is taken. */
  replace?: boolean;
  /** Only objects are put, those that the database has a row for: after a restore whose objects broke off, or a database's own point-in-time recovery. */
  objectsOnly?: boolean;
  /** Told what is going on. */
  say?: (line: string) => void;
};

export type Restored = {
  head: BackupHead;
  manifest: BackupManifest;
  /** Migrations that were applied on top of the backup's. */
  migrated: string[];
  /** Columns and tables of Supabase's own schemas that this Supabase does not have, or has in another form. */
  leftOut: string[];
};

/** A table of Supabase's own whose rows only keep people signed in; without them they sign in again. */
const PASSING = /^auth\.(refresh_tokens|sessions|flow_state|audit_log_entries|one_time_tokens|mfa_amr_claims|mfa_challenges)$/;

/**
 * Puts a backup into a database: checks the whole file, brings the schema to what it was, loads the data (all of that in one transaction), applies newer
 * migrations, and puts the objects into storage.
 * @throws BackupError for a file that cannot be trusted, a database that is not empty, a backup of a newer platform: nothing is changed then, nor
 * when loading fails. When objects fail the database is restored, and objectsOnly goes on
 */
export async function restoreBackup(options: Restore): Promise<Restored> {
  const { file, keys, db, migrationsFolder, say = () => {} } = options;
  say("Checking the backup…");
  const { head, manifest } = await checkBackup(file(), keys);
  const known = await knownMigrations(migrationsFolder);
  const unknown = head.migrations.filter((version) => !known.includes(version));
  if (unknown.length > 0)
    throw new BackupError(
      "newer",
      `The backup is of a newer version of the platform (migration ${unknown.at(-1)}). Update the platform to that version first. Nothing was changed.`,
    );
  const leftOut: string[] = [];
  if (!options.objectsOnly) {
    await assertPlace(db, options.replace ?? false);
    say(`Loading ${manifest.tables.reduce((sum, { rows }) => sum + rows, 0)} rows…`);
    await db.transaction(async (session) => {
      await bringSchemaTo(session, head.migrations, migrationsFolder);
      await load(session, options, manifest, leftOut);
    });
    await db.exec("analyze");
  }
  const migrated = await migrate(db, migrationsFolder);
  say(`Putting ${manifest.objects.count} stored files…`);
  await putObjects(options);
  return { head, manifest, migrated, leftOut };
}

/** What says that somebody lives here: people, organizations, files. */
async function assertPlace(db: SqlSession, replace: boolean): Promise<void> {
  const { rows } = await db.query<{ users: boolean; organizations: boolean; objects: boolean }>(
    "select to_regclass('auth.users') is not null as users, to_regclass('public.organizations') is not null as organizations, to_regclass('storage.objects') is not null as objects",
  );
  const there = rows[0];
  if (!there?.users || !there.objects)
    throw new BackupError(
      "unconfigured",
      "This Postgres has no schemas auth and storage: those are Supabase's own, and must be there before a restore (a Supabase project, or the embedded backend).",
    );
  if (replace) return;
  for (const table of ["auth.users", "storage.objects", ...(there.organizations ? ["public.organizations"] : [])]) {
    const { rows: any } = await db.query(`select 1 as one from ${table} limit 1`);
    if (any.length > 0)
      throw new BackupError(
        "not_empty",
        `The database is not empty: ${table} has rows. Restore into an empty one (a new project, another DATA_FOLDER), or replace what is here with --replace. Nothing was changed.`,
      );
  }
}

/** Makes the schema what it was when the backup was made. What is newer than that cannot be taken back, so it is made from the first. */
async function bringSchemaTo(session: SqlSession, versions: readonly string[], folder: string): Promise<void> {
  const applied = await appliedMigrations(session);
  if (applied.some((version) => !versions.includes(version))) {
    // Policies on storage.objects go with the functions of `private` that they ask.
    await session.exec(`drop schema if exists private cascade; drop schema if exists public cascade; create schema public;
      grant usage on schema public to anon, authenticated, service_role; delete from supabase_migrations.schema_migrations`);
  }
  await migrateTo(session, folder, versions);
}

async function load(session: SqlSession, { file, keys }: Restore, manifest: BackupManifest, leftOut: string[]): Promise<void> {
  try {
    await session.exec(
      "set local session_replication_role = replica; set local statement_timeout = 0; set local search_path = ''; set local timezone = 'UTC'; set local datestyle = 'ISO, YMD'",
    );
  } catch (error) {
    throw new BackupError(
      "unconfigured",
      "A restore needs a role that may set session_replication_role: a superuser, or postgres on Supabase.",
      { cause: error },
    );
  }
  const here = new Map((await tablesOf(session)).map((shape) => [`${shape.schema}.${shape.name}`, shape]));
  for (const shape of here.values()) await session.exec(`delete from only ${tableName(shape)}`);
  let insert: { sql: string; count: (rows: number) => void } | null = null;
  const loaded = new Map<string, number>();
  for await (const record of readBackup(file(), keys)) {
    if (record.kind === "table") {
      const name = `${record.value.schema}.${record.value.name}`;
      const sql = insertInto(record.value, here.get(name), leftOut);
      insert = sql === null ? null : { sql, count: (rows) => loaded.set(name, (loaded.get(name) ?? 0) + rows) };
    } else if (record.kind === "rows" && insert) {
      const { rows } = await session.query<{ n: number }>(insert.sql, [record.value.toString("utf8")]);
      insert.count(rows[0]?.n ?? 0);
    }
  }
  for (const { schema, name, rows } of manifest.tables) {
    const count = loaded.get(`${schema}.${name}`) ?? 0;
    if (count !== rows && !leftOut.some((what) => what === `${schema}.${name}`))
      throw new BackupError("damaged", `${schema}.${name} has ${rows} rows in the backup and ${count} were loaded. Nothing was changed.`);
  }
  for (const [name, value] of Object.entries(manifest.sequences)) {
    const { rows } = await session.query<{ found: boolean }>("select to_regclass($1) is not null as found", [name]);
    if (rows[0]?.found) await session.query("select setval($1::regclass, $2::bigint)", [name, value]);
  }
}

/**
 * The statement that loads a batch of a table's rows, given as JSON; null for a table that is left out. Our own tables are as in the
 * backup; Supabase's own come with its version, and take what they have columns for.
 * @throws BackupError when a table of ours is not what it was
 */
function insertInto(shape: TableShape, here: TableShape | undefined, leftOut: string[]): string | null {
  const name = `${shape.schema}.${shape.name}`;
  const isOurs = shape.schema === "public" || shape.schema === "private";
  const types = new Map(here?.columns.map((column) => [column.name, column.type]));
  const fitting = shape.columns.flatMap((column, at) => (types.has(column.name) ? [{ ...column, at, type: types.get(column.name)! }] : []));
  if (isOurs && (!here || fitting.length < shape.columns.length))
    throw new BackupError(
      "damaged",
      `The table ${name} is not here as the backup has it, although the migrations are the same. Nothing was changed.`,
    );
  const otherType = shape.columns.some(({ name: column, type }) => types.has(column) && types.get(column) !== type);
  if (!here || (PASSING.test(name) && otherType)) {
    leftOut.push(name);
    return null;
  }
  for (const column of shape.columns) if (!types.has(column.name)) leftOut.push(`${name}.${column.name}`);
  const columns = fitting.map((column) => quoted(column.name));
  const values = fitting.map(({ at, type }) => `(r.v ->> ${at})::${type}`);
  // GoTrue looks for people of the instance of zeros, and cannot read tokens that are null; other backends write neither.
  if (name === "auth.users")
    for (const [column, value] of [
      ["instance_id", "'00000000-0000-0000-0000-000000000000'::uuid"],
      ["email_change_token_current", "''"],
      ["phone_change_token", "''"],
      ["reauthentication_token", "''"],
    ] as const) {
      if (!types.has(column) || shape.columns.some((one) => one.name === column)) continue;
      columns.push(quoted(column));
      values.push(value);
    }
  return `with batch as (insert into ${tableName(shape)} (${columns.join(", ")}) overriding system value
    select ${values.join(", ")} from pg_catalog.jsonb_array_elements($1::jsonb) r (v) returning 1)
    select count(*)::int as n from batch`;
}

/** What the storage itself writes anew with an object stays as it writes it; whose it is and since when comes from the backup. */
const KEPT_OF_OBJECTS = ["id", "owner", "owner_id", "created_at", "user_metadata"];

async function isWanted(db: SqlSession, { bucket, name }: StoredObject): Promise<boolean> {
  const { rows } = await db.query("select 1 as one from storage.objects where bucket_id = $1 and name = $2", [bucket, name]);
  return rows.length > 0;
}

async function putObjects({ file, keys, db, putObject, objectsOnly }: Restore): Promise<void> {
  let shape: TableShape | null = null;
  let rows: Buffer | null = null;
  let current: { object: StoredObject; parts: Buffer[] } | null = null;
  const settle = async () => {
    if (rows && shape) await settleObjectRows(db, shape, rows);
    rows = null;
  };
  for await (const record of readBackup(file(), keys)) {
    if (record.kind === "table") {
      await settle();
      shape = record.value.schema === "storage" && record.value.name === "objects" ? record.value : null;
    } else if (record.kind === "rows" && shape) {
      await settle();
      rows = record.value;
    } else if (record.kind === "object") current = { object: record.value, parts: [] };
    else if (record.kind === "bytes") current?.parts.push(record.value);
    else if (record.kind === "objectEnd" && current) {
      if (!objectsOnly || (await isWanted(db, current.object))) await putObject(current.object, Buffer.concat(current.parts));
      current = null;
    }
  }
  await settle();
}

async function settleObjectRows(db: SqlDatabase, shape: TableShape, rows: Buffer): Promise<void> {
  const here = (await tablesOf(db)).find(({ schema, name }) => schema === "storage" && name === "objects");
  const at = (name: string) => shape.columns.findIndex((column) => column.name === name);
  const kept = (here?.columns ?? []).filter(({ name }) => KEPT_OF_OBJECTS.includes(name) && at(name) >= 0);
  const sets = kept.map(({ name, type }) => `${quoted(name)} = (r.v ->> ${at(name)})::${type}`).join(", ");
  await db.query(
    `update storage.objects o set ${sets} from pg_catalog.jsonb_array_elements($1::jsonb) r (v)
     where o.bucket_id = r.v ->> ${at("bucket_id")} and o.name = r.v ->> ${at("name")}`,
    [rows.toString("utf8")],
  );
}

/** Sealed secrets of a backup that cannot be opened with these encryption keys: how many, by the id of the key. */
export function unopenable(manifest: BackupManifest, prints: Record<string, string>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(manifest.sealedWith).filter(
      ([id]) => prints[id] === undefined || (manifest.encryptionKeys[id] ?? prints[id]) !== prints[id],
    ),
  );
}
