// `npm run restore -- <file> [--check] [--replace[=name]] [--objects]`: puts a backup into an empty place, or says what is in it.
import { existsSync } from "node:fs";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { parseArgs } from "node:util";
import { backupStore, FolderStore } from "@gpt-agent/core/backup/backup-store";
import { BackupError } from "@gpt-agent/core/backup/errors";
import { checkBackup, encryptionKeyPrints } from "@gpt-agent/core/backup/make-backup";
import { backupTime } from "@gpt-agent/core/backup/retention";
import { openPostgres } from "@gpt-agent/core/backup/sql-session";
import { serviceDb } from "@gpt-agent/core/db";
import { readEnv } from "@gpt-agent/core/env";
import { hasDatabase, holdFolder, MIGRATIONS_FOLDER, openEmbedded, supabaseKeys } from "./place.ts";
import { objectPutter } from "./put-object.ts";
import { type Restored, restoreBackup, unopenable } from "./restore-backup.ts";
import { runProgram, say, size } from "./terminal.ts";

const env = readEnv("recovery");
const { values: flags, positionals } = parseArgs({
  // `--replace` alone asks for the name.
  args: process.argv.slice(2).map((argument) => (argument === "--replace" ? "--replace=" : argument)),
  allowPositionals: true,
  options: { check: { type: "boolean" }, replace: { type: "string" }, objects: { type: "boolean" } },
});

/** The backup as something that can be read from its beginning several times: a file, or one of BACKUP_TARGET by its name or as `latest`. */
async function openFile(asked: string): Promise<{ read: () => AsyncIterable<Uint8Array>; close: () => Promise<void> }> {
  const nothing = async () => {};
  const inFolder = (path: string) => ({ read: () => new FolderStore(dirname(path)).get(basename(path)), close: nothing });
  if (existsSync(asked)) return inFolder(resolve(asked));
  if (!env.BACKUP_TARGET) throw new BackupError("not_a_backup", `There is no file ${asked}.`);
  const store = backupStore({ ...env, BACKUP_TARGET: env.BACKUP_TARGET });
  const newest = async () =>
    (await store.list())
      .map(({ name }) => name)
      .filter(backupTime)
      .sort()
      .at(-1);
  const name = asked === "latest" ? await newest() : asked;
  if (!name) throw new BackupError("not_a_backup", `There is no backup in ${store.place}.`);
  say(`Fetching ${name} from ${store.place}…`);
  const folder = await mkdtemp(join(tmpdir(), "gpt-agent-restore-"));
  await new FolderStore(folder).put(name, asBuffers(store.get(name)));
  return { ...inFolder(join(folder, name)), close: () => rm(folder, { recursive: true, force: true }) };
}

async function* asBuffers(bytes: AsyncIterable<Uint8Array>) {
  for await (const part of bytes) yield Buffer.from(part);
}

/** Whoever replaces something names it. @throws BackupError not_empty when the name is not given or is another one */
async function confirmReplace(name: string): Promise<void> {
  if (flags.replace === name) return;
  let typed = flags.replace ?? "";
  if (!typed && process.stdin.isTTY) {
    const terminal = createInterface({ input: process.stdin, output: process.stdout });
    typed = await terminal.question(`Everything in "${name}" is replaced by the backup. Type its name to go on: `);
    terminal.close();
  }
  if (typed !== name) throw new BackupError("not_empty", `Nothing was changed. To replace everything in "${name}": --replace=${name}`);
}

/** Into Supabase or a Postgres. */
async function restoreInto(databaseUrl: string, read: () => AsyncIterable<Uint8Array>): Promise<Restored> {
  if (!env.SUPABASE_URL) throw new BackupError("unconfigured", "Set SUPABASE_URL and its keys too: stored files are put through its API.");
  const db = await openPostgres(databaseUrl);
  try {
    if (flags.replace !== undefined) await confirmReplace(`${new URL(databaseUrl).hostname}${new URL(databaseUrl).pathname}`);
    return await restoreBackup({
      file: read,
      keys: backupKeys(),
      db,
      migrationsFolder: MIGRATIONS_FOLDER,
      putObject: objectPutter(serviceDb({ url: env.SUPABASE_URL, ...supabaseKeys(env) })),
      replace: flags.replace !== undefined,
      objectsOnly: flags.objects,
      say,
    });
  } finally {
    await db.close();
  }
}

/** Into a data folder: all of it beside what is there, which is moved aside at the end. */
async function restoreFolder(folder: string, read: () => AsyncIterable<Uint8Array>): Promise<Restored> {
  if (flags.objects) throw new BackupError("unconfigured", "--objects is for Supabase: a data folder is restored as a whole.");
  const release = await holdFolder(folder);
  const at = (name: string) => join(folder, name);
  const none = await mkdtemp(join(tmpdir(), "gpt-agent-no-migrations-"));
  try {
    if (hasDatabase(folder)) {
      if (flags.replace === undefined)
        throw new BackupError(
          "not_empty",
          `There is a database in ${folder}. Restore into another folder (DATA_FOLDER=/path), or replace it with --replace. Nothing was changed.`,
        );
      await confirmReplace(basename(folder));
    }
    // First the file: a wrong key or a damaged one should not cost a database's making.
    await checkBackup(read(), backupKeys());
    for (const name of ["database.restoring", "storage.restoring"]) await rm(at(name), { recursive: true, force: true });
    const backend = await openEmbedded(env, folder, {
      database: "database.restoring",
      storage: "storage.restoring",
      migrationsFolder: none,
    });
    let restored: Restored;
    try {
      const db = serviceDb({ url: backend.url, ...supabaseKeys(env) });
      restored = await restoreBackup({
        file: read,
        keys: backupKeys(),
        db: backend.db,
        migrationsFolder: MIGRATIONS_FOLDER,
        putObject: objectPutter(db),
        say,
      });
    } finally {
      await backend.close();
    }
    // The queue goes with its database: what is to be done is found again from the restored one.
    const aside = `before-restore-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}`;
    for (const name of ["database", "storage", "queue"]) if (existsSync(at(name))) await rename(at(name), at(`${name}.${aside}`));
    await rename(at("database.restoring"), at("database"));
    await rename(at("storage.restoring"), at("storage"));
    if (existsSync(at(`database.${aside}`))) say(`What was there is in *.${aside}; remove it when all is well.`);
    return restored;
  } finally {
    await rm(none, { recursive: true, force: true });
    release();
  }
}

function backupKeys(): Buffer[] {
  const keys = (env.BACKUP_KEY ?? []).map(({ key }) => key);
  if (keys.length === 0) throw new BackupError("unconfigured", "Set BACKUP_KEY to the key that the backup was made with.");
  return keys;
}

function tell({ head, manifest }: Pick<Restored, "head" | "manifest">): void {
  const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0);
  say(
    `As of ${head.takenAt}, schema ${head.migrations.at(-1)}: ${rows} rows of ${manifest.tables.length} tables, ${manifest.objects.count} files (${size(manifest.objects.bytes)}).`,
  );
}

await runProgram(async () => {
  const asked = positionals[0];
  if (!asked)
    throw new BackupError("unconfigured", "Say which: npm run restore -- /path/file.gapbackup (or: latest). --check only reads it.");
  const { read, close } = await openFile(asked);
  try {
    if (flags.check) {
      tell(await checkBackup(read(), backupKeys()));
      return say("The backup is whole: every byte is authentic and adds up to its manifest.");
    }
    if (env.SUPABASE_URL && !env.DATABASE_URL)
      throw env.DATA_FOLDER
        ? new BackupError("busy", `The platform is running on ${env.DATA_FOLDER}. Stop it first.`)
        : new BackupError("unconfigured", "Set DATABASE_URL, the address of the Postgres to restore into.");
    if (!env.DATABASE_URL && !env.DATA_FOLDER) throw new BackupError("unconfigured", "Set DATABASE_URL and SUPABASE_URL, or DATA_FOLDER.");
    const restored = env.DATABASE_URL ? await restoreInto(env.DATABASE_URL, read) : await restoreFolder(env.DATA_FOLDER!, read);
    tell(restored);
    if (restored.migrated.length > 0) say(`Newer migrations were applied: ${restored.migrated.join(", ")}.`);
    if (restored.leftOut.length > 0) say(`This Supabase has no place for: ${restored.leftOut.join(", ")}.`);
    if (restored.manifest.objects.missing > 0) say(`${restored.manifest.objects.missing} files had no bytes when the backup was made.`);
    const stuck = Object.entries(unopenable(restored.manifest, encryptionKeyPrints(env.ENCRYPTION_KEY ?? [])));
    for (const [id, count] of stuck)
      say(
        `${count} secrets were sealed with key "${id}" of another ENCRYPTION_KEY. Set that key, or have them entered anew (docs/RECOVERY.md).`,
      );
    say("Restored. Start the platform, then look at: npm run doctor");
  } finally {
    await close();
  }
});
