/** The p-th percentile of some measurements (nearest rank), rounded to a tenth. */
export function percentile(measured: number[], p: number): number {
  const sorted = [...measured].sort((a, b) => a - b);
  const at = Math.min(sorted.length - 1, Math.max(0, Math.ceil((p / 100) * sorted.length) - 1));
  return Number((sorted[at] ?? Number.NaN).toFixed(1));
}

/** Prints a bench's figures as a table for people and as one JSON line for programs. */
export function figures(bench: string, rows: object[]): void {
  console.table(rows);
  console.log(JSON.stringify({ bench, rows }));
}
