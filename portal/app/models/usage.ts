/** What was used on one UTC day by one agent or one model. Money is in millionths of a US dollar. */
export type UsageRow = { day: string; of: string } & Used;
export type Used = { answers: number; unanswered: number; promptTokens: number; completionTokens: number; costMicros: number };

/** What the chart shows of a day. */
export const MEASURES = ["tokens", "cost", "answers"] as const;
export type Measure = (typeof MEASURES)[number];

export const measured = (used: Used, measure: Measure): number =>
  measure === "tokens" ? used.promptTokens + used.completionTokens : measure === "cost" ? used.costMicros : used.answers;

/** All of it together. */
export function sum(rows: Used[]): Used {
  const total: Used = { answers: 0, unanswered: 0, promptTokens: 0, completionTokens: 0, costMicros: 0 };
  for (const row of rows) for (const name of Object.keys(total) as (keyof Used)[]) total[name] += row[name];
  return total;
}

export type Ranked = { of: string; used: Used };

/** Agents or models with what each used, the most expensive first: by cost, then tokens, then answers. */
export function ranked(rows: UsageRow[]): Ranked[] {
  const groups = new Map<string, UsageRow[]>();
  for (const row of rows) groups.set(row.of, [...(groups.get(row.of) ?? []), row]);
  const differ = (a: Used, b: Used) =>
    measured(b, "cost") - measured(a, "cost") || measured(b, "tokens") - measured(a, "tokens") || b.answers - a.answers;
  return [...groups].map(([of, those]) => ({ of, used: sum(those) })).sort((a, b) => differ(a.used, b.used) || a.of.localeCompare(b.of));
}

/** `of` is null for all those together that have no series of their own. */
export type Series = { of: string | null; values: number[]; total: number };

/**
 * The series of a stacked chart, a value for each day: the `most` that used most by `ranked`, and the rest as one. What a
 * series is does not depend on the measure, so that it keeps its colour.
 */
export function seriesOf(rows: UsageRow[], days: string[], measure: Measure, most: number): Series[] {
  const order = ranked(rows).map(({ of }) => of);
  const own = order.length > most ? order.slice(0, most - 1) : order;
  const series = new Map<string | null, Series>();
  for (const of of order.length > most ? [...own, null] : own) series.set(of, { of, values: days.map(() => 0), total: 0 });
  const dayNumber = new Map(days.map((day, n) => [day, n]));
  for (const row of rows) {
    const one = series.get(own.includes(row.of) ? row.of : null);
    const n = dayNumber.get(row.day);
    if (!one || n === undefined) continue;
    const value = measured(row, measure);
    one.values[n] = (one.values[n] ?? 0) + value;
    one.total += value;
  }
  return [...series.values()];
}
