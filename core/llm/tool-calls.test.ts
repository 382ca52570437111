import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FakeLlm, startFakeLlm } from "../../e2e/fakes/llm.ts";
import type { LlmMessage, LlmPart, LlmPrompt } from "./llm.ts";
import { openRouterCall } from "./openrouter.ts";
import { MAX_ARGUMENTS_LENGTH, MAX_TOOL_CALLS, type ToolCallDelta, ToolCallGatherer } from "./tool-calls.ts";

let fake: FakeLlm;
beforeAll(async () => {
  fake = await startFakeLlm();
});
afterAll(() => fake.close());

const price = { name: "get_price", description: "The price of a product", parameters: { type: "object", properties: {} } };

async function ask(messages: LlmMessage[], tools: LlmPrompt["tools"] = [price]): Promise<LlmPart[]> {
  const call = openRouterCall({ baseUrl: fake.url, apiKey: "k", appUrl: "https://portal.example" });
  const prompt: LlmPrompt = {
    messages,
    question: "",
    passages: [],
    locale: "en",
    models: [],
    temperature: 0,
    maxOutputTokens: 100,
    ...(tools ? { tools } : {}),
  };
  const parts: LlmPart[] = [];
  const hear = (part: LlmPart) => void (part.type !== "begin" && parts.push(part));
  await call(prompt, "test/model", { firstTokenMs: 10_000 }, hear, new AbortController().signal);
  return parts;
}

describe("tool calls of a model", () => {
  it("are sent as OpenAI has them, and come whole before the end", async () => {
    fake.script({ kind: "answer", text: "Let me see.", toolCalls: [{ name: "get_price", input: { product: "кружка", n: 2 } }] });
    const parts = await ask([{ role: "user", content: "How much?" }]);
    expect(fake.requests.at(-1)?.body.tools).toEqual([{ type: "function", function: price }]);
    expect(parts.slice(-2)).toMatchObject([
      { type: "tool-call", call: { id: "call_0", name: "get_price", input: { product: "кружка", n: 2 } } },
      { type: "end", finishReason: "tool-calls" },
    ]);
  });

  it("may be all of an answer, and their results go back", async () => {
    fake.script({
      kind: "answer",
      text: ({ messages }) => (messages.at(-1)?.role === "tool" ? `It costs ${messages.at(-1)?.content}.` : ""),
      toolCalls: ({ messages }) => (messages.at(-1)?.role === "tool" ? [] : [{ name: "get_price", input: "" }]),
    });
    const asked: LlmMessage[] = [{ role: "user", content: "How much?" }];
    const first = await ask(asked);
    expect(first.map(({ type }) => type)).toEqual(["tool-call", "end"]);
    const call = first[0]?.type === "tool-call" ? first[0].call : null;
    expect(call?.input).toEqual({});
    const second = await ask([
      ...asked,
      { role: "assistant", content: "", toolCalls: [call!] },
      { role: "tool", toolCallId: call!.id, content: "350 ₽" },
    ]);
    expect(fake.requests.at(-1)?.body.messages.slice(1)).toEqual([
      {
        role: "assistant",
        content: null,
        tool_calls: [{ id: call!.id, type: "function", function: { name: "get_price", arguments: "{}" } }],
      },
      { role: "tool", tool_call_id: call!.id, content: "350 ₽" },
    ]);
    expect(second.map((part) => (part.type === "delta" ? part.delta : "")).join("")).toBe("It costs 350 ₽.");
    expect(second.at(-1)).toMatchObject({ finishReason: "stop" });
  });

  it("are not sent when there are none, and text that is no JSON stays text", async () => {
    fake.script({ kind: "answer", text: "", toolCalls: [{ name: "get_price", input: '{"product": "mu' }] });
    const parts = await ask([{ role: "user", content: "?" }], []);
    expect(fake.requests.at(-1)?.body).not.toHaveProperty("tools");
    expect(parts[0]).toMatchObject({ call: { input: '{"product": "mu' } });
  });

  it("that were cut off by the token limit are not run", async () => {
    fake.script({ kind: "answer", text: "Well,", toolCalls: [{ name: "get_price", input: {} }], finish: "length" });
    expect((await ask([{ role: "user", content: "?" }])).map(({ type }) => type)).toEqual(["delta", "end"]);
  });

  it(`are ${MAX_TOOL_CALLS} a step at most`, async () => {
    const many = Array.from({ length: 20 }, (_, n) => ({ name: `tool_${n}`, input: { n } }));
    fake.script({ kind: "answer", text: "", toolCalls: many });
    const calls = (await ask([{ role: "user", content: "?" }])).flatMap((part) => (part.type === "tool-call" ? [part.call] : []));
    expect(calls.map(({ name }) => name)).toEqual(many.slice(0, MAX_TOOL_CALLS).map(({ name }) => name));
  });

  it("with arguments without end break the stream, which is asked once", async () => {
    fake.requests.length = 0;
    fake.script({ kind: "answer", text: "", toolCalls: [{ name: "get_price", input: "x".repeat(MAX_ARGUMENTS_LENGTH + 1) }] });
    await expect(ask([{ role: "user", content: "?" }])).rejects.toMatchObject({ code: "broken_stream" });
    expect(fake.requests).toHaveLength(1);
  });
});

describe("gathering", () => {
  const gather = (deltas: ToolCallDelta[], messages?: LlmMessage[]) => {
    const gatherer = new ToolCallGatherer(messages);
    for (const delta of deltas) gatherer.add([delta]);
    return gatherer.calls();
  };

  it.each<[string, ToolCallDelta[]]>([
    [
      "one index for every call",
      [
        { index: 0, id: "a", function: { name: "x", arguments: '{"n":' } },
        { index: 0, function: { arguments: "1}" } },
        { index: 0, id: "b", function: { name: "y", arguments: '{"n":2}' } },
      ],
    ],
    [
      "no index",
      [
        { id: "a", function: { name: "x", arguments: '{"n":' } },
        { function: { arguments: "1}" } },
        { id: "b", function: { name: "y", arguments: '{"n":2}' } },
      ],
    ],
    [
      "interleaved pieces, id and name repeated",
      [
        { index: 0, id: "a", function: { name: "x", arguments: '{"n"' } },
        { index: 1, id: "b", function: { name: "y", arguments: '{"n"' } },
        { index: 0, id: "a", function: { name: "x", arguments: ":1}" } },
        { index: 1, id: "b", function: { name: "y", arguments: ":2}" } },
      ],
    ],
  ])("copes with %s", (_, deltas) => {
    expect(gather(deltas)).toEqual([
      { id: "a", name: "x", input: { n: 1 } },
      { id: "b", name: "y", input: { n: 2 } },
    ]);
  });

  it("makes ids that are missing, strange, or taken by a step before", () => {
    const before: LlmMessage[] = [{ role: "assistant", content: "", toolCalls: [{ id: "call_0", name: "x", input: {} }] }];
    const calls = gather(
      ["call_0", "", "../../etc", "fine"].map((id, index) => ({ index, id, function: { name: "x" } })),
      before,
    );
    expect(new Set(calls.map(({ id }) => id)).size).toBe(4);
    for (const { id } of calls.slice(0, 3)) expect(id).toMatch(/^[A-Za-z0-9]{9}$/);
    expect(calls[3]?.id).toBe("fine");
  });

  it("leaves out what has no name that a tool could have, and refuses calls without end", () => {
    expect(
      gather([
        { index: 0, id: "a" },
        { index: 1, id: "b", function: { name: "rm -rf /" } },
      ]),
    ).toEqual([]);
    const endless = Array.from({ length: 100 }, (_, index) => ({ index, id: `c${index}`, function: { name: "x" } }));
    expect(() => gather(endless)).toThrow("too many");
  });
});
