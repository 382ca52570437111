import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type FakeLlm, type LlmScript, startFakeLlm } from "../../e2e/fakes/llm.ts";
import { CircuitBreaker } from "./circuit-breaker.ts";
import { type FailoverOptions, failoverLlm } from "./failover.ts";
import { type Llm, LlmError, type LlmPart, type LlmPrompt } from "./llm.ts";
import { openRouterCall } from "./openrouter.ts";

let fake: FakeLlm;
beforeAll(async () => {
  fake = await startFakeLlm();
});
afterAll(() => fake.close());
afterEach(() => {
  fake.requests.length = 0;
});

const llmOf = (options: Partial<FailoverOptions> = {}) =>
  failoverLlm(openRouterCall({ baseUrl: fake.url, apiKey: "k", appUrl: "https://portal.example" }), {
    defaultModel: "test/default",
    ...options,
    patience: { backoffMs: 5, ...options.patience },
  });

async function ask(llm: Llm, models: string[] = [], signal = new AbortController().signal) {
  const prompt: LlmPrompt = {
    messages: [{ role: "user", content: "Hi" }],
    question: "Hi",
    passages: [],
    locale: "en",
    models,
    temperature: 0,
    maxOutputTokens: 50,
  };
  const began = performance.now();
  let text = "";
  let begin: Extract<LlmPart, { type: "begin" }> | undefined;
  let end: Extract<LlmPart, { type: "end" }> | undefined;
  let error: unknown;
  try {
    const hear = (part: LlmPart) => {
      if (part.type === "delta") text += part.delta;
      else if (part.type === "begin") begin = part;
      else if (part.type === "end") end = part;
    };
    await llm.stream(prompt, hear, signal);
  } catch (thrown) {
    error = thrown;
  }
  return { text, begin, end, error: error as LlmError | undefined, ms: performance.now() - began };
}

const asked = () => fake.requests.map(({ body }) => body.model);
const GOOD: LlmScript = { kind: "answer", text: "here" };
const DOWN: LlmScript = { kind: "status", status: 503 };

describe("models in order", () => {
  it("H9: the same model is asked again at most twice before its first word, then the next one", async () => {
    fake.scriptModels({ "test/own": DOWN, "test/spare": DOWN, "test/default": GOOD });
    const { text, begin, end } = await ask(llmOf(), ["test/own", "test/spare"]);
    expect(text).toBe("here");
    expect(asked()).toEqual([...Array(3).fill("test/own"), ...Array(3).fill("test/spare"), "test/default"]);
    expect(begin).toMatchObject({
      model: "test/default",
      attempts: [
        { model: "test/own", error: "overloaded" },
        { model: "test/spare", error: "overloaded" },
      ],
    });
    expect(end?.usage.model).toBe("test/default");
  });

  it("H9: pauses between tries grow, and never are the same", async () => {
    const pauses: number[][] = [[], []];
    for (let n = 0; n < 6; n++) {
      fake.script(DOWN);
      let last = 0;
      const call = openRouterCall({ baseUrl: fake.url, apiKey: "k", appUrl: "https://portal.example" });
      let tries = 0;
      const llm = failoverLlm(
        (...given) => {
          const now = performance.now();
          if (tries > 0) pauses[tries - 1]?.push(now - last);
          tries++;
          last = now;
          return call(...given);
        },
        { defaultModel: "test/default", patience: { backoffMs: 40 } },
      );
      await ask(llm);
    }
    expect(Math.min(...pauses[0]!)).toBeGreaterThanOrEqual(19);
    expect(Math.min(...pauses[1]!)).toBeGreaterThanOrEqual(39);
    expect(new Set(pauses.flat()).size).toBe(12);
  });

  it("a model that comes round on the second try is kept", async () => {
    fake.script({ kind: "in-band-error", after: 0 }, GOOD);
    expect(await ask(llmOf())).toMatchObject({ text: "here", begin: { attempts: [{ model: "test/default", error: "overloaded" }] } });
  });

  it("waits as long as the provider asks for, unless the next model is the better choice", async () => {
    fake.script({ kind: "status", status: 429, retryAfter: "1" }, GOOD);
    const patient = await ask(llmOf());
    expect(patient.text).toBe("here");
    expect(patient.ms).toBeGreaterThan(900);
    fake.scriptModels({ "test/own": { kind: "status", status: 429, retryAfter: "1000000000" }, "test/default": GOOD });
    fake.requests.length = 0;
    expect((await ask(llmOf(), ["test/own"])).text).toBe("here");
    expect(asked()).toEqual(["test/own", "test/default"]);
  });

  it.each<[string, LlmScript]>([
    ["an unknown model", { kind: "status", status: 404 }],
    ["a prompt that is too long", { kind: "status", status: 400, message: "maximum context length is 4096 tokens" }],
    ["a refusal", { kind: "status", status: 403 }],
    ["an empty answer", { kind: "answer", text: "" }],
    ["silence", { kind: "hang" }],
  ])("%s is not tried again but goes to the next model", async (_, script) => {
    fake.scriptModels({ "test/own": script, "test/default": GOOD });
    const llm = llmOf({ patience: { firstTokenMs: 2_000, share: 0.1, leastMs: 100 } });
    expect((await ask(llm, ["test/own"])).text).toBe("here");
    expect(asked()).toEqual(["test/own", "test/default"]);
  });

  it.each([401, 402])("%i is the account's trouble: no other model is asked", async (status) => {
    fake.scriptModels({ "test/own": { kind: "status", status } });
    const { error } = await ask(llmOf(), ["test/own", "test/spare"]);
    expect(error).toMatchObject({ retryable: false, attempts: [{ model: "test/own" }] });
    expect(asked()).toEqual(["test/own"]);
  });

  it("H9: after the first word nobody else is asked: nothing is told or paid twice", async () => {
    fake.scriptModels({ "test/own": { kind: "reset", after: 3 }, "test/default": GOOD });
    const { text, error } = await ask(llmOf(), ["test/own"]);
    expect(text.trim()).toBe("The answer is");
    expect(error).toMatchObject({ code: "broken_stream", attempts: [{ model: "test/own", error: "broken_stream" }] });
    expect(asked()).toEqual(["test/own"]);
  });

  it("H9: what failed attempts were billed counts, each once", async () => {
    fake.scriptModels({
      "test/own": { kind: "answer", text: "", cost: 0.001 },
      "test/spare": { kind: "answer", text: "", cost: 0.002 },
      "test/default": { kind: "answer", text: "here", cost: 0.004 },
    });
    const { end } = await ask(llmOf(), ["test/own", "test/spare"]);
    expect(end?.usage).toMatchObject({ model: "test/default", costMicros: 7_000, promptTokens: 300, completionTokens: 1 });
    fake.scriptModels({ "test/own": { kind: "answer", text: "", cost: 0.001 }, "test/default": { kind: "status", status: 404 } });
    expect((await ask(llmOf(), ["test/own"])).error?.usage).toMatchObject({ costMicros: 1_000, promptTokens: 100 });
  });

  it("H9: when every model hangs, the wait ends in time", async () => {
    fake.script({ kind: "hang" });
    const llm = llmOf({ patience: { firstTokenMs: 600, leastMs: 50 } });
    const { error, ms } = await ask(llm, ["test/a", "test/b", "test/c", "test/d", "test/e"]);
    expect(error).toMatchObject({ code: "timeout" });
    expect(ms).toBeLessThan(900);
    expect(asked().slice(0, 2)).toEqual(["test/a", "test/b"]);
    await expect.poll(() => fake.open()).toBe(0);
  });

  it("a stop ends the pause before the next try", async () => {
    fake.script(DOWN);
    const controller = new AbortController();
    const asking = ask(llmOf({ patience: { backoffMs: 20_000, firstTokenMs: 60_000 } }), [], controller.signal);
    await expect.poll(() => asked().length).toBe(1);
    await sleep(50);
    controller.abort(new Error("stopped"));
    const { error, ms } = await asking;
    expect(error?.message).toBe("stopped");
    expect(ms).toBeLessThan(8_000);
    expect(asked()).toHaveLength(1);
  });
});

describe("a model that is down", () => {
  const clock = () => {
    let ms = 0;
    const changes: string[] = [];
    return {
      changes,
      pass: (more: number) => {
        ms += more;
      },
      breaker: new CircuitBreaker({ now: () => ms, onChange: (key, state) => changes.push(`${key} ${state}`) }),
    };
  };

  it("H9: is left out after five failures in a row, probed every ten seconds, and back after a success", async () => {
    const { breaker, pass, changes } = clock();
    const llm = llmOf({ breaker });
    fake.scriptModels({ "test/own": DOWN, "test/default": GOOD });
    const own = () => asked().filter((model) => model === "test/own").length;
    for (let n = 0; n < 4; n++) expect((await ask(llm, ["test/own"])).text).toBe("here");
    expect(own()).toBe(5);
    expect(changes).toEqual(["test/own open"]);
    expect((await ask(llm, ["test/own"])).begin?.attempts).toEqual([{ model: "test/own", error: "circuit_open" }]);

    pass(9_999);
    await ask(llm, ["test/own"]);
    expect(own()).toBe(5);
    pass(1);
    await Promise.all([ask(llm, ["test/own"]), ask(llm, ["test/own"]), ask(llm, ["test/own"])]);
    expect(own()).toBe(6);
    pass(9_999);
    await ask(llm, ["test/own"]);
    expect(own()).toBe(6);

    fake.scriptModels({ "test/own": { kind: "answer", text: "back" }, "test/default": GOOD });
    pass(1);
    expect((await ask(llm, ["test/own"])).text).toBe("back");
    expect((await ask(llm, ["test/own"])).text).toBe("back");
    expect(changes).toEqual(["test/own open", "test/own closed"]);
  });

  it("counts only failures in a row", async () => {
    const { breaker, changes } = clock();
    const llm = llmOf({ breaker });
    for (let n = 0; n < 3; n++) {
      fake.script(DOWN, DOWN, GOOD);
      expect((await ask(llm)).text).toBe("here");
    }
    expect(changes).toEqual([]);
  });

  it("a request's own fault is not held against the model", async () => {
    const { breaker, changes } = clock();
    const llm = llmOf({ breaker });
    for (const script of [
      { kind: "status", status: 413 },
      { kind: "status", status: 400 },
      { kind: "answer", text: "", finish: "content_filter" },
    ] as const) {
      fake.script(script);
      for (let n = 0; n < 6; n++) await ask(llm);
    }
    expect(asked()).toHaveLength(18);
    expect(changes).toEqual([]);
  });

  it("a provider that does not take our key is not asked for any model", async () => {
    const { breaker, pass } = clock();
    const llm = llmOf({ breaker });
    fake.script({ kind: "status", status: 401 });
    for (let n = 0; n < 5; n++) await ask(llm, [`test/${n}`]);
    expect(asked()).toHaveLength(5);
    expect((await ask(llm, ["test/other"])).error).toMatchObject({ code: "circuit_open" });
    expect(asked()).toHaveLength(5);
    fake.script(GOOD);
    pass(10_000);
    expect((await ask(llm, ["test/other"])).text).toBe("here");
    expect((await ask(llm, ["test/another"])).text).toBe("here");
  });

  it("when all are left out, that is told at once", async () => {
    const { breaker } = clock();
    const llm = llmOf({ breaker });
    fake.script(DOWN);
    for (let n = 0; n < 4; n++) await ask(llm, ["test/own"]);
    fake.requests.length = 0;
    const { error, ms } = await ask(llm, ["test/own"]);
    expect(error).toBeInstanceOf(LlmError);
    expect(error).toMatchObject({
      code: "circuit_open",
      attempts: [
        { model: "test/own", error: "circuit_open" },
        { model: "test/default", error: "circuit_open" },
      ],
    });
    expect(ms).toBeLessThan(100);
    expect(asked()).toEqual([]);
  });
});
