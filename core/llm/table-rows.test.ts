import { describe, expect, test } from "vitest";
import { rowsAskedFor, tableRow } from "./table-rows.ts";

describe("a row of a table", () => {
  test("is told by the names before its values; the first column may have none", () => {
    expect(tableRow("Model: Kid; Volume: 280 ml")).toEqual({ table: "Model", values: "Kid; 280 ml" });
    expect(tableRow("Магазин; Будни: 10:00–19:00; Суббота: 10:00–16:00")).toEqual({
      table: "; Будни",
      values: "Магазин; 10:00–19:00; 10:00–16:00",
    });
  });

  test.each(["We are closed on Sunday; write to us.", "Phone: +382 20 000 114", "Two sizes: small; large", ""])("is not %j", (text) => {
    expect(tableRow(text)).toBeNull();
  });

  test("is left out where another of its table has more of what was asked, and only then", () => {
    const row = (name: string, table: string, ...terms: string[]) => ({ name, row: { table, terms: new Set(terms) } });
    const prose = { name: "prose", row: null };
    const kept = (...all: ({ name: string; row: ReturnType<typeof row>["row"] | null } | typeof prose)[]) =>
      rowsAskedFor(all).map(({ name }) => name);
    expect(kept(row("screw lid", "Part", "lid"), row("press lid", "Part", "press", "lid"), row("brush", "Part"), prose)).toEqual([
      "press lid",
      "prose",
    ]);
    expect(kept(row("Kid", "Model", "kid"), row("Cup", "Model", "cup"), row("One", "Model"))).toEqual(["Kid", "Cup"]);
    expect(kept(row("Kid", "Model"), row("Cup", "Model"))).toEqual(["Kid", "Cup"]);
    expect(kept(row("Kid", "Model", "kid"), row("lid", "Part"))).toEqual(["Kid", "lid"]);
  });
});
