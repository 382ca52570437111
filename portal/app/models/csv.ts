/** The first characters by which spreadsheets take a cell for a formula (OWASP, CSV injection; ASVS 1.2.10). */
const FORMULA = /^[=+\-@\t\r]/;
/** Numbers are no formulas: "+79123456789" and "-5" stay as they are, "+44-20" would be worked out. */
const NUMBER = /^[+-]?\d+(\.\d+)?$/;

function cell(value: string | null): string {
  const text = (value ?? "").replaceAll("\u0000", "");
  const harmless = FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
  return /[",;\r\n]/.test(harmless) || harmless !== harmless.trim() ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

/**
 * Rows as CSV (RFC 4180), as a spreadsheet opens it: UTF-8 with a byte order mark, CRLF, no cell that would be run as a formula.
 * @param rows the first one holds the headings
 */
export const csvOf = (rows: (string | null)[][]): string => `\ufeff${rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("")}`;
