import type { Db } from "../db.ts";
import type { Log } from "../log.ts";
import type { BackupStore } from "./backup-store.ts";
import { dumpDatabase } from "./dump-database.ts";
import { embeddedDump } from "./embedded-dump.ts";
import { BackupError } from "./errors.ts";
import { type BackupSummary, backupBytes, encryptionKeyPrints, storedObjects } from "./make-backup.ts";
import type { BackupRecord } from "./records.ts";
import { backupName, outlived, type Retention } from "./retention.ts";
import { openPostgres } from "./sql-session.ts";

export type BackupSource = {
  db: Db;
  /** The address and secret key behind `db`. */
  supabase: { url: string; secretKey: string };
  /** The Postgres behind it; absent for the embedded backend, which tells what it holds itself. */
  databaseUrl?: string;
};

/** What the worker needs for the daily backup. */
export type BackupPlan = {
  source: Omit<BackupSource, "db">;
  store: BackupStore;
  /** The key that seals. */
  key: Buffer;
  encryptionKeys: readonly { id: string; key: Buffer }[];
  /** Absent: nothing is cleared away. */
  retention?: Retention;
};

export type BackupJob = Omit<BackupPlan, "source"> & {
  source: BackupSource;
  isScheduled: boolean;
  name?: string;
  log: Log;
  signal: AbortSignal;
};

export type MadeBackup = BackupSummary & { name: string; place: string; bytes: number; removed: string[] };

const LEASE_SECONDS = 300;

async function* dumped({ supabase, databaseUrl }: BackupSource, signal: AbortSignal): AsyncGenerator<BackupRecord> {
  if (!databaseUrl) return yield* embeddedDump(supabase, signal);
  const session = await openPostgres(databaseUrl);
  try {
    yield* dumpDatabase(session);
  } finally {
    await session.close();
  }
}

/**
 * Makes a backup, notes it in the database, and clears away those that have had their time.
 * @throws BackupError busy while another one is being made; any other error is noted as the reason why it failed
 */
export async function runBackup({
  source,
  store,
  key,
  encryptionKeys,
  isScheduled,
  retention,
  log,
  signal,
  ...job
}: BackupJob): Promise<MadeBackup> {
  const { db } = source;
  const createdAt = new Date();
  const name = job.name ?? backupName(createdAt);
  const begun = await db.rpc("begin_backup", {
    place: store.place,
    file_name: name,
    is_scheduled: isScheduled,
    lease_seconds: LEASE_SECONDS,
  });
  if (begun.error) throw begun.error;
  const id = begun.data as string | null;
  if (!id) throw new BackupError("busy", "Another backup is being made. This one was not begun.");
  const lost = new AbortController();
  const renewal = setInterval(
    () =>
      void Promise.resolve(db.rpc("renew_backup", { backup: id, lease_seconds: LEASE_SECONDS })).then(
        ({ data }) => data === false && lost.abort(new Error("Somebody else took it for lost")),
      ),
    (LEASE_SECONDS * 1000) / 3,
  );
  const either = AbortSignal.any([signal, lost.signal]);
  try {
    let summary: BackupSummary | null = null;
    const bytes = backupBytes(
      dumped(source, either),
      { objects: storedObjects(db), key, encryptionKeys: encryptionKeyPrints(encryptionKeys), createdAt },
      (done) => (summary = done),
    );
    const size = await store.put(name, bytes, either);
    const made = summary as BackupSummary | null;
    if (!made) throw new Error("The backup has no end");
    const ended = await db.rpc("end_backup", { backup: id, bytes: size, rows_count: made.rows, objects_count: made.objects });
    if (ended.error) throw ended.error;
    const removed = retention ? await clearAway(store, retention, log) : [];
    log.info("A backup was made", {
      place: store.place,
      file: name,
      bytes: size,
      rows: made.rows,
      objects: made.objects,
      missing: made.missing,
      removed: removed.length,
    });
    return { ...made, name, place: store.place, bytes: size, removed };
  } catch (error) {
    const failure = (error instanceof Error ? error.message : String((error as { message?: unknown }).message ?? error)) || "It failed.";
    await db.rpc("end_backup", { backup: id, failure });
    throw error;
  } finally {
    clearInterval(renewal);
  }
}

/** A store that will not forget does not make a backup that was made a failure. */
async function clearAway(store: BackupStore, retention: Retention, log: Log): Promise<string[]> {
  try {
    const names = outlived(
      (await store.list()).map(({ name }) => name),
      retention,
    );
    for (const name of names) await store.remove(name);
    return names;
  } catch (error) {
    log.warn("Old backups could not be cleared away", { place: store.place, error });
    return [];
  }
}
