/** A row of a table as sources are read, "Model: Kid; Volume: 280 ml": which table it is of, and what stands in its cells. */
export type TableRow = { table: string; values: string };

const NAMED = /^([^:]{1,80}): (\S.*)$/s;

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
 * @param asked the terms of the question that stand in a row's values, by candidate; absent for what is no row
 */
export function rowsAskedFor<T>(candidates: T[], asked: (candidate: T) => { table: string; terms: Set<string> } | null): T[] {
  const rows = candidates.map(asked);
  const isWithin = (inner: Set<string>, outer: Set<string>) => inner.size < outer.size && [...inner].every((term) => outer.has(term));
  return candidates.filter((_, at) => {
    const row = rows[at];
    return !row || !rows.some((other) => other?.table === row.table && isWithin(row.terms, other.terms));
  });
}
