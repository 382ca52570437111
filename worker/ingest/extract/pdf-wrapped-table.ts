import type { Cell, Line } from "./pdf-lines.ts";
import { namesNumbers } from "./table.ts";

/** Lines of one cell are closer than this many times the size of their letters. */
const NEXT_LINE = 1.7;

/** No page has a longer one. */
const MOST_LINES = 400;

type Column = { from: number; to: number };
/** A row: the cells of each column, line by line, and how many lines have been read when it ends. */
type Row = { cells: Cell[][]; end: number };

/**
 * A table whose cells may have several lines: files hold these cell by cell, so that its lines stand below each other in no order that a row
 * could be told by alone. Told from the columns under a first line that is known to name them.
 *
 * @returns how many lines it has, and its rows as "Header: value"; null where a line is under no name, or under more than one, before a row ends
 */
export function wrappedTable(lines: Line[], at: number): { taken: number; rows: string[] } | null {
  const header = lines[at]!;
  if (header.cells.length < 2) return null;
  const body = lines.slice(at + 1, at + 1 + MOST_LINES);
  const { columns, reach } = columnsUnder(header, body);
  const rows = columns && toRows(body.slice(0, reach), columns);
  // What stands alone below a table is no row of it.
  while (rows?.length && rows.at(-1)!.cells.filter((cell) => cell.length).length < 2) rows.pop();
  if (!rows?.length || !areNames(header.cells, rows)) return null;
  const text = (cells: Cell[]) => cells.map((cell) => cell.text).join(" ");
  return {
    taken: 1 + rows.at(-1)!.end,
    rows: rows.map(({ cells }) => {
      const filled = cells.flatMap((cell, column) => (cell.length ? [{ name: header.cells[column]!.text, text: text(cell) }] : []));
      return filled.length === 1 ? filled[0]!.text : filled.map(({ name, text }) => `${name}: ${text}`).join("; ");
    }),
  };
}

/** Where the columns under a header are, as wide as their cells, and how many lines lie under them. */
function columnsUnder(header: Line, body: Line[]): { columns: Column[] | null; reach: number } {
  const columns = header.cells.map(({ x, end }) => ({ from: x, to: end }));
  let reach = 0;
  for (const line of body) {
    if (Math.abs(line.size - header.size) > 1) break;
    const under = line.cells.map((cell) => columns.filter(({ from, to }) => Math.min(to, cell.end) > Math.max(from, cell.x)));
    if (under.some((each) => each.length > 1)) break;
    for (const [index, [column]] of under.entries()) {
      if (!column) continue;
      column.from = Math.min(column.from, line.cells[index]!.x);
      column.to = Math.max(column.to, line.cells[index]!.end);
    }
    reach++;
  }
  const apart = columns.every(({ to }, index) => !columns[index + 1] || to < columns[index + 1]!.from);
  return { columns: apart ? columns : null, reach };
}

/** The rows of lines that each hold cells of some columns, as far as they can be told. */
function toRows(lines: Line[], columns: Column[]): Row[] {
  const rows: Row[] = [];
  let last = -1;
  let above: Line | null = null;
  for (const [index, line] of lines.entries()) {
    for (const cell of line.cells) {
      const column = columns.findIndex(({ from, to }) => cell.x >= from && cell.end <= to);
      if (column < 0) return rows;
      const isClose = above !== null && Math.abs(above.y - line.y) < line.size * NEXT_LINE;
      // Further right is the same row; so is the next line of the same cell, or of one beside it where a file goes line by line.
      const isSame = column > last || (isClose && (column === last || column > 0));
      if (rows.length === 0 || !isSame) rows.push({ cells: columns.map(() => []), end: index });
      const row = rows.at(-1)!;
      row.cells[column]!.push(cell);
      row.end = index + 1;
      last = column;
    }
    above = line;
  }
  return rows;
}

/** Whether the first line names the columns: it is set in a font of its own, or has words above a column of numbers. */
function areNames(names: Cell[], rows: Row[]): boolean {
  const words = names.map(({ text }) => text);
  const columns = names.map((_, column) => rows.map(({ cells }) => cells[column]!.map(({ text }) => text).join(" ")).filter(Boolean));
  if (namesNumbers(words, columns)) return true;
  const [font, ...more] = new Set(names.map((name) => name.font));
  return !more.length && new Set(words).size === words.length && rows.every(({ cells }) => cells.flat().some((cell) => cell.font !== font));
}
