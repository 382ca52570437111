import { readFile } from "node:fs/promises";
import type { PGlite } from "@electric-sql/pglite";
import { pgtap } from "@electric-sql/pglite/pgtap";
import type { BackendDatabase } from "../embedded/database.ts";
import type { PgliteDatabase } from "../embedded/pglite-database.ts";
import { startTestBackend, type TestBackend } from "../embedded/test-backend.ts";

const setup = (name: string) => readFile(new URL(`./setup/${name}.sql`, import.meta.url), "utf8");

/** A backend with pgTAP, the personas and the small world of organizations A and B (see setup/*.sql). Close it when done. */
export async function startTestWorld(): Promise<TestBackend> {
  const backend = await startTestBackend({ extensions: { pgtap } });
  await settle(backend.db);
  return backend;
}

/** Puts the personas and the small world into a backend's database. */
export async function settle(db: Pick<BackendDatabase, "exec">): Promise<void> {
  for (const name of ["personas", "world", "matrix"]) await db.exec(await setup(name));
}

/** Runs work inside a transaction that is always rolled back, and returns what it returned. */
export function undone<T>(db: PgliteDatabase, work: (engine: PGlite) => Promise<T>): Promise<T> {
  return db.withEngine(async (engine) => {
    await engine.exec("begin");
    try {
      return await work(engine);
    } finally {
      await engine.exec("rollback");
    }
  });
}
