import type { ActionSchema } from "@gpt-agent/core/action-schema";
import { originOf } from "@gpt-agent/core/action-url";
import type { AgentAction } from "@gpt-agent/core/agent-actions";
import type { Locale } from "@gpt-agent/core/locales";

export type Method = AgentAction["method"];
export const METHODS: Method[] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

export type Property = ActionSchema["properties"][string];
/** A parameter as a row. What a row has no control for (limits, what is nested) stays inside its property. */
export type ParameterRow = { key: string; name: string; required: boolean; property: Property };
type SchemaRest = Omit<ActionSchema, "type" | "properties" | "required">;
/** A header as a row; `value` is what was typed, and never a stored secret. */
export type HeaderRow = { key: string; name: string; secret: boolean; value: string; stored: { id: string; lastFour: string } | null };
export type PointerRow = { key: string; pointer: string };

/** An action while it is being edited: texts as they are typed, right or wrong. */
export type Draft = {
  name: string;
  title: Record<Locale, string>;
  description: string;
  method: Method;
  url: string;
  parameters: ParameterRow[];
  /** What the schema says of the parameters as a whole. */
  schemaRest: SchemaRest;
  /** The parameters as JSON while they are edited as such, else null. */
  schemaText: string | null;
  headers: HeaderRow[];
  result: PointerRow[];
  timeoutSeconds: string;
  confirm: boolean;
  enabled: boolean;
};

let keys = 0;
/** A key for a row, so that React knows it again wherever it moves. */
export const newKey = (): string => `row-${++keys}`;

export const emptyDraft = (): Draft => ({
  name: "",
  title: { en: "", ru: "" },
  description: "",
  method: "GET",
  url: "",
  parameters: [],
  schemaRest: {},
  schemaText: null,
  headers: [],
  result: [],
  timeoutSeconds: "10",
  confirm: false,
  enabled: true,
});

type StoredSecrets = { id: string; lastFour: string }[];

/** A saved action, ready to be edited. @param secrets what is known of the stored ones */
export function draftOf(action: AgentAction, secrets: StoredSecrets): Draft {
  return {
    ...action,
    parameters: rowsOf(action.parameters),
    schemaRest: restOf(action.parameters),
    schemaText: null,
    headers: headerRowsOf(action.headers, secrets),
    result: action.result.map((pointer) => ({ key: newKey(), pointer })),
    timeoutSeconds: String(action.timeoutMs / 1_000),
  };
}

/** The headers of a saved action as rows. */
export const headerRowsOf = (headers: AgentAction["headers"], secrets: StoredSecrets): HeaderRow[] =>
  headers.map((header) => ({
    key: newKey(),
    name: header.name,
    secret: "secretId" in header,
    value: "secretId" in header ? "" : header.value,
    stored: "secretId" in header ? (secrets.find(({ id }) => id === header.secretId) ?? { id: header.secretId, lastFour: "" }) : null,
  }));

/** A schema's parameters as rows. */
export const rowsOf = ({ properties, required = [] }: ActionSchema): ParameterRow[] =>
  Object.entries(properties).map(([name, property]) => ({ key: newKey(), name, required: required.includes(name), property }));

const restOf = ({ type: _type, properties: _properties, required: _required, ...rest }: ActionSchema): SchemaRest => rest;

/** The schema that rows make. Of two rows with one name the last is in it; twins() finds them. */
export function schemaOf(rows: ParameterRow[], rest: SchemaRest = {}): ActionSchema {
  const required = rows.filter((row) => row.required).map(({ name }) => name);
  return {
    type: "object",
    properties: Object.fromEntries(rows.map(({ name, property }) => [name, property])),
    ...(required.length > 0 ? { required } : {}),
    ...rest,
  };
}

const TYPES = ["string", "number", "integer", "boolean", "object", "array"];

/** The rows of a schema that was edited as JSON, or null while it is none that rows can show. */
export function rowsOfText(text: string): { parameters: ParameterRow[]; schemaRest: SchemaRest } | null {
  try {
    const schema = JSON.parse(text) as ActionSchema;
    const parameters = rowsOf(schema);
    const known = parameters.every(({ property }) => TYPES.includes(property.type) && typeOf(property) !== undefined);
    return known ? { parameters, schemaRest: restOf(schema) } : null;
  } catch {
    return null;
  }
}

/** The keys of rows whose name another row before them has. */
export const twins = (rows: { key: string; name: string }[]): string[] =>
  rows.filter(({ name }, at) => name && rows.findIndex((row) => row.name === name) < at).map(({ key }) => key);

export type RowType = "string" | "number" | "integer" | "boolean" | "list" | "other";

/** What a row offers as its type; "other" is what only the JSON view can change. */
export function typeOf(property: Property): RowType {
  if (property.type === "object") return "other";
  if (property.type !== "array") return property.type;
  return property.items.type === "string" && !property.items.enum ? "list" : "other";
}

/** A property of another type, with the words that it had. */
export function retyped({ title, description }: Property, type: Exclude<RowType, "other">): Property {
  const words = { ...(title ? { title } : {}), ...(description ? { description } : {}) };
  return type === "list" ? { type: "array", items: { type: "string" }, ...words } : { type, ...words };
}

/** The choices that a row's text names, as its type has them; a number that is none stays a text, and is refused when saved. */
export function withChoices(property: Property, typed: string): Property {
  if (property.type !== "string" && property.type !== "number" && property.type !== "integer") return property;
  const { enum: _before, ...rest } = property;
  const texts = typed
    .split(",")
    .map((text) => text.trim())
    .filter(Boolean);
  if (texts.length === 0) return rest as Property;
  const choices = property.type === "string" ? texts : texts.map((text) => (Number.isNaN(Number(text)) ? text : Number(text)));
  return { ...rest, enum: choices } as Property;
}

export const choicesOf = (property: Property): string => ("enum" in property && property.enum ? property.enum.map(String).join(", ") : "");

/** The {names} in an address, each once; those of the path apart, since a path has no hole. */
export function placeholdersOf(url: string): { all: string[]; path: string[] } {
  const names = (text: string) => [...new Set([...text.matchAll(/\{([a-zA-Z][\w-]{0,39})\}/g)].map((match) => match[1]!))];
  return { all: names(url), path: names(url.split("?")[0]!) };
}

/** The origin that an address leads to, or null while it is none. */
export function originOr(url: string): string | null {
  try {
    return originOf(url);
  } catch {
    return null;
  }
}

/** Whatever may change something asks the visitor, whether its editor wants it or not. */
export const alwaysAsks = (method: Method): boolean => method !== "GET";

/** A model's name for an action, from its title: "Order status" is order_status. Empty for a title without Latin letters. */
export const nameFrom = (title: string): string =>
  title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^[_0-9]+|_+$/g, "")
    .slice(0, 40);

/** The parameters of a draft as a schema; what is not even JSON is null. Those in the path are required: it has no hole. */
export function parametersOf({ schemaText, parameters, schemaRest, url }: Draft): unknown {
  if (schemaText === null) {
    const { path } = placeholdersOf(url);
    return schemaOf(
      parameters.map((row) => (path.includes(row.name) ? { ...row, required: true } : row)),
      schemaRest,
    );
  }
  try {
    return JSON.parse(schemaText);
  } catch {
    return null;
  }
}

/** What is sent to the server. Rows that were left empty are not sent. */
export function sendable(draft: Draft): object {
  const { schemaText: _text, schemaRest: _rest, timeoutSeconds, headers, result, ...rest } = draft;
  return {
    ...rest,
    parameters: parametersOf(draft),
    headers: filledHeaders(draft).map((row) => ({ name: row.name, ...headerValueOf(row) })),
    result: filledPointers(draft).map(({ pointer }) => pointer),
    timeoutMs: Math.round(Number(timeoutSeconds.trim().replace(",", ".") || "10") * 1_000),
  };
}

/** The rows that are sent, in the order in which the server's errors count them. */
export const filledHeaders = ({ headers }: Draft): HeaderRow[] => headers.filter((row) => row.name.trim() || row.value || row.stored);
export const filledPointers = ({ result }: Draft): PointerRow[] => result.filter(({ pointer }) => pointer.trim());

function headerValueOf({ secret, value, stored }: HeaderRow): object {
  if (!secret) return { kind: "plain", value };
  return value || !stored ? { kind: "typed", secret: value } : { kind: "stored", secretId: stored.id };
}

/**
 * What the browser sees by itself, before anything is sent: parameters without a name or with one that is taken (a JSON object
 * could not hold them), and JSON that is none. Error codes by the key of the row, or "schema".
 */
export function problemsOf(draft: Draft): Record<string, "required" | "parameterNameTwice" | "json"> {
  if (draft.schemaText !== null) return parametersOf(draft) === null ? { schema: "json" } : {};
  const nameless = draft.parameters.filter(({ name }) => !name.trim()).map(({ key }) => [key, "required" as const]);
  return Object.fromEntries([...nameless, ...twins(draft.parameters).map((key) => [key, "parameterNameTwice" as const])]);
}
