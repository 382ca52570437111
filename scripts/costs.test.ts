import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { SNAPSHOT } from "../core/llm/catalogue-snapshot.ts";
import { BEGIN, costOf, END, PRICES, report, SIZES } from "./costs.mjs";

test("docs/SCALING.md has the tables of this model: npm run costs -- --write", () => {
  const text = readFileSync(new URL("../docs/SCALING.md", import.meta.url), "utf8");
  expect(text.split(BEGIN)[1]?.split(END)[0]?.trim()).toBe(report());
});

test("the arithmetic, done once by hand for a thousand organizations", () => {
  const cost = costOf(1_000);
  // A million questions in 2,592,000 s; 8 times that; 18 s each.
  expect(cost.perSecond).toBeCloseTo(0.3858, 4);
  expect(cost.streams).toBeCloseTo(55.56, 2);
  // A million times 1,600 tokens at $0.25 and 180 at $2, by the million.
  expect(cost.model).toBeCloseTo(760, 6);
  expect(cost.storageGB).toBeCloseTo(19.53, 2);
});

test("more organizations never cost less, and each of them never more", () => {
  const costs = SIZES.map(costOf);
  for (const [at, cost] of costs.slice(1).entries()) {
    const before = costs[at]!;
    expect(cost.machines).toBeGreaterThan(before.machines);
    expect(cost.machines / cost.organizations).toBeLessThan(before.machines / before.organizations);
  }
});

test("the model's price is the catalogue's", () => {
  const prices = SNAPSHOT.find(({ id }) => id === "openai/gpt-5-mini")?.prices;
  expect([prices?.prompt, prices?.completion]).toEqual([PRICES.promptMillion! * 1e6, PRICES.answerMillion! * 1e6]);
});
