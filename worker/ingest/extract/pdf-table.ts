import { type Cell, type Line, textOf } from "./pdf-lines.ts";
import { namesNumbers, pairLine } from "./table.ts";

/** Where something begins and ends, in points. */
export type Stretch = Pick<Cell, "x" | "end">;

/** Edges and middles that stand in one line differ by less, in points. */
const ALIGNED = 3;

/**
 * The lines of a table that begins at index `at`: any with three cells or more, or three and more with two cells that stand in columns.
 * A line may lack cells where the others stand in columns; the first may lack the name of a column. Empty when there is none.
 */
export function tableAt(lines: Line[], at: number): Line[] {
  let widest = lines[at]!;
  if (widest.cells.length < 2) return [];
  let end = at + 1;
  for (let line = lines[end]; line && line.cells.length >= 2; line = lines[++end]) {
    const [narrow, wide] = line.cells.length > widest.cells.length ? [widest, line] : [line, widest];
    if (wide !== widest && end > at + 1) break;
    const alike = narrow.cells.length === wide.cells.length && wide.cells.length > 2;
    if (!alike && !columnsOf(narrow, wide)) break;
    widest = wide;
  }
  return widest.cells.length > 2 || end - at >= 3 ? lines.slice(at, end) : [];
}

/**
 * Rows as "Header: value" where the first line is known to hold headers and every cell stands under one, but for a first column that
 * has none. Anything less certain stays as it reads: a value under a wrong header would be a wrong fact.
 */
export function tableRows(table: Line[]): string[] {
  const [header, ...rows] = table as [Line, ...Line[]];
  const names = header.cells;
  const under = (name: Cell) => rows.flatMap(({ cells }) => cells.filter((cell) => standsUnder(cell, name, names)).map(({ text }) => text));
  const isHeader = areNames(
    names,
    rows.map(({ cells }) => cells),
    names.map(under),
  );
  const told = isHeader ? rows.map(({ cells }) => namedCells(cells, names)) : [];
  if (!told.length || told.includes(null)) return asTheyRead(table);
  return told.map((parts) => parts!.join("; "));
}

function asTheyRead(table: Line[]): string[] {
  if (table.every(({ cells }) => cells.length === 2)) return table.map(({ cells: [a, b] }) => pairLine(a!.text, b!.text, " "));
  return table.map(textOf);
}

/**
 * Whether a table's first line names its columns: it is set in a font of its own, or has words above a column of numbers.
 * @param columns the texts under each name, without what is missing
 */
export function areNames(names: Cell[], rows: Cell[][], columns: string[][]): boolean {
  const words = names.map(({ text }) => text);
  if (namesNumbers(words, columns)) return true;
  const [font, ...more] = new Set(names.map((name) => name.font));
  return !more.length && new Set(words).size === words.length && rows.every((cells) => cells.some((cell) => cell.font !== font));
}

/** A row's cells with the names that they stand under; null where a cell stands under none, or under more than one. */
function namedCells(cells: Cell[], names: Cell[]): string[] | null {
  const parts: string[] = [];
  const taken = new Set<Cell>();
  for (const cell of cells) {
    const [name, ...more] = names.filter((each) => standsUnder(cell, each, names));
    const isUnnamed = !name && cell === cells[0] && cell.end < names[0]!.x;
    if (!isUnnamed && (!name || more.length || taken.has(name))) return null;
    if (name) taken.add(name);
    parts.push(name ? `${name.text}: ${cell.text}` : cell.text);
  }
  return parts;
}

const isAligned = (a: Cell, b: Cell): boolean =>
  Math.abs(a.x - b.x) < ALIGNED || Math.abs(a.end - b.end) < ALIGNED || Math.abs(a.x + a.end - b.x - b.end) < 2 * ALIGNED;
/** Whether two stretches stand above or below each other. */
export const overlap = (a: Stretch, b: Stretch): boolean => Math.min(a.end, b.end) > Math.max(a.x, b.x);

/** A cell is under a name that it shares an edge or the middle with, or that it overlaps; and under no other. */
const standsUnder = (cell: Cell, name: Cell, names: Cell[]): boolean =>
  (isAligned(cell, name) || overlap(cell, name)) && !names.some((other) => other !== name && overlap(cell, other));

/** For each cell of a line, the column of a line with as many or more cells that it stands in; null where one stands in none. */
function columnsOf(line: Line, wide: Line): number[] | null {
  const columns: number[] = [];
  for (const cell of line.cells) {
    const next = wide.cells.findIndex((column, index) => index > (columns.at(-1) ?? -1) && isAligned(cell, column));
    if (next < 0) return null;
    columns.push(next);
  }
  return columns;
}
