import {
  type Draft,
  emptyDraft,
  METHODS,
  type Method,
  nameFrom,
  newKey,
  type ParameterRow,
  type Property,
  rowsOf,
  schemaOf,
} from "./draft";

/** Headers that the platform sets by itself. */
const OURS = /^(host|content-(length|type)|connection|accept-encoding|user-agent|cookie|idempotency-key|accept)$/i;
const SECRET = /^(authorization|proxy-authorization)$|key|token|secret|password/i;
/** Options of curl that take a value which says nothing about the request. */
const WITH_VALUE =
  /^(-o|-w|-m|-A|-e|-b|-c|-x|--output|--write-out|--max-time|--connect-timeout|--user-agent|--referer|--cookie|--retry|--proxy|--cacert|--cert)$/;
const BODY = /^(-d|--data|--data-raw|--data-binary|--data-ascii|--data-urlencode|--json)$/;

/** Splits a command as a shell does: quotes, backslashes, continued lines. */
function words(command: string): string[] {
  const found = command.replace(/\\\r?\n/g, " ").match(/(?:\$?'(?:[^'])*'|"(?:\\[\s\S]|[^"\\])*"|\\[\s\S]|[^\s'"\\])+/g);
  return (found ?? []).map((word) =>
    word.replace(/\$?'([^']*)'|"((?:\\[\s\S]|[^"\\])*)"|\\([\s\S])/g, (_, single, double, escaped) =>
      single !== undefined ? single : double !== undefined ? double.replace(/\\(["\\$`])/g, "$1") : escaped,
    ),
  );
}

type Command = { url: string | null; method: string | null; headers: [string, string][]; body: string[]; get: boolean };

function read(command: string): Command {
  const read: Command = { url: null, method: null, headers: [], body: [], get: false };
  const rest = words(command.trim()).flatMap((word) => {
    // "-XPOST" and "--request=POST" are two words to us.
    const [, option, value] = /^(-[XHdu])(.+)$/s.exec(word) ?? /^(--[\w-]+)=(.*)$/s.exec(word) ?? [];
    return option ? [option, value!] : [word];
  });
  if (rest.shift() !== "curl") return read;
  while (rest.length > 0) {
    const word = rest.shift()!;
    if (word === "-X" || word === "--request") read.method = (rest.shift() ?? "").toUpperCase();
    else if (word === "-H" || word === "--header") {
      const [, name, value] = /^([^:]+):\s*(.*)$/s.exec(rest.shift() ?? "") ?? [];
      if (name) read.headers.push([name.trim(), value!.trim()]);
    } else if (word === "-u" || word === "--user") read.headers.push(["Authorization", `Basic ${base64(rest.shift() ?? "")}`]);
    else if (BODY.test(word)) read.body.push(rest.shift() ?? "");
    else if (word === "-G" || word === "--get") read.get = true;
    else if (word === "--url") read.url = rest.shift() ?? null;
    else if (WITH_VALUE.test(word)) rest.shift();
    else if (!word.startsWith("-")) read.url ??= word;
  }
  return read;
}

const base64 = (text: string) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

/**
 * An action made from a curl command as documentation shows it: the address, its headers (keys as secrets) and the fields of its
 * body or form as parameters. Null when it is no curl command with a web address.
 */
export function draftOfCurl(command: string): Draft | null {
  const { url, method, headers, body, get } = read(command);
  if (!url) return null;
  const address = /^https?:\/\//i.test(url) ? url : `https://${url}`;
  if (!URL.canParse(address.replace(/[{}]/g, "x"))) return null;
  const given = METHODS.find((one) => one === method);
  const used: Method = given ?? (body.length > 0 && !get ? "POST" : "GET");
  const named = [...address.split("#")[0]!.matchAll(/\{([a-zA-Z][\w-]{0,39})\}/g)].map((match) => match[1]!);
  const parameters = [...named.map((name) => text(name)), ...body.flatMap(fieldsOf)];
  const rows = parameters.filter((row, at) => parameters.findIndex(({ name }) => name === row.name) === at);
  const lastPart =
    new URL(address.replace(/[{}]/g, "")).pathname
      .split("/")
      .filter((part) => /^[a-z][\w-]*$/i.test(part))
      .at(-1) ?? "";
  return {
    ...emptyDraft(),
    name: nameFrom(`${used} ${lastPart}`),
    method: used,
    url: address.split("#")[0]!,
    parameters: rowsOf(schemaOf(rows)),
    headers: headers
      .filter(([name]) => !OURS.test(name))
      .map(([name, value]) => ({ key: newKey(), name, value, secret: SECRET.test(name), stored: null })),
  };
}

const text = (name: string, property: Property = { type: "string" }): ParameterRow => ({ key: newKey(), name, required: true, property });

/** The fields of a JSON object or of a form, each as a parameter; what they held becomes an example in the description. */
function fieldsOf(body: string): ParameterRow[] {
  try {
    const given: unknown = JSON.parse(body);
    if (given && typeof given === "object" && !Array.isArray(given)) {
      return Object.entries(given).map(([name, value]) => text(name, propertyOf(value)));
    }
    return [];
  } catch {
    return [...new URLSearchParams(body)]
      .filter(([name]) => /^[a-zA-Z][\w-]{0,39}$/.test(name))
      .map(([name, value]) => text(name, propertyOf(value)));
  }
}

function propertyOf(value: unknown, depth = 1): Property {
  if (typeof value === "number") return { type: Number.isInteger(value) ? "integer" : "number", description: String(value) };
  if (typeof value === "boolean") return { type: "boolean" };
  if (Array.isArray(value)) return { type: "array", items: depth < 3 ? propertyOf(value[0], depth + 1) : { type: "string" } } as Property;
  if (value && typeof value === "object" && depth < 3) {
    const properties = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, propertyOf(inner, depth + 1)]));
    return { type: "object", properties, required: Object.keys(properties) } as Property;
  }
  return typeof value === "string" && value ? { type: "string", description: value.slice(0, 120) } : { type: "string" };
}
