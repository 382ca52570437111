// The worker's process: carries jobs from the outbox to the queue and does them, until it is told to stop.
import { readEnv } from "@gpt-agent/core/env";
import { metricsGate } from "@gpt-agent/core/metrics/gate";
import { Dispatcher } from "./dispatcher.ts";
import { checkHealth, serveHealth } from "./health.ts";
import { Heartbeat } from "./heartbeat.ts";
import { Ledger } from "./ledger.ts";
import { countedLedger, lookAtWorker } from "./metrics.ts";
import { Reconciler } from "./reconcile.ts";
import { runJob } from "./run-jobs.ts";
import { Scheduler } from "./scheduler.ts";
import { createServices, openNotices, type Services } from "./services.ts";

/** Milliseconds that running jobs get to end after SIGTERM; the rest of the 25 s is for giving them back. */
const PATIENCE_MS = 18_000;
const GIVE_UP_MS = 25_000;

const env = readEnv("worker");
let services: Services | undefined;
let draining = false;

// First of all the port: a second worker on it should end before it touches the queue.
const metrics = { gate: metricsGate({ token: env.METRICS_TOKEN, appUrl: env.APP_URL }), of: () => services?.metrics };
const health = await serveHealth(env.WORKER_PORT, () => checkHealth(services, draining), metrics).catch((error: NodeJS.ErrnoException) => {
  process.stderr.write(
    error.code === "EADDRINUSE"
      ? `Port ${env.WORKER_PORT} is taken by another program. Set WORKER_PORT to a free one.\n`
      : `The worker cannot listen on port ${env.WORKER_PORT}: ${error.message}\n`,
  );
  process.exit(1);
});

services = await createServices(env);
const deps = services;
const { log, queue } = deps;
const concurrency = env.WORKER_CONCURRENCY;
let running = 0;
const ledger = new Ledger(deps, () => dispatcher.wake());
const heartbeat = new Heartbeat({ ...deps, concurrency, running: () => running });
const worker = queue.work(async (job) => {
  running++;
  const counted = countedLedger(deps.metrics, job, ledger);
  await runJob(job, { ...deps, ledger: counted, isPaused: (name) => heartbeat.isPaused(name) }).finally(() => running--);
}, concurrency);
const dispatcher = new Dispatcher({ ...deps, ledger });
const scheduler = new Scheduler(deps);
const reconciler = new Reconciler({ ...deps, ledger });
lookAtWorker(deps.metrics, { ...deps, concurrency, running: () => running });
for (const part of [heartbeat, dispatcher, scheduler, reconciler]) part.start();
const notices = openNotices(env, log, () => dispatcher.wake());
log.info("The worker has started", { port: env.WORKER_PORT, embeddings: deps.embedder?.model ?? "none" });

/** No new jobs; running ones end or are given back; then the process ends with 0. */
async function drain(signal: NodeJS.Signals) {
  if (draining) return;
  draining = true;
  log.info("The worker is stopping", { signal });
  setTimeout(() => {
    log.warn("The worker stops although jobs are still running; they are taken up again later");
    process.exit(0);
  }, GIVE_UP_MS).unref();
  await Promise.all([notices?.close(), dispatcher.stop(), scheduler.stop(), reconciler.stop(), worker.drain(PATIENCE_MS)]);
  await Promise.all([ledger.close(), heartbeat.stop()]);
  await queue.close();
  health.close();
  log.info("The worker has stopped");
  await deps.telemetry.close();
  process.exit(0);
}
process.on("SIGTERM", drain);
process.on("SIGINT", drain);
// Whoever started us is gone: nobody would stop us later.
process.on("disconnect", () => void drain("SIGTERM"));
process.on("unhandledRejection", (error) => log.error("A promise was rejected and nobody noticed", { error }));

// Whoever started us hears when everything we need answers; the health check tells the same at any time.
while (!draining && (await checkHealth(services, draining)).status !== "ok") await new Promise((wake) => setTimeout(wake, 250));
process.send?.({ ready: true });
