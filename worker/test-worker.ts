// A worker of its own process whose jobs leave one file each, to be killed by a test. A job whose object key begins with "poison"
// kills its worker. Arguments: Redis's address, the folder for the files that jobs leave, then the database's url, publishable and secret key.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { serviceDb } from "@gpt-agent/core/db";
import { createLog } from "@gpt-agent/core/log";
import { Dispatcher } from "./dispatcher.ts";
import type { JobDeps } from "./jobs/index.ts";
import { Ledger } from "./ledger.ts";
import { openRedisQueue } from "./queue/redis.ts";
import { Reconciler } from "./reconcile.ts";
import { runJob } from "./run-jobs.ts";

const [redis, effects, url, publishableKey, secretKey] = process.argv.slice(2) as [string, string, string, string, string];
const log = { ...createLog("error"), error() {}, warn() {} };
const db = serviceDb({ url, publishableKey, secretKey });
const queue = await openRedisQueue(redis, { log, timings: { lockDuration: 1_500, stalledInterval: 500, drainDelay: 5 } });
const ledger = new Ledger({ db, log }, () => dispatcher.wake());
const dispatcher = new Dispatcher({ db, queue, log, ledger, places: 6 });
const reconciler = new Reconciler({ db, queue, log, ledger });
const deps = { db, log, ledger, isPaused: () => false } as unknown as JobDeps & { ledger: Ledger; isPaused(): boolean };

queue.work(
  (job) =>
    runJob(job, deps, async ({ id, payload }) => {
      const { objectKey } = payload as { objectKey: string };
      if (objectKey.startsWith("poison")) process.kill(process.pid, "SIGKILL");
      await new Promise((wake) => setTimeout(wake, 20));
      // Done twice, it has the effect of once.
      await writeFile(join(effects, id), "");
    }),
  4,
);
dispatcher.start();
reconciler.start();
process.stdout.write("working\n");
// Whoever started us is gone.
process.on("disconnect", () => process.exit(0));
// The reconciler asks about old jobs; here they are old at once.
setInterval(() => void reconciler.reconcile(3).catch(() => {}), 2_000);
