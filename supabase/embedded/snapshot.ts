import { constants } from "node:fs";
import { cp, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import type { PGlite } from "@electric-sql/pglite";
import { dumpDatabase } from "@gpt-agent/core/backup/dump-database";
import { EMBEDDED_DUMP_PATH } from "@gpt-agent/core/backup/embedded-dump";
import { encodeRecord } from "@gpt-agent/core/backup/records";
import { sameSecret } from "@gpt-agent/core/same-secret";
import { openEngine, type PgliteDatabase } from "./pglite-database.ts";

/**
 * A second database that holds what a database holds now. PGlite has one session, which a dump would keep from everybody else
 * for as long as it takes; so its files are copied, which takes a moment, and the copy is read at leisure.
 * @param folder where the database is, undefined for one in memory
 */
async function openSnapshot(db: PgliteDatabase, folder: string | undefined): Promise<{ engine: PGlite; close(): Promise<void> }> {
  if (!folder) {
    const engine = await openEngine(undefined, { loadDataDir: await db.withEngine((own) => own.dumpDataDir("none")) });
    return { engine, close: () => engine.close() };
  }
  const copy = `${folder}.snapshot`;
  const remove = () => rm(copy, { recursive: true, force: true });
  await remove();
  try {
    await db.withEngine(async (own) => {
      await own.exec("checkpoint");
      // Disks that can copy on write do.
      await cp(folder, copy, { recursive: true, mode: constants.COPYFILE_FICLONE });
    });
    const engine = await openEngine(copy);
    return { engine, close: () => engine.close().finally(remove) };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Does a request ask for a dump with the secret key? Null for one that asks for something else. */
function asksForDump(request: Request, secretKey: string): boolean | null {
  if (new URL(request.url).pathname !== EMBEDDED_DUMP_PATH) return null;
  return request.method === "POST" && sameSecret(request.headers.get("apikey"), secretKey);
}

/**
 * Answers POST /backup/v1/dump with the secret key: all data as of one moment, as the records of a backup. It holds everything, unencrypted, and is
 * for the platform's own backups on this machine. One at a time.
 * @returns what answers such a request, and has null for any other
 */
export function snapshots(db: PgliteDatabase, secretKey: string, folder: string | undefined) {
  let busy = false;

  async function* dump(signal: AbortSignal) {
    try {
      const snapshot = await openSnapshot(db, folder);
      try {
        for await (const record of dumpDatabase(snapshot.engine)) {
          signal.throwIfAborted();
          yield encodeRecord(record);
          // So that the queries of others come in between.
          await new Promise((next) => setImmediate(next));
        }
      } finally {
        await snapshot.close();
      }
    } finally {
      busy = false;
    }
  }

  return (request: Request): Response | null => {
    const asks = asksForDump(request, secretKey);
    if (asks === null) return null;
    if (!asks) return new Response("Not found", { status: 404 });
    if (busy) return new Response("Another dump is being made", { status: 409 });
    busy = true;
    const body = Readable.toWeb(Readable.from(dump(request.signal), { objectMode: false }));
    return new Response(body as never, { headers: { "content-type": "application/octet-stream" } });
  };
}

/** The same for a backend on a Postgres server, which tells what it holds itself: core/backup/embedded-dump.ts says what to do. */
export const noSnapshots =
  (secretKey: string) =>
  (request: Request): Response | null => {
    const asks = asksForDump(request, secretKey);
    if (asks === null) return null;
    return asks
      ? new Response("The data is on a Postgres server: set DATABASE_URL to its address", { status: 501 })
      : new Response("Not found", { status: 404 });
  };
