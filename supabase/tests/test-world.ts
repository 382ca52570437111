import { readFile } from "node:fs/promises";
import type { PGlite } from "@electric-sql/pglite";
import { pgtap } from "@electric-sql/pglite/pgtap";
import { startTestBackend, type TestBackend } from "../embedded/test-backend.ts";

const setup = (name: string) => readFile(new URL(`./setup/${name}.sql`, import.meta.url), "utf8");

/** A backend with pgTAP, the personas and the small world of organizations A and B (see setup/*.sql). Close it when done. */
export async function startTestWorld(): Promise<TestBackend> {
  const backend = await startTestBackend({ extensions: { pgtap } });
  for (const name of ["personas", "world", "matrix"]) await backend.db.exec(await setup(name));
  return backend;
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
