import { randomUUID } from "node:crypto";
import { JOBS } from "@gpt-agent/core/jobs";
import { createLog } from "@gpt-agent/core/log";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { type RealRedis, startRedis } from "../e2e/fakes/redis.ts";
import { Dispatcher } from "./dispatcher.ts";
import { must, rows, startKnowledge, type TestKnowledge } from "./ingest/test-knowledge.ts";
import { Ledger } from "./ledger.ts";
import type { JobQueue, NewJob } from "./queue/job-queue.ts";
import { openRedisQueue } from "./queue/redis.ts";
import { sweep } from "./sweeper.ts";

vi.setConfig({ testTimeout: 60_000 });
const until = (check: () => unknown) => vi.waitFor(async () => expect(await check()).toBeTruthy(), { timeout: 40_000, interval: 25 });

let knowledge: TestKnowledge;
let redis: RealRedis;
let queue: JobQueue;
beforeAll(async () => {
  knowledge = await startKnowledge();
  redis = await startRedis();
  queue = await openRedisQueue(redis.url, { log: knowledge.log });
  await until(() => queue.depths().catch(() => null));
}, 60_000);
afterAll(async () => {
  await queue?.close();
  await redis?.stop();
  await knowledge?.close();
});
afterEach(async () => {
  await must(knowledge.db.from("outbox").delete().not("id", "is", null));
  await must(knowledge.db.from("sources").delete().not("id", "is", null));
  await must(knowledge.db.from("outbox").delete().not("id", "is", null));
});

const put = async (name: string, payload: object) => {
  const row = await must(
    knowledge.db
      .from("outbox")
      .insert({ name, payload: payload as never })
      .select("id")
      .single(),
  );
  return row!.id;
};
const unsent = async () => (await rows(knowledge.db.from("outbox").select("id").is("sent_at", null))).length;

/** The queue's names of what the outbox holds, at their first turn. */
const turn = (id: string) => ({ id, turn: 0 });
const dispatcherOn = (own: Partial<ConstructorParameters<typeof Dispatcher>[0]> = {}) =>
  new Dispatcher({ db: knowledge.db, queue, log: knowledge.log, ledger: new Ledger(knowledge), places: 6, ...own });

describe("the dispatcher", () => {
  test("hands every row to the queue under the row's own id, once", async () => {
    const ids = [];
    for (let i = 0; i < 3; i++) ids.push(await put("source.forget", { objectKey: `a/b/${i}` }));
    const dispatchers = [1, 2].map(() => dispatcherOn());
    await Promise.all(dispatchers.map((dispatcher) => dispatcher.dispatch()));
    for (const id of ids) expect(await queue.state(turn(id))).toBe("live");
    expect((await queue.depths()).waiting).toBe(3);
    expect(await unsent()).toBe(0);
    expect(await dispatchers[0]!.dispatch()).toBe(0);
  });

  test("a row that nobody could do is logged, marked and does not hold up the others", async () => {
    const problems: string[] = [];
    const log = { ...createLog("error"), error: (message: string) => void problems.push(message) };
    await put("no.such.job", {});
    await put("__proto__", {});
    await put("source.read", { sourceId: "../../etc/passwd" });
    await put("source.read", { sourceId: randomUUID(), extra: 1 });
    const good = await put("source.read", { sourceId: randomUUID() });
    const ledger = new Ledger(knowledge);
    expect(await dispatcherOn({ log, ledger }).dispatch()).toBe(5);
    expect(problems).toHaveLength(4);
    await ledger.flush();
    expect(await unsent()).toBe(0);
    expect(await dispatcherOn().dispatch()).toBe(0);
    expect(await queue.state(turn(good))).toBe("live");
  });

  test("while the queue is away rows stay in the outbox, and go as soon as it is back", async () => {
    let away = true;
    const added: NewJob[] = [];
    const flaky: JobQueue = {
      ...queue,
      reach: () => (away ? Promise.reject(new Error("away")) : queue.reach()),
      async add(jobs) {
        added.push(...jobs);
      },
    };
    const dispatcher = dispatcherOn({ queue: flaky });
    const id = await put("source.read", { sourceId: randomUUID() });
    dispatcher.start();
    await new Promise((wake) => setTimeout(wake, 600));
    const row = await must(knowledge.db.from("outbox").select("claimed_until, sent_at").eq("id", id).single());
    expect(row).toEqual({ claimed_until: null, sent_at: null });
    away = false;
    await until(async () => (await unsent()) === 0);
    await dispatcher.stop();
    const { attempts } = JOBS["source.read"];
    // What no request began goes by the job's own id.
    const correlation = { requestId: id, trace: null, baggage: null };
    expect(added).toEqual([{ id, turn: 0, name: "source.read", payload: expect.anything(), attempt: 1, attempts, rank: 1, correlation }]);
  });

  test("G2: a job in the queue holds ids and nothing else", async () => {
    const id = await knowledge.add("canary-name-7f3a.txt", "canary-content-7f3a");
    await dispatcherOn().dispatch();
    const { Redis } = await import("ioredis");
    const client = new Redis(redis.url);
    const dump: string[] = [];
    for (const key of await client.keys("*")) {
      const type = await client.type(key);
      if (type === "hash") dump.push(JSON.stringify(await client.hgetall(key)));
      else if (type === "stream") dump.push(JSON.stringify(await client.xrange(key, "-", "+")));
    }
    client.disconnect();
    expect(dump.join()).toContain(id);
    expect(dump.join()).not.toContain("7f3a.txt");
    expect(dump.join()).not.toContain("canary-content");
  });
});

describe("the look for lost jobs", () => {
  const sweepNow = (embedder: Parameters<typeof sweep>[0]["embedder"] = null) =>
    sweep({ db: knowledge.db, log: { ...createLog("error"), error() {}, warn() {} }, embedder }, 0);
  const readJobs = async (source: string) =>
    (await knowledge.jobs("source.read")).filter(({ payload }) => JSON.stringify(payload).includes(source));

  const end = async (ids: string[]) =>
    must(knowledge.db.rpc("settle_jobs", { outcomes: ids.map((id) => ({ ...turn(id), outcome: "done" })) }));

  test("an unfinished source without a job is queued again; one whose job has not ended is left alone", async () => {
    const [lost, waiting, undispatched] = [
      await knowledge.add("lost.txt", "a"),
      await knowledge.add("waiting.txt", "b"),
      await knowledge.add("new.txt", "c"),
    ];
    await end((await readJobs(lost)).map(({ id }) => id));
    await must(knowledge.db.rpc("mark_outbox_sent", { ids: (await readJobs(waiting)).map(({ id }) => id) }));
    await sweepNow();
    expect(await readJobs(lost)).toHaveLength(2);
    expect(await readJobs(waiting)).toHaveLength(1);
    expect(await readJobs(undispatched)).toHaveLength(1);
    // The new job waits in the outbox, so looking again adds nothing.
    await sweepNow();
    expect(await readJobs(lost)).toHaveLength(2);
  });

  test("H15: a source that loses every job ends as failed, not in a circle", async () => {
    const source = await knowledge.add("poison.txt", "a");
    for (let i = 0; i < 10; i++) {
      await end((await readJobs(source)).map(({ id }) => id));
      await sweepNow();
    }
    expect(await knowledge.source(source)).toMatchObject({ status: "failed", failure_code: "unexpected" });
    expect((await readJobs(source)).length).toBeLessThanOrEqual(5);
  });

  test("knowledge that was read before an embedder was set up gets its vectors", async () => {
    const source = await knowledge.add("old.txt", "Старый текст.");
    await knowledge.read(source);
    const before = await knowledge.jobs("source.embed");
    await end(before.map(({ id }) => id));
    await sweepNow();
    expect(await knowledge.jobs("source.embed")).toHaveLength(before.length);
    await sweepNow({ model: "tiny", embed: async () => [] });
    expect(await knowledge.jobs("source.embed")).toHaveLength(before.length + 1);
  });
});
