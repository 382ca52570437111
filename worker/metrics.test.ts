import { openMetrics } from "@gpt-agent/core/metrics/metrics";
import { readPlatformFigures } from "@gpt-agent/core/platform-figures";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startKnowledge, type TestKnowledge } from "./ingest/test-knowledge.ts";
import { countedLedger, lookAtWorker } from "./metrics.ts";

let knowledge: TestKnowledge;
beforeAll(async () => {
  knowledge = await startKnowledge();
}, 60_000);
afterAll(() => knowledge?.close());

const silent = { debug() {}, info() {}, warn() {}, error() {}, with: () => silent } as never;
const depths = { waiting: 1, active: 2, delayed: 0, failed: 0 };
const queue = { depths: async () => depths };
const has = (text: string, line: string) => expect(text.split("\n")).toContain(line);

test("a worker tells of the queue and of the whole platform as they are", async () => {
  const { db } = knowledge;
  const metrics = openMetrics("worker");
  lookAtWorker(metrics, { db, log: silent, queue, concurrency: 8, running: () => 3 });
  const { error } = await db.from("outbox").insert([
    { name: "source.read", payload: {}, available_at: new Date(Date.now() - 120_000).toISOString() },
    { name: "no.such.job", payload: {} },
  ]);
  expect(error).toBeNull();
  const text = await metrics.text();
  has(text, "gap_worker_jobs_running 3");
  has(text, "gap_worker_places 8");
  has(text, "gap_queue_store_up 1");
  has(text, 'gap_queue_store_jobs{state="active"} 2');
  has(text, "gap_database_up 1");
  has(text, 'gap_queue_jobs{job_name="source.read",state="waiting"} 1');
  // A name that is in no catalogue makes no series of its own.
  has(text, 'gap_queue_jobs{job_name="other",state="waiting"} 1');
  expect(text).not.toContain("no.such.job");
  const lag = Number(/^gap_outbox_lag_seconds (\S+)$/m.exec(text)?.[1]);
  expect(lag).toBeGreaterThanOrEqual(119);
  expect(lag).toBeLessThan(400);
  const figures = await readPlatformFigures(db, AbortSignal.timeout(5_000));
  has(text, `gap_organizations ${figures.business.organizations}`);
  expect(figures.business.organizations).toBeGreaterThan(0);
  // No backup: absent, not 1970.
  expect(text).not.toMatch(/^gap_backup_last_success_timestamp_seconds /m);
});

test("the platform is counted once for many scrapes", async () => {
  let asked = 0;
  const db = {
    rpc: (name: string) => {
      asked++;
      return knowledge.db.rpc(name as "platform_figures");
    },
  };
  const metrics = openMetrics("worker");
  lookAtWorker(metrics, { db: db as never, log: silent, queue, concurrency: 8, running: () => 0 });
  await Promise.all(Array.from({ length: 20 }, () => metrics.text()));
  expect(asked).toBe(1);
});

test("without database and store it says so, and tells nothing that it does not know", async () => {
  const away = { rpc: () => ({ abortSignal: async () => ({ data: null, error: new Error("away") }) }) };
  const metrics = openMetrics("worker");
  const lost = { depths: () => Promise.reject(new Error("away")) };
  lookAtWorker(metrics, { db: away as never, log: silent, queue: lost, concurrency: 8, running: () => 0 });
  const text = await metrics.text();
  has(text, "gap_database_up 0");
  has(text, "gap_queue_store_up 0");
  for (const name of ["gap_workers_alive", "gap_queue_jobs", "gap_outbox_lag_seconds", "gap_organizations"])
    expect(text).not.toMatch(new RegExp(`^${name}[ {]`, "m"));
});

test("what comes of a job is counted and goes on to the ledger", async () => {
  const metrics = openMetrics("worker");
  const settled: unknown[] = [];
  const ledger = countedLedger(metrics, { name: "source.read" }, { settle: (outcome) => settled.push(outcome) });
  ledger.settle({ id: "a", turn: 0, outcome: "retry", retryMs: 5, runMs: 2_000 });
  ledger.settle({ id: "a", turn: 1, outcome: "done", runMs: 100 });
  countedLedger(metrics, { name: "hostile" }, { settle() {} }).settle({ id: "b", turn: 0, outcome: "dead", reason: "no" });
  const text = await metrics.text();
  has(text, 'gap_jobs_total{job_name="source.read",outcome="retry"} 1');
  has(text, 'gap_jobs_total{job_name="source.read",outcome="done"} 1');
  has(text, 'gap_jobs_total{job_name="other",outcome="dead"} 1');
  has(text, 'gap_job_duration_seconds_sum{job_name="source.read"} 2.1');
  expect(settled).toHaveLength(2);
});
