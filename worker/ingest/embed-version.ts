import { setTimeout as sleep } from "node:timers/promises";
import type { Db } from "@gpt-agent/core/db";
import { type Embedder, EmbedError } from "@gpt-agent/core/llm/embed";
import type { Log } from "@gpt-agent/core/log";
import { PermanentFailure } from "../queue/job-queue.ts";

/** Texts in one request to the provider. */
const TEXTS = 32;
/** Vectors stored in one call; each is some ten kilobytes of JSON, and the embedded database does one thing at a time. */
const BATCH = 8;
const PAUSE_MS = 4;

/**
 * Makes the vectors that a reading lacks and stores them, batch by batch: a job that is cut short goes on where it
 * stopped. Does nothing without an embedder, or when the reading is gone or has been replaced.
 * @throws PermanentFailure when the provider refuses; any other error asks for another try
 */
export async function embedVersion(
  versionId: string,
  deps: { db: Db; log: Log; embedder: Embedder | null },
  signal: AbortSignal,
): Promise<void> {
  const { db, log, embedder } = deps;
  if (!embedder) return;
  const { model } = embedder;
  let done = 0;
  while (true) {
    signal.throwIfAborted();
    const { data: chunks, error } = await db.rpc("chunks_to_embed", { version: versionId, embedding_model: model, max_rows: TEXTS });
    if (error) throw error;
    if (chunks.length === 0) break;
    const vectors = await embed(
      embedder,
      chunks.map((chunk) => chunk.content),
      signal,
    );
    for (let at = 0; at < chunks.length; at += BATCH) {
      const batch = chunks.slice(at, at + BATCH).map((chunk, index) => ({ chunkId: chunk.chunk_id, embedding: vectors[at + index]! }));
      const stored = await db.rpc("add_embeddings", { version: versionId, embedding_model: model, batch });
      if (stored.error) throw stored.error;
      await sleep(PAUSE_MS);
    }
    done += chunks.length;
  }
  const { error } = await db.from("source_versions").update({ embedded_with: model }).eq("id", versionId);
  if (error) throw error;
  if (done) log.info("A source has its vectors", { model, chunks: done });
}

async function embed(embedder: Embedder, texts: string[], signal: AbortSignal): Promise<number[][]> {
  try {
    return await embedder.embed(texts, signal);
  } catch (error) {
    if (error instanceof EmbedError && !error.retryable) throw new PermanentFailure(error.message, { cause: error });
    throw error;
  }
}
