// `npm run backup [-- file]`: makes a backup of everything, into BACKUP_TARGET, the data folder's own `backups`, or a file.
import { basename, dirname, join } from "node:path";
import { type BackupStore, backupStore, FolderStore } from "@gpt-agent/core/backup/backup-store";
import { BackupError } from "@gpt-agent/core/backup/errors";
import { runBackup } from "@gpt-agent/core/backup/run-backup";
import { backupKeyId } from "@gpt-agent/core/backup/sealed-file";
import { serviceDb } from "@gpt-agent/core/db";
import { type RecoveryEnv, readEnv } from "@gpt-agent/core/env";
import { createLog } from "@gpt-agent/core/log";
import { hasDatabase, holdFolder, MIGRATIONS_FOLDER, openEmbedded, supabaseKeys } from "./place.ts";
import { runProgram, say, size } from "./terminal.ts";

const env = readEnv("recovery");

function storeFor({ BACKUP_TARGET, DATA_FOLDER, ...rest }: RecoveryEnv, file: string | undefined): BackupStore {
  if (file) return new FolderStore(dirname(file));
  if (BACKUP_TARGET) return backupStore({ ...rest, BACKUP_TARGET });
  if (DATA_FOLDER) return new FolderStore(join(DATA_FOLDER, "backups"));
  throw new BackupError("unconfigured", "Say where to: npm run backup -- /path/file.gapbackup, or set BACKUP_TARGET.");
}

/** The running Supabase; a data folder whose platform is stopped is served by this process meanwhile. */
async function openSource() {
  const keys = supabaseKeys(env);
  if (env.SUPABASE_URL) return { url: env.SUPABASE_URL, ...keys, close: async () => {} };
  const folder = env.DATA_FOLDER;
  if (!folder) throw new BackupError("unconfigured", "Set SUPABASE_URL and DATABASE_URL, or DATA_FOLDER.");
  if (!hasDatabase(folder)) throw new BackupError("unconfigured", `There is no database in ${folder} yet: start the platform once.`);
  const release = await holdFolder(folder);
  const backend = await openEmbedded(env, folder, { database: "database", storage: "storage", migrationsFolder: MIGRATIONS_FOLDER });
  return { url: backend.url, ...keys, close: () => backend.close().finally(release) };
}

await runProgram(async () => {
  const file = process.argv[2];
  const key = env.BACKUP_KEY?.[0]?.key;
  if (!key) throw new BackupError("unconfigured", "Set BACKUP_KEY: 32 random bytes in base64 (docs/SECRETS.md).");
  const store = storeFor(env, file);
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"])
    process.once(signal, () => interrupted.abort(new BackupError("truncated", "Interrupted. No backup was made.")));
  const source = await openSource();
  try {
    const started = Date.now();
    const made = await runBackup({
      source: { db: serviceDb(source), supabase: source, databaseUrl: env.DATABASE_URL },
      store,
      key,
      encryptionKeys: env.ENCRYPTION_KEY ?? [],
      isScheduled: false,
      name: file && basename(file),
      log: createLog("error"),
      signal: interrupted.signal,
    });
    say(`${join(made.place, made.name).replace(/^s3:\/(?!\/)/, "s3://")}`);
    say(
      `${size(made.bytes)}: ${made.rows} rows of ${made.tables} tables and ${made.objects} files, in ${((Date.now() - started) / 1000).toFixed(1)} s.`,
    );
    if (made.missing > 0) say(`${made.missing} files have a row but no bytes in storage; they were being deleted, or were lost before.`);
    say(
      `It opens with the BACKUP_KEY ${backupKeyId(key)} alone${env.DATA_FOLDER ? " (in secrets.json of the data folder: keep a copy of that file elsewhere)" : ""}.`,
    );
  } finally {
    await source.close();
  }
});
