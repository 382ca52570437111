import { setTimeout as sleep } from "node:timers/promises";
import type { Db } from "@gpt-agent/core/db";
import type { Embedder } from "@gpt-agent/core/llm/embed";
import type { Log } from "@gpt-agent/core/log";
import { markFailed } from "./ingest/index-source.ts";
import type { JobQueue } from "./queue/job-queue.ts";

const EVERY_MS = 60_000;
/** A source without news for this long is looked at. */
const QUIET_SECONDS = 60;
/** A source that was taken up this often within an hour brings the worker down each time; it is given up. */
const MAX_RECENT_JOBS = 5;

/**
 * Finds work that the queue has lost (it was emptied, it gave a job up, its folder was replaced) by looking into our own
 * tables, and puts it into the outbox again. Looks at the start and once a minute.
 */
export class Sweeper {
  private readonly stopping = new AbortController();
  private loop: Promise<void> = Promise.resolve();

  constructor(private readonly deps: { db: Db; queue: JobQueue; log: Log; embedder: Embedder | null }) {}

  start() {
    this.loop = this.run();
  }

  async stop() {
    this.stopping.abort();
    await this.loop;
  }

  private async run() {
    while (!this.stopping.signal.aborted) {
      try {
        await this.sweep();
      } catch (error) {
        this.deps.log.warn("The look for lost jobs failed; it is repeated", { error });
      }
      await sleep(EVERY_MS, undefined, { signal: this.stopping.signal }).catch(() => {});
    }
  }

  /** Looks once. */
  async sweep(quietSeconds = QUIET_SECONDS): Promise<void> {
    await this.sweepSources(quietSeconds);
    await this.sweepEmbeddings();
    await this.sweepDeliveries();
  }

  private async sweepDeliveries() {
    const { data, error } = await this.deps.db.rpc("requeue_lost_deliveries", {});
    if (error) throw error;
    if (data > 0) this.deps.log.warn("Webhook deliveries were lost; they are queued again", { count: data });
  }

  private async sweepSources(quietSeconds: number) {
    const { db, log } = this.deps;
    const { data, error } = await db.rpc("unfinished_sources", { quiet_seconds: quietSeconds });
    if (error) throw error;
    for (const { source_id: source, jobs, recent } of data) {
      if (await this.isAnyLive(jobs)) continue;
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

  private async sweepEmbeddings() {
    const { db, embedder, log } = this.deps;
    if (!embedder) return;
    const { data, error } = await db.rpc("unembedded_versions", { embedding_model: embedder.model });
    if (error) throw error;
    for (const { version_id: version, jobs } of data) {
      if (await this.isAnyLive(jobs)) continue;
      log.info("A source without vectors is queued", { version, model: embedder.model });
      const requeued = await db.rpc("requeue_embedding", { version });
      if (requeued.error) throw requeued.error;
    }
  }

  private async isAnyLive(jobs: string[]): Promise<boolean> {
    for (const id of jobs) if (await this.deps.queue.isLive(id)) return true;
    return false;
  }
}
