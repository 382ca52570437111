import { describe, expect, test } from "vitest";
import { slugify } from "./slug";

describe("slugs", () => {
  test.each([
    ["Кофейня «Север»", "kofeynya-sever"],
    ["Пекарня № 7", "pekarnya-7"],
    ["Northwind Coffee Ltd.", "northwind-coffee-ltd"],
    ["Žluťoučký kůň", "zlutoucky-kun"],
    ["日本", "org"],
    ["A", "org-a"],
    ["--", "org"],
    ["щ".repeat(100), "shch".repeat(10)],
  ])("%s becomes %s", (name, slug) => {
    expect(slugify(name)).toBe(slug);
    expect(slug).toMatch(/^[a-z0-9](-?[a-z0-9]){1,47}$/);
  });
});
