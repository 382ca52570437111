import { describe, expect, test } from "vitest";
import { mapped } from "~/chat/actions/mapped";
import { entriesOf } from "./answer-entries";
import type { ParameterRow, Property } from "./draft";
import { inputOf } from "./trial-values";

const row = (name: string, property: Property): ParameterRow => ({ key: name, name, required: false, property });

describe("what is typed into a trial", () => {
  test("becomes an input as a model would write it; what is empty is left out", () => {
    const rows = [
      row("text", { type: "string" }),
      row("half", { type: "number" }),
      row("count", { type: "integer" }),
      row("yes", { type: "boolean" }),
      row("no", { type: "boolean" }),
      row("tags", { type: "array", items: { type: "string" } }),
      row("where", { type: "object", properties: { city: { type: "string" } } }),
      row("empty", { type: "string" }),
    ];
    const typed = {
      text: " 7 ",
      half: "0,5",
      count: " 3",
      yes: "true",
      no: "false",
      tags: "a, b c,,",
      where: '{"city": "Пермь"}',
      empty: " ",
    };
    expect(inputOf(rows, typed)).toEqual({
      text: " 7 ",
      half: 0.5,
      count: 3,
      yes: true,
      no: false,
      tags: ["a", "b c"],
      where: { city: "Пермь" },
    });
  });

  test("is sent as it is when it does not fit, for the executor to refuse", () => {
    const rows = [row("count", { type: "integer" }), row("where", { type: "object", properties: {} })];
    expect(inputOf(rows, { count: "many", where: "{" })).toEqual({ count: "many", where: "{" });
  });
});

describe("what can be picked from an answer", () => {
  const content = { order: { id: 7, "a/b~c": null, lines: [{ sku: "x" }, { sku: "y" }], none: [] }, ok: true };

  test("is each value, list and group, by a pointer that finds it again", () => {
    const entries = entriesOf(content);
    expect(entries.map(({ pointer, kind }) => [pointer, kind])).toEqual([
      ["/order", "group"],
      ["/order/id", "value"],
      ["/order/a~1b~0c", "value"],
      ["/order/lines", "list"],
      ["/order/lines/0", "group"],
      ["/order/lines/0/sku", "value"],
      ["/order/none", "list"],
      ["/ok", "value"],
    ]);
    const pointers = entries.map(({ pointer }) => pointer);
    expect(Object.keys(mapped(content, pointers) as object)).toEqual(pointers);
  });

  test("is bounded: long texts are cut, long answers end", () => {
    const long = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`k${n}`, "x".repeat(500)]));
    const entries = entriesOf(long);
    expect(entries).toHaveLength(80);
    expect(entries[0]).toMatchObject({ text: `${"x".repeat(60)}…` });
    expect(entriesOf([])).toEqual([]);
    expect(entriesOf([1])).toMatchObject([{ pointer: "/0" }]);
  });
});
