import { postgresPrograms, startPostgres } from "../../../supabase/recovery/test-postgres.ts";

export type BenchDatabase = { pid: number; env: { BACKEND_DATABASE_URL: string }; stop(): Promise<void> };

/**
 * As a careful operator sets a small server: what is committed is on the disk. Its tables are counted as often as PGlite's are (upkeep.ts): the
 * once a minute that is the default suits installations that live for longer than a bench.
 */
const SETTINGS = ["shared_buffers=256MB", "max_connections=60", "autovacuum_naptime=15s"];

/**
 * Where the platform under a bench has its data.
 * @param kind "postgres" starts a server in a temporary folder; "pglite" or nothing leaves them to PGlite, and is null
 * @param more settings of the server besides
 * @throws for any other kind, and when no server is installed
 */
export async function startDatabase(kind: string | undefined, more: string[] = []): Promise<BenchDatabase | null> {
  if (kind === undefined || kind === "pglite") return null;
  const programs = postgresPrograms();
  if (kind !== "postgres" || !programs) throw new Error("--database is pglite, or postgres where a server is installed");
  const { url, pid, stop } = await startPostgres(programs, [...SETTINGS, ...more]);
  return { pid, env: { BACKEND_DATABASE_URL: url("postgres") }, stop };
}
