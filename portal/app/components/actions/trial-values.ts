import { type ParameterRow, typeOf } from "./draft";

/** What was typed for each parameter, by its name. */
export type TypedValues = Record<string, string>;

/**
 * The input that typed values make, as a model would write it. What is left empty is left out; what does not fit its type is sent
 * as it is, for the executor to refuse.
 */
export function inputOf(rows: ParameterRow[], typed: TypedValues): Record<string, unknown> {
  const given = rows.filter(({ name }) => (typed[name] ?? "").trim() !== "");
  return Object.fromEntries(given.map((row) => [row.name, valueFor(row, typed[row.name]!)]));
}

function valueFor({ property }: ParameterRow, text: string): unknown {
  switch (typeOf(property)) {
    case "number":
    case "integer": {
      const number = Number(text.trim().replace(",", "."));
      return Number.isNaN(number) ? text : number;
    }
    case "boolean":
      return text === "true";
    case "list":
      return text
        .split(",")
        .map((item) => item.trim())
        .filter(Boolean);
    case "other":
      try {
        return JSON.parse(text);
      } catch {
        return text;
      }
    default:
      return text;
  }
}
