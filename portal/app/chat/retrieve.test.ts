import { expect, it } from "vitest";
import { searchTextOf } from "./retrieve.ts";

it("searches for a question, with the words that documents have where they answer it", () => {
  expect(searchTextOf("Do you deliver to Serbia?")).toBe("Do you deliver to Serbia?");
  expect(searchTextOf("How heavy is the Kid?")).toMatch(/^How heavy is the Kid\? .*weight/);
  expect(searchTextOf("Where are you?")).toMatch(/^Where are you\? address .* адрес/);
});
