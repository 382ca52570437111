import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { FakeLlm } from "../../../e2e/fakes/llm.ts";
import { type ModelPortal, startModelPortal } from "./test-model-portal.ts";
import { call, openSession, question, type Received, readAnswer, readEvents, type SeededAgent, SHOP, seedAgent } from "./test-portal.ts";

const MAX_RUNS = 6;
/** Words of both languages, none like another: a cut in the wrong place shows. */
const TEXT = Array.from({ length: 80 }, (_, n) => (n % 2 ? `слово-${n}` : `word-${n}`)).join(" ");

let llm: FakeLlm;
let portal: ModelPortal;
let agent: SeededAgent;
beforeAll(async () => {
  portal = await startModelPortal({ MAX_RUNS: String(MAX_RUNS) });
  llm = portal.llm;
  agent = await seedAgent(portal.backend, { passages: [{ body: "All bottles come with a ten-year warranty." }] });
});
afterAll(() => portal.close());
beforeEach(() => {
  llm.requests.length = 0;
});

const chatPath = () => `/api/v1/agents/${agent.publicId}/chat`;
const ask = (token: string, id: string, signal?: AbortSignal) =>
  call(portal, chatPath(), token, { body: question("Tell me about the warranty", { id }), ...(signal ? { signal } : {}) });
const textOf = (received: Received[]) => received.map(({ event }) => (event.type === "text-delta" ? event.delta : "")).join("");
const stop = (token: string, id: string) => call(portal, `/api/v1/chat/${id}/stop`, token, { method: "POST" });

/** Reads up to `most` events of a stream, and says whether [DONE] came. */
async function readSome(response: Response, most: number, into: Received[]): Promise<boolean> {
  const events = readEvents(response);
  for (let n = 0; n < most; n++) {
    const step = await events.next();
    if (step.done) return step.value;
    into.push(step.value);
  }
  return false;
}

describe("H5: a stream that is cut", { timeout: 60_000 }, () => {
  it("in random places is put together again byte for byte, with one model call", async () => {
    llm.script({ kind: "answer", text: TEXT, pauseMs: 4 });
    const reading = Array.from({ length: 4 }, async () => {
      const { token } = await openSession(portal, agent);
      const id = randomUUID();
      const seen: Received[] = [];
      let cuts = 0;
      for (let done = false; !done; cuts++) {
        const cut = new AbortController();
        const response = seen.length
          ? await call(portal, `/api/v1/chat/${id}/stream`, token, {
              headers: { "last-event-id": seen.at(-1)!.id! },
              signal: cut.signal,
            })
          : await ask(token, id, cut.signal);
        expect(response.status).toBe(200);
        done = await readSome(response, 1 + Math.floor(Math.random() * 3), seen);
        cut.abort();
      }
      expect(textOf(seen)).toBe(TEXT);
      expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length);
      return cuts;
    });
    const cuts = await Promise.all(reading);
    expect(Math.min(...cuts)).toBeGreaterThan(5);
    expect(llm.requests).toHaveLength(4);
  });

  it("tells the whole answer to a Last-Event-ID that is garbage, from the future or of another run", async () => {
    llm.script({ kind: "answer", text: TEXT, pauseMs: 4 });
    const { token } = await openSession(portal, agent);
    const id = randomUUID();
    const first = await ask(token, id);
    const begun: Received[] = [];
    await readSome(first, 3, begun);
    const runId = begun[0]!.id!.split(":")[0];
    const strange = ["garbage", `${runId}:99999`, `${randomUUID()}:3`, `${runId}:-1`, `${runId}:1e3`, "🙃", "x".repeat(5_000)];
    const answers = await Promise.all(
      strange.map(async (lastEventId) =>
        readAnswer(await call(portal, `/api/v1/chat/${id}/stream`, token, { headers: { "last-event-id": encodeURI(lastEventId) } })),
      ),
    );
    for (const { text, start, done } of answers)
      expect({ text, begins: Boolean(start), done }).toEqual({ text: TEXT, begins: true, done: true });
  });

  it("any number of readers see the same", async () => {
    llm.script({ kind: "answer", text: TEXT, pauseMs: 4 });
    const { token } = await openSession(portal, agent);
    const id = randomUUID();
    const first = readAnswer(await ask(token, id));
    const others = Array.from({ length: 10 }, async () => readAnswer(await call(portal, `/api/v1/chat/${id}/stream`, token)));
    const { received, text } = await first;
    expect(text).toBe(TEXT);
    for (const other of await Promise.all(others)) expect(other.received).toEqual(received);
  });
});

describe("H4: answers that are stopped", { timeout: 60_000 }, () => {
  it("leave no socket, no timer and no call of the model behind", async () => {
    llm.script({ kind: "answer", text: TEXT, pauseMs: 20 });
    const visitors = await Promise.all(Array.from({ length: 5 }, () => openSession(portal, agent)));
    const stopOne = async ({ token }: { token: string }) => {
      const id = randomUUID();
      const leave = new AbortController();
      await readSome(await ask(token, id, leave.signal), 3, []);
      leave.abort();
      expect((await stop(token, id)).status).toBe(204);
    };
    const resources = () => {
      const all = process.getActiveResourcesInfo();
      return { sockets: all.filter((name) => name === "TCPSocketWrap").length, timers: all.filter((name) => name === "Timeout").length };
    };
    const round = () => Promise.all(visitors.map(stopOne));
    await round();
    await expect.poll(() => llm.open(), { timeout: 5_000 }).toBe(0);
    const before = resources();
    for (let n = 0; n < 6; n++) {
      await round();
      // H4: the model is left within a second.
      await expect.poll(() => llm.open(), { timeout: 1_500 }).toBe(0);
    }
    expect(llm.aborted()).toBeGreaterThanOrEqual(30);
    await expect.poll(() => resources().sockets, { timeout: 5_000 }).toBeLessThanOrEqual(before.sockets * 1.05 + 2);
    await expect.poll(() => resources().timers, { timeout: 5_000 }).toBeLessThanOrEqual(before.timers * 1.05 + 2);
  });
});

describe("H2: more questions than a portal takes on", { timeout: 60_000 }, () => {
  it("are refused at once with 503 and a Retry-After that varies, store nothing, and the pages and the running answers go on", async () => {
    llm.script({ kind: "answer", text: TEXT, pauseMs: 15 });
    const visitors = await Promise.all(Array.from({ length: MAX_RUNS * 3 }, () => openSession(portal, agent)));
    const stored = async () => Number((await portal.backend.db.query<{ n: string }>("select count(*) as n from messages")).rows[0]!.n);
    const before = await stored();
    const asked = visitors.map(async ({ token }) => {
      const response = await ask(token, randomUUID());
      if (response.status !== 200)
        return { status: response.status, retryAfter: response.headers.get("retry-after"), body: await response.json() };
      const { text, done } = await readAnswer(response);
      return { status: 200, whole: done && text === TEXT };
    });
    const health = await fetch(`${portal.url}/api/health`);
    expect(health.status).toBe(200);
    const all = await Promise.all(asked);
    const refused = all.filter(({ status }) => status !== 200);
    expect(all.filter((one) => "whole" in one && one.whole)).toHaveLength(MAX_RUNS);
    expect(refused).toHaveLength(MAX_RUNS * 2);
    for (const { status, retryAfter, body } of refused as { status: number; retryAfter: string; body: object }[]) {
      expect(status).toBe(503);
      expect(Number(retryAfter)).toBeGreaterThan(0);
      expect(body).toMatchObject({ code: "unavailable", retryAfter: Number(retryAfter) });
    }
    expect(await stored()).toBe(before + 2 * MAX_RUNS);
    // There is room again.
    await expect.poll(async () => (await ask(visitors[0]!.token, randomUUID())).status, { timeout: 5_000 }).toBe(200);
    await sleep(50);
  });

  it("are refused without waiting for the database, and in a way their page can read", async () => {
    llm.script({ kind: "answer", text: TEXT, pauseMs: 15 });
    const visitors = await Promise.all(Array.from({ length: MAX_RUNS + 1 }, () => openSession(portal, agent)));
    const [late, ...first] = visitors;
    // One place may still be an answer's of the test before.
    const taken = (await Promise.all(first.map(({ token }) => ask(token, randomUUID())))).filter(({ status }) => status === 200);
    const reading = taken.map(readAnswer);
    const { db } = portal.backend;
    const { exec } = db;
    let goOn = () => {};
    const stuck = new Promise<void>((resolve) => (goOn = resolve));
    db.exec = async (...args) => {
      await stuck;
      return exec.apply(db, args);
    };
    // What was known of the agent is no longer believed.
    const clock = vi.spyOn(Date, "now").mockImplementation(() => performance.timeOrigin + performance.now() + 2_000);
    try {
      const response = await ask(late!.token, randomUUID(), AbortSignal.timeout(5_000));
      expect(response.status).toBe(503);
      expect(response.headers.get("access-control-allow-origin")).toBe(SHOP);
    } finally {
      clock.mockRestore();
      db.exec = exec;
      goOn();
    }
    expect(reading.length).toBeGreaterThanOrEqual(MAX_RUNS - 1);
    expect((await Promise.all(reading)).every(({ done }) => done)).toBe(true);
  });
});
