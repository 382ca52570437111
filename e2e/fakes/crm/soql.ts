import type { CrmValue } from "../../../core/crm/crm.ts";

export type SoqlRow = Record<string, CrmValue>;

export class SoqlError extends Error {
  readonly code: "MALFORMED_QUERY" | "INVALID_FIELD" | "INVALID_TYPE";
  constructor(code: SoqlError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

const malformed = (message: string) => new SoqlError("MALFORMED_QUERY", message);
const TOKEN =
  /\s*(?:('(?:[^'\\\n\r]|\\[\s\S])*')|(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))|(\d+)|([A-Za-z_][A-Za-z0-9_]*)|(<=|>=|!=|=|<|>|\(|\)|,))/y;
const ESCAPES: Record<string, string> = { n: "\n", r: "\r", t: "\t", b: "\b", f: "\f", '"': '"', "'": "'", "\\": "\\" };

type Literal = { text: string } | { value: CrmValue } | { at: number };
type Condition = (row: SoqlRow) => boolean;

/**
 * As much of SOQL as is needed to tell a right query from a wrong one: SELECT of fields or COUNT(), one object, comparisons with AND, OR and
 * parentheses, LIKE, ORDER BY, LIMIT. Literals are read by the rules of "Quoted String Escape Sequences"; whatever is left over is malformed.
 */
export function runSoql(
  query: string,
  table: (name: string) => { rows: SoqlRow[]; fields: string[] } | null,
): { type: string; rows: SoqlRow[]; totalSize: number } {
  const tokens = tokenize(query);
  let at = 0;
  const peek = () => tokens[at] ?? "";
  const take = () => tokens[at++] ?? "";
  const word = (wanted: string) => peek().toUpperCase() === wanted && take() !== "";
  const expect = (wanted: string) => {
    if (!word(wanted)) throw malformed(`unexpected token: '${peek() || "<EOF>"}', expecting ${wanted}`);
  };

  expect("SELECT");
  const columns: string[] = [];
  const counts = peek().toUpperCase() === "COUNT";
  if (counts) for (const part of ["COUNT", "(", ")"]) expect(part);
  else
    do columns.push(take());
    while (word(","));
  expect("FROM");
  const type = take();
  const found = table(type);
  if (!found) throw new SoqlError("INVALID_TYPE", `sObject type '${type}' is not supported.`);
  const field = (name: string) => {
    if (!found.fields.includes(name)) throw new SoqlError("INVALID_FIELD", `No such column '${name}' on entity '${type}'.`);
    return name;
  };
  columns.forEach(field);

  const comparison = (): Condition => {
    if (word("(")) {
      const inner = either();
      expect(")");
      return inner;
    }
    const name = field(take());
    const operator = take().toUpperCase();
    const literal = literalOf(take(), operator === "LIKE");
    return compare(name, operator, literal);
  };
  const both = (): Condition => {
    const all = [comparison()];
    while (word("AND")) all.push(comparison());
    if (peek().toUpperCase() === "OR" && all.length > 1) throw malformed("AND and OR need parentheses");
    return (row) => all.every((one) => one(row));
  };
  const either = (): Condition => {
    const any = [both()];
    while (word("OR")) any.push(both());
    return (row) => any.some((one) => one(row));
  };
  const where = word("WHERE") ? either() : () => true;
  const order: { name: string; down: boolean }[] = [];
  if (word("ORDER")) {
    expect("BY");
    do {
      const name = field(take());
      const down = word("DESC");
      if (!down) word("ASC");
      order.push({ name, down });
    } while (word(","));
  }
  const limit = word("LIMIT") ? Number(take()) : Number.POSITIVE_INFINITY;
  if (at < tokens.length) throw malformed(`unexpected token: '${peek()}'`);

  const matching = found.rows.filter(where);
  matching.sort((a, b) => {
    for (const { name, down } of order) {
      const [one, other] = [String(a[name] ?? ""), String(b[name] ?? "")];
      const sign = typeof a[name] === "number" ? Number(a[name]) - Number(b[name]) : one < other ? -1 : one > other ? 1 : 0;
      if (sign !== 0) return down ? -sign : sign;
    }
    return 0;
  });
  if (counts) return { type, rows: [], totalSize: matching.length };
  const rows = matching.slice(0, limit).map((row) => Object.fromEntries(columns.map((name) => [name, row[name] ?? null])));
  return { type, rows, totalSize: rows.length };
}

function tokenize(query: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < query.trimEnd().length) {
    const start = TOKEN.lastIndex;
    const match = TOKEN.exec(query);
    if (!match) throw malformed(`unexpected character at ${start}: ${query.slice(start, start + 20)}`);
    tokens.push(match[0].trim());
  }
  return tokens;
}

/** In a LIKE the escaped wildcards stay escaped, for the pattern to be made of them. */
function literalOf(token: string, like: boolean): Literal {
  if (token.startsWith("'")) {
    const text = token.slice(1, -1).replace(/\\(u[0-9a-fA-F]{4}|[\s\S])/g, (whole, code: string) => {
      if (code.length === 5) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
      if (like && (code === "%" || code === "_")) return whole;
      const character = ESCAPES[code.toLowerCase()];
      if (character === undefined) throw malformed(`Illegal escape sequence: ${whole}`);
      return like && character === "\\" ? "\\\\" : character;
    });
    return { text };
  }
  if (/^\d{4}-/.test(token)) return { at: Date.parse(token) };
  if (/^\d+$/.test(token)) return { value: Number(token) };
  const word = token.toLowerCase();
  if (word === "true" || word === "false") return { value: word === "true" };
  if (word === "null") return { value: null };
  throw malformed(`unexpected token: '${token}'`);
}

function compare(name: string, operator: string, literal: Literal): Condition {
  if (operator === "LIKE") {
    if (!("text" in literal)) throw malformed("LIKE needs a text");
    const pattern = literal.text.replace(/\\([\s\S])|%|_|[.*+?^${}()|[\]]/g, (part, escaped?: string) =>
      escaped ? `\\${escaped}` : part === "%" ? "[\\s\\S]*" : part === "_" ? "[\\s\\S]" : `\\${part}`,
    );
    const matches = new RegExp(`^${pattern}$`, "i");
    return (row) => typeof row[name] === "string" && matches.test(row[name] as string);
  }
  const difference = (row: SoqlRow): number | null => {
    const own = row[name];
    if (own === null || own === undefined) return "value" in literal && literal.value === null ? 0 : null;
    if ("at" in literal) return Date.parse(String(own).replace("+0000", "Z")) - literal.at;
    if ("value" in literal) return literal.value === own ? 0 : Number(own) - Number(literal.value) || 1;
    // Ids are told apart by case, other texts are not.
    const [one, other] = name === "Id" ? [String(own), literal.text] : [String(own).toLowerCase(), literal.text.toLowerCase()];
    return one < other ? -1 : one > other ? 1 : 0;
  };
  const tests: Record<string, (sign: number) => boolean> = {
    "=": (sign) => sign === 0,
    "!=": (sign) => sign !== 0,
    ">": (sign) => sign > 0,
    ">=": (sign) => sign >= 0,
    "<": (sign) => sign < 0,
    "<=": (sign) => sign <= 0,
  };
  const holds = tests[operator];
  if (!holds) throw malformed(`unexpected token: '${operator}'`);
  return (row) => {
    const sign = difference(row);
    return sign !== null && holds(sign);
  };
}
