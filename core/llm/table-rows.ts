/** A row of a table as sources are read, "Model: Kid; Volume: 280 ml": which table it is of, and what stands in its cells. */
export type TableRow = { table: string; values: string };

const NAMED = /^([^:]{1,80}): (\S.*)$/s;

/** What a row holds of some terms in its values. */
export type RowTerms = { table: string; terms: Set<string> };

/** Reads a sentence as a row of a table, whose first column may have no name; null where it is none. */
export function tableRow(sentence: string): TableRow | null {
  const cells = sentence.split("; ").map((cell) => NAMED.exec(cell));
  if (cells.length < 2 || cells.slice(1).some((cell) => !cell)) return null;
  const [first, second] = cells;
  return {
    table: first?.[1] ?? `; ${second![1]}`,
    values: sentence
      .split("; ")
      .map((cell, at) => cells[at]?.[2] ?? cell)
      .join("; "),
  };
}

/**
 * Leaves out the rows of tables to which what was asked belongs less than to another row: all rows have the columns that were asked for, but
 * only some the thing.
 *
 * @param candidates `row` has the terms of the question that stand in the values; null for what is no row
 */
export function rowsAskedFor<T extends { row: RowTerms | null }>(candidates: T[]): T[] {
  const rows = candidates.flatMap(({ row }) => row ?? []);
  const isWithin = (inner: Set<string>, outer: Set<string>) => inner.size < outer.size && [...inner].every((term) => outer.has(term));
  return candidates.filter(({ row }) => !row || !rows.some((other) => other.table === row.table && isWithin(row.terms, other.terms)));
}
