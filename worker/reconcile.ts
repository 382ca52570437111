import { setTimeout as sleep } from "node:timers/promises";
import type { Db } from "@gpt-agent/core/db";
import { isJobName, jobSpec } from "@gpt-agent/core/jobs";
import type { Log } from "@gpt-agent/core/log";
import type { Ledger } from "./ledger.ts";
import type { JobQueue, TurnState } from "./queue/job-queue.ts";
import { failure } from "./run-jobs.ts";

const EVERY_MS = 30_000;
/** Seconds after which a job in the queue is asked about. */
const QUIET_SECONDS = 30;
const PAGE = 200;

type Row = { id: string; name: string; tries: number; turn: number };

/**
 * Holds the ledger against the queue: what the queue has lost (it was emptied, its folder was replaced) comes back to the
 * outbox, and what ended without anybody writing it down (a worker died, the database was away) is written down.
 */
export class Reconciler {
  private readonly stopping = new AbortController();
  private loop: Promise<void> = Promise.resolve();

  constructor(private readonly deps: { db: Db; queue: JobQueue; log: Log; ledger: Ledger }) {}

  start() {
    this.loop = this.run();
  }

  async stop() {
    this.stopping.abort();
    await this.loop;
  }

  private async run() {
    while (!this.stopping.signal.aborted) {
      await this.reconcile().catch((error) => this.deps.log.debug("The ledger could not be held against the queue", { error }));
      // At random, so that many workers do not all ask at once.
      await sleep(EVERY_MS * (0.75 + Math.random() / 2), undefined, { signal: this.stopping.signal }).catch(() => {});
    }
  }

  /** Looks at every job that was sent `quietSeconds` ago or earlier. Throws when the queue or the database is out of reach. */
  async reconcile(quietSeconds = QUIET_SECONDS): Promise<void> {
    const { db, queue, ledger } = this.deps;
    for (let last: string | undefined; ; ) {
      const { data, error } = await db.rpc("jobs_in_flight", { quiet_seconds: quietSeconds, after_id: last, max_rows: PAGE });
      if (error) throw error;
      for (const row of data) if (!ledger.isPending(row)) this.settle(row, await queue.state(row));
      last = data.at(-1)?.id;
      if (data.length < PAGE || this.stopping.signal.aborted) return ledger.flush();
    }
  }

  private settle(row: Row, state: TurnState) {
    const { ledger, log } = this.deps;
    const { id, turn, name, tries } = row;
    if (state === "done") ledger.settle({ id, turn, outcome: "done" });
    if (state === "failed") {
      const lastAttempt = !isJobName(name) || tries + 1 >= jobSpec(name).attempts;
      ledger.settle(
        failure({ id, turn, name, attempt: tries + 1, lastAttempt }, "It failed, and its worker went away before it could say why"),
      );
    }
    if (state === "gone") {
      log.warn("The queue has lost a job; it comes back to the outbox", { job: name, jobId: id });
      ledger.settle({ id, turn, outcome: "back" });
    }
  }
}
