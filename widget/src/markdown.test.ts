import { expect, test } from "vitest";
import { plainText } from "./markdown.ts";

test("text for copying and reading out carries no citation markers", () => {
  expect(plainText("Three days [1]. More [2, 3], [4].")).toBe("Three days. More,.");
  expect(plainText("A [1](https://a.example) link stays, [words] too.")).toBe("A [1](https://a.example) link stays, [words] too.");
});
