import { isJobName, jobSpec } from "@gpt-agent/core/jobs";
import { redactText } from "@gpt-agent/core/redact";
import { silentTelemetry, type Telemetry } from "@gpt-agent/core/telemetry";
import { giveUp, handleJob, type JobDeps } from "./jobs/index.ts";
import type { Ledger, Outcome } from "./ledger.ts";
import { PermanentFailure, type RunningJob } from "./queue/job-queue.ts";

/** A try whose workers went away this often brings them down: it is given up. One that outlives deployments does not get there. */
export const MAX_STALLS = 4;
const DAY_MS = 86_400_000;

type RunDeps = JobDeps & { ledger: Pick<Ledger, "settle">; isPaused(name: string): boolean; telemetry?: Telemetry };

/**
 * Makes a try of a job and has its outcome written down: done, tried again later, or given up.
 * @param handle does the work; throws PermanentFailure when another try cannot help
 * @throws what the work threw, so that the queue too knows that the try failed
 */
export function runJob(job: RunningJob, deps: RunDeps, handle = handleJob): Promise<void> {
  const from = job.correlation ?? { requestId: job.id, trace: null, baggage: null };
  const name = isJobName(job.name) ? job.name : "unknown";
  return (deps.telemetry ?? silentTelemetry).step({ name, op: "queue.process" }, from, () => tryJob(job, deps, handle));
}

async function tryJob(job: RunningJob, deps: RunDeps, handle: typeof handleJob): Promise<void> {
  const { ledger, log } = deps;
  const { id, turn, name } = job;
  if (deps.isPaused(name)) return ledger.settle({ id, turn, outcome: "back" });
  log.debug("A job begins", { job: name, jobId: id, attempt: job.attempt });
  const started = performance.now();
  try {
    if (job.stalls >= MAX_STALLS) throw new PermanentFailure(`Its workers went away ${job.stalls} times in the middle of it`);
    await handle(job, deps);
    ledger.settle({ id, turn, outcome: "done", runMs: performance.now() - started });
  } catch (error) {
    // Given back: the queue keeps it.
    if (job.signal.aborted) throw error;
    const outcome = failure(job, error, performance.now() - started);
    if (outcome.outcome === "dead") {
      log.error("A job is given up", { job: name, jobId: id, attempt: job.attempt, error });
      await giveUp(job, deps).catch((problem) =>
        log.error("What a job was for could not be told that it is given up", { jobId: id, error: problem }),
      );
    } else log.warn("A job failed; it is tried again", { job: name, jobId: id, attempt: job.attempt, error });
    ledger.settle(outcome);
    throw error;
  }
}

/** What a failed try comes to. Each try waits twice as long as the one before, and up to a quarter more, so that many do not come back at once. */
export function failure(
  { id, turn, name, attempt, lastAttempt }: Omit<RunningJob, "payload" | "signal" | "stalls" | "correlation">,
  error: unknown,
  runMs = 0,
): Outcome {
  if (lastAttempt || error instanceof PermanentFailure) return { id, turn, outcome: "dead", reason: reasonOf(error), runMs };
  const backoff = isJobName(name) ? jobSpec(name).backoff : 1_000;
  const longest = Math.min(backoff * 2 ** (attempt - 1), DAY_MS);
  return { id, turn, outcome: "retry", retryMs: longest * (1 + Math.random() / 4), runMs };
}

/** What operators read: the message without secrets, addresses' parameters, quoted values and long runs of letters and digits. */
export function reasonOf(error: unknown): string {
  const { name, message } = error instanceof Error ? error : { name: "Error", message: messageOf(error) };
  const text = name === "Error" || name === "PermanentFailure" ? message : `${name}: ${message}`;
  return redactText(text)
    .replace(/(https?:\/\/)[^\s@/]*@/g, "$1")
    .replace(/(https?:\/\/[^\s?#]+)[?#]\S*/g, "$1?…")
    .replace(/\b(bearer|basic)\s+\S+/gi, "$1 …")
    .replace(/\b(token|secret|password|api[-_]?key)(["']?\s*[:=]\s*)\S+/gi, "$1$2…")
    .replace(/[\w+/=-]{33,}/g, (run) => (/^[0-9a-f-]{36}$/.test(run) ? run : "…"))
    .slice(0, 500);
}

/** Errors of the database are plain objects with a message. */
function messageOf(error: unknown): string {
  if (error && typeof error === "object" && "message" in error) return String(error.message);
  return String(error);
}
