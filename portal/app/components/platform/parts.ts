import type { PortalState } from "~/http/portal-state.server";
import type { PlatformStatus } from "~/models/status.server";

export const PARTS = ["database", "storage", "redis", "queueStore", "workers", "outbox", "models", "streams", "backup"] as const;
export type PartName = (typeof PARTS)[number];
/** unused: this installation has no such part. unknown: nobody could be asked. */
export type Health = "ok" | "warning" | "failed" | "unused" | "unknown";

/** As long as a due job may wait, and as old as a backup may be (infra/monitoring/alerts.ts has the same). */
const LONG_WAIT_SECONDS = 600;
const OLD_BACKUP_MS = 26 * 3_600_000;
const MANY_CONNECTIONS = 0.85;
const SLOW_MS = 1_000;
const LATE_LOOP_MS = 500;

/** The oldest due job that is not paused: how many wait and for how long, in seconds. */
export function waitingJobs({ queue }: Pick<PlatformStatus, "queue">): { waiting: number; seconds: number; dead: number } {
  const open = queue.filter(({ paused }) => !paused);
  return {
    waiting: open.reduce((sum, job) => sum + job.waiting, 0),
    seconds: Math.max(0, ...open.map((job) => (job.waiting > 0 ? job.oldestSeconds : 0))),
    dead: queue.reduce((sum, job) => sum + job.dead, 0),
  };
}

const answers = (ms: number | null): Health => (ms === null ? "failed" : ms > SLOW_MS ? "warning" : "ok");

/** How each part stands. `status` is null when the database's figures could not be read. */
export function healthOf(status: PlatformStatus | null, portal: PortalState): Record<PartName, Health> {
  return {
    database: answers(portal.databaseMs) === "ok" && status && isCrowded(status) ? "warning" : answers(portal.databaseMs),
    storage: answers(portal.storageMs),
    redis: portal.redisMs === undefined ? "unused" : answers(portal.redisMs),
    queueStore: status ? storeHealth(status) : "unknown",
    workers: status ? (status.workersAlive > 0 ? "ok" : "failed") : "unknown",
    outbox: status ? outboxHealth(status) : "unknown",
    models: portal.responder.kind === "quotes" ? "unused" : modelHealth(portal),
    streams: portal.lagMs > LATE_LOOP_MS ? "warning" : "ok",
    backup: status ? backupHealth(status) : "unknown",
  };
}

const isCrowded = ({ database }: PlatformStatus) => database.connections / database.maxConnections > MANY_CONNECTIONS;

function storeHealth({ workers }: PlatformStatus): Health {
  const alive = workers.filter((worker) => worker.alive);
  if (alive.length === 0) return "unknown";
  const reached = alive.filter(({ depths }) => depths !== null).length;
  return reached === alive.length ? "ok" : reached > 0 ? "warning" : "failed";
}

function outboxHealth(status: PlatformStatus): Health {
  const { seconds, dead } = waitingJobs(status);
  return seconds > LONG_WAIT_SECONDS || dead > 0 ? "warning" : "ok";
}

function modelHealth({ leftOut }: PortalState): Health {
  if (leftOut.length === 0) return "ok";
  return leftOut.some(({ model }) => model === "(endpoint)") ? "failed" : "warning";
}

/** An installation that makes no backups of its own may have its host's: that is said, and no alarm. */
const backupHealth = ({ lastBackup, at }: PlatformStatus): Health =>
  lastBackup === null ? "unused" : Date.parse(at) - Date.parse(lastBackup) > OLD_BACKUP_MS ? "warning" : "ok";
