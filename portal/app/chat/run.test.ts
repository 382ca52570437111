import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { agentSettings } from "@gpt-agent/core/agent-settings";
import type { ChatEvent } from "@gpt-agent/core/chat-events";
import { atOnce } from "@gpt-agent/core/llm/gather";
import type { Llm } from "@gpt-agent/core/llm/llm";
import { quotesLlm } from "@gpt-agent/core/llm/quotes";
import { createLog } from "@gpt-agent/core/log";
import { describe, expect, it } from "vitest";
import type { Turn } from "./answer.ts";
import type { Receipt } from "./draft.ts";
import { type PartialAnswer, PartialSaver } from "./partial-saver.ts";
import { type RunDeps, run } from "./run.ts";
import { memoryRunLog } from "./run-log/memory.ts";
import type { RunLog } from "./run-log/run-log.ts";
import { WordPace } from "./word-pace.ts";

const usage = { model: "m", provider: null, promptTokens: 1, completionTokens: 1, cachedTokens: 0, costMicros: 0 };
/** A model that writes `words` with a pause every `burst` of them. */
const model = (words: number, burst = 50): Llm => ({
  responder: "model",
  async stream({ gather = atOnce }, hear, signal) {
    const telling = gather((deltas: string[]) => hear({ type: "delta", delta: deltas.join("") }));
    for (let n = 1; n <= words; n++) {
      signal.throwIfAborted();
      telling.add(`w${n} `);
      if (n % burst === 0) await sleep(5);
    }
    telling.end();
    hear({ type: "end", finishReason: "stop", usage });
  },
});

const turn = (): Turn => ({
  orgId: randomUUID(),
  agentId: randomUUID(),
  agentName: "Helper",
  settings: agentSettings.parse({}),
  runId: randomUUID(),
  messageId: randomUUID(),
  conversationId: "c",
  question: "What is it about?",
  history: [],
  summary: null,
  facts: [],
  locale: "en",
  clientTools: [],
  attended: true,
});

/** A saver that stores nothing; `ended` are the runs that should not go on. */
const saver = (ended: (partials: PartialAnswer[]) => string[] = () => []) =>
  new PartialSaver(async (partials) => ended(partials), createLog("error", { test: true }));

async function play(overrides: Partial<RunDeps> = {}, asked = turn()) {
  const runLog: RunLog = overrides.runLog ?? memoryRunLog();
  const stored: Receipt[] = [];
  await runLog.open(asked.runId);
  const running = run(asked, {
    runLog,
    retrieve: async () => [],
    llm: model(200),
    fallback: quotesLlm({ fallback: true }),
    actions: null,
    pace: new WordPace(),
    log: createLog("error", { test: true }),
    saver: saver(),
    finish: async (_org, _run, receipt) => stored.push(receipt) > 0,
    ...overrides,
  });
  const events: ChatEvent[] = [];
  await runLog.read(asked.runId, 0, new AbortController().signal)(({ event }) => void events.push(event));
  await running;
  return { events, stored, text: events.map((event) => (event.type === "text-delta" ? event.delta : "")).join("") };
}
const WORDS = Array.from({ length: 200 }, (_, n) => `w${n + 1}`).join(" ");

describe("a run", () => {
  it("joins deltas that come close together, the first one apart, and loses none", async () => {
    const { events, text } = await play();
    const deltas = events.filter((event) => event.type === "text-delta");
    expect(text).toBe(WORDS);
    expect(deltas[0]).toMatchObject({ delta: "w1" });
    expect(deltas.length).toBeLessThan(60);
    expect(events.map(({ type }) => type).filter((type) => type !== "text-delta")).toEqual([
      "start",
      "text-start",
      "text-end",
      "data-grounding",
      "data-usage",
      "finish",
    ]);
  });

  it("is stored before its readers see the end", async () => {
    const order: string[] = [];
    const log = memoryRunLog();
    const runLog: RunLog = {
      ...log,
      append: (runId, event) => {
        order.push(event.type);
        return log.append(runId, event);
      },
    };
    await play({
      runLog,
      finish: async () => {
        await sleep(30);
        return order.push("stored") > 0;
      },
    });
    expect(order.slice(-2)).toEqual(["stored", "finish"]);
  });

  it("is stored in the end when storing fails at first, and when the log fails throughout", async () => {
    let tries = 0;
    const stored: Receipt[] = [];
    const { text } = await play({
      finish: async (_org, _run, receipt) => {
        if (++tries < 2) throw new Error("the database is away");
        stored.push(receipt);
        return true;
      },
    });
    expect(text).toBe(WORDS);
    expect(stored).toHaveLength(1);
    expect(stored[0]).toMatchObject({ status: "finished", text: WORDS });

    const full = () => {
      throw new Error("full");
    };
    for (const append of [() => Promise.reject(new Error("full")), full])
      expect((await play({ runLog: { ...memoryRunLog(), append } })).stored).toHaveLength(1);
  });

  it("stops when it is told that its row is no longer running", async () => {
    const { events, stored } = await play({ llm: model(2_000, 1), saver: saver((partials) => partials.map(({ runId }) => runId)) });
    expect(events).toContainEqual({ type: "abort", reason: "stopped" });
    expect(stored[0]).toMatchObject({ status: "stopped", outcome: "stopped" });
  });

  it("tells a failing search plainly and stores it as failed", async () => {
    const { events, stored } = await play({ retrieve: () => Promise.reject(new Error("no database")) });
    expect(events).toContainEqual({ type: "error", errorText: "The knowledge can't be searched right now. Please try again in a minute." });
    expect(events.at(-1)).toEqual({ type: "finish", finishReason: "error" });
    expect(stored[0]).toMatchObject({ status: "failed", errorCode: "internal" });
  });

  it("searches with the question before when a follow-up has hardly a word of its own", async () => {
    let searched = "";
    const asked = {
      ...turn(),
      question: "And for Serbia?",
      history: [{ author: "visitor" as const, text: "How long does delivery take?" }],
    };
    const retrieve: RunDeps["retrieve"] = async ({ text }) => {
      searched = text;
      return [];
    };
    await play({ retrieve }, asked);
    expect(searched).toBe("And for Serbia? How long does delivery take?");
  });
});
