// The composition root: every client the worker uses is made here, once, from the environment.
import { backupStore } from "@gpt-agent/core/backup/backup-store";
import type { BackupPlan } from "@gpt-agent/core/backup/run-backup";
import { type Crms, createCrmEgress, createCrms, crmConfig } from "@gpt-agent/core/crm/crms";
import { type Db, serviceDb } from "@gpt-agent/core/db";
import type { WorkerEnv } from "@gpt-agent/core/env";
import { createEmbedder, type Embedder } from "@gpt-agent/core/llm/embed";
import { createLog, type Log } from "@gpt-agent/core/log";
import { createMailer, type Mailer } from "@gpt-agent/core/mail/mailer";
import { type Metrics, openMetrics } from "@gpt-agent/core/metrics/metrics";
import { databaseNotices } from "@gpt-agent/core/notices/database-notices";
import type { Notices } from "@gpt-agent/core/notices/notices";
import { createSafeFetch, type SafeFetch } from "@gpt-agent/core/safe-fetch";
import { createSecretBox, type SecretBox } from "@gpt-agent/core/secrets";
import { openSentry } from "@gpt-agent/core/sentry";
import { silentTelemetry, type Telemetry } from "@gpt-agent/core/telemetry";
import { watchDatabase } from "./metrics.ts";
import { backendNotices } from "./notices/backend.ts";
import packageJson from "./package.json" with { type: "json" };
import type { JobQueue } from "./queue/job-queue.ts";
import { openEmbeddedQueue, openPostgresQueue } from "./queue/postgres.ts";
import { openRedisQueue } from "./queue/redis.ts";

export type Services = {
  log: Log;
  /** What Prometheus reads at /metrics. */
  metrics: Metrics<"worker">;
  telemetry: Telemetry;
  db: Db;
  queue: JobQueue;
  /** Where the queue is. */
  store: "redis" | "postgres" | "embedded";
  /** Jobs that one organization has in the queue at a time. */
  places: number;
  embedder: Embedder | null;
  /** The way out to addresses that customers give. */
  egress: SafeFetch;
  /** The way out to CRMs, also to those that the operator put elsewhere. */
  crmEgress: SafeFetch;
  secretBox: SecretBox;
  /** Null where nothing sends e-mails. */
  mailer: Mailer | null;
  crms: Crms;
  /** The portal's public address, for links. */
  appUrl: string;
  /** Null where BACKUP_TARGET is not set. */
  backup: BackupPlan | null;
};

/**
 * Makes the clients.
 * @throws when the queue's Postgres is out of reach; a Redis that is away is waited for
 */
export async function createServices(env: WorkerEnv): Promise<Services> {
  const telemetry = await openTelemetry(env);
  const log = createLog(env.LOG_LEVEL, { process: "worker" }, telemetry.report);
  const userAgent = `GPT-Agent-Platform/0.1 (+${env.APP_URL})`;
  const crmSetup = crmConfig(env);
  const metrics = openMetrics("worker");
  const db = serviceDb({
    url: env.SUPABASE_URL,
    publishableKey: env.SUPABASE_PUBLISHABLE_KEY,
    secretKey: env.SUPABASE_SECRET_KEY,
    watch: watchDatabase(metrics),
  });
  return {
    log,
    telemetry,
    metrics,
    db,
    queue: await openQueue(env, log),
    store: env.REDIS_URL ? "redis" : env.QUEUE_DATABASE_URL ? "postgres" : "embedded",
    places: env.JOBS_PER_ORGANIZATION,
    embedder: createEmbedder(env),
    egress: createSafeFetch({ allow: env.EGRESS_ALLOW, userAgent }),
    crmEgress: createCrmEgress(crmSetup, { userAgent }),
    secretBox: createSecretBox(env.ENCRYPTION_KEY),
    mailer: createMailer(env),
    crms: createCrms(crmSetup),
    appUrl: env.APP_URL,
    backup: backupPlan(env),
  };
}

function backupPlan(env: WorkerEnv): BackupPlan | null {
  if (!env.BACKUP_TARGET || !env.BACKUP_KEY?.[0]) return null;
  return {
    store: backupStore({ ...env, BACKUP_TARGET: env.BACKUP_TARGET }),
    key: env.BACKUP_KEY[0].key,
    encryptionKeys: env.ENCRYPTION_KEY,
    retention: env.BACKUP_KEEP,
    source: { supabase: { url: env.SUPABASE_URL, secretKey: env.SUPABASE_SECRET_KEY }, databaseUrl: env.DATABASE_URL },
  };
}

function openQueue(env: WorkerEnv, log: Log): Promise<JobQueue> {
  if (env.REDIS_URL) return openRedisQueue(env.REDIS_URL, { log });
  if (env.QUEUE_DATABASE_URL) return openPostgresQueue(env.QUEUE_DATABASE_URL, { log });
  return openEmbeddedQueue(env.QUEUE_FOLDER!, { log });
}

/**
 * Hears of new jobs as soon as they are committed, where the environment says how.
 * @param heard called then, and whenever some may have been missed
 */
export function openNotices(env: WorkerEnv, log: Log, heard: () => void): Notices | null {
  const url = env.OUTBOX_NOTICES_URL;
  if (!url) return null;
  return url.startsWith("postgres") ? databaseNotices(url, { heard, log }) : backendNotices(url, env.SUPABASE_SECRET_KEY, { heard, log });
}

/** Sentry where there is a DSN. Without one its SDK is not even read from the disk. */
async function openTelemetry(env: WorkerEnv): Promise<Telemetry> {
  if (!env.SENTRY_DSN) return silentTelemetry;
  return openSentry(await import("@sentry/node"), {
    dsn: env.SENTRY_DSN,
    environment: env.SENTRY_ENVIRONMENT,
    release: env.SENTRY_RELEASE ?? `gpt-agent-platform@${packageJson.version}`,
    tracesSampleRate: env.SENTRY_TRACES_SAMPLE_RATE,
    process: "worker",
  });
}
