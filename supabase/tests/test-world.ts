import { readFile } from "node:fs/promises";
import type { PGlite } from "@electric-sql/pglite";
import { pgtap } from "@electric-sql/pglite/pgtap";
import type { BackendDatabase } from "../embedded/database.ts";
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
export async function undone<T>(db: PGlite, work: (db: PGlite) => Promise<T>): Promise<T> {
  await db.exec("begin");
  try {
    return await work(db);
  } finally {
    await db.exec("rollback");
  }
}
