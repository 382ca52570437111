import { descendants, type ElementNode, type Node, oneLine, visibleText } from "./html-dom.ts";
import type { TableCell } from "./table.ts";

/** A cell with more text than this is a column of the page's layout, in UTF-16 code units. */
const MAX_CELL_LENGTH = 1_000;
/** No table that a person made has more; by its spans alone one could. */
const MAX_CELLS = 1_000_000;
const MAX_SPAN = 1_000;

type ReadCell = { node: Node; text: string };

/**
 * A table that holds data: its caption, and its rows with as many cells in each.
 * @returns null for a table that only lays out the page: tables, headings or long texts are in its cells, or it has a single row or column;
 * and for one with more than a million cells
 */
export function dataTable(table: Node): { caption: string; rows: TableCell[][] } | null {
  const rows = [...descendants(table, "TR", "TABLE")].map((row) => [...descendants(row, "TD|TH", "TABLE")]);
  if (rows.flat().some((cell) => !descendants(cell, "TABLE|H1|H2|H3|H4|H5|H6", "").next().done)) return null;
  const read = rows.map((row) => row.map((node) => ({ node, text: oneLine(visibleText(node)) })));
  if (read.flat().some(({ text }) => text.length > MAX_CELL_LENGTH)) return null;
  const grid = toGrid(read);
  if (!grid || grid.length < 2 || grid[0]!.length < 2) return null;
  const [caption] = descendants(table, "CAPTION", "TABLE");
  return { caption: caption ? oneLine(visibleText(caption)) : "", rows: grid };
}

/**
 * A table's cells by row and column, with what stands over several of them in each.
 * https://html.spec.whatwg.org/multipage/tables.html#forming-a-table
 * @returns null for a table of too many cells, which it may be by its spans alone
 */
function toGrid(rows: ReadCell[][]): TableCell[][] | null {
  const grid: TableCell[][] = rows.map(() => []);
  let count = 0;
  for (const [index, row] of rows.entries()) {
    let column = 0;
    for (const { node, text } of row) {
      const cell = { text, isName: isName(node, text) };
      while (grid[index]![column]) column++;
      const [wide, high] = [span(node, "colspan"), Math.min(span(node, "rowspan"), rows.length - index)];
      count += wide * high;
      if (count > MAX_CELLS) return null;
      for (let down = 0; down < high; down++) for (let right = 0; right < wide; right++) grid[index + down]![column + right] ??= cell;
    }
  }
  const width = Math.max(0, ...grid.map((row) => row.length));
  if (width * grid.length > MAX_CELLS) return null;
  const filled = grid.filter((row) => row.some((cell) => cell?.text));
  return filled.map((row) => Array.from({ length: width }, (_, column) => row[column] ?? { text: "", isName: false }));
}

/** Whether a cell is marked as the name of a row or column: by its element, its place, or all of it being bold. */
function isName(cell: Node, text: string): boolean {
  if (cell.nodeName.toUpperCase() === "TH" || cell.parentNode?.parentNode?.nodeName.toUpperCase() === "THEAD") return true;
  const bold = [...descendants(cell, "B|STRONG", "B|STRONG")].map((node) => visibleText(node)).join("");
  return text !== "" && oneLine(bold) === text;
}

/** How many columns or rows a cell stands over; what is no number counts as one. */
const span = (cell: Node, name: "colspan" | "rowspan"): number =>
  Math.min(MAX_SPAN, Math.max(1, Number.parseInt((cell as ElementNode).getAttribute(name) ?? "1", 10) || 1));
