import { PGlite, type PGliteOptions } from "@electric-sql/pglite";
import { btree_gin } from "@electric-sql/pglite/contrib/btree_gin";
import { pg_trgm } from "@electric-sql/pglite/contrib/pg_trgm";
import { uuid_ossp } from "@electric-sql/pglite/contrib/uuid_ossp";
import { vector } from "@electric-sql/pglite/vector";
import { type BackendDatabase, type OpenedDatabase, takeOver } from "./database.ts";
import { connectionOn } from "./lite-connection.ts";
import { LITE_PARSERS } from "./parsers.ts";
import { PgliteSession } from "./pglite-session.ts";
import { databaseOn, withSession } from "./sessions.ts";

export type PgliteOptions = Pick<PGliteOptions, "extensions" | "loadDataDir">;
export type PgliteDatabase = BackendDatabase & {
  /** Runs work with the one session itself, while nobody else has it. */
  withEngine<T>(work: (engine: PGlite) => Promise<T>): Promise<T>;
};

/**
 * PGlite copies its table of parsers for every query, and most of the table is for arrays of rows (one for each relation of the
 * catalogue, which nobody selects). Without them a query takes half the time.
 */
async function forgetRowTypes(engine: PGlite): Promise<void> {
  const { rows } = await engine.query<{ id: number }>("select typarray::integer as id from pg_type where typtype = 'c' and typarray > 0");
  const ofRows = new Set(rows.map(({ id }) => String(id)));
  for (const table of ["parsers", "serializers"] as const) {
    engine[table] = Object.fromEntries(Object.entries(engine[table]).filter(([id]) => !ofRows.has(id)));
  }
}

/**
 * Opens Postgres (PGlite), one session, with the extensions our migrations ask for.
 * @param folder data folder, or undefined for a database in memory
 * @param options more extensions, or a dumped database to begin with
 */
export async function openEngine(folder?: string, { extensions, ...options }: PgliteOptions = {}): Promise<PGlite> {
  const engine = await PGlite.create({
    ...options,
    dataDir: folder,
    parsers: LITE_PARSERS,
    extensions: { vector, pg_trgm, uuid_ossp, btree_gin, ...extensions },
  });
  await forgetRowTypes(engine);
  return engine as PGlite;
}

/**
 * Opens the same for a backend: its users have the session one after the other.
 * @throws when this version of Supabase Lite would grant everything to everyone (database.ts)
 */
export async function openPglite(folder?: string, options?: PgliteOptions): Promise<OpenedDatabase<PgliteDatabase>> {
  const session = new PgliteSession(await openEngine(folder, options));
  try {
    const connection = connectionOn(session);
    takeOver(connection);
    const withEngine = <T>(work: (engine: PGlite) => Promise<T>) => withSession(session, work);
    const db: PgliteDatabase = {
      ...databaseOn(session),
      async listen(channel, hear) {
        const unlisten = await withEngine((engine) => engine.listen(channel, hear));
        return () => withEngine(() => unlisten());
      },
      alone: (work) => work(),
      withEngine,
    };
    return { db, connection, async schemaStands() {}, close: () => session.close() };
  } catch (error) {
    await session.close();
    throw error;
  }
}
