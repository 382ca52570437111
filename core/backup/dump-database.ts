import { createHash } from "node:crypto";
import type { BackupManifest, BackupRecord, TableShape } from "./records.ts";
import type { SqlSession } from "./sql-session.ts";

/** Where the platform's data is; the extensions' schema holds none. */
export const DUMPED_SCHEMAS = ["public", "private", "auth", "storage"];
/**
 * What is not data of the platform: Supabase's own ledgers of its migrations, workers that run now, and what was backed up from this very
 * installation.
 */
const LEFT_OUT = ["auth.schema_migrations", "storage.migrations", "private.workers", "private.backups"];
/** Rows are fetched until they come to about this many bytes. */
const BATCH_BYTES = 256 * 1024;
const MAX_BATCH_ROWS = 2_000;

/** So that values and names of types are written in one way whatever a server's or role's settings are. */
const PLAIN_TEXT = `set local datestyle = 'ISO, YMD'; set local intervalstyle = 'postgres'; set local timezone = 'UTC';
  set local extra_float_digits = 1; set local bytea_output = 'hex'; set local xmloption = 'content'; set local statement_timeout = 0;
  set local idle_in_transaction_session_timeout = 0; set local lock_timeout = '30s'; set local row_security = off; set local search_path = ''`;

export const quoted = (identifier: string) => `"${identifier.replaceAll('"', '""')}"`;
export const tableName = ({ schema, name }: Pick<TableShape, "schema" | "name">) => `${quoted(schema)}.${quoted(name)}`;

/** The tables of the dumped schemas, objects last: whoever copies stored objects does so while their rows come by. */
export async function tablesOf(session: SqlSession): Promise<TableShape[]> {
  const { rows } = await session.query<TableShape>(
    `select n.nspname as schema, c.relname as name,
       coalesce(json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod)) order by a.attnum)
         filter (where a.attnum is not null), '[]') as columns
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
     where c.relkind = 'r' and n.nspname = any ($1::text[]) and n.nspname || '.' || c.relname <> all ($2::text[])
     group by 1, 2 order by n.nspname || '.' || c.relname = 'storage.objects', 1, 2`,
    [DUMPED_SCHEMAS, LEFT_OUT],
  );
  return rows;
}

/** A table's rows, by the batch, as JSON arrays of rows. Holds a batch at a time. */
async function* rowsOf(session: SqlSession, shape: TableShape): AsyncGenerator<Buffer> {
  const values = shape.columns.map(({ name }) => `${quoted(name)}::text`).join(", ");
  await session.exec(
    `declare backup_rows no scroll cursor for select to_json(array[${values}]::text[])::text as row from only ${tableName(shape)}`,
  );
  let count = 50;
  for (;;) {
    const { rows } = await session.query<{ row: string }>(`fetch ${count} from backup_rows`);
    if (rows.length === 0) break;
    const batch = Buffer.from(`[${rows.map(({ row }) => row).join(",\n")}]`);
    yield batch;
    if (rows.length < count) break;
    count = Math.max(1, Math.min(MAX_BATCH_ROWS, Math.round((rows.length * BATCH_BYTES) / batch.length)));
  }
  await session.exec("close backup_rows");
}

/** Which encryption keys the sealed texts name (core/secrets.ts), and how often: all columns whose values have that form. */
async function sealedWith(session: SqlSession): Promise<Record<string, number>> {
  const { rows: columns } = await session.query<{ what: string; col: string }>(
    `select format('%I.%I', n.nspname, c.relname) as what, format('%I', a.attname) as col
     from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and n.nspname in ('public', 'private') and a.attnum > 0 and not a.attisdropped
       and a.atttypid = 'text'::regtype and (a.attname like '%sealed%' or a.attname like '%secret')`,
  );
  const counts: Record<string, number> = {};
  for (const { what, col } of columns) {
    const { rows } = await session.query<{ id: string; n: number }>(
      `select split_part(${col}, '.', 2) as id, count(*)::int as n from ${what} where ${col} ~ '^v1\\.[[:alnum:]_-]{1,32}\\.' group by 1`,
    );
    for (const { id, n } of rows) counts[id] = (counts[id] ?? 0) + n;
  }
  return counts;
}

async function sequencesOf(session: SqlSession): Promise<Record<string, string>> {
  const { rows } = await session.query<{ name: string; value: string }>(
    `select format('%I.%I', schemaname, sequencename) as name, last_value::text as value from pg_sequences
     where schemaname = any ($1::text[]) and last_value is not null`,
    [DUMPED_SCHEMAS],
  );
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
}

/**
 * All data of a database as of one moment, by our own reading of the catalogue: head, tables with their rows, facts. Memory is flat.
 * @param session of its own, in no transaction; it is in one until the last record, so that it sees a single snapshot
 */
export async function* dumpDatabase(session: SqlSession, now = new Date()): AsyncGenerator<BackupRecord> {
  await session.exec("begin transaction isolation level repeatable read, read only");
  try {
    await session.exec(PLAIN_TEXT);
    const { rows: migrations } = await session.query<{ version: string }>(
      "select version from supabase_migrations.schema_migrations order by version",
    );
    const { rows: about } = await session.query<{ server: string }>("select current_setting('server_version') as server");
    yield {
      kind: "head",
      value: { migrations: migrations.map(({ version }) => version), takenAt: now.toISOString(), server: about[0]?.server ?? "" },
    };
    for (const shape of await tablesOf(session)) {
      yield { kind: "table", value: shape };
      for await (const value of rowsOf(session, shape)) yield { kind: "rows", value };
    }
    yield { kind: "facts", value: { sequences: await sequencesOf(session), sealedWith: await sealedWith(session) } };
  } finally {
    await session.exec("rollback");
  }
}

/** Sums up a sequence of records as it goes by; the reader's must come to what the writer's came to. */
export class Tally {
  #tables: (BackupManifest["tables"][number] & { hash: ReturnType<typeof createHash> })[] = [];
  #objects = { count: 0, bytes: 0, missing: 0, hash: createHash("sha256") };

  /** Notes a record. Rows and bytes belong to the table and object before them. */
  note(record: BackupRecord): void {
    if (record.kind === "table") {
      const { schema, name } = record.value;
      this.#tables.push({ schema, name, rows: 0, sha256: "", hash: createHash("sha256").update(JSON.stringify(record.value)) });
    } else if (record.kind === "rows") {
      const table = this.#tables.at(-1);
      if (!table) return;
      table.hash.update(record.value);
      table.rows += (JSON.parse(record.value.toString("utf8")) as unknown[]).length;
    } else if (record.kind === "object") {
      this.#objects.count++;
      this.#objects.hash.update(JSON.stringify(record.value));
    } else if (record.kind === "bytes") {
      this.#objects.bytes += record.value.length;
      this.#objects.hash.update(record.value);
    }
  }

  /** An object whose bytes were gone. */
  miss(): void {
    this.#objects.missing++;
  }

  get tables(): BackupManifest["tables"] {
    return this.#tables.map(({ hash, ...table }) => ({ ...table, sha256: hash.copy().digest("hex") }));
  }

  get objects(): BackupManifest["objects"] {
    const { hash, ...objects } = this.#objects;
    return { ...objects, sha256: hash.copy().digest("hex") };
  }
}
