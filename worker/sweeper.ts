import type { Db } from "@gpt-agent/core/db";
import type { Embedder } from "@gpt-agent/core/llm/embed";
import type { Log } from "@gpt-agent/core/log";
import { markFailed } from "./ingest/index-source.ts";

/** A source without news for this long is looked at. */
const QUIET_SECONDS = 60;
/** A source that was taken up this often within an hour brings the worker down each time; it is given up. */
const MAX_RECENT_JOBS = 5;

type SweepDeps = { db: Db; log: Log; embedder: Embedder | null };

/**
 * Finds work that has no job (any more) by looking into our own tables, puts it into the outbox again, and clears away what is kept for a
 * while only. Looks once. What the queue has lost is found by worker/reconcile.ts.
 */
export async function sweep(deps: SweepDeps, quietSeconds = QUIET_SECONDS): Promise<void> {
  await sweepSources(deps, quietSeconds);
  await sweepEmbeddings(deps);
  await sweepDeliveries(deps);
  await sweepMails(deps);
  const { error } = await deps.db.rpc("sweep_jobs");
  if (error) throw error;
}

async function sweepMails({ db, log }: SweepDeps) {
  const { data, error } = await db.rpc("requeue_lost_mails", {});
  if (error) throw error;
  if (data > 0) log.warn("E-mails were left without a job; they are queued again", { count: data });
}

async function sweepDeliveries({ db, log }: SweepDeps) {
  const { data, error } = await db.rpc("requeue_lost_deliveries", {});
  if (error) throw error;
  if (data > 0) log.warn("Webhook deliveries were left without a job; they are queued again", { count: data });
}

async function sweepSources({ db, log }: SweepDeps, quietSeconds: number) {
  const { data, error } = await db.rpc("unfinished_sources", { quiet_seconds: quietSeconds });
  if (error) throw error;
  for (const { source_id: source, recent } of data) {
    if (recent >= MAX_RECENT_JOBS) {
      log.error("A source is given up: its jobs keep getting lost", { source, jobs: recent });
      await markFailed(db, source, "unexpected");
      continue;
    }
    log.warn("A source's job was lost; it is queued again", { source });
    const requeued = await db.rpc("requeue_source", { source });
    if (requeued.error) throw requeued.error;
  }
}

async function sweepEmbeddings({ db, log, embedder }: SweepDeps) {
  if (!embedder) return;
  const { data, error } = await db.rpc("unembedded_versions", { embedding_model: embedder.model });
  if (error) throw error;
  for (const { version_id: version } of data) {
    log.info("A source without vectors is queued", { version, model: embedder.model });
    const requeued = await db.rpc("requeue_embedding", { version });
    if (requeued.error) throw requeued.error;
  }
}
