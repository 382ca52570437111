import { setTimeout as sleep } from "node:timers/promises";
import type { Db } from "@gpt-agent/core/db";
import { isJobName, JOBS, type JobName, rankOf } from "@gpt-agent/core/jobs";
import type { Log } from "@gpt-agent/core/log";
import type { Ledger } from "./ledger.ts";
import type { JobQueue, NewJob } from "./queue/job-queue.ts";

const BATCH = 50;
/** Seconds for which a claim holds; a dispatcher that dies loses it and another takes over. */
const LEASE_SECONDS = 15;
/** Milliseconds between looks while there is nothing to do. */
const IDLE_MS = 250;
/** Milliseconds between looks while jobs end, which makes room for others. */
const BUSY_MS = 20;
/** Milliseconds for which a worker in this process may take up what was added, before the database is told. */
const MARK_AFTER_MS = 10;
const FIRST_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 5_000;

const RANKS = Object.fromEntries((Object.keys(JOBS) as JobName[]).map((name) => [name, rankOf(name)]));

type OutboxRow = {
  id: string;
  org_id: string | null;
  name: string;
  payload: unknown;
  tries: number;
  turn: number;
  request_id: string | null;
  trace: string | null;
  baggage: string | null;
};
type DispatcherDeps = { db: Db; queue: JobQueue; log: Log; ledger: Pick<Ledger, "settle">; places: number };

/**
 * Carries jobs from the outbox to the queue, as many of each organization as it has places. A row is marked as sent only after the
 * queue has it, and its id and turn are the job's name there: a crash between the two adds nothing twice. While the
 * database or the queue is away it tries again, ever more slowly, and loses nothing.
 */
export class Dispatcher {
  private readonly stopping = new AbortController();
  private loop: Promise<void> = Promise.resolve();
  private backoff = 0;
  /** Ends the rest at hand, or the next one. */
  private ring = () => {};

  constructor(private readonly deps: DispatcherDeps) {}

  start() {
    this.loop = this.run();
  }

  /** Ends after the batch at hand. */
  async stop() {
    this.stopping.abort();
    this.ring();
    await this.loop;
  }

  /** Looks soon: there may be something to do, or room for it. */
  wake() {
    this.ring();
  }

  private async run() {
    for (let wokenUp = false; !this.stopping.signal.aborted; ) {
      let wait = 0;
      let shortest = 0;
      const woken = new Promise<void>((wake) => {
        this.ring = wake;
      });
      try {
        const moved = await this.dispatch();
        if (this.backoff) this.deps.log.info("The dispatcher is working again");
        this.backoff = 0;
        // A full batch means that there is more.
        wait = moved === BATCH ? 0 : IDLE_MS;
        // Who looked because it was time, and found nothing, hears of the next job at once.
        if (wokenUp || moved > 0) shortest = Math.min(wait, BUSY_MS);
      } catch (error) {
        if (!this.backoff) this.deps.log.warn("Jobs cannot be dispatched; they wait in the outbox", { error });
        this.backoff = Math.min(this.backoff * 2 || FIRST_BACKOFF_MS, MAX_BACKOFF_MS);
        wait = shortest = this.backoff;
      }
      wokenUp = await this.rest(wait, shortest, woken);
    }
  }

  /** Rests until it is woken, though for the shortest time in any case. Resolves to whether it was. */
  private async rest(wait: number, shortest: number, woken: Promise<void>): Promise<boolean> {
    if (shortest > 0) await sleep(shortest, undefined, { signal: this.stopping.signal }).catch(() => {});
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<false>((resolve) => {
      timer = setTimeout(resolve, wait - shortest, false);
    });
    const rung = await Promise.race([woken.then(() => true), over]);
    clearTimeout(timer);
    return rung;
  }

  /** Moves one batch; returns how many rows it claimed. Throws when the database or the queue is out of reach. */
  async dispatch(): Promise<number> {
    const { db, queue, log, places } = this.deps;
    // Claimed rows are out of everyone's sight until the lease ends, so a queue that is away is noticed before.
    await queue.reach();
    const claimed = await db.rpc("claim_outbox", { batch_size: BATCH, lease_seconds: LEASE_SECONDS, slots: places, ranks: RANKS });
    if (claimed.error) throw claimed.error;
    const rows: OutboxRow[] = claimed.data;
    if (rows.length === 0) return 0;
    const jobs = rows.flatMap((row) => this.toJob(row) ?? []);
    if (jobs.length) await queue.add(jobs);
    // The lease covers them: what is there to be done goes first.
    if (rows.length < BATCH) await sleep(MARK_AFTER_MS, undefined, { signal: this.stopping.signal }).catch(() => {});
    const marked = await db.rpc("mark_outbox_sent", { ids: jobs.map(({ id }) => id), turns: jobs.map(({ turn }) => turn) });
    if (marked.error) throw marked.error;
    log.debug("Jobs were dispatched", { count: jobs.length });
    return rows.length;
  }

  /** The row as a job; null for one that nobody could do, which is given up. */
  private toJob(row: OutboxRow): NewJob | null {
    const { log, ledger } = this.deps;
    const giveUp = (message: string, fields: Record<string, unknown>) => {
      log.error(message, { outboxId: row.id, ...fields });
      ledger.settle({ id: row.id, turn: row.turn, outcome: "dead", reason: message });
      return null;
    };
    if (!isJobName(row.name)) return giveUp("The outbox names a job that does not exist", { name: row.name });
    const { payload, attempts } = JOBS[row.name];
    const parsed = payload.safeParse(row.payload);
    if (!parsed.success) return giveUp("The outbox holds a malformed payload", { name: row.name, problem: parsed.error.message });
    const { id, turn, name, request_id: requestId, trace, baggage } = row;
    // What no request began goes by the job's own id, and so does all that comes of it.
    const correlation = { requestId: requestId ?? id, ...(row.org_id === null ? {} : { orgId: row.org_id }), trace, baggage };
    return { id, turn, name, payload: parsed.data, attempt: row.tries + 1, attempts, rank: rankOf(row.name), correlation };
  }
}
