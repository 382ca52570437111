import { expect, test } from "vitest";
import { Kept } from "./kept.ts";

test("computes once; the one longest not asked for makes room", () => {
  const kept = new Kept<{ of: string }>(2);
  const computed: string[] = [];
  const get = (text: string) =>
    kept.get(text, () => {
      computed.push(text);
      return { of: text };
    });
  const first = get("a");
  get("b");
  expect(get("a")).toBe(first);
  get("c");
  expect(computed).toEqual(["a", "b", "c"]);
  expect(get("a")).toBe(first);
  expect(get("b")).toEqual({ of: "b" });
  expect(computed).toEqual(["a", "b", "c", "b"]);
});
