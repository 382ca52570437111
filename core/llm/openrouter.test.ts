import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type FakeLlm, type LlmScript, startFakeLlm } from "../../e2e/fakes/llm.ts";
import { LlmError, type LlmPart, type LlmPrompt } from "./llm.ts";
import { openRouterLlm } from "./openrouter.ts";

let fake: FakeLlm;
beforeAll(async () => {
  fake = await startFakeLlm();
});
afterAll(() => fake.close());
afterEach(() => {
  fake.requests.length = 0;
});

const timeouts = { firstToken: 10_000, silence: 10_000, backoff: 5, longestBackoff: 1_500 };
const llm = (patience: Partial<typeof timeouts> = {}) =>
  openRouterLlm({
    baseUrl: fake.url,
    apiKey: "sk-test-key",
    defaultModel: "test/model",
    appUrl: "https://portal.example",
    timeouts: { ...timeouts, ...patience },
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

const ask = (...scripts: LlmScript[]) => {
  fake.script(...scripts);
  return read(llm());
};

async function read(from: ReturnType<typeof llm>) {
  let text = "";
  let end: Extract<LlmPart, { type: "end" }> | undefined;
  let error: unknown;
  try {
    for await (const part of from.stream(prompt, new AbortController().signal)) {
      if (part.type === "delta") text += part.delta;
      else if (part.type === "end") end = part;
    }
  } catch (thrown) {
    error = thrown;
  }
  return { text, end, error };
}

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

  it.each<[string, LlmScript]>([
    ["comment lines between events", { kind: "answer", text: TEXT, comments: true }],
    ["characters split between packets", { kind: "answer", text: TEXT, splitBytes: true }],
    ["no [DONE]", { kind: "answer", text: TEXT, withoutDone: true }],
    ["CRLF line ends", { kind: "answer", text: TEXT, lineEnd: "\r\n" }],
  ])("copes with %s", async (_, script) => {
    const { text, end, error } = await ask(script);
    expect(error).toBeUndefined();
    expect(text).toBe(TEXT);
    expect(end?.finishReason).toBe("stop");
  });

  it.each([429, 500, 502, 503, 529, 408])("H9: tries again after %i, at most twice, before the first word", async (status) => {
    const recovered = await ask({ kind: "status", status }, { kind: "status", status }, { kind: "answer", text: "here now" });
    expect(recovered.text).toBe("here now");
    expect(fake.requests).toHaveLength(3);
    fake.requests.length = 0;
    const { error } = await ask({ kind: "status", status });
    expect(error).toBeInstanceOf(LlmError);
    expect(fake.requests).toHaveLength(3);
  });

  it.each([
    [400, "refused"],
    [401, "unauthorized"],
    [402, "unpaid"],
    [403, "refused"],
    [404, "unknown_model"],
    [413, "too_long"],
  ])("does not try again after %i", async (status, code) => {
    const { error } = await ask({ kind: "status", status });
    expect(error).toMatchObject({ name: "LlmError", code, retryable: false });
    expect(fake.requests).toHaveLength(1);
  });

  it("waits as long as it is asked to, unless that is too long", async () => {
    const began = performance.now();
    expect((await ask({ kind: "status", status: 429, retryAfter: "1" }, { kind: "answer", text: "ok" })).text).toBe("ok");
    expect(performance.now() - began).toBeGreaterThan(900);
    fake.requests.length = 0;
    expect((await ask({ kind: "status", status: 429, retryAfter: "1000000000" })).error).toMatchObject({ code: "rate_limited" });
    expect(fake.requests).toHaveLength(1);
    expect((await ask({ kind: "status", status: 429, retryAfter: "-5" }, { kind: "answer", text: "ok" })).text).toBe("ok");
  });

  it("tries again after an error inside the stream before the first word, and not after it", async () => {
    expect((await ask({ kind: "in-band-error", after: 0 }, { kind: "answer", text: "ok" })).text).toBe("ok");
    fake.requests.length = 0;
    const { text, error } = await ask({ kind: "in-band-error", after: 3 });
    expect(text).toBe("The answer is ");
    expect(error).toMatchObject({ name: "LlmError", code: "overloaded" });
    expect(fake.requests).toHaveLength(1);
  });

  it("tells a connection that breaks in the middle", async () => {
    const { text, error } = await ask({ kind: "reset", after: 3 });
    expect(text).toBe("The answer is ");
    expect(error).toBeInstanceOf(LlmError);
    expect(fake.requests).toHaveLength(1);
  });

  it.each([0, 3])("gives up on a model that falls silent after %i words, and leaves it", async (after) => {
    fake.script({ kind: "silence", after });
    const { error } = await read(llm({ firstToken: after === 0 ? 200 : 10_000, silence: 200 }));
    expect(error).toMatchObject({ name: "LlmError", code: "timeout" });
    expect(fake.requests).toHaveLength(1);
    await expect.poll(() => fake.open()).toBe(0);
  });

  it("takes an empty answer for a failure", async () => {
    expect((await ask({ kind: "answer", text: "" })).error).toMatchObject({ code: "empty" });
  });

  it("tells an endpoint that is not there", async () => {
    const gone = openRouterLlm({
      baseUrl: "http://127.0.0.1:1/v1",
      apiKey: "k",
      defaultModel: "m",
      appUrl: "https://portal.example",
      timeouts,
    });
    await expect(gone.stream(prompt, new AbortController().signal)[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: "unreachable",
    });
  });

  it("ends the call upstream within a second when stopped", async () => {
    fake.script({ kind: "answer", text: "word ".repeat(1_000), pauseMs: 20 });
    const controller = new AbortController();
    const before = fake.aborted();
    const reading = (async () => {
      for await (const _ of llm().stream(prompt, controller.signal)) if (!controller.signal.aborted) controller.abort(new Error("stopped"));
    })();
    await expect(reading).rejects.toThrow("stopped");
    await expect.poll(() => fake.aborted(), { timeout: 1_000 }).toBe(before + 1);
  });
});
