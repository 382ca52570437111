import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BackupError } from "@gpt-agent/core/backup/errors";
import type { DbConfig } from "@gpt-agent/core/db";
import type { RecoveryEnv } from "@gpt-agent/core/env";
import { type Backend, startBackend } from "../embedded/backend.ts";
import { lockFolder } from "../embedded/lock.mjs";

// These files and their bundles (supabase/dist) lie one folder below supabase/.
const folder = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));
export const MIGRATIONS_FOLDER = folder("migrations");

/** The keys of a Supabase. @throws BackupError unconfigured when one is missing */
export function supabaseKeys(env: RecoveryEnv): Omit<DbConfig, "url"> {
  const { SUPABASE_PUBLISHABLE_KEY: publishableKey, SUPABASE_SECRET_KEY: secretKey } = env;
  if (!publishableKey || !secretKey)
    throw new BackupError("unconfigured", "Set SUPABASE_URL, SUPABASE_PUBLISHABLE_KEY and SUPABASE_SECRET_KEY (docs/SECRETS.md).");
  return { publishableKey, secretKey };
}

/**
 * Keeps a data folder from being used by anybody else.
 * @returns how to let go of it
 * @throws BackupError busy while a platform runs on it
 */
export async function holdFolder(dataFolder: string): Promise<() => void> {
  const held: (() => void)[] = [];
  for (const purpose of ["supervisor", "database"]) {
    const release = await lockFolder(dataFolder, purpose);
    if (!release) {
      for (const other of held) other();
      throw new BackupError("busy", `The platform is running on ${dataFolder}. Stop it first.`);
    }
    held.push(release);
  }
  return () => {
    for (const release of held) release();
  };
}

/** Is there a database in a data folder? */
export const hasDatabase = (dataFolder: string) => existsSync(join(dataFolder, "database", "PG_VERSION"));

/**
 * Starts the embedded backend in this process, for nobody else, on folders below a data folder.
 * @param names.migrationsFolder an empty one leaves the schema as it is
 */
export async function openEmbedded(
  env: RecoveryEnv,
  dataFolder: string,
  names: { database: string; storage: string; migrationsFolder: string },
): Promise<Backend> {
  if (!env.SUPABASE_JWT_SECRET)
    throw new BackupError("unconfigured", "Set SUPABASE_JWT_SECRET, or run this by npm, which reads it from the data folder.");
  return startBackend({
    ...supabaseKeys(env),
    folder: join(dataFolder, names.database),
    storageFolder: join(dataFolder, names.storage),
    migrationsFolder: names.migrationsFolder,
    templatesFolder: folder("templates"),
    port: 0,
    jwtSecret: env.SUPABASE_JWT_SECRET,
    siteUrl: "http://localhost",
    email: { async send() {} } as never,
  });
}
