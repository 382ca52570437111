import { expect, test } from "vitest";
import { parsePrompts } from "./prompts.ts";

test("the prompts attribute is a JSON array, or texts with bars between them", () => {
  expect(parsePrompts(null)).toBeNull();
  expect(parsePrompts("")).toEqual([]);
  expect(parsePrompts(" How long? | Как долго? |")).toEqual(["How long?", "Как долго?"]);
  expect(parsePrompts('["a | b", 7, "c"]')).toEqual(["a | b", "c"]);
  expect(parsePrompts("[half")).toEqual(["[half"]);
});
