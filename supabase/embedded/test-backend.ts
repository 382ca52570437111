import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Extensions, PGlite } from "@electric-sql/pglite";
import type { EmailMessage } from "@supabase/lite";
import { type Backend, startBackend } from "./backend.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export type TestBackend = Backend & {
  publishableKey: string;
  secretKey: string;
  jwtSecret: string;
  /** E-mails sent so far, newest last. */
  mails: EmailMessage[];
};

/** An empty Postgres, kept on disk: making one anew takes seconds, and every test file wants one. */
export async function emptyDatabase(): Promise<Blob> {
  const pglite = dirname(createRequire(import.meta.url).resolve("@electric-sql/pglite"));
  const { version } = JSON.parse(await readFile(join(pglite, "../package.json"), "utf8")) as { version: string };
  const path = here(`../../node_modules/.cache/gpt-agent/empty-postgres-${version}.tar`);
  try {
    return new Blob([await readFile(path)]);
  } catch {
    const db = await PGlite.create();
    const dump = await db.dumpDataDir("none");
    await db.close();
    await mkdir(dirname(path), { recursive: true });
    // Written beside and renamed, as several test files may be at it at once.
    const partial = `${path}.${randomBytes(4).toString("hex")}`;
    await writeFile(partial, Buffer.from(await dump.arrayBuffer()));
    await rename(partial, path);
    return dump;
  }
}

/** A backend in memory on a free port, with all migrations, for tests and generators. Close it when done. */
export async function startTestBackend({ extensions }: { extensions?: Extensions } = {}): Promise<TestBackend> {
  const storageFolder = await mkdtemp(join(tmpdir(), "gpt-agent-storage-"));
  const keys = {
    publishableKey: `sb_publishable_${randomBytes(16).toString("hex")}`,
    secretKey: `sb_secret_${randomBytes(16).toString("hex")}`,
    jwtSecret: randomBytes(32).toString("hex"),
  };
  const mails: EmailMessage[] = [];
  const backend = await startBackend({
    postgres: { extensions, loadDataDir: await emptyDatabase() },
    ...keys,
    storageFolder,
    migrationsFolder: here("../migrations"),
    templatesFolder: here("../templates"),
    port: 0,
    siteUrl: "http://localhost:3000",
    email: {
      async send(mail: EmailMessage) {
        mails.push(mail);
      },
    } as never,
  });
  return {
    ...backend,
    ...keys,
    mails,
    async close() {
      await backend.close();
      await rm(storageFolder, { recursive: true, force: true });
    },
  };
}
