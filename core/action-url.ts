import type { ActionSchema } from "./action-schema.ts";

/** Why an action's URL template cannot be used; "ok" is null. */
export type UrlProblem =
  | "not_a_web_address"
  | "has_userinfo"
  | "has_fragment"
  | "parameter_in_host"
  | "unknown_parameter"
  | "parameter_not_plain"
  | "path_parameter_not_required";

const PLACEHOLDER = /\{([^{}]*)\}/g;
const MAX_URL = 4_000;

type Template = { authority: string; path: string; query: string };

/** "https://host", "/path", "a=b&c={d}". */
function split(template: string): Template | null {
  const [, authority, path, query] = /^(https?:\/\/[^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#.*)?$/i.exec(template) ?? [];
  return authority === undefined ? null : { authority, path: path || "/", query: query ?? "" };
}

const names = (text: string) => [...text.matchAll(PLACEHOLDER)].map((match) => match[1]!);

/** What is wrong with a URL template, given the parameters that may fill it; null when nothing is. */
export function urlProblem(template: string, schema: ActionSchema): UrlProblem | null {
  const parts = split(template);
  if (!parts) return "not_a_web_address";
  if (/[{}]/.test(parts.authority)) return "parameter_in_host";
  if (!URL.canParse(parts.authority)) return "not_a_web_address";
  if (parts.authority.includes("@")) return "has_userinfo";
  if (template.includes("#")) return "has_fragment";
  for (const name of names(parts.path + parts.query)) {
    const property = Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
    if (!property) return "unknown_parameter";
    if (property.type === "object" || property.type === "array") return "parameter_not_plain";
  }
  if (/[{}]/.test((parts.path + parts.query).replace(PLACEHOLDER, ""))) return "unknown_parameter";
  return names(parts.path).every((name) => schema.required?.includes(name)) ? null : "path_parameter_not_required";
}

/** The origin ("https://host:port") that a sound template leads to. */
export const originOf = (template: string): string => new URL(split(template)?.authority ?? template).origin;

/** A value that must not go where the template wants it. The message is for the model. */
export class UrlValueError extends Error {
  override name = "UrlValueError";
}

type Input = Record<string, unknown>;

/**
 * A template filled with an input that fits its schema. A value in the path stays one piece of its segment: it holds no slash, not even an
 * encoded one that a server might take for a path of its own, and makes no "." or "..". A query parameter whose value is absent is left out.
 * @returns the address, and what of the input it does not hold
 * @throws UrlValueError
 */
export function fillUrl(template: string, input: Input): { url: URL; rest: Input } {
  const parts = split(template);
  if (!parts) throw new UrlValueError("The action's address is not valid.");
  const origin = originOf(template);
  const path = parts.path
    .split("/")
    .map((segment) => fillSegment(segment, input))
    .join("/");
  const query = parts.query.split("&").flatMap((pair) => {
    if (!pair || names(pair).some((name) => absent(input[name]))) return [];
    return [pair.replace(PLACEHOLDER, (_, name: string) => encode(input[name]))];
  });
  const url = new URL(`${origin}${path}${query.length > 0 ? `?${query.join("&")}` : ""}`);
  if (url.origin !== origin) throw new UrlValueError("The values lead to another host.");
  const used = new Set(names(parts.path + parts.query));
  return { url, rest: Object.fromEntries(Object.entries(input).filter(([name]) => !used.has(name))) };
}

/** Half a surrogate pair, which models do write, has no percent-encoding. */
const encode = (value: unknown) => encodeURIComponent(String(value).replace(/\p{Surrogate}/gu, "\ufffd"));
const absent = (value: unknown) => value === undefined || value === null;

function fillSegment(segment: string, input: Input): string {
  const placeholders = names(segment);
  if (placeholders.length === 0) return segment;
  const filled = segment.replace(PLACEHOLDER, (_, name: string) => {
    const value = absent(input[name]) ? "" : String(input[name]);
    if (value === "") throw new UrlValueError(`"${name}" must not be empty.`);
    if (/[/\\\p{Cc}]/u.test(value)) throw new UrlValueError(`"${name}" must not hold a slash.`);
    return encode(value);
  });
  if (/^(\.|%2e){1,2}$/i.test(filled)) throw new UrlValueError(`"${placeholders[0]}" must not be dots alone.`);
  return filled;
}

/** Parameters as a query: lists repeat their name, objects are JSON. @throws UrlValueError when the address becomes too long */
export function addToQuery(url: URL, rest: Input): URL {
  for (const [name, value] of Object.entries(rest)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (!absent(item)) url.searchParams.append(name, typeof item === "object" ? JSON.stringify(item) : String(item));
    }
  }
  if (url.href.length > MAX_URL) throw new UrlValueError("The values are too long for an address.");
  return url;
}
