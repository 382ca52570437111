import { type Document, DocumentBuilder, ReadFailure } from "../document.ts";

const DELIMITERS = [",", ";", "\t", "|"] as const;
const MAX_COLUMNS = 500;
/** A quoted field longer than this was never closed: the quote is then a character like any other. */
const MAX_QUOTED = 50_000;

/**
 * A table: every row becomes one line "Header: value; Header: value", so that a row found alone still says what its
 * cells mean.
 */
export function readCsv(content: string): Document {
  const text = content.replace(/^\ufeff/, "").replace(/\r\n?/g, "\n");
  // Excel may name the delimiter in a line of its own.
  const named = /^sep=(.)\n/i.exec(text);
  const body = named ? text.slice(named[0].length) : text;
  const delimiter = named?.[1] ?? sniffDelimiter(body);
  const builder = new DocumentBuilder();
  const rows = parseRows(body, delimiter);
  const first = rows.next().value;
  if (!first) return builder.finish("csv");
  const second = rows.next().value;
  const names = second && isHeader(first, second) ? first.map((name, column) => name || `${column + 1}`) : null;
  if (!names) builder.row(toLine(first, null));
  if (second) builder.row(toLine(second, names));
  for (const row of rows) builder.row(toLine(row, names));
  return builder.finish("csv");
}

/** The delimiter that splits the first lines into the most even rows of more than one cell. */
export function sniffDelimiter(text: string): string {
  const sample = text.slice(0, 64 * 1024);
  let best: string = ",";
  let bestScore = 0;
  for (const delimiter of DELIMITERS) {
    const widths: number[] = [];
    for (const row of parseRows(sample, delimiter)) if (widths.push(row.length) >= 50) break;
    // A sample cut in the middle of a row would count against its own delimiter.
    if (widths.length > 1 && sample.length < text.length && widths.length < 50) widths.pop();
    const width = Math.max(...widths, 1);
    const even = widths.filter((each) => each === width).length / widths.length;
    const score = width > 1 ? even * Math.min(width, 20) : 0;
    if (score > bestScore) [best, bestScore] = [delimiter, score];
  }
  return best;
}

/** A header row has a short text in every cell, no repeats, and no numbers where the table has words. */
function isHeader(first: string[], second: string[]): boolean {
  const filled = first.filter(Boolean);
  if (filled.length < Math.max(1, Math.min(first.length, second.length) - 1) || first.length < 2) return false;
  return new Set(filled).size === filled.length && filled.every((cell) => cell.length <= 80 && !/^[-+\d.,\s%$€₽]+$/.test(cell));
}

const toLine = (row: string[], names: string[] | null) =>
  row
    .map((cell, column) => cell && (names ? `${names[column] ?? column + 1}: ${cell}` : cell))
    .filter(Boolean)
    .join("; ");

/**
 * The rows of RFC 4180, read forgivingly: any of the delimiters, quotes doubled inside quotes, a quote that is never
 * closed taken as text. Cells come trimmed and on one line; rows without any text are left out.
 * @throws ReadFailure("too_complex") for a row of more than 500 cells
 */
export function* parseRows(text: string, delimiter: string): Generator<string[], undefined> {
  let row: string[] = [];
  let at = 0;
  const push = (cell: string) => {
    row.push(cell.replace(/\s+/g, " ").trim());
    if (row.length > MAX_COLUMNS) throw new ReadFailure("too_complex", `A row has more than ${MAX_COLUMNS} cells`);
  };
  while (at < text.length) {
    const quoted = text[at] === '"' ? readQuoted(text, at, delimiter) : null;
    const end = quoted ? quoted.end : nextStop(text, at, delimiter);
    push(quoted ? quoted.value : text.slice(at, end));
    const endsRow = end >= text.length || text[end] === "\n";
    at = end + 1;
    // A delimiter at the very end opens one more, empty, cell.
    if (!endsRow && at >= text.length) row.push("");
    if (endsRow || at >= text.length) {
      if (row.some(Boolean)) yield row;
      row = [];
    }
  }
}

/** The index of the next delimiter or line end. */
function nextStop(text: string, from: number, delimiter: string): number {
  for (let at = from; at < text.length; at++) if (text[at] === delimiter || text[at] === "\n") return at;
  return text.length;
}

/**
 * A quoted cell that begins at `start`; null when its quote is never closed. A closing quote stands before a delimiter
 * or a line end: where a quote was forgotten, the next one found opens another cell and has text after it.
 */
function readQuoted(text: string, start: number, delimiter: string): { value: string; end: number } | null {
  let value = "";
  let from = start + 1;
  while (true) {
    const quote = text.indexOf('"', from);
    if (quote === -1 || quote - start > MAX_QUOTED) return null;
    value += text.slice(from, quote);
    const after = text[quote + 1];
    if (after === '"') {
      value += '"';
      from = quote + 2;
      continue;
    }
    return after === undefined || after === delimiter || after === "\n" ? { value, end: quote + 1 } : null;
  }
}
