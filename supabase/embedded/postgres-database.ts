import type { Log } from "@gpt-agent/core/log";
import { databaseNotices } from "@gpt-agent/core/notices/database-notices";
import { type BackendDatabase, DatabaseAway, type OpenedDatabase, takeOver } from "./database.ts";
import { connectionOn } from "./lite-connection.ts";
import { PostgresSessions } from "./postgres-sessions.ts";
import { databaseOn, withSession } from "./sessions.ts";

/** Whoever starts a backend on a database holds it until its schema stands. */
const STARTING = "hashtextextended('gpt-agent backend', 0)";
/** What our migrations ask for, by the names of pg_available_extensions. */
const EXTENSIONS = ["vector", "pg_trgm", "uuid-ossp", "btree_gin"];

/** @throws when the server is too old, lacks an extension, or is the Postgres of a Supabase */
async function assertFits(db: BackendDatabase): Promise<void> {
  const { rows } = await db.query<{ version: number; missing: string[]; supabase: boolean }>(
    `select current_setting('server_version_num')::integer as version, to_regrole('supabase_auth_admin') is not null as supabase,
       array(select wanted from unnest($1::text[]) wanted where wanted not in (select name from pg_available_extensions)) as missing`,
    [EXTENSIONS],
  );
  const { version, missing, supabase } = rows[0]!;
  if (version < 150_000) throw new Error("BACKEND_DATABASE_URL: Postgres 15 or newer is needed.");
  if (supabase)
    throw new Error("BACKEND_DATABASE_URL: this is a Supabase's own Postgres. Use that Supabase: SUPABASE_URL (docs/SECRETS.md).");
  if (missing.length > 0) throw new Error(`BACKEND_DATABASE_URL: the server lacks extensions: ${missing.join(", ")} (docs/DEPLOY.md).`);
}

/**
 * Opens a database on a Postgres server of 15 or newer, with pgvector.
 * @param url postgres:// address of sessions (no pooler in transaction mode), for its owner, who may make roles
 * @param options.connections sessions at most, besides one that listens
 * @throws when it is out of reach or does not fit, or when this version of Supabase Lite would grant everything to everyone (database.ts)
 */
export async function openServer(url: string, options: { connections: number; log: Log }): Promise<OpenedDatabase> {
  const sessions = new PostgresSessions(url, options.connections);
  const db: BackendDatabase = {
    ...databaseOn(sessions),
    listen: (channel, hear) =>
      new Promise((stands) => {
        const notices = databaseNotices(url, { channel, heard: hear, connected: () => stands(() => notices.close()), log: options.log });
      }),
    alone: (work) =>
      withSession(sessions, async (client) => {
        await sessions.exec(client, `select pg_advisory_lock(${STARTING})`);
        try {
          return await work();
        } finally {
          await sessions.exec(client, `select pg_advisory_unlock(${STARTING})`).catch(() => {});
        }
      }),
  };
  try {
    const connection = connectionOn(sessions);
    takeOver(connection);
    const schemaStands = async () => {
      await sessions.learnArrays();
      // Supabase Lite reads the schema once, and takes a server that is away just then for one without tables.
      const { tables } = await connection.introspect({ useCache: true });
      if (tables.length === 0) throw new DatabaseAway(new Error("The schema could not be read"));
    };
    await sessions.learnArrays();
    await assertFits(db);
    return { db, connection, schemaStands, close: () => sessions.close() };
  } catch (error) {
    await sessions.close();
    throw error;
  }
}
