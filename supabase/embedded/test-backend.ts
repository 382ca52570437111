import { createHash, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Extensions, PGlite } from "@electric-sql/pglite";
import { openPostgres } from "@gpt-agent/core/backup/sql-session";
import type { EmailMessage } from "@supabase/lite";
import { postgresPrograms, startPostgres } from "../recovery/test-postgres.ts";
import { type Backend, type BackendConfig, startBackend } from "./backend.ts";
import type { BackendDatabase } from "./database.ts";
import type { PgliteDatabase } from "./pglite-database.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export type TestBackend<Database = PgliteDatabase> = Omit<Backend, "db"> & {
  db: Database;
  publishableKey: string;
  secretKey: string;
  jwtSecret: string;
  /** E-mails sent so far, newest last. */
  mails: EmailMessage[];
};

/** A dumped database that is made once and kept on disk under a name that says what it was made of. */
async function kept(kind: string, madeOf: string, make: () => Promise<Blob>): Promise<Blob> {
  const folder = here("../../node_modules/.cache/gpt-agent");
  const name = `${kind}-${madeOf}.tar`;
  try {
    return new Blob([await readFile(join(folder, name))]);
  } catch {
    const dump = await make();
    await mkdir(folder, { recursive: true });
    // Written beside and renamed, as several test files may be at it at once; those of other versions go.
    const partial = join(folder, `${name}.${randomBytes(4).toString("hex")}`);
    await writeFile(partial, Buffer.from(await dump.arrayBuffer()));
    await rename(partial, join(folder, name));
    const old = (await readdir(folder)).filter((file) => file.startsWith(`${kind}-`) && file.endsWith(".tar") && file !== name);
    await Promise.all(old.map((file) => rm(join(folder, file), { force: true })));
    return dump;
  }
}

/** An empty Postgres: making one anew takes seconds, and every test file wants one. */
export async function emptyDatabase(): Promise<Blob> {
  const pglite = dirname(createRequire(import.meta.url).resolve("@electric-sql/pglite"));
  const { version } = JSON.parse(await readFile(join(pglite, "../package.json"), "utf8")) as { version: string };
  return kept("empty-postgres", version, async () => {
    const db = await PGlite.create();
    await db.exec("checkpoint");
    const dump = await db.dumpDataDir("none");
    await db.close();
    return dump;
  });
}

/** A database with Supabase's schemas and all migrations, as the backend's first start on an empty one makes it. */
async function migratedDatabase(firstStart: (empty: Blob) => Promise<Backend>): Promise<Blob> {
  const migrations = (await readdir(here("../migrations"))).sort().map((file) => here(`../migrations/${file}`));
  const hash = createHash("sha256");
  const makers = ["../../package-lock.json", "./database.ts", "./pglite-database.ts", "./backend.ts", "../migrate.ts"].map(here);
  for (const file of [...makers, ...migrations]) hash.update(file).update(await readFile(file));
  return kept("migrated-postgres", hash.digest("hex").slice(0, 20), async () => {
    const backend = await firstStart(await emptyDatabase());
    const dump = await (backend.db as PgliteDatabase).withEngine(async (engine) => {
      // So that nothing has to be replayed when the dump is opened.
      await engine.exec("checkpoint");
      return engine.dumpDataDir("none");
    });
    await backend.close();
    return dump;
  });
}

/** Starts a backend on a free port, for a platform of its own. */
async function start<Database>(config: Pick<BackendConfig, "pglite" | "folder" | "databaseUrl" | "databaseConnections" | "tendEveryMs">) {
  const storageFolder = await mkdtemp(join(tmpdir(), "gpt-agent-storage-"));
  const keys = {
    publishableKey: `sb_publishable_${randomBytes(16).toString("hex")}`,
    secretKey: `sb_secret_${randomBytes(16).toString("hex")}`,
    jwtSecret: randomBytes(32).toString("hex"),
  };
  const mails: EmailMessage[] = [];
  const backend = await startBackend({
    ...config,
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
    db: backend.db as Database,
    ...keys,
    mails,
    async close() {
      await backend.close();
      await rm(storageFolder, { recursive: true, force: true });
    },
  };
}

/** A backend in memory on a free port, with all migrations, for tests and generators. Close it when done. */
export async function startTestBackend({
  extensions,
  tendEveryMs,
}: {
  extensions?: Extensions;
  tendEveryMs?: number;
} = {}): Promise<TestBackend> {
  const migrated = await migratedDatabase((empty) => start<BackendDatabase>({ pglite: { loadDataDir: empty } }));
  return start<PgliteDatabase>({ pglite: { extensions, loadDataDir: migrated }, tendEveryMs });
}

/** Where a backend's data may be, in tests that run on both. */
export type TestPlace = {
  /** A backend of its own, with all migrations, on a database of its own. */
  start(options?: { connections?: number }): Promise<TestBackend<BackendDatabase>>;
  /** A backend on a database of `empty`; on a server there may be several at a time. */
  on(where: Pick<BackendConfig, "folder" | "databaseUrl">): Promise<TestBackend<BackendDatabase>>;
  /** Where an empty database is, of which several backends one after the other may have the data. */
  empty(name: string): Promise<Pick<BackendConfig, "folder" | "databaseUrl">>;
  close(): Promise<void>;
};

async function pglitePlace(): Promise<TestPlace> {
  const folder = await mkdtemp(join(tmpdir(), "gpt-agent-place-"));
  return {
    start: () => startTestBackend(),
    on: (where) => start(where),
    empty: async (name) => ({ folder: join(folder, name) }),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

async function serverPlace(programs: string): Promise<TestPlace> {
  const server = await startPostgres(programs);
  let databases = 0;
  const empty = async (name: string) => {
    const admin = await openPostgres(server.url("postgres"));
    await admin.exec(`create database ${name}`);
    await admin.close();
    return { databaseUrl: server.url(name) };
  };
  return {
    start: async ({ connections } = {}) =>
      start<BackendDatabase>({ ...(await empty(`backend_${++databases}`)), databaseConnections: connections }),
    on: (where) => start(where),
    empty,
    close: () => server.stop(),
  };
}

const programs = postgresPrograms();
/** Each kind of database; a server only where its programs are installed. */
export const PLACES: [kind: string, open: () => Promise<TestPlace>][] = [
  ["PGlite", pglitePlace],
  ...(programs ? ([["a Postgres server", () => serverPlace(programs)]] satisfies [string, () => Promise<TestPlace>][]) : []),
];
