import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { ChatEvent } from "@gpt-agent/core/chat-events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startRedis } from "../../../../e2e/fakes/redis.ts";
import type { Telling } from "../telling.ts";
import { collect as all } from "../test-telling.ts";
import { keptHere } from "./kept-here.ts";
import { memoryRunLog } from "./memory.ts";
import { redisRunLog } from "./redis.ts";
import { LOST_AFTER_MS, type LoggedEvent, type RunLog } from "./run-log.ts";

const delta = (n: number): ChatEvent => ({ type: "text-delta", id: "t", delta: `word ${n}, слово ${n} ` });
const never = new AbortController().signal;

const collect = async (events: Telling<LoggedEvent>): Promise<{ seq: number; event: ChatEvent }[]> =>
  (await all(events)).map(({ seq, event }) => ({ seq, event }));

/** What every run log must do; `open` makes one, and another portal's view of the same (itself, where nothing is shared). */
function contract(name: string, open: (options: { keepAfterEndMs?: number }) => { log: RunLog; other: RunLog }) {
  describe(`run log: ${name}`, () => {
    let log: RunLog;
    let other: RunLog;
    beforeAll(() => ({ log, other } = open({})));
    afterAll(async () => {
      await log.dispose();
      if (other !== log) await other.dispose();
    });
    const started = async () => {
      const runId = randomUUID();
      await log.open(runId);
      return runId;
    };

    it("gives every reader every event once, in order, whenever it came", async () => {
      const runId = await started();
      const early = collect(log.read(runId, 0, never));
      const elsewhere = collect(other.read(runId, 0, never));
      for (let n = 1; n <= 50; n++) {
        await log.append(runId, delta(n));
        if (n === 25) await sleep(20);
      }
      const middle = collect(other.read(runId, 10, never));
      await log.close(runId);
      const late = collect(other.read(runId, 0, never));
      const expected = Array.from({ length: 50 }, (_, i) => ({ seq: i + 1, event: delta(i + 1) }));
      expect(await early).toEqual(expected);
      expect(await elsewhere).toEqual(expected);
      expect(await late).toEqual(expected);
      expect(await middle).toEqual(expected.slice(10));
    });

    it("H5: reassembles after cuts at random places", async () => {
      const runId = await started();
      const writer = (async () => {
        for (let n = 1; n <= 200; n++) {
          await log.append(runId, delta(n));
          if (n % 20 === 0) await sleep(2);
        }
        await log.close(runId);
      })();
      const seen: LoggedEvent[] = [];
      for (let cuts = 0; seen.length < 200 && cuts < 1_000; cuts++) {
        const cut = new AbortController();
        const until = seen.length + 1 + Math.floor(Math.random() * 20);
        await other.read(
          runId,
          seen.at(-1)?.seq ?? 0,
          cut.signal,
        )((event) => {
          seen.push(event);
          if (seen.length >= until) cut.abort();
        });
      }
      await writer;
      expect(seen.map(({ seq }) => seq)).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
    });

    it("keeps the order of events that nobody waits for", async () => {
      const runId = await started();
      const reading = collect(other.read(runId, 0, never));
      for (let n = 1; n <= 300; n++) void log.append(runId, delta(n));
      await log.close(runId);
      expect(await reading).toEqual(Array.from({ length: 300 }, (_, i) => ({ seq: i + 1, event: delta(i + 1) })));
    });

    it("loses nothing for a reader that is slower than the writer", async () => {
      const runId = await started();
      const seen: number[] = [];
      const reading = other.read(
        runId,
        0,
        never,
      )(({ seq }) => {
        seen.push(seq);
        if (seq % 500 === 0) return sleep(20);
      });
      for (let n = 1; n <= 2_500; n++) void log.append(runId, delta(n));
      await log.close(runId);
      await reading;
      expect(seen).toEqual(Array.from({ length: 2_500 }, (_, i) => i + 1));
    });

    it("ends the reading of a reader that fails, and nothing else", async () => {
      const runId = await started();
      const [at, later] = [other.read(runId, 0, never), other.read(runId, 0, never)].map((events, n) =>
        events(({ seq }) => {
          if (seq < 3) return;
          if (n === 1) return Promise.reject(new Error("no more"));
          throw new Error("no more");
        }),
      );
      const reading = collect(other.read(runId, 0, never));
      const failing = Promise.all([expect(at).rejects.toThrow("no more"), expect(later).rejects.toThrow("no more")]);
      for (let n = 1; n <= 5; n++) await log.append(runId, delta(n));
      await failing;
      await log.close(runId);
      expect(await reading).toHaveLength(5);
    });

    it("starts again for a place that the run has not reached", async () => {
      const runId = await started();
      await log.append(runId, delta(1));
      await log.append(runId, delta(2));
      await log.close(runId);
      expect((await collect(other.read(runId, 99, never))).map(({ seq }) => seq)).toEqual([1, 2]);
      expect(await collect(other.read(runId, 2, never))).toEqual([]);
    });

    it("lets a waiting reader go when it leaves", async () => {
      const runId = await started();
      const leave = new AbortController();
      const reading = collect(other.read(runId, 0, leave.signal));
      await log.append(runId, delta(1));
      await sleep(30);
      leave.abort();
      expect((await reading).length).toBe(1);
      await log.close(runId);
    });

    it("knows its runs, and nothing else", async () => {
      const runId = await started();
      expect(await other.has(runId)).toBe(true);
      expect(await other.has(randomUUID())).toBe(false);
      await log.close(runId);
      expect(await other.has(runId)).toBe(true);
    });

    it("brings a stop to the writer, from anywhere, once, also when it was asked for first", async () => {
      const runId = await started();
      let stops = 0;
      await log.onStop(runId, () => stops++);
      await other.requestStop(runId);
      await expect.poll(() => stops).toBe(1);
      await other.requestStop(runId);
      await sleep(30);
      expect(stops).toBe(1);

      const early = await started();
      await other.requestStop(early);
      await log.onStop(early, () => stops++);
      await expect.poll(() => stops).toBe(2);
      await other.requestStop(randomUUID());
    });

    it("brings replies to tool calls to the writer, from anywhere, in order, while it listens", async () => {
      const runId = await started();
      const heard: unknown[] = [];
      const unhear = await log.onReply(runId, (toolCallId, reply) => heard.push([toolCallId, reply]));
      await other.reply(runId, "call-1", { approved: true });
      await other.reply(runId, "call-2", { output: { цена: [1, null] } });
      await other.reply(randomUUID(), "call-3", { approved: true });
      await expect
        .poll(() => heard)
        .toEqual([
          ["call-1", { approved: true }],
          ["call-2", { output: { цена: [1, null] } }],
        ]);
      unhear();
      await other.reply(runId, "call-4", { errorText: "late" });
      await sleep(30);
      expect(heard).toHaveLength(2);
    });

    it("forgets a run some time after its end", async () => {
      const short = open({ keepAfterEndMs: 60 }).log;
      const runId = randomUUID();
      await short.open(runId);
      await short.append(runId, delta(1));
      await short.close(runId);
      expect(await short.has(runId)).toBe(true);
      await expect.poll(() => short.has(runId)).toBe(false);
      await short.dispose();
    });
  });
}

contract("memory", (options) => {
  const log = memoryRunLog(options);
  return { log, other: log };
});

let redis: Awaited<ReturnType<typeof startRedis>>;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
contract("redis", (options) => ({ log: redisRunLog(redis.url, options), other: redisRunLog(redis.url, options) }));
const keptOverRedis = (url: string, options: { keepAfterEndMs?: number } = {}) =>
  keptHere((interrupted) => redisRunLog(url, { ...options, interrupted, lookAgainMs: 50 }), { ...options, lookAgainMs: 50 });
contract("redis, kept by its writer as well", (options) => ({
  log: keptOverRedis(redis.url, options),
  other: keptOverRedis(redis.url, options),
}));

describe("run log: redis, when portals come and go", () => {
  it("a portal that has settled may go at once: what has ended there is read whole elsewhere, its end included", async () => {
    const [writer, reader] = [keptHere((interrupted) => redisRunLog(redis.url, { interrupted })), redisRunLog(redis.url)];
    const runs = Array.from({ length: 20 }, () => randomUUID());
    for (const runId of runs) {
      await writer.open(runId);
      for (let n = 1; n <= 50; n++) void writer.append(runId, delta(n));
    }
    await Promise.all(runs.map((runId) => writer.close(runId)));
    await writer.settled();
    await writer.dispose();
    const began = performance.now();
    for (const events of await Promise.all(runs.map((runId) => collect(reader.read(runId, 0, never))))) expect(events).toHaveLength(50);
    // The log itself says that it has ended; a lost one is given up much later.
    expect(performance.now() - began).toBeLessThan(LOST_AFTER_MS / 2);
    await reader.dispose();
  });

  it("H5: a log whose writer is gone ends for its readers, one whose writer is only silent does not", async () => {
    const options = { lostAfterMs: 600, lookAgainMs: 50 };
    const [writer, reader] = [redisRunLog(redis.url, options), redisRunLog(redis.url, options)];
    const runId = randomUUID();
    await writer.open(runId);
    await writer.append(runId, delta(1));
    let ended = false;
    const reading = collect(reader.read(runId, 0, never)).finally(() => {
      ended = true;
    });
    await sleep(1_500);
    expect(ended).toBe(false);
    await writer.dispose();
    expect(await reading).toHaveLength(1);
    expect(await reader.has(runId)).toBe(false);
    await reader.dispose();
  });
});

describe("run log: redis, kept by its writer as well", () => {
  it("H7: answers go on while Redis is away, and other portals have all of them when it is back, even empty", async () => {
    const own = await startRedis();
    const changes: boolean[] = [];
    const log = keptHere((interrupted) => redisRunLog(own.url, { interrupted }), {
      onChange: (away) => changes.push(away),
      lookAgainMs: 50,
    });
    const before = randomUUID();
    await log.open(before);
    await log.append(before, delta(1));
    const reading = collect(log.read(before, 0, never));
    await own.kill();
    await expect.poll(() => changes).toEqual([true]);

    const during = randomUUID();
    const began = performance.now();
    await log.open(during);
    let stops = 0;
    await log.onStop(during, () => stops++);
    await log.append(during, delta(1));
    await log.append(before, delta(2));
    await log.close(before);
    expect((await reading).map(({ seq }) => seq)).toEqual([1, 2]);
    expect(await log.has(randomUUID())).toBe(false);
    await expect(log.requestStop(randomUUID())).rejects.toMatchObject({ code: "unavailable" });
    await log.requestStop(during);
    expect(stops).toBe(1);
    expect(performance.now() - began).toBeLessThan(2_000);

    await own.start();
    const other = redisRunLog(own.url);
    await expect.poll(() => changes, { timeout: 10_000 }).toEqual([true, false]);
    await expect.poll(() => other.has(before), { timeout: 10_000 }).toBe(true);
    expect((await collect(other.read(before, 0, never))).map(({ seq }) => seq)).toEqual([1, 2]);
    await expect.poll(() => other.has(during), { timeout: 10_000 }).toBe(true);
    const elsewhere = collect(other.read(during, 0, never));
    await log.append(during, delta(2));
    await log.close(during);
    expect((await elsewhere).map(({ seq }) => seq)).toEqual([1, 2]);
    await log.dispose();
    await other.dispose();
    await own.stop();
  });
});
