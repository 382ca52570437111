import type { Correlation } from "@gpt-agent/core/correlation";
import type { Log } from "@gpt-agent/core/log";
import { type BackendClasses, type IQueueBackend, type Job, type JobsOptions, WaitingError } from "bullmq";
import { z } from "zod";

/** One try of a job. It is named by the job's id and its turn; one that the queue knows is not added again. */
export type JobTurn = { id: string; turn: number };

/** A try to be queued. What waits for its time waits in the outbox: the queue holds what may run now. */
export type NewJob = JobTurn & {
  name: string;
  payload: Record<string, unknown>;
  /** Which try this is, from 1. */
  attempt: number;
  /** How often it is tried in all. */
  attempts: number;
  /** 0 goes before 1, 1 before 2. */
  rank: number;
  /** The request that it comes of, or its own id, and its organization. */
  correlation?: Correlation;
};

/** A try being made. */
export type RunningJob = JobTurn & {
  name: string;
  payload: unknown;
  /** Counts from 1. */
  attempt: number;
  /** Whether a failure now is the end of the job. */
  lastAttempt: boolean;
  /** How many workers went away (died, froze) in the middle of this try before. */
  stalls: number;
  /** The request that it comes of, or its own id, and its organization. */
  correlation?: Correlation;
  /** Aborted when the job must be given back: the worker is going away or has lost its hold on the job. */
  signal: AbortSignal;
};

/** What the queue knows of a try; "gone" when it knows nothing. */
export type TurnState = "live" | "done" | "failed" | "gone";

export type QueueDepths = { waiting: number; active: number; delayed: number; failed: number };

/** Thrown by a handler when another try cannot help. */
export class PermanentFailure extends Error {
  override name = "PermanentFailure";
}

export interface JobWorker {
  /** Takes no new jobs, lets running ones end for `patience` milliseconds and gives the rest back. */
  drain(patience: number): Promise<void>;
}

/** The worker's queue. One implementation on BullMQ; what differs between Redis and Postgres is in redis.ts and postgres.ts. */
export interface JobQueue {
  /** Rejects at once when the store is out of reach. */
  add(jobs: NewJob[]): Promise<void>;
  /** Starts doing jobs, `concurrency` at a time. */
  work(handle: (job: RunningJob) => Promise<void>, concurrency: number): JobWorker;
  /** Whether a try waits or is being made, has succeeded or failed. */
  state(turn: JobTurn): Promise<TurnState>;
  /** Rejects when the store is out of reach: known to be away, or asked now if it has not answered for a second. */
  reach(): Promise<void>;
  /** Also the health check: rejects when the store is out of reach. */
  depths(): Promise<QueueDepths>;
  close(): Promise<void>;
}

export type QueueTimings = {
  /** Milliseconds for which a worker holds a job without renewing its hold. */
  lockDuration: number;
  /** Milliseconds between looks for jobs whose worker died. */
  stalledInterval: number;
  /** Seconds after which an idle worker looks by itself, were it ever not woken. */
  drainDelay: number;
};
/** A killed worker's jobs are taken up by another after at most lockDuration + stalledInterval. */
export const TIMINGS: QueueTimings = { lockDuration: 15_000, stalledInterval: 5_000, drainDelay: 5 };

const NAME = "jobs";
/** For how long a store that has answered counts as within reach, in milliseconds. */
const REACHABLE_MS = 1_000;
/** Long enough for the ledger to hear how a try ended, should the worker that made it die before it could tell. */
const KEEP = { removeOnComplete: { age: 3_600, count: 1_000 }, removeOnFail: { age: 86_400, count: 1_000 } };
/**
 * BullMQ never gives up a try whose worker died: who counts the stalls and gives up is the worker that takes it next
 * (worker/run-jobs.ts), as it has to write that down.
 */
const MAX_STALLS = 1_000_000;
const STATES: Record<string, TurnState> = { completed: "done", failed: "failed", unknown: "gone" };
/** In BullMQ 1 is first, and what has no priority goes before all. */
const PRIORITIES = [undefined, 1, 2];
const keyOf = ({ id, turn }: JobTurn) => `${id}_${turn}`;
const turnData = z.strictObject({
  id: z.string(),
  turn: z.number(),
  attempt: z.number(),
  attempts: z.number(),
  payload: z.unknown(),
});

/** Beside the data, in BullMQ's field for it: a worker of another version does without. */
const metadata = z.strictObject({
  requestId: z.uuid(),
  orgId: z.uuid().optional(),
  trace: z.string().nullable(),
  baggage: z.string().nullable(),
});

function correlationOf(job: Job): Correlation | undefined {
  const text = job.opts.telemetry?.metadata;
  if (!text) return undefined;
  try {
    return metadata.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

type Options<C> = {
  /** For adding and asking: fails fast. */
  producer: C;
  /** For working: waits for the store to come back. */
  consumer: C;
  log: Log;
  timings?: QueueTimings;
  /** Throws when the store is known to be out of reach, so that adding never waits for it. */
  assertReachable?: () => void;
  /** Closes what the connections were made from. */
  onClose?: () => Promise<void>;
};

/**
 * The queue on BullMQ, whatever store the classes are bound to.
 * @param classes BullMQ's classes bound to a backend (`withBackend`)
 */
export function createJobQueue<B extends IQueueBackend, C>(classes: BackendClasses<B, C>, options: Options<C>): JobQueue {
  const { log, timings = TIMINGS } = options;
  const queue = new classes.Queue(NAME, { connection: options.producer });
  // A store that is away says so many times a second; one line every few seconds tells as much.
  let lastSaid = 0;
  const onError = (error: Error) => {
    if (Date.now() - lastSaid < 5_000) return;
    lastSaid = Date.now();
    log.warn("The queue reports an error", { error: error.message });
  };
  queue.on("error", onError);
  const workers: JobWorker[] = [];
  let answeredAt = Number.NEGATIVE_INFINITY;

  return {
    async reach() {
      options.assertReachable?.();
      if (performance.now() - answeredAt < REACHABLE_MS) return;
      await queue.getJobCounts("active");
      answeredAt = performance.now();
    },

    async add(jobs) {
      options.assertReachable?.();
      const entries = jobs.map(({ id, turn, name, payload, attempt, attempts, rank, correlation }) => {
        const opts: JobsOptions = {
          jobId: keyOf({ id, turn }),
          attempts: 1,
          priority: PRIORITIES[rank],
          ...(correlation ? { telemetry: { metadata: JSON.stringify(correlation) } } : {}),
          ...KEEP,
        };
        return { name, data: { id, turn, attempt, attempts, payload }, opts };
      });
      const [only, ...others] = entries;
      // Most often there is one, which needs no transaction.
      if (only && others.length === 0) await queue.add(only.name, only.data, only.opts);
      else await queue.addBulk(entries);
    },

    work(handle, concurrency) {
      let draining = false;
      const worker = new classes.Worker(
        NAME,
        async (job: Job, token?: string, signal?: AbortSignal) => {
          try {
            const { attempts, ...turn } = turnData.parse(job.data);
            await handle({
              ...turn,
              name: job.name,
              lastAttempt: turn.attempt >= attempts,
              stalls: job.stalledCounter,
              correlation: correlationOf(job),
              signal: signal ?? new AbortController().signal,
            });
          } catch (error) {
            // Given back while closing: the try does not count.
            if (draining && signal?.aborted) {
              await job.moveToWait(token);
              throw new WaitingError();
            }
            throw error;
          }
        },
        { connection: options.consumer, concurrency, maxStalledCount: MAX_STALLS, ...timings },
      );
      worker.on("error", onError);
      const jobWorker: JobWorker = {
        async drain(patience) {
          const closing = worker.close();
          const giveBack = setTimeout(() => {
            draining = true;
            worker.cancelAllJobs("The worker is going away");
          }, patience);
          await closing;
          clearTimeout(giveBack);
        },
      };
      workers.push(jobWorker);
      return jobWorker;
    },

    async state(turn) {
      options.assertReachable?.();
      return STATES[await queue.getJobState(keyOf(turn))] ?? "live";
    },

    async depths() {
      options.assertReachable?.();
      const counts = await queue.getJobCounts("waiting", "prioritized", "active", "delayed", "failed");
      return {
        waiting: (counts.waiting ?? 0) + (counts.prioritized ?? 0),
        active: counts.active ?? 0,
        delayed: counts.delayed ?? 0,
        failed: counts.failed ?? 0,
      };
    },

    async close() {
      await Promise.all(workers.map((worker) => worker.drain(0)));
      await queue.close();
      await options.onClose?.();
    },
  };
}
