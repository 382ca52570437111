// What becomes of a question when the model's endpoint fails, in every way that endpoints are known to: always a designed state.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { LlmError } from "@gpt-agent/core/llm/llm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FakeLlm, LlmScript } from "../../../e2e/fakes/llm.ts";
import { type ModelPortal, startModelPortal } from "./test-model-portal.ts";
import { call, openSession, question, readAnswer, type SeededAgent, seedAgent } from "./test-portal.ts";

const WARRANTY = "All bottles come with a ten-year warranty. The warranty covers leaks and broken lids. It does not cover dents.";
const QUOTED = "The warranty covers leaks and broken lids.";
const GOOD: LlmScript = { kind: "answer", text: "It covers leaks and broken lids [1]." };

let llm: FakeLlm;
let portal: ModelPortal;
let agent: SeededAgent;
let embeddings: Server;
/** What the embeddings endpoint answers; null for nothing at all. */
let embedded: unknown = { data: [] };

beforeAll(async () => {
  embeddings = createServer((request, response) => {
    request.resume();
    if (embedded !== null) response.setHeader("content-type", "application/json").end(JSON.stringify(embedded));
  });
  await new Promise<void>((listening) => embeddings.listen(0, "127.0.0.1", listening));
  portal = await startModelPortal({
    LLM_DEFAULT_MODEL: "test/default",
    EMBEDDINGS_BASE_URL: `http://127.0.0.1:${(embeddings.address() as AddressInfo).port}/v1`,
    EMBEDDINGS_MODEL: "tiny",
  });
  llm = portal.llm;
  agent = await seedAgent(portal.backend, { passages: [{ title: "Warranty.md", body: WARRANTY }] });
});
afterAll(async () => {
  await portal.close();
  embeddings.closeAllConnections();
  embeddings.close();
});

/** One visitor may ask 20 questions a minute. */
const PER_VISITOR = 15;
let token = "";
let asked = 0;
let versions = 1;

/** Asks the agent with these settings. Resolves when the answer has begun, to a reading of the rest: the next may be asked meanwhile. */
async function begin(settings: object, text = "What does the warranty cover?") {
  if (asked++ % PER_VISITOR === 0) ({ token } = await openSession(portal, agent));
  await portal.backend.db.query(
    `with version as (insert into agent_versions (org_id, agent_id, number, settings) values ($1, $2, $3, $4) returning id)
     update agents set published_version_id = (select id from version) where id = $2`,
    [agent.orgId, agent.agentId, ++versions, JSON.stringify(settings)],
  );
  const began = performance.now();
  const response = await call(portal, `/api/v1/agents/${agent.publicId}/chat`, token, { body: question(text) });
  return async () => {
    const answer = await readAnswer(response);
    const ms = performance.now() - began;
    const { rows } = await portal.backend.db.query<{
      status: string;
      responder: string;
      model: string | null;
      attempts: { model: string; error: string }[];
      cost_micros: string;
      prompt_tokens: number;
      completion_tokens: number;
      error_code: string | null;
    }>("select * from runs where message_id = $1", [answer.start?.messageId]);
    return { ...answer, ms, run: rows[0]! };
  };
}
type Answer = Awaited<ReturnType<Awaited<ReturnType<typeof begin>>>>;
const ask = async (settings: object) => (await begin(settings))();

const words = (body: string, after = 0): LlmScript => ({ kind: "raw", body, after });
const delta = (content: string) => `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`;

/** Before the first word: the platform's default model answers, and the receipt tells why. */
const BEFORE: [what: string, script: LlmScript, error: string][] = [
  ...([400, 401, 402, 403, 404, 408, 413, 429, 500, 502, 503, 529] as const)
    .filter((status) => status !== 401 && status !== 402)
    .map((status): [string, LlmScript, string] => [
      `status ${status}`,
      { kind: "status", status },
      {
        400: "refused",
        403: "refused",
        404: "unknown_model",
        413: "too_long",
        429: "rate_limited",
      }[status as number] ?? "overloaded",
    ]),
  ["429 with Retry-After in seconds", { kind: "status", status: 429, retryAfter: "1" }, "rate_limited"],
  ["429 until a date", { kind: "status", status: 429, retryAfter: "Wed, 21 Oct 2099 07:28:00 GMT" }, "rate_limited"],
  ["429 with a negative Retry-After", { kind: "status", status: 429, retryAfter: "-1" }, "rate_limited"],
  ["429 for 1e9 seconds", { kind: "status", status: 429, retryAfter: "1000000000" }, "rate_limited"],
  ["a prompt too long, as OpenAI says it", { kind: "status", status: 400, message: "maximum context length is 10 tokens" }, "too_long"],
  ["200 and an error in the stream", { kind: "in-band-error", after: 0 }, "overloaded"],
  ["200 and an error in the choice", { kind: "in-band-error", after: 0, inChoice: true }, "overloaded"],
  ["a reset at once", { kind: "reset", after: 0 }, "unreachable"],
  ["an end in the middle of an event", { kind: "cut", after: 0 }, "broken_stream"],
  ["an empty body", words(""), "broken_stream"],
  ["a page of HTML", { kind: "raw", body: "<html><body>Gateway</body></html>", contentType: "text/html" }, "broken_stream"],
  ["a chunk that is no JSON", words("data: {oops\n\n"), "broken_stream"],
  ["a line of 5 MB", words(`data: ${"x".repeat(5 * 1024 * 1024)}`), "broken_stream"],
  ["[DONE] and nothing else", words("data: [DONE]\n\n"), "empty"],
  ["an empty answer", { kind: "answer", text: "" }, "empty"],
  ["an answer taken by the filter", { kind: "answer", text: "", finish: "content_filter" }, "filtered"],
  ["silence for ten minutes", { kind: "silence", after: 0 }, "timeout"],
  ["no answer at all", { kind: "hang" }, "timeout"],
];

/** Oddities of a stream that readers are to cope with: the model's own answer arrives whole. */
const TEXT = "It covers leaks and broken lids [1]. Ответ — «да» 🙂.";
const CLEAN = TEXT;
const COPED: [what: string, script: LlmScript][] = [
  ["comment lines", { kind: "answer", text: TEXT, comments: true }],
  ["[DONE] missing", { kind: "answer", text: TEXT, withoutDone: true }],
  ["[DONE] early", { kind: "answer", text: TEXT, earlyDone: true }],
  ["characters and fields split over packets", { kind: "answer", text: TEXT, splitBytes: true }],
  ["CRLF", { kind: "answer", text: TEXT, lineEnd: "\r\n" }],
  ["CR", { kind: "answer", text: TEXT, lineEnd: "\r" }],
  ["data over several lines", { kind: "answer", text: TEXT, multiLine: true }],
  ["finish_reason length", { kind: "answer", text: TEXT, finish: "length" }],
  ["finish_reason content_filter after the text", { kind: "answer", text: TEXT, finish: "content_filter" }],
  ["a finish_reason nobody knows", { kind: "answer", text: TEXT, finish: "whatever" }],
  ["another model than was asked for", { kind: "answer", text: TEXT, model: "someone/else" }],
  ["no usage", { kind: "answer", text: TEXT, usage: null }],
  ["negative usage", { kind: "answer", text: TEXT, usage: { prompt_tokens: -5, completion_tokens: -5, cost: -1 } }],
  ["huge usage", { kind: "answer", text: TEXT, usage: { prompt_tokens: 1e15, completion_tokens: 1e15, cost: 1e12 } }],
  ["thoughts before the text", { kind: "answer", text: TEXT, reasoning: "the visitor wants to know" }],
];

/** After the first word: what was written is kept, a plain sentence follows, nobody else is asked. */
const MIDWAY: [what: string, script: LlmScript, error: string][] = [
  ["an error in the stream", { kind: "in-band-error", after: 4 }, "overloaded"],
  ["finish_reason error", { kind: "in-band-error", after: 4, inChoice: true }, "overloaded"],
  ["a reset", { kind: "reset", after: 4 }, "broken_stream"],
  ["an end in the middle of an event", { kind: "cut", after: 4 }, "broken_stream"],
  ["a chunk that is no JSON", words("data: {oops\n\n", 4), "broken_stream"],
  ["a line of 5 MB", words(`data: ${"x".repeat(5 * 1024 * 1024)}`, 4), "broken_stream"],
  ["an end without a finish", words(delta(""), 4), "broken_stream"],
];

/** Asks each case of a model of its own, all at once: waiting costs nothing. */
async function askAll<C extends [string, LlmScript, ...unknown[]]>(kind: string, cases: C[]) {
  const models = cases.map((_, at) => `${kind}/${at}`);
  llm.scriptModels({ "test/default": GOOD, ...Object.fromEntries(cases.map(([, script], at) => [models[at], script])) });
  const readings = [];
  // The patient ones first.
  for (const model of models.toReversed()) readings.unshift((await begin({ model }))());
  const answers = await Promise.all(readings);
  return cases.map((given, at) => ({ given, model: models[at]!, answer: answers[at]! }));
}
const askedFor = (model: string) => llm.requests.filter(({ body }) => body.model === model).length;

/** Many answers at once on a busy machine, some of which wait 7.5 s by design. */
const PATIENCE_MS = 60_000;

describe("LLM upstream: every fault ends in a designed state", { timeout: PATIENCE_MS }, () => {
  it("before the first word: the next model answers, asked for at most three times, paid once", async () => {
    for (const { given, model, answer } of await askAll("before", BEFORE)) {
      const [what, , error] = given;
      expect(answer.text, what).toBe("It covers leaks and broken lids [1].");
      expect(answer.citations[0]?.quote, what).toBe(QUOTED);
      expect(answer.grounding, what).toEqual({ supported: true, responder: "model" });
      expect(answer.events.at(-1), what).toEqual({ type: "finish", finishReason: "stop" });
      expect(answer.run, what).toMatchObject({ status: "finished", model: "test/default", error_code: null, attempts: [{ model, error }] });
      const asksAgain = ["overloaded", "rate_limited", "broken_stream", "unreachable"].includes(error);
      expect(askedFor(model), what).toBeLessThanOrEqual(asksAgain ? 3 : 1);
      // An empty answer was billed as well.
      expect(Number(answer.run.cost_micros), what).toBe(["empty answer", "filter"].some((paid) => what.includes(paid)) ? 840 : 420);
      expect(answer.ms, what).toBeLessThan(15_000);
    }
  });

  it("oddities of the stream change nothing for the visitor, nor nonsense usage for the ledger", async () => {
    for (const { given, answer } of await askAll("coped", COPED)) {
      const [what] = given;
      expect(answer.text, what).toBe(CLEAN);
      expect(answer.events.at(-1), what).toMatchObject({ type: "finish" });
      expect(answer.run, what).toMatchObject({ status: "finished", responder: "model", attempts: [] });
      expect(answer.run.prompt_tokens, what).toBeGreaterThan(50);
      expect(answer.run.prompt_tokens, what).toBeLessThan(2_000);
      expect(answer.run.completion_tokens, what).toBeGreaterThan(5);
      expect(answer.run.completion_tokens, what).toBeLessThan(60);
      expect(Number(answer.run.cost_micros), what).toBeLessThan(1_000);
    }
  });

  it("after the first word: the partial answer is kept and said to be one; no second call, and what was used is reckoned", async () => {
    const before = portal.failures.length;
    for (const { given, model, answer } of await askAll("midway", MIDWAY)) {
      const [what, , error] = given;
      expect(answer.text.trim(), what).toBe("The answer is written");
      expect(answer.events, what).toContainEqual({
        type: "error",
        errorText: "The answer was interrupted. What was written so far is kept; you can try again.",
      });
      expect(answer.events.at(-1), what).toEqual({ type: "finish", finishReason: "error" });
      expect(answer.run, what).toMatchObject({ status: "failed", error_code: error, attempts: [{ model, error }] });
      expect(answer.run.completion_tokens, what).toBeGreaterThan(3);
      expect(askedFor(model), what).toBe(1);
    }
    // Each is told of in the log, once.
    const told = portal.failures.slice(before).map((failure) => (failure as LlmError).code);
    expect(told.sort()).toEqual(MIDWAY.map(([, , error]) => error).sort());
  });

  it.each([401, 402])("%i: the account's trouble is the documents' turn, and no other model is asked", async (status) => {
    llm.scriptModels({ [`account/${status}`]: { kind: "status", status }, "test/default": GOOD });
    const before = askedFor("test/default");
    const answer = await ask({ model: `account/${status}` });
    expect(answer.grounding).toEqual({ supported: true, responder: "quotes", fallback: true });
    expect(answer.text).toContain(QUOTED);
    expect(askedFor("test/default")).toBe(before);
  });

  it("a model that calls tools for ever is made to answer", async () => {
    const loops: LlmScript = { kind: "answer", text: "", toolCalls: [{ name: "nothing_there", input: {} }] };
    llm.scriptModels({ "loops/1": loops, "test/default": GOOD });
    const answer = await ask({ model: "loops/1" });
    expect(answer.events.at(-1)).toMatchObject({ type: "finish" });
    expect(askedFor("loops/1")).toBeLessThanOrEqual(7);
  });
});

describe("H9: an outage", { timeout: PATIENCE_MS }, () => {
  it("the agent's fallback answers before the platform's default does", async () => {
    llm.scriptModels({ "down/1": { kind: "status", status: 503 }, "spare/1": GOOD, "test/default": { kind: "status", status: 500 } });
    const answer = await ask({ model: "down/1", fallbackModels: ["spare/1"] });
    expect(answer.run).toMatchObject({ model: "spare/1", attempts: [{ model: "down/1", error: "overloaded" }] });
    expect(askedFor("down/1")).toBe(3);
  });

  it("every model hangs: visitors read words within 15 s, in their language, that say so", async () => {
    const hang: LlmScript = { kind: "hang" };
    llm.scriptModels({ "own/1": hang, "own/2": hang, "own/3": hang, "test/default": hang });
    const readings = [
      await begin({ model: "own/1", fallbackModels: ["own/2"] }),
      await begin({ model: "own/3" }, "Что покрывает гарантия (warranty)?"),
    ];
    const [english, russian] = (await Promise.all(readings.map((read) => read()))) as [Answer, Answer];
    expect(english.text).toMatch(/^The assistant's model is unavailable right now, so here is what the documents say:/);
    expect(english.text).toContain(QUOTED);
    expect(russian.text).toMatch(/^Языковая модель сейчас недоступна/);
    for (const { ms, run, grounding } of [english, russian]) {
      expect(ms).toBeLessThan(15_000);
      expect(grounding).toMatchObject({ responder: "quotes", fallback: true });
      expect(run).toMatchObject({ status: "finished", responder: "quotes", error_code: "model_unavailable", cost_micros: 0 });
    }
    expect(english.run.attempts.slice(0, 2)).toEqual([
      { model: "own/1", error: "timeout" },
      { model: "own/2", error: "timeout" },
    ]);
    await expect.poll(() => llm.open()).toBe(0);
  });

  it("after five failures in a row nobody waits for the model any more", async () => {
    llm.scriptModels({ "down/2": { kind: "status", status: 503 }, "test/default": GOOD });
    for (let n = 0; n < 2; n++) expect((await ask({ model: "down/2" })).run.attempts).toEqual([{ model: "down/2", error: "overloaded" }]);
    expect(askedFor("down/2")).toBe(5);
    const spared = await ask({ model: "down/2" });
    expect(spared.run).toMatchObject({ model: "test/default", attempts: [{ model: "down/2", error: "circuit_open" }] });
    expect(askedFor("down/2")).toBe(5);
  });
});

describe("embeddings upstream", () => {
  const vector = (index: number, embedding: unknown) => ({ object: "embedding", index, embedding });
  it.each<[string, unknown]>([
    ["an error", { error: { message: "no" } }],
    ["a short batch", { data: [] }],
    ["a batch too long, in another order", { data: [vector(1, [1, 2]), vector(0, [3, 4])] }],
    ["null and text for numbers (NaN)", { data: [vector(0, [null, "NaN"])] }],
    ["a vector of no known length", { data: [vector(0, [1, 2, 3])] }],
    ["a vector of another length than before", { data: [vector(0, [1, 2, 3, 4, 5])] }],
    ["silence", null],
  ])("%s: the text search alone finds the answer", async (_, body) => {
    embedded = body;
    llm.scriptModels({ "test/default": GOOD });
    const answer = await ask({});
    expect(answer.citations[0]?.quote).toBe(QUOTED);
    expect(answer.ms).toBeLessThan(5_000);
  });
});
