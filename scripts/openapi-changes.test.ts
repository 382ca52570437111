import { describe, expect, it } from "vitest";
import { openApiDocument } from "../portal/app/http/openapi/document.ts";
import { breakingChanges, type Document, mayBreak } from "./openapi-changes.ts";

type Schema = Record<string, unknown>;
const text = { type: "string" };

/** An API of one call with this body and this answer. */
const api = (body: Schema, answer: Schema, more: object = {}, schemas: Record<string, Schema> = {}): Document =>
  ({
    info: { version: "1.0.0" },
    paths: {
      "/things": {
        post: {
          security: [{ apiKey: [] }],
          requestBody: { content: { "application/json": { schema: body } } },
          responses: { 200: { content: { "application/json": { schema: answer } } }, 400: {} },
          ...more,
        },
      },
    },
    components: { schemas },
  }) as unknown as Document;

const object = (properties: Record<string, Schema>, required: string[] = [], more: Schema = {}) => ({
  type: "object",
  properties,
  required,
  additionalProperties: false,
  ...more,
});
const ofBody = (before: Schema, after: Schema) => breakingChanges(api(before, {}), api(after, {}));
const ofAnswer = (before: Schema, after: Schema) => breakingChanges(api({}, before), api({}, after));

describe("what breaks programs that exist", () => {
  it.each<[string, Schema, Schema]>([
    ["a field that is needed now", object({ a: text }), object({ a: text }, ["a"])],
    ["a field that is not taken any more", object({ a: text, b: text }), object({ a: text })],
    ["null, not taken any more", { type: ["string", "null"] }, text],
    ["fewer values", { enum: ["a", "b"] }, { enum: ["a"] }],
    ["a lower limit", { type: "string", maxLength: 10 }, { type: "string", maxLength: 5 }],
    ["a limit at all", { type: "array", items: text }, { type: "array", items: text, maxItems: 3 }],
    ["one alternative less", { anyOf: [text, { type: "number" }] }, text],
    ["a pattern", text, { type: "string", pattern: "^a" }],
    [
      "fewer, deep inside",
      object({ a: { type: "array", items: { enum: ["x", "y"] } } }),
      object({ a: { type: "array", items: { const: "x" } } }),
    ],
  ])("in what they send: %s", (_what, before, after) => {
    expect(ofBody(before, after)).toHaveLength(1);
    // The other way round nothing that was sent is refused.
    expect(ofBody(after, before)).toEqual([]);
    expect(ofBody(before, before)).toEqual([]);
  });

  it.each<[string, Schema, Schema]>([
    ["a field that may be missing", object({ a: text }, ["a"]), object({ a: text })],
    ["a field that is gone", object({ a: text, b: text }, ["b"]), object({ a: text })],
    ["null, where there was none", text, { anyOf: [text, { type: "null" }] }],
    ["a value that they do not know", { enum: ["a"] }, { enum: ["a", "b"] }],
    ["a fraction", { type: "integer" }, { type: "number" }],
  ])("in what they read: %s", (_what, before, after) => {
    expect(ofAnswer(before, after)).toHaveLength(1);
    expect(ofAnswer(after, before)).toEqual([]);
  });

  it("another type breaks those who send it and those who read it", () => {
    const [before, after] = [object({ a: text }), object({ a: { type: "number" } })];
    expect(ofBody(before, after)).toEqual(["POST /things body.a: string is not number"]);
    expect(ofAnswer(before, after)).toEqual(["POST /things 200.a: number is not string"]);
  });

  it("a new field breaks nobody who reads, nor one that may be sent", () => {
    const [before, after] = [object({ a: text }, ["a"]), object({ a: text, b: text }, ["a", "b"])];
    expect(ofAnswer(before, after)).toEqual([]);
    expect(ofBody(before, object({ a: text, b: text }, ["a"]))).toEqual([]);
  });

  it("a call, a parameter, an answer or a way in that is gone, and a parameter that is needed now", () => {
    const before = api({}, {}, { parameters: [{ name: "limit", in: "query", schema: { type: "integer" } }] });
    expect(breakingChanges(before, { ...before, paths: {} })).toEqual(["POST /things: is gone"]);
    expect(breakingChanges(before, api({}, {}))).toEqual(["POST /things: the parameter query limit is gone"]);
    const needed = api({}, {}, { parameters: [{ name: "limit", in: "query", required: true, schema: { type: "integer" } }] });
    expect(breakingChanges(before, needed)).toEqual(["POST /things: the parameter query limit is needed now"]);
    expect(breakingChanges(api({}, {}), api({}, {}, { responses: { 201: {} } }))).toEqual(["POST /things: 200 is no longer answered"]);
    expect(breakingChanges(api({}, {}), api({}, {}, { security: [{ visitor: [] }] }))).toEqual(["POST /things: apiKey no longer opens it"]);
  });

  it("follows references, also of a schema that contains itself, and names the place", () => {
    const ref = { $ref: "#/components/schemas/Node" };
    const node = (value: Schema) => ({ Node: object({ value, next: ref }, ["value"]) });
    const [before, after] = [api({}, ref, {}, node(text)), api({}, ref, {}, node({ type: ["string", "null"] }))];
    expect(breakingChanges(before, before)).toEqual([]);
    expect(breakingChanges(before, after)).toEqual(["POST /things 200.value: null is not string"]);
  });
});

describe("our own document", () => {
  const ours = () => JSON.parse(JSON.stringify(openApiDocument())) as Document;

  it("breaks nobody by staying as it is", () => {
    expect(Object.keys(ours().paths).length).toBeGreaterThan(20);
    expect(breakingChanges(ours(), ours())).toEqual([]);
  });

  it("is told of each call and each webhook that would be left out", () => {
    const less = ours();
    const [path] = Object.keys(less.paths);
    delete less.paths[path!];
    const [event] = Object.keys(less.webhooks!);
    delete less.webhooks![event!];
    const told = breakingChanges(ours(), less);
    expect(told.some((line) => line.includes(`${path}: is gone`))).toBe(true);
    expect(told).toContain(`webhook ${event}: is no longer sent`);
  });
});

it("only a new major version may break, or a minor one before 1.0", () => {
  expect([mayBreak("1.2.0", "2.0.0"), mayBreak("0.1.0", "0.2.0"), mayBreak("0.9.0", "1.0.0")]).toEqual([true, true, true]);
  expect([mayBreak("1.2.0", "1.3.0"), mayBreak("0.1.0", "0.1.1"), mayBreak("1.0.0", "1.0.0")]).toEqual([false, false, false]);
});
