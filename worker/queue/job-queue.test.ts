import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createLog } from "@gpt-agent/core/log";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type RealRedis, startRedis } from "../../e2e/fakes/redis.ts";
import { type JobQueue, type NewJob, PermanentFailure, type RunningJob } from "./job-queue.ts";
import { openEmbeddedQueue } from "./postgres.ts";
import { openRedisQueue } from "./redis.ts";

const options = { log: createLog("error"), timings: { lockDuration: 1_500, stalledInterval: 500, drainDelay: 30 } };
const job = (overrides: Partial<NewJob> = {}): NewJob => ({
  id: randomUUID(),
  name: "try",
  turn: 0,
  payload: { n: 1 },
  attempt: 1,
  attempts: 1,
  rank: 0,
  ...overrides,
});
const until = (check: () => unknown, timeout = 40_000) =>
  vi.waitFor(async () => expect(await check()).toBeTruthy(), { timeout, interval: 20 });

// Room for a busy machine.
vi.setConfig({ testTimeout: 60_000 });

/** One contract for every store. `open` makes a queue on the same store each time it is called. */
function contract(store: "redis" | "folder", address: () => string) {
  let queue: JobQueue;
  const open = () => (store === "redis" ? openRedisQueue(address(), options) : openEmbeddedQueue(address(), options));

  beforeEach(async () => {
    queue = await open();
    await until(() => queue.depths().catch(() => null));
  });
  afterEach(() => queue.close());

  test("does a job once, however often its id is added", async () => {
    const same = job();
    const done: string[] = [];
    await queue.add([same]);
    await queue.add([same, job({ id: same.id })]);
    const last = job();
    queue.work(async ({ id }) => void done.push(id), 1);
    await until(() => done.includes(same.id));
    await queue.add([same]);
    await queue.add([last]);
    await until(() => done.includes(last.id));
    expect(done.filter((id) => id === same.id)).toHaveLength(1);
    expect(await queue.state(same)).toBe("done");
  });

  test("a new job wakes an idle worker", async () => {
    const done: string[] = [];
    queue.work(async ({ id }) => void done.push(id), 1);
    for (const next of [job(), job()]) {
      // Well after the worker has begun to wait, and well before it would look by itself.
      await new Promise((wake) => setTimeout(wake, 1_000));
      await queue.add([next]);
      await until(() => done.includes(next.id));
    }
  });

  test("says which try it is, and whether it is the last", async () => {
    const seen: Pick<RunningJob, "id" | "turn" | "attempt" | "lastAttempt" | "stalls">[] = [];
    const first = job({ attempt: 1, attempts: 2 });
    const second = { ...first, turn: 1, attempt: 2 };
    queue.work(async ({ id, turn, attempt, lastAttempt, stalls }) => void seen.push({ id, turn, attempt, lastAttempt, stalls }), 1);
    await queue.add([first]);
    await until(() => seen.length === 1);
    await queue.add([second]);
    await until(() => seen.length === 2);
    expect(seen).toEqual([
      { id: first.id, turn: 0, attempt: 1, lastAttempt: false, stalls: 0 },
      { id: first.id, turn: 1, attempt: 2, lastAttempt: true, stalls: 0 },
    ]);
  });

  test("does first what ranks first", async () => {
    const jobs = [2, 1, 0, 2, 1, 0].map((rank) => job({ rank, payload: { rank } }));
    await queue.add(jobs);
    expect((await queue.depths()).waiting).toBe(6);
    const order: unknown[] = [];
    queue.work(async ({ payload }) => void order.push((payload as { rank: number }).rank), 1);
    await until(() => order.length === 6);
    expect(order).toEqual([0, 0, 1, 1, 2, 2]);
  });

  test("a failure ends the try, and the queue can say so", async () => {
    const seen: string[] = [];
    const [poison, next] = [job({ attempts: 5 }), job()];
    expect(await queue.state(poison)).toBe("gone");
    await queue.add([poison, next]);
    expect(await queue.state(poison)).toBe("live");
    queue.work(async ({ id }) => {
      seen.push(id);
      if (id === poison.id) throw new PermanentFailure("cannot be mended");
    }, 1);
    await until(async () => (await queue.state(next)) === "done");
    expect(await queue.state(poison)).toBe("failed");
    expect(seen).toEqual([poison.id, next.id]);
  });

  test("two workers do every job exactly once", async () => {
    const jobs = Array.from({ length: 60 }, () => job());
    const done: string[] = [];
    for (const _ of [1, 2]) queue.work(async ({ id }) => void done.push(id), 3);
    await queue.add(jobs);
    await until(() => done.length >= jobs.length);
    expect(done.toSorted()).toEqual(jobs.map(({ id }) => id).toSorted());
  });

  test("does as many jobs at a time as it is told, and no more", async () => {
    let running = 0;
    let most = 0;
    const release: (() => void)[] = [];
    queue.work(async () => {
      most = Math.max(most, ++running);
      await new Promise<void>((done) => release.push(done));
      running--;
    }, 3);
    await queue.add(Array.from({ length: 5 }, () => job()));
    await until(() => release.length === 3);
    await new Promise((wake) => setTimeout(wake, 200));
    expect(most).toBe(3);
    while (release.length) release.pop()!();
    await until(() => release.length === 2);
    for (const done of release) done();
    await until(() => running === 0);
    expect(most).toBe(3);
  });

  test("G3: draining lets a running job end and takes no new one", async () => {
    const done: string[] = [];
    let started = false;
    const [first, second] = [job(), job()];
    await queue.add([first, second]);
    const worker = queue.work(async ({ id }) => {
      started = true;
      await new Promise((wake) => setTimeout(wake, 300));
      done.push(id);
    }, 1);
    await until(() => started);
    await worker.drain(5_000);
    expect(done).toEqual([first.id]);
    expect(await queue.state(second)).toBe("live");
  });

  test("G3: a job that does not end in time is given back, without losing a try", async () => {
    const stuck = job({ attempts: 1 });
    await queue.add([stuck]);
    let started = false;
    const worker = queue.work(async ({ signal }) => {
      started = true;
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));
    }, 1);
    await until(() => started);
    await worker.drain(50);
    expect(await queue.state(stuck)).toBe("live");
    const again: number[] = [];
    queue.work(async ({ attempt }) => void again.push(attempt), 1);
    await until(() => again.length === 1);
    expect(again).toEqual([1]);
  });

  test("H6: a killed worker's job is done by another", async () => {
    const orphan = job({ attempts: 1 });
    await queue.add([orphan]);
    // A folder belongs to one process at a time.
    if (store === "folder") await queue.close();
    const holder = spawn(
      process.execPath,
      [
        "--import",
        createRequire(import.meta.url).resolve("tsx"),
        fileURLToPath(new URL("./test-hold-job.ts", import.meta.url)),
        store,
        address(),
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    await once(holder.stdout, "data");
    holder.kill("SIGKILL");
    await once(holder, "exit");
    if (store === "folder") queue = await open();
    const done: Pick<RunningJob, "id" | "stalls">[] = [];
    queue.work(async ({ id, stalls }) => void done.push({ id, stalls }), 1);
    await until(() => done.length);
    expect(done).toEqual([{ id: orphan.id, stalls: 1 }]);
  });

  test("jobs outlive a restart", async () => {
    const kept = job();
    await queue.add([kept]);
    await queue.close();
    queue = await open();
    await until(async () => (await queue.state(kept).catch(() => "gone")) === "live");
    const done: string[] = [];
    queue.work(async ({ id }) => void done.push(id), 1);
    await until(() => done.includes(kept.id));
  });
}

describe("the queue on Redis", () => {
  let redis: RealRedis;
  beforeEach(async () => {
    redis = await startRedis();
  });
  afterEach(() => redis?.stop());
  contract("redis", () => redis.url);

  test("adding fails at once while Redis is away, and works again when it is back", async () => {
    const own = await startRedis();
    const queue = await openRedisQueue(own.url, options);
    const done: string[] = [];
    try {
      queue.work(async ({ id }) => void done.push(id), 1);
      const [before, during] = [job(), job()];
      await until(() =>
        queue.add([before]).then(
          () => true,
          () => false,
        ),
      );
      await until(() => done.includes(before.id));
      await own.kill();
      await until(() =>
        queue.depths().then(
          () => false,
          () => true,
        ),
      );
      await expect(queue.add([during])).rejects.toThrow();
      await own.start();
      try {
        await until(() =>
          queue.add([during]).then(
            () => true,
            () => false,
          ),
        );
        await until(() => done.includes(during.id));
      } finally {
        await queue.close();
      }
    } finally {
      await own.stop();
    }
  });

  test("G1: a Redis that may evict keys is warned about", async () => {
    const admin = new Redis(redis.url);
    await admin.config("SET", "maxmemory-policy", "allkeys-lru");
    const warnings: unknown[] = [];
    const log = {
      ...createLog("error"),
      warn: (message: string, fields?: Record<string, unknown>) => void warnings.push({ message, ...fields }),
    };
    const queue = await openRedisQueue(redis.url, { ...options, log });
    await until(() => warnings.length);
    expect(warnings).toContainEqual(expect.objectContaining({ policy: "allkeys-lru" }));
    await queue.close();
    admin.disconnect();
  });
});

describe("the queue in a folder (PGlite)", () => {
  let fresh: string;
  let folder: string;
  // Making a database takes seconds and copying it does not.
  beforeAll(async () => {
    fresh = await mkdtemp(join(tmpdir(), "gpt-agent-queue-"));
    await (await openEmbeddedQueue(join(fresh, "queue"), options)).close();
  });
  afterAll(() => rm(fresh, { recursive: true, force: true }));
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "gpt-agent-queue-"));
    await cp(fresh, folder, { recursive: true });
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  contract("folder", () => join(folder, "queue"));

  test("a damaged folder is put aside and the queue starts empty", async () => {
    const damaged = join(folder, "damaged");
    await mkdir(damaged);
    await writeFile(join(damaged, "PG_VERSION"), "not a version");
    const queue = await openEmbeddedQueue(damaged, { ...options, log: { ...options.log, error() {} } });
    expect((await queue.depths()).waiting).toBe(0);
    await queue.close();
    expect((await readdir(folder)).some((name) => name.startsWith("damaged.damaged-"))).toBe(true);
  });
});
