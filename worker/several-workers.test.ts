// Several worker processes on one real Redis and one real database, killed at random.
import { type ChildProcess, fork } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { type RealRedis, startRedis } from "../e2e/fakes/redis.ts";
import { must, startKnowledge, type TestKnowledge } from "./ingest/test-knowledge.ts";

vi.setConfig({ testTimeout: 180_000 });
const JOBS = 300;

let knowledge: TestKnowledge;
let redis: RealRedis;
let effects: string;
let workers: ChildProcess[] = [];
beforeAll(async () => {
  knowledge = await startKnowledge();
  redis = await startRedis();
  effects = await mkdtemp(join(tmpdir(), "gpt-agent-effects-"));
}, 60_000);
afterEach(() => {
  const all = workers;
  workers = [];
  for (const worker of all) worker.kill("SIGKILL");
});
afterAll(async () => {
  await redis?.stop();
  await knowledge?.close();
  await rm(effects, { recursive: true, force: true });
});

/** Keeps a worker running in this place until the test is over. */
function startWorker(place: number) {
  const { url, publishableKey, secretKey } = knowledge.config;
  const worker = fork(fileURLToPath(new URL("./test-worker.ts", import.meta.url)), [redis.url, effects, url, publishableKey, secretKey], {
    execArgv: ["--import", createRequire(import.meta.url).resolve("tsx")],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  workers[place] = worker;
  worker.once("exit", () => workers[place] === worker && startWorker(place));
}
const put = (key: string, n: number) =>
  knowledge.backend.db.query(
    `insert into public.outbox (org_id, name, payload)
     select case when i % 3 = 0 then $1::uuid end, 'source.forget', jsonb_build_object('objectKey', $2::text || i) from generate_series(1, $3::int) i`,
    [knowledge.orgId, key, n],
  );
const count = async (sql: string) => (await knowledge.backend.db.query<{ n: number }>(`select count(*)::int as n from ${sql}`)).rows[0]!.n;
const done = () => readdir(effects);
const left = () => count("public.outbox where ended_at is null");

test("H6: three workers killed at random, and by a job that kills whoever takes it: nothing is lost, nothing has a double effect", async () => {
  await put("work/", JOBS);
  for (const place of [0, 1, 2]) startWorker(place);
  await vi.waitFor(async () => expect((await done()).length).toBeGreaterThan(0), { timeout: 60_000, interval: 100 });
  await put("poison/", 1);
  let kills = 0;
  while ((await left()) > 1 && kills < 5) {
    await new Promise((wake) => setTimeout(wake, 1_000));
    workers[Math.floor(Math.random() * 3)]!.kill("SIGKILL");
    kills++;
  }
  const last = Date.now();
  await vi.waitFor(
    async () => expect(await count("public.outbox where ended_at is null and payload ->> 'objectKey' like 'work%'")).toBe(0),
    {
      timeout: 60_000,
      interval: 100,
    },
  );
  expect(Date.now() - last).toBeLessThan(60_000);
  expect((await done()).length).toBe(JOBS);
  const { rows: jobs } = await knowledge.backend.db.query<{ id: string }>(
    "select id from public.outbox where payload ->> 'objectKey' like 'work%'",
  );
  expect((await done()).toSorted()).toEqual(jobs.map(({ id }) => id).toSorted());
  // The one that kills is given up after some workers; all others were done.
  await vi.waitFor(async () => expect(await left()).toBe(0), { timeout: 90_000, interval: 200 });
  const { rows } = await knowledge.backend.db.query("select name, payload, reason from private.dead_jobs");
  expect(rows).toEqual([
    { name: "source.forget", payload: { objectKey: "poison/1" }, reason: expect.stringMatching(/went away \d+ times/) },
  ]);
});

test("H7: a Redis that stops and comes back empty: the outbox goes on taking jobs, no worker ends, all are done", async () => {
  await must(knowledge.db.from("outbox").delete().not("id", "is", null));
  const before = (await done()).length;
  startWorker(0);
  const worker = workers[0]!;
  await put("work/", 100);
  await vi.waitFor(async () => expect((await done()).length).toBeGreaterThan(before), { timeout: 60_000, interval: 50 });
  await redis.kill();
  await put("work/later/", 50);
  await new Promise((wake) => setTimeout(wake, 2_000));
  expect(worker.exitCode).toBeNull();
  await redis.start();
  await vi.waitFor(async () => expect(await left()).toBe(0), { timeout: 60_000, interval: 100 });
  expect((await done()).length).toBe(before + 150);
  expect(workers[0]).toBe(worker);
});
