import type { Log } from "@gpt-agent/core/log";
import { type BackendClasses, type IQueueBackend, type Job, type JobsOptions, UnrecoverableError, WaitingError } from "bullmq";

/** A job to be queued. A job whose id the queue knows is not added again. */
export type NewJob = {
  id: string;
  name: string;
  payload: Record<string, unknown>;
  /** How often it is tried in all. */
  attempts: number;
  /** Milliseconds before the first retry; each later one waits twice as long. */
  backoff: number;
  /** Milliseconds before the first try. */
  delay?: number;
};

/** A job being done. */
export type RunningJob = {
  id: string;
  name: string;
  payload: unknown;
  /** Counts from 1. */
  attempt: number;
  /** Whether a failure now is the end of the job. */
  lastAttempt: boolean;
  /** Aborted when the job must be given back: the worker is going away or has lost its hold on the job. */
  signal: AbortSignal;
};

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
  /** Whether a job with this id is waiting, delayed or being done. */
  isLive(id: string): Promise<boolean>;
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
const KEEP = { removeOnComplete: { age: 3_600, count: 1_000 }, removeOnFail: { age: 7 * 86_400, count: 5_000 } };
const LIVE = new Set(["waiting", "active", "delayed", "prioritized", "waiting-children", "paused"]);

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

  return {
    async add(jobs) {
      options.assertReachable?.();
      await queue.addBulk(
        jobs.map(({ id, name, payload, attempts, backoff, delay }) => {
          const opts: JobsOptions = { jobId: id, attempts, backoff: { type: "exponential", delay: backoff }, delay, ...KEEP };
          return { name, data: payload, opts };
        }),
      );
    },

    work(handle, concurrency) {
      let draining = false;
      const worker = new classes.Worker(
        NAME,
        async (job: Job, token?: string, signal?: AbortSignal) => {
          try {
            const running = signal ?? new AbortController().signal;
            await handle({
              id: job.id!,
              name: job.name,
              payload: job.data,
              attempt: job.attemptsMade + 1,
              lastAttempt: job.attemptsMade + 1 >= (job.opts.attempts ?? 1),
              signal: running,
            });
          } catch (error) {
            // Given back while closing: the try does not count.
            if (draining && signal?.aborted) {
              await job.moveToWait(token);
              throw new WaitingError();
            }
            if (error instanceof PermanentFailure) throw new UnrecoverableError(error.message);
            throw error;
          }
        },
        // Dying workers are not the job's fault: the limit is high, and our own tables re-drive what is given up all the same.
        { connection: options.consumer, concurrency, maxStalledCount: 20, ...timings },
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

    async isLive(id) {
      options.assertReachable?.();
      return LIVE.has(await queue.getJobState(id));
    },

    async depths() {
      options.assertReachable?.();
      const counts = await queue.getJobCounts("waiting", "active", "delayed", "failed");
      return { waiting: counts.waiting ?? 0, active: counts.active ?? 0, delayed: counts.delayed ?? 0, failed: counts.failed ?? 0 };
    },

    async close() {
      await Promise.all(workers.map((worker) => worker.drain(0)));
      await queue.close();
      await options.onClose?.();
    },
  };
}
