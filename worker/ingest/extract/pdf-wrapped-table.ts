import { type Cell, type Line, textOf } from "./pdf-lines.ts";
import { areNames, overlap, type Stretch } from "./pdf-table.ts";

/** Lines of one cell are closer than this many times the size of their letters. */
const NEXT_LINE = 1.7;

/** No page has a longer one. */
const MOST_LINES = 400;

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
  if (!rows?.length) return null;
  const told = rows.map(({ cells }) => cells.map((lines) => textOf({ cells: lines })));
  const isHeader = areNames(
    header.cells,
    rows.map(({ cells }) => cells.flat()),
    header.cells.map((_, column) => told.map((texts) => texts[column]!).filter(Boolean)),
  );
  if (!isHeader) return null;
  return {
    taken: 1 + rows.at(-1)!.end,
    rows: told.map((texts) => {
      const filled = texts.flatMap((text, column) => (text ? [{ name: header.cells[column]!.text, text }] : []));
      return filled.length === 1 ? filled[0]!.text : filled.map(({ name, text }) => `${name}: ${text}`).join("; ");
    }),
  };
}

/** Where the columns under a header are, as wide as their cells, and how many lines lie under them. */
function columnsUnder(header: Line, body: Line[]): { columns: Stretch[] | null; reach: number } {
  const columns = header.cells.map(({ x, end }) => ({ x, end }));
  let reach = 0;
  for (const line of body) {
    if (Math.abs(line.size - header.size) > 1) break;
    const under = line.cells.map((cell) => columns.filter((column) => overlap(column, cell)));
    if (under.some((each) => each.length > 1)) break;
    for (const [index, [column]] of under.entries()) {
      if (!column) continue;
      column.x = Math.min(column.x, line.cells[index]!.x);
      column.end = Math.max(column.end, line.cells[index]!.end);
    }
    reach++;
  }
  const apart = columns.every(({ end }, index) => !columns[index + 1] || end < columns[index + 1]!.x);
  return { columns: apart ? columns : null, reach };
}

/** The rows of lines that each hold cells of some columns, as far as they can be told. */
function toRows(lines: Line[], columns: Stretch[]): Row[] {
  const rows: Row[] = [];
  let last = -1;
  let above: Line | null = null;
  for (const [index, line] of lines.entries()) {
    for (const cell of line.cells) {
      const column = columns.findIndex(({ x, end }) => cell.x >= x && cell.end <= end);
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
