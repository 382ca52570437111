import type { DbConfig } from "@gpt-agent/core/db";
import { isJobName } from "@gpt-agent/core/jobs";
import type { Metrics } from "@gpt-agent/core/metrics/metrics";
import { outboxLag, type PlatformFigures, readPlatformFigures } from "@gpt-agent/core/platform-figures";
import type { Ledger, Outcome } from "./ledger.ts";
import packageJson from "./package.json" with { type: "json" };
import type { JobQueue, RunningJob } from "./queue/job-queue.ts";
import type { Services } from "./services.ts";

type WorkerMetrics = Metrics<"worker">;

/** What is counted over the whole platform holds for so long, in milliseconds, however many scrape. */
const FRESH_MS = 30_000;
/** How soon is tried again what failed. */
const RETRY_MS = 5_000;
const PATIENCE_MS = 5_000;

/** Times calls of the database. */
export const watchDatabase =
  (metrics: WorkerMetrics): NonNullable<DbConfig["watch"]> =>
  (kind, ms, failed) => {
    metrics.observe("gap_database_request_duration_seconds", { kind }, ms / 1_000);
    if (failed) metrics.count("gap_database_errors_total", { kind });
  };

const labelOf = (job: string) => (isJobName(job) ? job : "other");

/** A ledger that counts what comes of a job before it is written down. */
export function countedLedger(
  metrics: WorkerMetrics,
  { name }: Pick<RunningJob, "name">,
  ledger: Pick<Ledger, "settle">,
): Pick<Ledger, "settle"> {
  const job_name = labelOf(name);
  return {
    settle(outcome: Outcome) {
      metrics.count("gap_jobs_total", { job_name, outcome: outcome.outcome });
      if ("runMs" in outcome && outcome.runMs !== undefined)
        metrics.observe("gap_job_duration_seconds", { job_name }, outcome.runMs / 1_000);
      ledger.settle(outcome);
    },
  };
}

type Watched = Pick<Services, "db" | "log"> & { queue: Pick<JobQueue, "depths">; concurrency: number; running(): number };

/** Has the queue and the whole platform looked at before each reading of the metrics. */
export function lookAtWorker(metrics: WorkerMetrics, { db, log, queue, concurrency, running }: Watched): void {
  metrics.set("gap_build_info", { version: packageJson.version }, 1);
  metrics.set("gap_worker_places", {}, concurrency);
  let newest: { at: number; figures: Promise<PlatformFigures | null>; failed: boolean } | null = null;
  /** The figures, asked for once however many wait for them; null while the database is away. */
  const figures = () => {
    const now = performance.now();
    if (newest && now - newest.at < (newest.failed ? RETRY_MS : FRESH_MS)) return newest.figures;
    const asked = { at: now, failed: false, figures: Promise.resolve<PlatformFigures | null>(null) };
    asked.figures = readPlatformFigures(db, AbortSignal.timeout(PATIENCE_MS)).catch((error: unknown) => {
      asked.failed = true;
      log.warn("The platform's figures could not be read", { error });
      return null;
    });
    newest = asked;
    return asked.figures;
  };
  metrics.onText(async () => {
    metrics.set("gap_worker_jobs_running", {}, running());
    const [depths, counted] = await Promise.all([within(queue.depths()), figures()]);
    metrics.set("gap_queue_store_up", {}, depths ? 1 : 0);
    metrics.clear("gap_queue_store_jobs");
    for (const [state, jobs] of Object.entries(depths ?? {})) metrics.set("gap_queue_store_jobs", { state }, jobs);
    metrics.set("gap_database_up", {}, counted ? 1 : 0);
    tellFigures(metrics, counted);
  });
}

/** The value, or null when it fails or does not come in time. */
function within<T>(promise: Promise<T>): Promise<T | null> {
  const late = new Promise<null>((resolve) => setTimeout(resolve, PATIENCE_MS, null).unref());
  return Promise.race([promise.catch(() => null), late]);
}

/** Puts the figures of the platform into its gauges; without figures they are absent, as nobody knows them. */
export function tellFigures(metrics: WorkerMetrics, figures: PlatformFigures | null): void {
  for (const name of LABELLED) metrics.clear(name);
  for (const [name, read] of PLAIN) metrics.set(name, {}, figures && read(figures));
  if (!figures) return;
  for (const job of figures.queue) {
    const job_name = labelOf(job.name);
    metrics.set("gap_queue_jobs", { job_name, state: "waiting" }, job.waiting);
    metrics.set("gap_queue_jobs", { job_name, state: "later" }, job.later);
    metrics.set("gap_queue_jobs", { job_name, state: "in_flight" }, job.inFlight);
    metrics.set("gap_queue_oldest_seconds", { job_name }, job.waiting > 0 ? job.oldestSeconds : 0);
    metrics.set("gap_queue_in_flight_seconds", { job_name }, job.inFlight > 0 ? job.inFlightSeconds : 0);
    metrics.set("gap_queue_dead_jobs", { job_name }, job.dead);
    metrics.set("gap_queue_paused", { job_name }, job.paused ? 1 : 0);
  }
  for (const { crm, status, count } of figures.connections) metrics.set("gap_crm_connections", { crm, status }, count);
  for (const state of ["enabled", "failing", "disabled"] as const) metrics.set("gap_webhook_endpoints", { state }, figures.webhooks[state]);
}

const LABELLED = [
  "gap_queue_jobs",
  "gap_queue_oldest_seconds",
  "gap_queue_in_flight_seconds",
  "gap_queue_dead_jobs",
  "gap_queue_paused",
  "gap_crm_connections",
  "gap_webhook_endpoints",
] as const;

/** Gauges without labels, and where their values are. */
const PLAIN = [
  ["gap_outbox_lag_seconds", outboxLag],
  ["gap_workers_alive", (f) => f.workersAlive],
  ["gap_backup_last_success_timestamp_seconds", (f) => (f.lastBackup === null ? null : Date.parse(f.lastBackup) / 1_000)],
  ["gap_database_size_bytes", (f) => f.database.bytes],
  ["gap_database_connections", (f) => f.database.connections],
  ["gap_database_connections_limit", (f) => f.database.maxConnections],
  ["gap_webhook_deliveries_pending", (f) => f.webhooks.pending],
  ["gap_webhook_deliveries_overdue", (f) => f.webhooks.overdue],
  ["gap_organizations", (f) => f.business.organizations],
  ["gap_agents", (f) => f.business.agents],
  ["gap_users", (f) => f.business.users],
  ["gap_users_active", (f) => f.business.usersActiveDay],
  ["gap_visitors_active", (f) => f.business.visitorsActiveHour],
  ["gap_organizations_active", (f) => f.business.organizationsActiveHour],
  ["gap_conversations_active", (f) => f.business.conversationsActiveHour],
  ["gap_knowledge_sources", (f) => f.business.sources],
  ["gap_knowledge_sources_unread", (f) => f.business.unreadSources],
  ["gap_knowledge_passages", (f) => f.business.passages],
  ["gap_knowledge_bytes", (f) => f.business.knowledgeBytes],
  ["gap_day_conversations", (f) => f.business.conversationsToday],
  ["gap_day_answers", (f) => f.business.answersToday],
  ["gap_day_unanswered", (f) => f.business.unansweredToday],
  ["gap_day_tokens", (f) => f.business.tokensToday],
  ["gap_day_cost_dollars", (f) => f.business.costMicrosToday / 1e6],
] as const satisfies readonly (readonly [string, (figures: PlatformFigures) => number | null])[];
