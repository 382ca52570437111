import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Db } from "@gpt-agent/core/db";
import type { Json } from "@gpt-agent/core/db-types";
import type { Log } from "@gpt-agent/core/log";
import type { SourceFailure } from "@gpt-agent/core/source-failures";
import { getObject } from "@gpt-agent/core/storage";
import { PermanentFailure } from "../queue/job-queue.ts";
import { ReadFailure } from "./document.ts";
import { type ReadText, readFileInChild } from "./read-file.ts";

/** Raised when extraction or chunking changes what it makes, so that an unfinished reading is not mixed with a new one. */
const FORMAT = 1;
/**
 * Chunks stored in one call, and the pause after it. The embedded database does one thing at a time: a call this small
 * takes tens of milliseconds, and the pause lets in whoever waits.
 */
const BATCH = 8;
const PAUSE_MS = 4;
/** The states in which a source has work to be done. A job that finds another one has been done before. */
const UNFINISHED = ["queued", "reading", "indexing"];

export type IndexDeps = { db: Db; log: Log; read?: typeof readFileInChild };
export type IndexTry = { attempt: number; lastAttempt: boolean; signal: AbortSignal };

/**
 * Reads a source's stored file and makes its text searchable. Done twice, it has the effect of once: chunks are found by
 * their place in a reading, a reading by the file's bytes, and a source that is ready is left alone.
 * @throws PermanentFailure after the source was marked as failed for good; any other error asks for another try
 */
export async function indexSource(sourceId: string, deps: IndexDeps, turn: IndexTry): Promise<void> {
  const { db, log } = deps;
  try {
    await readAndStore(sourceId, deps, turn);
  } catch (error) {
    if (turn.signal.aborted) throw error;
    if (error instanceof ReadFailure) {
      await markFailed(db, sourceId, error.code);
      log.info("A source cannot be read", { code: error.code, reason: error.message, cause: error.cause });
      throw new PermanentFailure(`${error.code}: ${error.message}`);
    }
    if (turn.lastAttempt) await markFailed(db, sourceId, "unexpected");
    throw error;
  }
}

async function readAndStore(sourceId: string, { db, log, read = readFileInChild }: IndexDeps, { attempt, signal }: IndexTry) {
  const source = check(await db.from("sources").select("id, org_id, title, object_key, status").eq("id", sourceId).maybeSingle());
  if (!source || !UNFINISHED.includes(source.status)) return;
  if (!source.object_key) throw new ReadFailure("missing_file", "The source has no file");
  check(await db.from("sources").update({ status: "reading", failure_code: null }).eq("id", sourceId).in("status", UNFINISHED));

  const started = Date.now();
  const bytes = await getObject(db, source.object_key);
  if (!bytes) {
    // Storage may be a moment behind; only then is the file believed to be gone.
    if (attempt < 2) throw new Error("The file is not in storage yet");
    throw new ReadFailure("missing_file", "The file is not in storage");
  }
  const text = await read(bytes, source.title, signal);
  const readMs = Date.now() - started;
  const hash = createHash("sha256").update(`${FORMAT}\n`).update(bytes).digest("hex");
  const published = await store(db, sourceId, hash, text, signal);
  if (!published) return;
  log.info("A source is ready", { format: text.format, pages: text.pages, chunks: text.chunks.length, readMs, ms: Date.now() - started });
  await dropOldReadings(db, sourceId, signal);
}

/** Stores a reading and swaps it in. False when the source was deleted meanwhile. */
async function store(db: Db, sourceId: string, hash: string, text: ReadText, signal: AbortSignal): Promise<boolean> {
  const { data: version, error } = await db.rpc("begin_source_version", {
    source: sourceId,
    version_hash: hash,
    pages: text.pages,
    chars: text.length,
    lang: text.language,
    chunk_total: text.chunks.length,
  });
  if (error) throw error;
  if (!version) return false;
  for (let at = 0; at < text.chunks.length; at += BATCH) {
    signal.throwIfAborted();
    const stored = check(await db.rpc("add_chunks", { version, batch: text.chunks.slice(at, at + BATCH) as unknown as Json }));
    if (stored === null) return false;
    await sleep(PAUSE_MS);
  }
  check(await db.rpc("publish_source_version", { version }));
  return true;
}

async function dropOldReadings(db: Db, sourceId: string, signal: AbortSignal) {
  while (!signal.aborted && check(await db.rpc("drop_old_readings", { source: sourceId, max_chunks: BATCH * 4 }))) await sleep(PAUSE_MS);
}

/** Only an unfinished source can fail: a try that lost its hold on the job must not undo what another one finished. */
export async function markFailed(db: Db, sourceId: string, code: SourceFailure) {
  check(await db.from("sources").update({ status: "failed", failure_code: code }).eq("id", sourceId).in("status", UNFINISHED));
}

/** The data of an answer; throws its error. */
function check<T>(answer: { data: T; error: unknown }): T {
  if (answer.error) throw answer.error;
  return answer.data;
}
