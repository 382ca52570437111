// A job's way from the outbox through the queue and back, with a real database and a real Redis.
import { randomUUID } from "node:crypto";
import { correlate, correlation } from "@gpt-agent/core/correlation";
import { createLog } from "@gpt-agent/core/log";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { type RealRedis, startRedis } from "../e2e/fakes/redis.ts";
import { Dispatcher } from "./dispatcher.ts";
import { must, startKnowledge, type TestKnowledge } from "./ingest/test-knowledge.ts";
import type { JobDeps } from "./jobs/index.ts";
import { Ledger } from "./ledger.ts";
import { type JobQueue, PermanentFailure, type RunningJob } from "./queue/job-queue.ts";
import { openRedisQueue } from "./queue/redis.ts";
import { Reconciler } from "./reconcile.ts";
import { failure, MAX_STALLS, reasonOf, runJob } from "./run-jobs.ts";

vi.setConfig({ testTimeout: 60_000 });
const until = (check: () => unknown) => vi.waitFor(async () => expect(await check()).toBeTruthy(), { timeout: 45_000, interval: 20 });
const log = { ...createLog("error"), error() {}, warn() {} };

let knowledge: TestKnowledge;
let redis: RealRedis;
let stop: (() => Promise<void>)[] = [];
beforeAll(async () => {
  knowledge = await startKnowledge();
  redis = await startRedis();
}, 60_000);
afterEach(async () => {
  for (const end of stop.reverse()) await end();
  stop = [];
  const client = new Redis(redis.url);
  await client.flushall();
  client.disconnect();
  await knowledge.backend.db.exec("delete from public.outbox; delete from private.dead_jobs; delete from private.job_pauses");
});
afterAll(async () => {
  await redis?.stop();
  await knowledge?.close();
});

type Row = { id: string; tries: number; turn: number; sent_at: string | null; ended_at: string | null; available_at: string };
const row = async (id: string) => must(knowledge.db.from("outbox").select("*").eq("id", id).single()) as Promise<Row>;
const dead = async () =>
  (await knowledge.backend.db.query<{ id: string; reason: string; attempts: number }>("select * from private.dead_jobs")).rows;
async function put(name = "source.forget", payload: object = { objectKey: "a/b/c" }, org: string | null = knowledge.orgId) {
  const id = randomUUID();
  await must(knowledge.db.from("outbox").insert({ id, name, payload: payload as never, org_id: org }));
  return id;
}

/** A worker's parts in this process; `handle` does the work. */
async function startWorker(
  handle: (job: RunningJob) => Promise<void>,
  own: { places?: number; concurrency?: number; paused?: Set<string> } = {},
) {
  const timings = { lockDuration: 1_500, stalledInterval: 300, drainDelay: 5 };
  const queue: JobQueue = await openRedisQueue(redis.url, { log, timings });
  await until(() => queue.depths().catch(() => null));
  const ledger = new Ledger({ db: knowledge.db, log }, () => dispatcher.wake());
  const dispatcher = new Dispatcher({ db: knowledge.db, queue, log, ledger, places: own.places ?? 6 });
  const deps = { db: knowledge.db, log, ledger, isPaused: (name: string) => own.paused?.has(name) ?? false } as unknown as JobDeps;
  queue.work((job) => runJob(job, { ...deps, ledger, isPaused: (name) => own.paused?.has(name) ?? false }, handle), own.concurrency ?? 4);
  dispatcher.start();
  stop.push(async () => {
    await dispatcher.stop();
    await queue.close();
    await ledger.close();
  });
  return { queue, ledger, dispatcher };
}

describe("a try", () => {
  test("that fails comes back later as another one, until it works", async () => {
    const seen: number[] = [];
    const id = await put();
    await startWorker(async ({ attempt }) => {
      seen.push(attempt);
      if (attempt < 3) throw new Error("not yet");
    });
    for (const tries of [1, 2]) {
      await until(async () => (await row(id)).tries === tries);
      const { sent_at, available_at } = await row(id);
      expect(sent_at).toBeNull();
      // Ten seconds, then twenty, or up to a quarter more.
      expect((Date.parse(available_at) - Date.now()) / 1_000).toBeGreaterThan(tries * 10 - 5);
      await must(knowledge.db.from("outbox").update({ available_at: new Date().toISOString() }).eq("id", id));
    }
    await until(async () => (await row(id)).ended_at);
    expect(seen).toEqual([1, 2, 3]);
    expect(await dead()).toEqual([]);
  });

  test("that nothing can mend is given up at once, with the reason and without secrets", async () => {
    const [mended, poison] = [await put(), await put()];
    await startWorker(async ({ id }) => {
      if (id === poison)
        throw new PermanentFailure("https://user:pw@crm.example/x?key=canary-77 refused token=canary-77 (sk-canary77canary77)");
    });
    await until(async () => (await row(poison)).ended_at && (await row(mended)).ended_at);
    expect(await dead()).toEqual([
      expect.objectContaining({
        id: poison,
        org_id: knowledge.orgId,
        name: "source.forget",
        attempts: 1,
        reason: expect.stringContaining("refused"),
      }),
    ]);
    expect(JSON.stringify(await dead())).not.toMatch(/canary|pw@/);
  });

  test("whose job is paused comes back without being tried, and is made after that", async () => {
    const paused = new Set(["source.forget"]);
    const id = await put();
    const done: number[] = [];
    await startWorker(async ({ attempt }) => void done.push(attempt), { paused });
    await until(async () => (await row(id)).turn > 0);
    paused.clear();
    await until(async () => (await row(id)).ended_at);
    expect(done).toEqual([1]);
    expect(await row(id)).toMatchObject({ tries: 0 });
  });

  test("waits twice as long each time, a day at most", () => {
    const of = (attempt: number) => failure({ id: "x", turn: 0, name: "source.forget", attempt, lastAttempt: false }, new Error("no"));
    for (const attempt of [1, 2, 5, 40]) {
      const { retryMs } = of(attempt) as { retryMs: number };
      const expected = Math.min(10_000 * 2 ** (attempt - 1), 86_400_000);
      expect(retryMs).toBeGreaterThanOrEqual(expected);
      expect(retryMs).toBeLessThanOrEqual(expected * 1.25);
    }
    expect(failure({ id: "x", turn: 0, name: "source.forget", attempt: 10, lastAttempt: true }, new Error("no"))).toMatchObject({
      outcome: "dead",
    });
  });

  test.each([
    [new Error("Bearer abc.def"), "Bearer …"],
    [new TypeError("x is undefined"), "TypeError: x is undefined"],
    [{ message: "the database said no", code: "42501" }, "the database said no"],
    ["plain", "plain"],
    [new Error(`key ${"A1b2".repeat(9)}`), "key …"],
    [new Error(`key ${"A1b2".repeat(12)} of a@b.example`), "key [redacted] of [email]"],
    [new Error(`source 0190a6c2-0000-7000-8000-000000000001 is gone`), "source 0190a6c2-0000-7000-8000-000000000001 is gone"],
    [new Error("x y ".repeat(500)), "x y ".repeat(125)],
  ])("G2: a reason is told without what may be secret (%#)", (error, reason) => {
    expect(reasonOf(error)).toBe(reason);
  });
});

test("H15: a job whose workers die of it is given up, and its source fails", async () => {
  const source = await knowledge.add("poison.txt", "a");
  const [poison] = await knowledge.jobs("source.read");
  // What a worker sees that takes it after others have died of it; that the queue counts them is seen in job-queue.test.ts, and all of it in several-workers.test.ts.
  const job: RunningJob = {
    id: poison!.id,
    turn: 0,
    name: "source.read",
    payload: { sourceId: source },
    attempt: 1,
    lastAttempt: false,
    stalls: MAX_STALLS,
    signal: new AbortController().signal,
  };
  const ledger = new Ledger({ db: knowledge.db, log });
  const tried: string[] = [];
  const deps = { db: knowledge.db, log, ledger, isPaused: () => false } as unknown as Parameters<typeof runJob>[1];
  await expect(runJob(job, deps, async () => void tried.push("poison"))).rejects.toThrow(PermanentFailure);
  await ledger.flush();
  expect(tried).toEqual([]);
  expect(await knowledge.source(source)).toMatchObject({ status: "failed", failure_code: "unexpected" });
  expect(await dead()).toEqual([expect.objectContaining({ id: poison!.id, reason: expect.stringMatching(/went away 4 times/) })]);
  expect((await row(poison!.id)).ended_at).not.toBeNull();
});

describe("the request behind a job", () => {
  const ids = { requestId: randomUUID(), trace: `${"a".repeat(32)}-${"b".repeat(16)}-1`, baggage: "sentry-release=1" };

  test("comes through the outbox and the queue to the job's log lines, and to the jobs that come of it", async () => {
    const written: string[] = [];
    vi.spyOn(process.stdout, "write").mockImplementation((line) => written.push(String(line)) > 0);
    const lines = createLog("info");
    const first = await correlate(ids, () => put());
    const alone = await put("source.forget", { objectKey: "x/y/z" });
    const seen: Record<string, unknown> = {};
    let next = "";
    await startWorker(async (job) => {
      seen[job.id] = correlation();
      lines.info("a job's line", { jobId: job.id });
      if (job.id === first) next = await put("source.forget", { objectKey: "d/e/f" });
    });
    await until(async () => next && (await row(next)).ended_at && (await row(alone)).ended_at);
    vi.restoreAllMocks();
    const { orgId } = knowledge;
    expect(seen[first]).toEqual({ ...ids, orgId });
    expect(seen[next]).toEqual({ ...ids, orgId });
    // What no request began goes by its own id.
    expect(seen[alone]).toEqual({ requestId: alone, orgId, trace: null, baggage: null });
    const told = written.filter((line) => line.includes("a job's line")).map((line) => JSON.parse(line));
    expect(new Set(told.map((line) => line.orgId))).toEqual(new Set([orgId]));
    expect(new Map(told.map((line) => [line.jobId, line.requestId]))).toEqual(
      new Map([
        [first, ids.requestId],
        [next, ids.requestId],
        [alone, alone],
      ]),
    );
    expect(await must(knowledge.db.from("outbox").select("request_id, trace, baggage").eq("id", next).single())).toEqual({
      request_id: ids.requestId,
      trace: ids.trace,
      baggage: ids.baggage,
    });
  });

  test("is kept only where it is an id, whoever sends the header", async () => {
    const { url, secretKey } = knowledge.config;
    const send = async (headers: Record<string, string>) => {
      const answer = await fetch(`${url}/rest/v1/outbox?select=request_id,trace,baggage`, {
        method: "POST",
        headers: { apikey: secretKey, "content-type": "application/json", prefer: "return=representation", ...headers },
        body: JSON.stringify({ name: "source.forget", payload: { objectKey: "a/b/c" } }),
      });
      expect(answer.status).toBe(201);
      return ((await answer.json()) as unknown[])[0];
    };
    const nothing = { request_id: null, trace: null, baggage: null };
    expect(await send({})).toEqual(nothing);
    expect(await send({ "x-request-id": "1; drop table", "sentry-trace": "x", baggage: "x".repeat(1_001) })).toEqual(nothing);
    expect(await send({ "x-request-id": ids.requestId.toUpperCase(), "sentry-trace": `${ids.trace}1` })).toEqual(nothing);
    expect(await send({ "x-request-id": ids.requestId, "sentry-trace": ids.trace, baggage: "a=b" })).toEqual({
      request_id: ids.requestId,
      trace: ids.trace,
      baggage: "a=b",
    });
  });
});

describe("the ledger against the queue", () => {
  test("G1: what the queue loses comes back and is done once", async () => {
    const ids = await Promise.all(Array.from({ length: 5 }, () => put()));
    const queue = await openRedisQueue(redis.url, { log });
    await until(() => queue.depths().catch(() => null));
    const ledger = new Ledger({ db: knowledge.db, log });
    await new Dispatcher({ db: knowledge.db, queue, log, ledger, places: 6 }).dispatch();
    const client = new Redis(redis.url);
    await client.flushall();
    client.disconnect();
    await new Reconciler({ db: knowledge.db, queue, log, ledger }).reconcile(-1);
    await queue.close();
    const done: string[] = [];
    await startWorker(async ({ id }) => void done.push(id));
    await until(async () => (await Promise.all(ids.map(row))).every(({ ended_at }) => ended_at));
    expect(done.toSorted()).toEqual(ids.toSorted());
  });

  test("what ended without being written down is written down: done, to be tried again, given up", async () => {
    const ids = [await put(), await put(), await put("webhook.deliver", { deliveryId: randomUUID() })];
    await must(knowledge.db.from("outbox").update({ tries: 4 }).eq("id", ids[2]!));
    const queue = await openRedisQueue(redis.url, { log });
    await until(() => queue.depths().catch(() => null));
    const ledger = new Ledger({ db: knowledge.db, log });
    await new Dispatcher({ db: knowledge.db, queue, log, ledger, places: 6 }).dispatch();
    queue.work(async ({ id }) => {
      if (id !== ids[0]) throw new Error("no");
    }, 3);
    await until(async () => (await Promise.all(ids.map((id) => queue.state({ id, turn: 0 })))).every((state) => state !== "live"));
    await new Reconciler({ db: knowledge.db, queue, log, ledger }).reconcile(-1);
    await queue.close();
    expect(await Promise.all(ids.map(async (id) => [(await row(id)).tries, Boolean((await row(id)).ended_at)]))).toEqual([
      [0, true],
      [1, false],
      [5, true],
    ]);
    expect(await dead()).toEqual([expect.objectContaining({ id: ids[2], attempts: 5 })]);
  });

  test("while the database is away outcomes are kept, and written when it is back", async () => {
    const id = await put();
    let away = true;
    const db = {
      rpc: (...args: Parameters<typeof knowledge.db.rpc>) =>
        away ? Promise.resolve({ error: new Error("away") }) : knowledge.db.rpc(...args),
    };
    const ledger = new Ledger({ db: db as never, log });
    ledger.settle({ id, turn: 0, outcome: "done" });
    await new Promise((wake) => setTimeout(wake, 300));
    expect(ledger.isPending({ id, turn: 0 })).toBe(true);
    away = false;
    await ledger.flush();
    expect((await row(id)).ended_at).not.toBeNull();
    expect(ledger.isPending({ id, turn: 0 })).toBe(false);
  });
});

test("fairness: nine quiet organizations hardly notice one with 2,000 jobs, and it never fills the queue", async () => {
  const orgs = Array.from({ length: 10 }, () => randomUUID());
  const [noisy, ...quiet] = orgs as [string, ...string[]];
  for (const id of orgs) await must(knowledge.db.from("organizations").insert({ id, name: "Fair", slug: `fair-${id.slice(0, 8)}` }));
  const add = (org: string, n: number) =>
    knowledge.backend.db.query(
      `insert into public.outbox (org_id, name, payload) select $1::uuid, 'source.forget', jsonb_build_object('objectKey', $1::text || '/' || i) from generate_series(1, $2::int) i`,
      [org, n],
    );
  await add(noisy, 2_000);
  const started: { org: string; noisyBefore: number }[] = [];
  const count = { running: 0, most: 0, noisy: 0 };
  const { queue } = await startWorker(
    async ({ payload }) => {
      const org = (payload as { objectKey: string }).objectKey.slice(0, 36);
      started.push({ org, noisyBefore: count.noisy });
      if (org === noisy) {
        count.noisy++;
        count.most = Math.max(count.most, ++count.running);
      }
      await new Promise((wake) => setTimeout(wake, 5));
      if (org === noisy) count.running--;
    },
    { places: 3, concurrency: 4 },
  );
  await until(() => count.noisy >= 20);
  const before = count.noisy;
  for (const org of quiet) await add(org, 3);
  await until(() => started.filter(({ org }) => org !== noisy).length === 27);
  const waits = started.filter(({ org }) => org !== noisy).map(({ noisyBefore }) => noisyBefore - before);
  // While all 27 were brought in and done, the noisy one got its share and no more: it had 1,980 jobs ahead of them.
  expect(Math.max(...waits)).toBeLessThan(120);
  expect(count.most).toBeLessThanOrEqual(3);
  const depths = await queue.depths();
  expect(depths.waiting + depths.active).toBeLessThanOrEqual(6);
  await must(knowledge.db.from("organizations").delete().in("id", orgs));
});
