import { clientTool, toolReply } from "@gpt-agent/core/chat-events";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { offeredTools, type PageTools, runPageTool } from "./page-tools.ts";

const fine = { description: "Shows it", parameters: { type: "object", properties: { id: { type: "string" } } }, run: () => "shown" };
const loop: Record<string, unknown> = {};
loop.self = loop;

describe("the tools of a page", () => {
  let warnings: string[];
  beforeEach(() => {
    warnings = [];
    vi.spyOn(console, "warn").mockImplementation((text) => warnings.push(String(text)));
  });
  afterEach(() => vi.restoreAllMocks());

  test("are told to the model as the API takes them", () => {
    expect(offeredTools(undefined)).toBeUndefined();
    expect(offeredTools({})).toBeUndefined();
    const many = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`tool_${index}`, fine]));
    expect(offeredTools(many)).toHaveLength(16);
    const [offered] = offeredTools({ "show-it": { ...fine, description: "x".repeat(2_000) } }) ?? [];
    expect(offered).toEqual({ name: "show-it", description: "x".repeat(1_000), parameters: fine.parameters });
    expect(offeredTools({ bare: { description: "", run: () => 1 } })?.map((tool) => clientTool.safeParse(tool).success)).toEqual([true]);
  });

  test.each([
    ["a bad name", { "no spaces": fine }],
    ["no function", { one: { ...fine, run: "alert(1)" } }],
    ["a schema that is no object", { one: { ...fine, parameters: ["id"] } }],
    ["a schema that is no JSON", { one: { ...fine, parameters: loop } }],
    ["a schema that is very long", { one: { ...fine, parameters: { description: "x".repeat(6_000) } } }],
    ["nothing at all", { one: null }],
  ])("one with %s is left out and does not keep the question from being asked", (_what, tools) => {
    expect(offeredTools({ ...(tools as unknown as PageTools), fine })?.map(({ name }) => name)).toEqual(["fine"]);
    expect(warnings).toHaveLength(1);
  });

  test("give what JSON can hold", async () => {
    const run = (output: unknown) => runPageTool({ one: { ...fine, run: () => output } }, "one", {});
    expect(await run({ a: [1, null] })).toEqual({ output: { a: [1, null] } });
    expect(await run(undefined)).toEqual({ output: null });
    expect(await run(Promise.resolve("later"))).toEqual({ output: "later" });
    expect(await run(new Date(0))).toEqual({ output: "1970-01-01T00:00:00.000Z" });
  });

  test.each([
    ["throws", () => expect.fail("No such product."), "No such product."],
    ["rejects with text", () => Promise.reject("sold out"), "sold out"],
    ["rejects with nothing", () => Promise.reject(), "undefined"],
    ["gives a function", () => () => 1, "Not JSON"],
    ["gives a loop", () => loop, "circular"],
    ["gives a big number", () => 10n, "BigInt"],
    ["gives far too much", () => "x".repeat(70_000), "too long"],
    ["throws a very long text", () => expect.fail("x".repeat(5_000)), "xxx"],
  ])("one that %s fails in words for the model", async (_what, run, words) => {
    const reply = await runPageTool({ one: { ...fine, run } }, "one", {});
    expect(toolReply.parse(reply)).toEqual({ errorText: expect.stringContaining(words) });
  });

  test("T14: nothing runs that the page has not registered, and nothing without an object", async () => {
    const run = vi.fn();
    for (const name of ["two", "constructor", "__proto__", "toString", "hasOwnProperty"])
      expect(await runPageTool({ one: { ...fine, run } }, name, {})).toEqual({ errorText: "There is no such tool." });
    for (const input of [null, "x", 7, ["a"], true, undefined])
      expect(await runPageTool({ one: { ...fine, run } }, "one", input)).toEqual({ errorText: "The input must be an object." });
    expect(run).not.toHaveBeenCalled();
  });
});
