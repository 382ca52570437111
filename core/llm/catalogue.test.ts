import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FakeLlm, startFakeLlm } from "../../e2e/fakes/llm.ts";
import { createCatalogue, parseModels } from "./catalogue.ts";
import { SNAPSHOT } from "./catalogue-snapshot.ts";

let fake: FakeLlm;
beforeAll(async () => {
  fake = await startFakeLlm();
});
afterAll(() => fake.close());

describe("a list of models", () => {
  it("is read in OpenRouter's shape: prices as text for one token", () => {
    const entry = {
      id: "openai/gpt-5-mini",
      name: "OpenAI: GPT-5 Mini",
      context_length: 400_000,
      architecture: { output_modalities: ["text"] },
      pricing: { prompt: "0.00000025", completion: "0.000002", input_cache_read: "0.000000025", request: "0" },
      top_provider: { context_length: 400_000, max_completion_tokens: 128_000 },
    };
    expect(parseModels({ data: [entry] })).toEqual([
      {
        id: "openai/gpt-5-mini",
        name: "OpenAI: GPT-5 Mini",
        contextTokens: 400_000,
        prices: { prompt: 250_000, completion: 2_000_000, cached: 25_000 },
      },
    ]);
  });

  it("is read in OpenAI's bare shape, with what other servers add", () => {
    expect(
      parseModels([
        { id: "gpt-x", object: "model", created: 1, owned_by: "openai" },
        { id: "local", max_model_len: 8_192 },
        { id: "quick", context_window: "32768", pricing: { prompt: 0, completion: 0 } },
      ]),
    ).toEqual([
      { id: "gpt-x", name: "gpt-x", contextTokens: null, prices: null },
      { id: "local", name: "local", contextTokens: 8_192, prices: null },
      { id: "quick", name: "quick", contextTokens: 32_768, prices: { prompt: 0, completion: 0, cached: null } },
    ]);
  });

  it("loses nothing but the entries and fields that are nonsense", () => {
    const pricing = (prompt: unknown) => ({ prompt, completion: "0.1" });
    const odd = [null, 7, "x", {}, { id: 5 }, { id: "" }, { id: "x".repeat(121) }, { id: "bad\u0000id" }, { id: " padded " }];
    const models = parseModels({
      data: [
        ...odd,
        { id: "draws", architecture: { output_modalities: ["image"] } },
        { id: "a", name: "\u202eeman", context_length: -1, pricing: pricing("-1") },
        { id: "b", name: { evil: true }, context_length: 1e99, top_provider: null, pricing: pricing("free") },
        { id: "c", context_length: null, top_provider: { context_length: 4_096 }, pricing: "cheap" },
        { id: "d", pricing: pricing("") },
        { id: "e", pricing: pricing("1000") },
      ],
    });
    expect(models).toEqual([
      { id: "a", name: "eman", contextTokens: null, prices: null },
      { id: "b", name: "b", contextTokens: null, prices: null },
      { id: "c", name: "c", contextTokens: 4_096, prices: null },
      { id: "d", name: "d", contextTokens: null, prices: null },
      { id: "e", name: "e", contextTokens: null, prices: null },
    ]);
    for (const body of [null, {}, { data: "x" }, "text", 7]) expect(() => parseModels(body)).toThrow("no list");
  });

  it("has a snapshot that could have been sent by OpenRouter", () => {
    expect(new Set(SNAPSHOT.map(({ id }) => id)).size).toBe(SNAPSHOT.length);
    for (const { id, name, contextTokens, prices } of SNAPSHOT) {
      expect(id).toMatch(/^[a-z0-9-]+\/[a-z0-9.-]+$/);
      expect(name.length).toBeGreaterThan(1);
      expect(contextTokens).toBeGreaterThanOrEqual(8_000);
      expect(prices.completion).toBeGreaterThanOrEqual(prices.prompt);
      expect(prices.cached ?? 0).toBeLessThanOrEqual(prices.prompt);
    }
  });
});

describe("the catalogue of an endpoint", () => {
  const setUp = () => {
    let time = 1_000_000;
    let asked = 0;
    const failures: unknown[] = [];
    const answer = (body: unknown) => fake.catalogue(body);
    const catalogue = createCatalogue({ baseUrl: fake.url, apiKey: "k", now: () => time, onFailure: (error) => failures.push(error) });
    return {
      catalogue,
      failures,
      answer,
      asked: () => asked,
      count: () => asked++,
      pass: (ms: number) => {
        time += ms;
      },
    };
  };

  it("is asked for once, however many want to know, and kept for hours", async () => {
    const { catalogue, answer, pass } = setUp();
    answer({ data: [{ id: "m/one", context_length: 8_000 }] });
    const lists = await Promise.all([catalogue.list(), catalogue.list(), catalogue.list()]);
    for (const list of lists) expect(list.map(({ id }) => id)).toEqual(["m/one"]);
    answer({ data: [{ id: "m/two", context_length: 9_000 }] });
    pass(5 * 3_600_000);
    expect(catalogue.find("m/one")?.contextTokens).toBe(8_000);
    expect(catalogue.find("m/two")).toBeNull();
    // Stale: told at once as it was, fetched behind.
    pass(2 * 3_600_000);
    expect(catalogue.find("m/one")?.contextTokens).toBe(8_000);
    await expect.poll(() => catalogue.find("m/two")?.contextTokens).toBe(9_000);
  });

  it.each<[string, unknown]>([
    ["refuses", { status: 500 }],
    ["sends no JSON", "<html>"],
    ["sends no list", { data: 7 }],
    ["sends an empty list", { data: [] }],
  ])("keeps what it has when the endpoint %s, and asks again after a while", async (_, broken) => {
    const { catalogue, answer, failures, pass } = setUp();
    answer(broken);
    expect(await catalogue.list()).toEqual([]);
    expect(failures).toHaveLength(1);
    answer({ data: [{ id: "m/one" }] });
    expect(await catalogue.list()).toEqual([]);
    pass(60_000);
    catalogue.find("x");
    await expect.poll(async () => (await catalogue.list()).length).toBe(1);
    answer(broken);
    pass(7 * 3_600_000);
    catalogue.find("x");
    await expect.poll(() => failures.length).toBe(2);
    expect((await catalogue.list()).map(({ id }) => id)).toEqual(["m/one"]);
  });

  it("fills in from the snapshot what an endpoint does not tell, under its own ids", async () => {
    const { catalogue, answer } = setUp();
    answer({ data: [{ id: "gpt-5-mini", object: "model" }] });
    expect(await catalogue.list()).toEqual([
      { id: "gpt-5-mini", name: "GPT-5 Mini", contextTokens: 400_000, prices: { prompt: 250_000, completion: 2_000_000, cached: 25_000 } },
    ]);
    expect(catalogue.find("openai/gpt-5-mini:nitro")).toMatchObject({ contextTokens: 400_000, prices: null });
    expect(catalogue.find("nobody/knows")).toBeNull();
  });

  it("is the snapshot where OpenRouter cannot be asked, and nothing where nobody is known", async () => {
    const offline = createCatalogue({ baseUrl: "https://openrouter.ai/api/v1", apiKey: null });
    expect(await offline.list()).toHaveLength(SNAPSHOT.length);
    expect(await createCatalogue({ baseUrl: fake.url, apiKey: null }).list()).toEqual([]);
  });
});
