import { setTimeout as sleep } from "node:timers/promises";
import type { Db } from "@gpt-agent/core/db";
import { isJobName, JOBS } from "@gpt-agent/core/jobs";
import type { Log } from "@gpt-agent/core/log";
import type { JobQueue, NewJob } from "./queue/job-queue.ts";

const BATCH = 50;
/** Seconds for which a claim holds; a dispatcher that dies loses it and another takes over. */
const LEASE_SECONDS = 15;
/** Milliseconds between looks while there is nothing to do. */
const IDLE_MS = 250;
const FIRST_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 5_000;

type OutboxRow = { id: string; name: string; payload: unknown };

/**
 * Carries jobs from the outbox to the queue. A row is marked as sent only after the queue has it, and its id is the
 * job's id: a crash between the two adds nothing twice. While the database or the queue is away it tries again, ever
 * more slowly, and loses nothing.
 */
export class Dispatcher {
  private readonly stopping = new AbortController();
  private loop: Promise<void> = Promise.resolve();
  private backoff = 0;

  constructor(private readonly deps: { db: Db; queue: JobQueue; log: Log }) {}

  start() {
    this.loop = this.run();
  }

  /** Ends after the batch at hand. */
  async stop() {
    this.stopping.abort();
    await this.loop;
  }

  private async run() {
    while (!this.stopping.signal.aborted) {
      let wait = 0;
      try {
        const moved = await this.dispatch();
        if (this.backoff) this.deps.log.info("The dispatcher is working again");
        this.backoff = 0;
        // A full batch means that there is more.
        wait = moved === BATCH ? 0 : IDLE_MS;
      } catch (error) {
        if (!this.backoff) this.deps.log.warn("Jobs cannot be dispatched; they wait in the outbox", { error });
        this.backoff = Math.min(this.backoff * 2 || FIRST_BACKOFF_MS, MAX_BACKOFF_MS);
        wait = this.backoff;
      }
      await sleep(wait, undefined, { signal: this.stopping.signal }).catch(() => {});
    }
  }

  /** Moves one batch; returns how many rows it claimed. Throws when the database or the queue is out of reach. */
  async dispatch(): Promise<number> {
    const { db, queue, log } = this.deps;
    // Claimed rows are out of everyone's sight until the lease ends, so a queue that is away is noticed before.
    await queue.depths();
    const claimed = await db.rpc("claim_outbox", { batch_size: BATCH, lease_seconds: LEASE_SECONDS });
    if (claimed.error) throw claimed.error;
    const rows: OutboxRow[] = claimed.data;
    if (rows.length === 0) return 0;
    const jobs = rows.flatMap((row) => toJob(row, log) ?? []);
    if (jobs.length) await queue.add(jobs);
    const marked = await db.rpc("mark_outbox_sent", { ids: rows.map(({ id }) => id) });
    if (marked.error) throw marked.error;
    log.debug("Jobs were dispatched", { count: jobs.length });
    return rows.length;
  }
}

/** The row as a job; null for one that nobody could do, which is logged and not tried again. */
function toJob(row: OutboxRow, log: Log): NewJob | null {
  if (!isJobName(row.name)) {
    log.error("The outbox names a job that does not exist", { outboxId: row.id, name: row.name });
    return null;
  }
  const { payload, attempts, backoff } = JOBS[row.name];
  const parsed = payload.safeParse(row.payload);
  if (!parsed.success) {
    log.error("The outbox holds a malformed payload", { outboxId: row.id, name: row.name, problem: parsed.error.message });
    return null;
  }
  return { id: row.id, name: row.name, payload: parsed.data, attempts, backoff };
}
