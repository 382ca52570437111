import type { PGlite, PGliteOptions } from "@electric-sql/pglite";
import { btree_gin } from "@electric-sql/pglite/contrib/btree_gin";
import { pg_trgm } from "@electric-sql/pglite/contrib/pg_trgm";
import { uuid_ossp } from "@electric-sql/pglite/contrib/uuid_ossp";
import { vector } from "@electric-sql/pglite/vector";
import { createPgliteConnection } from "@supabase/lite/pglite";
import { type BackendDatabase, type OpenedDatabase, type PreparedStatement, takeOver } from "./database.ts";
import { joinSettings } from "./joined-settings.ts";

export type PgliteOptions = Pick<PGliteOptions, "extensions" | "loadDataDir">;
export type PgliteDatabase = PGlite & Pick<BackendDatabase, "execute" | "alone">;

/**
 * PGlite copies its table of parsers for every query, and most of the table is for arrays of rows (one for each relation of the
 * catalogue, which nobody selects). Without them a query takes half the time.
 */
async function forgetRowTypes(db: PGlite): Promise<void> {
  const { rows } = await db.query<{ id: number }>("select typarray::integer as id from pg_type where typtype = 'c' and typarray > 0");
  const ofRows = new Set(rows.map(({ id }) => String(id)));
  for (const table of ["parsers", "serializers"] as const) {
    db[table] = Object.fromEntries(Object.entries(db[table]).filter(([id]) => !ofRows.has(id)));
  }
}

/** What PGlite, which is one session of one process, lacks of a BackendDatabase. */
function complete(db: PGlite): PgliteDatabase {
  const prepared = new Map<string, Promise<unknown>>();
  return Object.assign(db, {
    async execute({ name, definition }: PreparedStatement, before: string, argument: string | null) {
      const made = prepared.get(name) ?? db.exec(definition);
      prepared.set(name, made);
      await made;
      // One message is one transaction.
      const results = await db.exec(`${before}; execute ${name}${argument === null ? "" : `(${argument})`}`);
      return results.at(-1)?.rows[0];
    },
    alone: <T>(work: () => Promise<T>) => work(),
  });
}

/**
 * Opens Postgres (PGlite) with the extensions our migrations ask for.
 * @param folder data folder, or undefined for a database in memory
 * @param options more extensions, or a dumped database to begin with
 * @throws when this version of Supabase Lite would grant everything to everyone (database.ts)
 */
export async function openPglite(folder?: string, { extensions, ...options }: PgliteOptions = {}): Promise<OpenedDatabase<PgliteDatabase>> {
  const connection = await createPgliteConnection({
    ...(folder ? { url: folder } : {}),
    pgliteOptions: { ...options, extensions: { vector, pg_trgm, uuid_ossp, btree_gin, ...extensions } },
  });
  try {
    takeOver(connection);
    await forgetRowTypes(connection.driver);
    joinSettings(connection.driver);
    return { db: complete(connection.driver), connection, async schemaStands() {}, close: () => connection.close() };
  } catch (error) {
    await connection.close();
    throw error;
  }
}
