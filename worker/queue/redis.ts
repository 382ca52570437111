import type { Log } from "@gpt-agent/core/log";
import { createRedisBackend, withBackend } from "bullmq";
import { Redis } from "ioredis";
import { createJobQueue, type JobQueue, type QueueTimings } from "./job-queue.ts";

/**
 * The queue on Redis. Adding fails fast while Redis is away; working waits for it to come back.
 * @param url redis:// or rediss:// address
 */
export async function openRedisQueue(url: string, options: { log: Log; timings?: QueueTimings }): Promise<JobQueue> {
  const producer = new Redis(url, { enableOfflineQueue: false, maxRetriesPerRequest: 1, lazyConnect: true, retryStrategy });
  const consumer = new Redis(url, { maxRetriesPerRequest: null, lazyConnect: true, retryStrategy });
  for (const client of [producer, consumer]) {
    client.on("error", (error) => options.log.debug("Redis reports an error", { error: error.message }));
    // A Redis that is not up yet is waited for; the queue says so in its health.
    client.connect().catch(() => {});
  }
  producer.on("ready", () => void warnOfEviction(producer, options.log));
  return createJobQueue(withBackend(createRedisBackend), {
    producer,
    consumer,
    ...options,
    assertReachable() {
      if (producer.status !== "ready") throw new Error("Redis is out of reach");
    },
    async onClose() {
      producer.disconnect();
      consumer.disconnect();
    },
  });
}

const retryStrategy = (times: number) => Math.min(100 * 2 ** Math.min(times, 6), 3_000);

/** A Redis that evicts keys loses jobs without a word. */
async function warnOfEviction(client: Redis, log: Log) {
  try {
    const policy = /maxmemory_policy:(\S+)/.exec(await client.info("memory"))?.[1];
    if (policy && policy !== "noeviction") {
      log.warn("Redis may evict jobs: set maxmemory-policy to noeviction", { policy });
    }
  } catch (error) {
    log.debug("Redis would not tell its eviction policy", { error });
  }
}
