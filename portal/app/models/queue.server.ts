import type { Db } from "@gpt-agent/core/db";
import { isJobName, scheduleOf } from "@gpt-agent/core/jobs";
import { nextTick } from "@gpt-agent/core/schedule";
import { z } from "zod";
import { unwrap } from "~/models/result.server";

const overview = z.object({
  pausedAll: z.boolean(),
  jobs: z.array(
    z.object({
      name: z.string(),
      waiting: z.number(),
      later: z.number(),
      inFlight: z.number(),
      oldestSeconds: z.number(),
      done: z.number(),
      failed: z.number(),
      dead: z.number(),
      /** Means of the last hour, in milliseconds. */
      waitMs: z.number().nullable(),
      runMs: z.number().nullable(),
      paused: z.boolean(),
      lastTick: z.string().nullable(),
    }),
  ),
  minutes: z.array(z.object({ at: z.string(), done: z.number(), failed: z.number() })),
  organizations: z.array(z.object({ id: z.string(), name: z.string(), inFlight: z.number(), waiting: z.number() })),
  workers: z.array(
    z.object({
      id: z.string(),
      host: z.string(),
      version: z.string(),
      store: z.string(),
      startedAt: z.string(),
      seenAt: z.string(),
      alive: z.boolean(),
      running: z.number(),
      concurrency: z.number(),
    }),
  ),
  deadCount: z.number(),
  dead: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      reason: z.string(),
      attempts: z.number(),
      failedAt: z.string(),
      organization: z.string().nullable(),
    }),
  ),
});
type Overview = z.infer<typeof overview>;
/** `next` is when a scheduled job is due next; null for all others. */
export type QueueJob = Overview["jobs"][number] & { next: string | null };
export type QueueOverview = Omit<Overview, "jobs"> & { jobs: QueueJob[] };

/** Whether the signed-in person runs the platform. */
export async function runsPlatform(db: Db): Promise<boolean> {
  return unwrap(await db.rpc("is_platform_admin"));
}

/** The queue as the ledger of jobs has it. `db` is an operator's own. @param now milliseconds since 1970 */
export async function queueOverview(db: Db, now = Date.now()): Promise<QueueOverview> {
  const found = overview.parse(unwrap(await db.rpc("queue_overview")));
  return { ...found, jobs: found.jobs.map((job) => ({ ...job, next: nextOf(job.name, now) })) };
}

function nextOf(name: string, now: number): string | null {
  const schedule = isJobName(name) ? scheduleOf(name) : null;
  return schedule && new Date(nextTick(schedule, now)).toISOString();
}

/** Pauses or resumes a job by name, "*" for all. */
export async function pauseJobs(db: Db, by: { name: string; paused: boolean }): Promise<void> {
  unwrap(await db.rpc("pause_jobs", { job_name: by.name, paused: by.paused }));
}

/** Has dead letters tried again or dismissed; all that are open without ids. Returns how many. */
export async function settleDeadJobs(db: Db, by: { ids: string[] | null; retry: boolean }): Promise<number> {
  return unwrap(await db.rpc("settle_dead_jobs", { ids: by.ids, retry: by.retry }));
}
