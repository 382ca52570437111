/** A cell of a table; `isName` where the file marks it as the name of a row or a column. */
export type TableCell = { text: string; isName: boolean };

/** Longer texts name nothing, in UTF-16 code units. */
const MAX_NAME_LENGTH = 80;

/**
 * A table's rows, each so that it says by itself what its cells mean: "Header: value; Header: value" where the first rows hold the columns'
 * names, "Name: value; value" where the first cells are names. A row of one text stays that text. Where nothing tells a header from a value
 * all are values: a value for a header would be a wrong fact in every row. One by one: by its spans a small table may have a lot of text.
 *
 * @param rows as many cells in each; what stands over several columns or rows is one object in each of them
 */
export function* tableLines(rows: TableCell[][]): Generator<string> {
  const heads = headRows(rows);
  const names = (rows[0] ?? []).map((_, column) => [...new Set(rows.slice(0, heads).map((row) => row[column]!.text))].join(" ").trim());
  for (const row of rows.slice(heads)) yield rowLine(row, heads ? names : null);
}

function rowLine(row: TableCell[], names: string[] | null): string {
  const [first, ...values] = row;
  const [only, ...more] = new Set(row.filter(({ text }) => text));
  if (!more.length) return only?.text ?? "";
  if (names) return join(row.map(({ text }, column) => text && (names[column] ? `${names[column]}: ${text}` : text)));
  if (first && values.length === 1) return pairLine(first.text, values[0]!.text, "; ");
  const named = first?.text && first.isName && values.some(({ isName }) => !isName);
  const told = join((named ? values : row).map(({ text }) => text));
  return named && told ? `${first.text}: ${told}` : told;
}

/** What stands in a row of two: "Name: value" where the first may be a name ("Phone", and not "1." or a sentence). */
export function pairLine(first: string, second: string, otherwise: string): string {
  if (!first || !second) return first || second;
  return mayName(first) && /\p{L}{2}/u.test(first) ? `${first.replace(/:$/, "")}: ${second}` : first + otherwise + second;
}

const join = (texts: string[]): string => texts.filter(Boolean).join("; ");

/** How many rows at the beginning name the columns: rows of marked names alone, above others; or the first, by its words. */
function headRows(rows: TableCell[][]): number {
  const marked = rows.findIndex((row) => row.some(({ text, isName }) => text && !isName));
  if (marked > 0) return marked;
  const [first, ...others] = rows.map((row) => row.map(({ text }) => text));
  if (!first) return 0;
  const columns = first.map((_, column) => others.map((row) => row[column]!).filter(Boolean));
  return namesNumbers(first, columns) ? 1 : 0;
}

/**
 * Whether words stand above a column of numbers, which they then name. With two columns they may as well be the first of a list like
 * "Mail: …, Phone: …".
 *
 * @param columns what stands under each of the words, without what is missing
 */
export function namesNumbers(words: string[], columns: string[][]): boolean {
  const distinct = new Set(words).size === words.length;
  const isNumbers = (column: string[]) => column.length > 0 && column.every((text) => /\d/.test(text));
  return words.length > 2 && distinct && words.every((word) => mayName(word) && !/\d/.test(word)) && columns.some(isNumbers);
}

/** Whether a text is short and no sentence; "Price, руб." is none. */
const mayName = (text: string): boolean =>
  text.length > 0 && text.length <= MAX_NAME_LENGTH && !(/[.!?…;]$/.test(text) && text.split(" ").length > 3);
