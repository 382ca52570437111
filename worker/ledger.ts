import { setTimeout as sleep } from "node:timers/promises";
import type { Db } from "@gpt-agent/core/db";
import type { Log } from "@gpt-agent/core/log";
import type { JobTurn } from "./queue/job-queue.ts";

/** Milliseconds in which outcomes are gathered, to be written down in one call. */
const GATHER_MS = 10;
const BATCH = 200;
const FIRST_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 5_000;

/** What came of a try; see settle_jobs in the migration job_ledger. */
export type Outcome = JobTurn &
  (
    | { outcome: "done"; runMs?: number }
    | { outcome: "retry"; retryMs: number; runMs?: number }
    | { outcome: "back" }
    /** `reason` is shown to operators: without secrets, at most 500 characters. */
    | { outcome: "dead"; reason: string; runMs?: number }
  );

/**
 * Writes down in the outbox what came of jobs, many in one call. While the database is away it keeps them and goes on trying;
 * what dies with the process is asked of the queue later (worker/reconcile.ts).
 */
export class Ledger {
  private pending: Outcome[] = [];
  private writing: Promise<void> | null = null;
  private backoff = 0;
  private closed = false;

  /** @param settled is called after outcomes were written: there is room for other jobs */
  constructor(
    private readonly deps: { db: Db; log: Log },
    private readonly settled: () => void = () => {},
  ) {}

  settle(outcome: Outcome) {
    this.pending.push(outcome);
    this.writing ??= this.write().finally(() => {
      this.writing = null;
    });
  }

  /** Whether an outcome of this try waits to be written. */
  isPending({ id, turn }: JobTurn): boolean {
    return this.pending.some((outcome) => outcome.id === id && outcome.turn === turn);
  }

  /** Writes what is there, and resolves when it is written. */
  async flush(): Promise<void> {
    while (this.writing) await this.writing;
  }

  /** Writes what is there, trying once more at most. */
  async close(): Promise<void> {
    this.closed = true;
    await this.flush();
    if (this.pending.length) this.deps.log.warn("Outcomes of jobs were not written down; the queue is asked for them later");
  }

  private async write() {
    while (this.pending.length) {
      await sleep(this.backoff || GATHER_MS);
      const batch = this.pending.slice(0, BATCH);
      const { error } = await this.deps.db.rpc("settle_jobs", { outcomes: batch });
      if (!error) {
        this.pending.splice(0, batch.length);
        this.backoff = 0;
        this.settled();
        continue;
      }
      if (!this.backoff) this.deps.log.warn("The outcomes of jobs cannot be written down; they are kept", { error });
      this.backoff = Math.min(this.backoff * 2 || FIRST_BACKOFF_MS, MAX_BACKOFF_MS);
      if (this.closed) return;
    }
  }
}
