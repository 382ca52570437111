// A worker process that takes a job and never ends it, to be killed by a test.
// Arguments: "redis" or "folder", then the address.
import { createLog } from "@gpt-agent/core/log";
import { openEmbeddedQueue } from "./postgres.ts";
import { openRedisQueue } from "./redis.ts";

const [store, address] = process.argv.slice(2) as ["redis" | "folder", string];
const options = { log: createLog("error"), timings: { lockDuration: 1_500, stalledInterval: 500, drainDelay: 30 } };
const queue = await (store === "redis" ? openRedisQueue(address, options) : openEmbeddedQueue(address, options));
queue.work(async () => {
  process.stdout.write("holding\n");
  await new Promise(() => setInterval(() => {}, 1_000));
}, 1);
