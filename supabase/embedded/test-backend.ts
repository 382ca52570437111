import { createHash, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Extensions, PGlite } from "@electric-sql/pglite";
import type { EmailMessage } from "@supabase/lite";
import { type Backend, startBackend } from "./backend.ts";
import type { PostgresOptions } from "./database.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export type TestBackend = Backend & {
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
  for (const file of [here("../../package-lock.json"), here("./database.ts"), here("./backend.ts"), here("../migrate.ts"), ...migrations])
    hash.update(file).update(await readFile(file));
  return kept("migrated-postgres", hash.digest("hex").slice(0, 20), async () => {
    const backend = await firstStart(await emptyDatabase());
    // So that nothing has to be replayed when the dump is opened.
    await backend.db.exec("checkpoint");
    const dump = await backend.db.dumpDataDir("none");
    await backend.close();
    return dump;
  });
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
  const start = (postgres: PostgresOptions) =>
    startBackend({
      postgres,
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
  const migrated = await migratedDatabase((empty) => start({ loadDataDir: empty }));
  const backend = await start({ extensions, loadDataDir: migrated });
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
