import { describe, expect, test } from "vitest";
import { ticks } from "../components/usage/scale.ts";
import { monthOf } from "./month.ts";
import { ranked, seriesOf, sum, type UsageRow } from "./usage.ts";

const row = (day: string, of: string, tokens: number, costMicros = 0): UsageRow => ({
  day,
  of,
  answers: 1,
  unanswered: 0,
  promptTokens: tokens - 1,
  completionTokens: 1,
  costMicros,
});
const days = ["2026-11-01", "2026-11-02"];

describe("usage", () => {
  test("adds up, the most expensive first", () => {
    const rows = [row("2026-11-01", "a", 10), row("2026-11-02", "b", 5, 100), row("2026-11-02", "a", 20)];
    expect(ranked(rows).map(({ of, used }) => [of, used.promptTokens + used.completionTokens])).toEqual([
      ["b", 5],
      ["a", 30],
    ]);
    expect(sum(rows)).toMatchObject({ answers: 3, costMicros: 100 });
  });

  test("is stacked by day; a series keeps its place whatever is measured", () => {
    const rows = [row("2026-11-01", "a", 10, 7), row("2026-11-02", "b", 99, 5)];
    expect(seriesOf(rows, days, "tokens", 6).map(({ of, values }) => [of, values])).toEqual([
      ["a", [10, 0]],
      ["b", [0, 99]],
    ]);
    expect(seriesOf(rows, days, "cost", 6).map(({ of, values }) => [of, values])).toEqual([
      ["a", [7, 0]],
      ["b", [0, 5]],
    ]);
  });

  test("of more than have a colour, the rest is one series and nothing is lost", () => {
    const rows = ["a", "b", "c", "d"].map((of, n) => row("2026-11-01", of, 100 - n));
    const series = seriesOf(rows, days, "tokens", 3);
    expect(series.map(({ of, total }) => [of, total])).toEqual([
      ["a", 100],
      ["b", 99],
      [null, 98 + 97],
    ]);
    expect(seriesOf(rows, days, "tokens", 4)).toHaveLength(4);
  });
});

describe("months are UTC", () => {
  const now = new Date("2026-03-01T00:30:00Z");
  test.each([
    [null, "2026-03", 31, "2026-02", null],
    ["2026-02", "2026-02", 28, "2026-01", "2026-03"],
    ["2024-02", "2024-02", 29, "2024-01", "2024-03"],
    ["2025-12", "2025-12", 31, "2025-11", "2026-01"],
    ["2026-04", "2026-03", 31, "2026-02", null],
    ["2026-13", "2026-03", 31, "2026-02", null],
    ["' or 1=1", "2026-03", 31, "2026-02", null],
  ])("?month=%s", (named, month, length, previous, next) => {
    const made = monthOf(named, now);
    expect([made.month, made.days.length, made.previous, made.next]).toEqual([month, length, previous, next]);
    expect(made.days.at(-1)).toBe(`${month}-${length}`);
  });
});

test.each([
  [0, [0, 1]],
  [4, [0, 1, 2, 3, 4]],
  [930_000, [0, 500_000, 1_000_000]],
  [17, [0, 5, 10, 15, 20]],
])("an axis to %d has round steps", (max, steps) => expect(ticks(max)).toEqual(steps));
