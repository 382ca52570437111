import { mkdir, rename } from "node:fs/promises";
import type { Log } from "@gpt-agent/core/log";
import { createPostgresBackend, type PgPool, runMigrations, withBackend } from "bullmq";
import { Pool } from "pg";
import { createJobQueue, type JobQueue, type QueueTimings } from "./job-queue.ts";
import { PglitePool } from "./pglite-pool.ts";

type Options = { log: Log; timings?: QueueTimings };

/** BullMQ's tables have generic names (job, event, meta): they live in a schema of their own. */
const SCHEMA = "bullmq";

/**
 * The queue on a Postgres server, in its schema "bullmq".
 * @throws when the server is out of reach
 */
export async function openPostgresQueue(url: string, options: Options): Promise<JobQueue> {
  const pool = new Pool({ connectionString: url, max: 6, keepAlive: true, options: `-c search_path=${SCHEMA}` });
  // An idle connection that drops is replaced; without a listener it would end the process.
  pool.on("error", (error) => options.log.warn("A queue connection dropped", { error: error.message }));
  return openOn(pool as unknown as PgPool, options);
}

/**
 * The queue in a folder: an embedded Postgres (PGlite) that belongs to this process alone. A folder that cannot be
 * opened is put aside: the queue is rebuilt from the outbox.
 */
export async function openEmbeddedQueue(folder: string, options: Options): Promise<JobQueue> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    return await openOn(await PglitePool.open(folder, SCHEMA), options);
  } catch (error) {
    const aside = `${folder}.damaged-${Date.now()}`;
    options.log.error("The queue's folder could not be opened; it is put aside and the queue starts empty", { error, aside });
    await rename(folder, aside);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return openOn(await PglitePool.open(folder, SCHEMA), options);
  }
}

async function openOn(pool: PgPool, options: Options): Promise<JobQueue> {
  try {
    const client = await pool.connect();
    try {
      await runMigrations(client, SCHEMA);
    } finally {
      client.release();
    }
  } catch (error) {
    await pool.end().catch(() => {});
    throw error;
  }
  return createJobQueue(withBackend(createPostgresBackend), { producer: pool, consumer: pool, ...options, onClose: () => pool.end() });
}
