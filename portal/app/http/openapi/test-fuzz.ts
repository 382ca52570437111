// Requests made from the API's document: some as it says, some nearly, some hostile.
import fc from "fast-check";
import { openApiDocument } from "./document.ts";

type Schema = { [keyword: string]: unknown };
type Parameter = { name: string; in: string; schema: Schema };
export type FuzzOperation = {
  name: string;
  method: string;
  path: string;
  security: Record<string, unknown>[];
  parameters: Parameter[];
  bodies: Record<string, { schema: Schema; example?: unknown }>;
};
export type FuzzRequest = { method: string; path: string; headers: Record<string, string>; body: Buffer | null };
/** What is true of the portal under test: ids that exist, by the parameter's name, and credentials, good and bad. */
export type FuzzWorld = {
  ids: Record<string, string[]>;
  credentials(operation: FuzzOperation): string[];
  badCredentials: string[];
  origin: string;
};

const document = openApiDocument();

/** Every operation of the document. */
export const fuzzOperations: FuzzOperation[] = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, told]) => {
    const described = told as {
      security: Record<string, unknown>[];
      parameters?: Parameter[];
      requestBody?: { content: FuzzOperation["bodies"] };
    };
    return {
      name: `${method.toUpperCase()} ${path}`,
      method: method.toUpperCase(),
      path,
      security: described.security,
      parameters: described.parameters ?? [],
      bodies: described.requestBody?.content ?? {},
    };
  }),
);

const FORMATS: Record<string, fc.Arbitrary<string>> = {
  uuid: fc.uuid(),
  date: fc
    .date({ min: new Date("2020-01-01"), max: new Date("2030-01-01"), noInvalidDate: true })
    .map((day) => day.toISOString().slice(0, 10)),
  "date-time": fc.date({ noInvalidDate: true }).map((moment) => moment.toISOString()),
};

function text(schema: Schema): fc.Arbitrary<string> {
  const format = FORMATS[String(schema.format)];
  if (format) return format;
  if (typeof schema.pattern === "string") return fc.stringMatching(new RegExp(schema.pattern, "u"), { size: "small" });
  const minLength = Number(schema.minLength ?? 0);
  return fc.string({ unit: "binary", minLength, maxLength: Math.min(Number(schema.maxLength ?? 60), minLength + 60) });
}

const MAX_DEPTH = 5;
/** Values that a schema describes, as far as its commonest keywords say. */
function fits(schema: Schema, depth = 0): fc.Arbitrary<unknown> {
  if (depth > MAX_DEPTH) return fc.constant(null);
  if (typeof schema.$ref === "string") {
    const name = schema.$ref.slice("#/components/schemas/".length);
    return fits((document.components.schemas as Record<string, Schema>)[name] ?? {}, depth + 1);
  }
  if ("const" in schema) return fc.constant(schema.const);
  if (Array.isArray(schema.enum)) return fc.constantFrom(...schema.enum);
  const choices = (schema.anyOf ?? schema.oneOf) as Schema[] | undefined;
  if (choices) return fc.oneof(...choices.map((choice) => fits(choice, depth + 1)));
  if (schema.type === "object") {
    const properties = Object.entries((schema.properties ?? {}) as Record<string, Schema>);
    const required = (schema.required ?? []) as string[];
    return fc.record(Object.fromEntries(properties.map(([key, inner]) => [key, fits(inner, depth + 1)])), { requiredKeys: required });
  }
  if (schema.type === "array") {
    const minLength = Number(schema.minItems ?? 0);
    return fc.array(fits((schema.items ?? {}) as Schema, depth + 1), { minLength, maxLength: minLength + 3 });
  }
  if (schema.type === "string") return text(schema);
  if (schema.type === "integer" || schema.type === "number")
    return fc.integer({ min: Number(schema.minimum ?? -5), max: Number(schema.maximum ?? 1_000) });
  if (schema.type === "boolean") return fc.boolean();
  return fc.jsonValue({ maxDepth: 3 });
}

const LONG = "x".repeat(10_000);
const hostileText = fc.constantFrom(
  "",
  " ",
  "\u0000",
  "\ud800",
  "\udfff\ud800",
  "__proto__",
  "constructor",
  "toString",
  "null",
  "undefined",
  "NaN",
  "-1",
  "1e400",
  "0x10",
  "' or 1=1 --",
  '"; drop table sources; --',
  "../../etc/passwd",
  "..\\..\\x",
  "%00",
  "%",
  "{{7*7}}",
  "<script>alert(1)</script>",
  "\u202efdp.exe",
  "\u{e0041}\u{e0042}",
  "Z̸̢͠a̷l̶g̵o̴".repeat(50),
  "👩‍👩‍👧‍👦".repeat(100),
  "Ё".repeat(3_000),
  LONG,
  "agent:",
  "agent:demo",
  "a,b)",
  "(*)",
  "and(id.eq.1)",
  "\r\nx: y",
  "😀\ud83d",
);
const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: hostileText },
  fc.constantFrom(null, true, [], {}, 0, -0, -1, 1e308, 2 ** 53, Number.MIN_VALUE, [[]], [null], { length: 1e9 }, { toJSON: 1 }),
  fc.jsonValue({ maxDepth: 4 }),
  fc.constant(Array.from({ length: 2_000 }, () => "x")),
);

/** The value with one of its nodes replaced, or one more key in one of its objects. */
function mutated(value: unknown, at: number, hostile: unknown): unknown {
  let left = at;
  const walk = (node: unknown): unknown => {
    if (left-- === 0) return hostile;
    if (Array.isArray(node)) return node.map(walk);
    if (typeof node !== "object" || node === null) return node;
    const entries = Object.entries(node).map(([key, inner]) => [key, walk(inner)]);
    if (left-- === 0) entries.push(["surprise", hostile]);
    return Object.fromEntries(entries);
  };
  return walk(value);
}

/** Bodies that are no JSON, or JSON that parsers have stumbled over (T57). */
const RAW = [
  "",
  "null",
  "[]",
  "0",
  '""',
  "{",
  "}",
  '{"a":',
  "{'a':1}",
  "NaN",
  "1e400",
  "-",
  "[".repeat(20_000),
  '{"a":'.repeat(5_000),
  `${"[".repeat(40)}${"]".repeat(40)}`,
  '{"__proto__":{"admin":true}}',
  '{"constructor":{"prototype":{"x":1}}}',
  '{"id":"a","id":"b"}',
  '"\\ud800"',
  '{"a":"\\u0000"}',
  "\ufeff{}",
  "{} trailing",
  '{"files":[{"filepath":"/etc/passwd"}]}',
  `{"${LONG}":1}`,
  "a=1&b=2",
  "--x\r\n\r\n--x--",
]
  .map((raw) => Buffer.from(raw))
  .concat([Buffer.from([0xff, 0xfe, 0x7b, 0x7d]), Buffer.from([0x1f, 0x8b, 8, 0]), Buffer.alloc(300_000, 0x61)]);

const CONTENT_TYPES = [
  "text/plain",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=x",
  "application/jsonx",
  "application/json; charset=utf-16",
  "*/*",
  "",
  "application/problem+json",
  "image/svg+xml",
  "x".repeat(500),
];

type Body = { type: string | null; bytes: Buffer | null };
const json = (value: unknown) => Buffer.from(JSON.stringify(value) ?? "null");

function bodies({ bodies: media, method }: FuzzOperation): fc.Arbitrary<Body> {
  const raw = fc.record({ type: fc.constantFrom("application/json", ...CONTENT_TYPES), bytes: fc.constantFrom(...RAW) });
  if (method === "GET" || method === "DELETE") return fc.constant({ type: null, bytes: null });
  const described = media["application/json"];
  if (!described) return fc.oneof({ weight: 2, arbitrary: fc.constant<Body>({ type: null, bytes: null }) }, raw);
  const valid = fc.oneof(fc.constant(described.example ?? {}), fits(described.schema));
  const near = fc.tuple(valid, fc.nat(24), hostileValue).map(([value, at, hostile]) => mutated(value, at, hostile));
  const asJson = (value: fc.Arbitrary<unknown>) => value.map((given): Body => ({ type: "application/json", bytes: json(given) }));
  const files = fc.tuple(fc.constantFrom("application/pdf", "text/markdown", ...CONTENT_TYPES), fc.uint8Array({ maxLength: 200 }));
  return fc.oneof(
    { weight: 3, arbitrary: asJson(valid) },
    { weight: 6, arbitrary: asJson(near) },
    { weight: 2, arbitrary: raw },
    ...(media["application/octet-stream"]
      ? [{ weight: 4, arbitrary: files.map(([type, bytes]): Body => ({ type, bytes: Buffer.from(bytes) })) }]
      : []),
  );
}

/** Text as a part of an address; what cannot be written in UTF-8 goes as a broken escape. */
const escaped = (value: string) => encodeURIComponent(Buffer.from(value.slice(0, 4_000), "utf8").toString("utf8"));
const BROKEN_ESCAPES = ["%", "%ff", "%00", "%e0%a4", "..%2f..%2fadmin", "%2e%2e", ".%00.", "%c0%ae", "a".repeat(10_000)];

const pathPart = (name: string, schema: Schema, world: FuzzWorld): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...(world.ids[name] ?? ["1"])).map(escaped) },
    fits(schema).map((value) => escaped(String(value)) || "-"),
    hostileText.map((value) => escaped(value) || "-"),
    fc.constantFrom(...BROKEN_ESCAPES),
  );

function queries({ parameters }: FuzzOperation): fc.Arbitrary<string> {
  const named = parameters.filter((parameter) => parameter.in === "query");
  const one = (parameter: Parameter) =>
    fc
      .oneof({ weight: 2, arbitrary: fits(parameter.schema).map(String) }, hostileText)
      .map((value) => `${parameter.name}=${escaped(value)}`);
  const strange = fc.constantFrom(
    "x=1",
    "__proto__=1",
    "limit=1&limit=2",
    "cursor[]=1",
    "org_id=1",
    "%ff=%ff",
    "=",
    "&&&",
    "limit=%00",
    `cursor=${"A".repeat(3_000)}`,
  );
  const parts = fc.oneof(
    { weight: 4, arbitrary: fc.constant<string[]>([]) },
    {
      weight: 5,
      arbitrary:
        named.length > 0
          ? fc.tuple(...named.map((parameter) => fc.option(one(parameter), { nil: "" }))).map((all) => all.filter(Boolean))
          : fc.constant([]),
    },
    strange.map((part) => [part]),
  );
  return parts.map((all) => (all.length > 0 ? `?${all.join("&")}` : ""));
}

/** What Node's client agrees to send in a header. */
const sendable = (value: string) => value.replace(/[^\t\x20-\x7e\x80-\xff]/g, "?").slice(0, 3_000);

/** Requests to an operation. Each comes from an address of its own, so that limits by address hide nothing. */
export function fuzzRequests(operation: FuzzOperation, world: FuzzWorld): fc.Arbitrary<FuzzRequest> {
  const names = [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
  const schemaOf = (name: string) => operation.parameters.find((parameter) => parameter.name === name)?.schema ?? {};
  const credentials = world.credentials(operation);
  const credential = fc.oneof(
    { weight: 8, arbitrary: credentials.length > 0 ? fc.constantFrom(...credentials) : fc.constant("") },
    fc.constantFrom("", ...world.badCredentials),
  );
  const extra = fc.oneof(
    { weight: 3, arbitrary: fc.constant<[string, string] | null>(null) },
    fc.tuple(
      fc.constantFrom("idempotency-key", "last-event-id", "accept-language", "referer", "if-none-match", "x-api-key", "content-encoding"),
      fc.oneof(
        hostileText,
        fc.uuid().map((run) => `${run}:3`),
      ),
    ),
  );
  return fc
    .record({
      parts: fc.tuple(...names.map((name) => pathPart(name, schemaOf(name), world))),
      query: queries(operation),
      body: bodies(operation),
      credential,
      extra,
      origin: fc.oneof(
        { weight: 6, arbitrary: fc.constant(world.origin) },
        fc.constantFrom("", "null", "https://evil.example", "x".repeat(400)),
      ),
      address: fc.ipV4(),
    })
    .map(({ parts, query, body, credential: token, extra: more, origin, address }) => {
      const headers: Record<string, string> = { "x-forwarded-for": address };
      if (body.type) headers["content-type"] = sendable(body.type);
      if (token) headers.authorization = `Bearer ${sendable(token)}`;
      if (origin) headers.origin = origin;
      if (more) headers[more[0]] = sendable(more[1]);
      if (body.bytes) headers["content-length"] = String(body.bytes.byteLength);
      let at = 0;
      return { method: operation.method, path: operation.path.replace(/\{\w+\}/g, () => parts[at++]!) + query, headers, body: body.bytes };
    });
}
