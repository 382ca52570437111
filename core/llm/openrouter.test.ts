import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type FakeLlm, type LlmScript, startFakeLlm } from "../../e2e/fakes/llm.ts";
import { atOnce, type Gather } from "./gather.ts";
import type { LlmPart, LlmPrompt } from "./llm.ts";
import { type OpenRouterConfig, openRouterCall } from "./openrouter.ts";
import { loadTokenizer } from "./tokens.ts";

let fake: FakeLlm;
beforeAll(async () => {
  fake = await startFakeLlm();
  await loadTokenizer();
});
afterAll(() => fake.close());
afterEach(() => {
  fake.requests.length = 0;
});

const prompt: LlmPrompt = {
  messages: [{ role: "user", content: "Hi" }],
  question: "Hi",
  passages: [],
  locale: "en",
  models: [],
  temperature: 0.4,
  maxOutputTokens: 50,
};
/** Brings together whatever has come until it must be passed on. */
const untilTheEnd: Gather = (take) => {
  let held: Parameters<typeof take>[0] = [];
  const pass = () => {
    const pieces = held;
    held = [];
    if (pieces.length > 0) take(pieces);
  };
  return { add: (piece) => held.push(piece), pass, end: pass };
};
type Hear = (part: LlmPart) => void;
const call =
  (config: Partial<OpenRouterConfig> = {}, signal = new AbortController().signal, firstTokenMs = 10_000, gather?: Gather) =>
  (hear: Hear) =>
    openRouterCall({ baseUrl: fake.url, apiKey: "sk-test-key", appUrl: "https://portal.example", ...config })(
      gather ? { ...prompt, gather } : prompt,
      "test/model",
      { firstTokenMs },
      hear,
      signal,
    );

async function read(ask: (hear: Hear) => Promise<void>) {
  let text = "";
  let end: Extract<LlmPart, { type: "end" }> | undefined;
  let error: unknown;
  try {
    await ask((part) => {
      if (part.type === "delta") text += part.delta;
      else if (part.type === "end") end = part;
    });
  } catch (thrown) {
    error = thrown;
  }
  return { text, end, error };
}

const ask = (script: LlmScript, config: Partial<OpenRouterConfig> = {}, gather?: Gather) => {
  fake.script(script);
  return read(call(config, undefined, undefined, gather));
};
const GATHERED: [string, Gather][] = [
  ["as it comes", atOnce],
  ["brought together", untilTheEnd],
];

const TEXT = "Ответ — «да», 100 %: naïve café 🙂 done.";

describe("an OpenAI-compatible endpoint", () => {
  it("streams the answer and tells tokens, cost, model and provider", async () => {
    const { text, end } = await ask({ kind: "answer", text: TEXT, cost: 0.00123 });
    expect(text).toBe(TEXT);
    expect(end).toEqual({
      type: "end",
      finishReason: "stop",
      usage: { model: "test/model", provider: "fake", promptTokens: 100, completionTokens: 9, cachedTokens: 0, costMicros: 1_230 },
    });
    expect(fake.requests[0]?.headers.authorization).toBe("Bearer sk-test-key");
    expect(fake.requests[0]?.body).toMatchObject({ model: "test/model", temperature: 0.4, max_tokens: 50, stream: true });
  });

  it("sends OpenRouter's own fields and headers to OpenRouter alone", async () => {
    await ask({ kind: "answer", text: "ok" });
    expect(fake.requests[0]?.body).not.toHaveProperty("usage");
    expect(fake.requests[0]?.body).not.toHaveProperty("models");
    expect(fake.requests[0]?.headers["x-title"]).toBeUndefined();
    expect(fake.requests[0]?.headers["http-referer"]).toBeUndefined();
  });

  describe.each(GATHERED)("read %s", (_how, gather) => {
    it.each<[string, LlmScript]>([
      ["comment lines between events", { kind: "answer", text: TEXT, comments: true }],
      ["characters split between packets", { kind: "answer", text: TEXT, splitBytes: true }],
      ["no [DONE]", { kind: "answer", text: TEXT, withoutDone: true }],
      ["CRLF line ends", { kind: "answer", text: TEXT, lineEnd: "\r\n" }],
    ])("copes with %s", async (_, script) => {
      const { text, end, error } = await ask(script, {}, gather);
      expect(error).toBeUndefined();
      expect(text).toBe(TEXT);
      expect(end?.finishReason).toBe("stop");
    });

    it.each<[string, LlmScript, string]>([
      ["an error inside the stream", { kind: "in-band-error", after: 3 }, "overloaded"],
      ["an error inside a choice", { kind: "in-band-error", after: 3, inChoice: true }, "overloaded"],
      ["a reset", { kind: "reset", after: 3 }, "broken_stream"],
      ["a body that ends in the middle of an event", { kind: "cut", after: 3 }, "broken_stream"],
      ["a chunk that is no JSON", { kind: "raw", after: 3, body: "data: {oops\n\n" }, "broken_stream"],
      ["a chunk that is no object", { kind: "raw", after: 3, body: "data: 7\n\n" }, "broken_stream"],
      ["an event without end", { kind: "raw", after: 3, body: `data: ${"x".repeat(5 * 1024 * 1024)}` }, "broken_stream"],
      ["an early [DONE]", { kind: "raw", after: 3, body: "data: [DONE]\n\n" }, "none"],
    ])("keeps the words before %s, and tells what the failed answer has used", async (_, script, code) => {
      const { text, error, end } = await ask(script, {}, gather);
      expect(text.trim()).toBe("The answer is");
      if (code === "none") expect(end).toMatchObject({ finishReason: "other", usage: { estimated: true, completionTokens: 4 } });
      else expect(error).toMatchObject({ name: "LlmError", code, usage: { model: "test/model", completionTokens: 4, estimated: true } });
    });

    it("keeps the words of a model that falls silent, and of an answer that is stopped", async () => {
      fake.script({ kind: "silence", after: 3 });
      const silent = await read(call({ timeouts: { silence: 200 } }, undefined, undefined, gather));
      expect(silent).toMatchObject({ text: "The answer is ", error: { code: "timeout" } });
      fake.script({ kind: "answer", text: "word ".repeat(1_000), pauseMs: 5 });
      const stopped = await read(call({}, AbortSignal.timeout(300), undefined, gather));
      expect(stopped.text).toMatch(/^(word ){10}/);
      expect(stopped.error).toMatchObject({ name: "TimeoutError" });
    });
  });

  it("never holds back the first word, nor much of what follows it", async () => {
    const deltas: string[] = [];
    const hear: Hear = (part) => void (part.type === "delta" && deltas.push(part.delta));
    fake.script({ kind: "answer", text: "one two three", reasoning: "hm hm", pauseMs: 5 });
    await call({}, undefined, undefined, untilTheEnd)(hear);
    expect(deltas).toEqual(["one", " two three"]);
    deltas.length = 0;
    fake.script({ kind: "answer", text: "word ".repeat(2_000) });
    await call({}, undefined, undefined, untilTheEnd)(hear);
    expect(deltas.length).toBeGreaterThan(2);
    expect(deltas.join("").trim()).toBe("word ".repeat(2_000).trim());
  });

  it.each([
    [400, "refused", false],
    [401, "unauthorized", false],
    [402, "unpaid", false],
    [403, "refused", false],
    [404, "unknown_model", false],
    [408, "overloaded", true],
    [413, "too_long", false],
    [429, "rate_limited", true],
    [500, "overloaded", true],
    [502, "overloaded", true],
    [503, "overloaded", true],
    [529, "overloaded", true],
  ])("tells what %i means, and whether asking again may help", async (status, code, retryable) => {
    expect((await ask({ kind: "status", status })).error).toMatchObject({ name: "LlmError", code, retryable });
    expect(fake.requests).toHaveLength(1);
  });

  it.each([
    ["1", 1_000],
    ["1000000000", 1e12],
    ["-5", undefined],
    ["soon", undefined],
  ])("reads Retry-After: %s", async (retryAfter, retryAfterMs) => {
    expect((await ask({ kind: "status", status: 429, retryAfter })).error).toMatchObject({ retryAfterMs });
  });

  it.each([0, 3])("gives up on a model that falls silent after %i words, and leaves it", async (after) => {
    fake.script({ kind: "silence", after });
    const { error } = await read(call({ timeouts: { silence: 200 } }, undefined, after === 0 ? 200 : 10_000));
    expect(error).toMatchObject({ name: "LlmError", code: "timeout" });
    expect(fake.requests).toHaveLength(1);
    await expect.poll(() => fake.open()).toBe(0);
  });

  it("waits longer for a model that is seen to think, but not for ever", async () => {
    const thoughts = { kind: "answer", text: "Ten years.", reasoning: "hm ".repeat(12).trim(), pauseMs: 20 } as const;
    fake.script(thoughts);
    expect((await read(call({ timeouts: { thinking: 5_000 } }, undefined, 150))).text).toBe("Ten years.");
    expect((await read(call({ timeouts: { thinking: 100 } }, undefined, 150))).error).toMatchObject({ code: "timeout" });
  });

  it("ends an answer that trickles without end", async () => {
    fake.script({ kind: "answer", text: "word ".repeat(500), pauseMs: 20 });
    const { text, error } = await read(call({ timeouts: { whole: 300 } }));
    expect(text).toMatch(/^word word/);
    expect(error).toMatchObject({ code: "timeout", usage: { estimated: true } });
  });

  it.each<[string, LlmScript, string]>([
    ["an empty answer", { kind: "answer", text: "" }, "empty"],
    ["an answer that the filter took", { kind: "answer", text: "", finish: "content_filter" }, "filtered"],
  ])("takes %s for a failure that is not to be paid twice", async (_, script, code) => {
    const { error } = await ask(script);
    expect(error).toMatchObject({ code, retryable: false, usage: { promptTokens: 100, costMicros: 420 } });
  });

  it("learns which settings a model does not take, from its refusals, once", async () => {
    const call = openRouterCall({ baseUrl: fake.url, apiKey: "k", appUrl: "https://portal.example" });
    const ask = () => read((hear) => call(prompt, "test/thinker", { firstTokenMs: 10_000 }, hear, new AbortController().signal));
    const refuse = (message: string): LlmScript => ({ kind: "status", status: 400, message });
    fake.script(
      refuse("Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."),
      refuse("Unsupported value: 'temperature' does not support 0.4 with this model. Only the default (1) value is supported."),
      { kind: "answer", text: "ok" },
    );
    expect((await ask()).text).toBe("ok");
    expect((await ask()).text).toBe("ok");
    expect(fake.requests).toHaveLength(4);
    expect(fake.requests[3]?.body).toMatchObject({ max_completion_tokens: 50, stream_options: { include_usage: true } });
    expect(fake.requests[3]?.body).not.toHaveProperty("max_tokens");
    expect(fake.requests[3]?.body).not.toHaveProperty("temperature");
    // One that refuses for ever is asked no more often than there is something to learn.
    fake.requests.length = 0;
    fake.script(refuse("Unsupported parameter: 'max_tokens' is not supported with this model."));
    expect((await ask()).error).toMatchObject({ code: "refused" });
    expect(fake.requests).toHaveLength(1);
  });

  it("tells an endpoint that is not there: refused, without a name, without TLS", async () => {
    for (const baseUrl of ["http://127.0.0.1:1/v1", "http://nobody.invalid/v1", fake.url.replace("http:", "https:")])
      expect((await read(call({ baseUrl }))).error, baseUrl).toMatchObject({ code: "unreachable" });
  });

  it("ends the call upstream within a second when stopped", async () => {
    fake.script({ kind: "answer", text: "word ".repeat(1_000), pauseMs: 20 });
    const controller = new AbortController();
    const before = fake.aborted();
    const reading = call({}, controller.signal)(() => controller.abort(new Error("stopped")));
    await expect(reading).rejects.toThrow("stopped");
    await expect.poll(() => fake.aborted(), { timeout: 1_000 }).toBe(before + 1);
  });
});

describe("what an answer has used", () => {
  const priceOf = () => ({ prompt: 1_000_000, completion: 4_000_000, cached: 100_000 });

  it.each<[string, object | null]>([
    ["nothing", null],
    ["negative numbers", { prompt_tokens: -1, completion_tokens: -7, cost: -3 }],
    ["numbers that cannot be", { prompt_tokens: 1e15, completion_tokens: 1e15, cost: 1e9 }],
    ["what is no number", { prompt_tokens: "many", completion_tokens: null, cost: "free" }],
  ])("is reckoned when the provider tells %s", async (_, usage) => {
    const { end } = await ask({ kind: "answer", text: "one two three four", usage }, { priceOf });
    expect(end?.usage).toMatchObject({ promptTokens: 5, completionTokens: 4, cachedTokens: 0, estimated: true, costMicros: 5 + 4 * 4 });
  });

  it("is priced from the catalogue when only the cost is missing, cached tokens at their own price", async () => {
    const usage = { prompt_tokens: 1_000, completion_tokens: 10, prompt_tokens_details: { cached_tokens: 800 } };
    const { end } = await ask({ kind: "answer", text: "ok", usage }, { priceOf });
    expect(end?.usage).toMatchObject({ promptTokens: 1_000, cachedTokens: 800, costMicros: 200 + 80 + 40, estimated: true });
  });

  it("costs nothing where nobody knows a price, and a free model is free", async () => {
    expect((await ask({ kind: "answer", text: "ok", cost: null })).end?.usage.costMicros).toBe(0);
    const free = (await ask({ kind: "answer", text: "ok", cost: 0 }, { priceOf })).end?.usage;
    expect(free).toMatchObject({ costMicros: 0 });
    expect(free).not.toHaveProperty("estimated");
  });
});
