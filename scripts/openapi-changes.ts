// What a change of the HTTP API would break for programs that exist. `npm run check:api -- <before.json> <after.json>` compares two OpenAPI
// documents; `npm run check:api -- --print` prints the one of the tree it is run in. Ends with 1 when something breaks and the version does
// not say so (a new major one, or a new minor one before 1.0).
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

type Schema = { [keyword: string]: unknown };
type Content = Record<string, { schema?: Schema; "x-event-data"?: Schema }>;
type Parameter = { name: string; in: string; required?: boolean; schema?: Schema };
type Operation = {
  parameters?: Parameter[];
  requestBody?: { content: Content };
  responses?: Record<string, { content?: Content }>;
  security?: Record<string, string[]>[];
};
export type Document = {
  info: { version: string };
  paths: Record<string, Record<string, Operation>>;
  webhooks?: Record<string, Record<string, Operation>>;
  components?: { schemas?: Record<string, Schema> };
};

/** A schema together with the document that its references lead into. */
type Side = { schema: Schema | boolean | undefined; document: Document };

const asList = (value: unknown): unknown[] => (Array.isArray(value) ? value : value === undefined ? [] : [value]);
const text = (value: unknown) => JSON.stringify(value);

function resolve({ schema, document }: Side): Schema {
  if (schema === undefined || schema === true) return {};
  if (schema === false) return { not: {} };
  const ref = schema.$ref;
  if (typeof ref !== "string") return schema;
  const target = ref
    .replace(/^#\//, "")
    .split("/")
    .reduce<unknown>((at, part) => (at as Record<string, unknown>)?.[part], document);
  if (!target) throw new Error(`There is no ${ref} in the document.`);
  return resolve({
    schema: { ...(target as Schema), ...Object.fromEntries(Object.entries(schema).filter(([key]) => key !== "$ref")) },
    document,
  });
}

/** The alternatives of a schema: those of anyOf and oneOf, and one for each type. Parts of allOf are put together. */
function variants(side: Side): Schema[] {
  const { allOf, anyOf, oneOf, ...rest } = resolve(side);
  if (allOf) {
    const parts = (allOf as Schema[]).flatMap((schema) => variants({ ...side, schema }));
    return [parts.reduce((whole, part) => merged(whole, part), rest)];
  }
  const alternatives = (anyOf ?? oneOf) as Schema[] | undefined;
  if (alternatives) return alternatives.flatMap((schema) => variants({ ...side, schema }).map((found) => merged(rest, found)));
  if (Array.isArray(rest.type)) return rest.type.map((type) => ({ ...rest, type }));
  return [rest];
}

function merged(one: Schema, other: Schema): Schema {
  return {
    ...one,
    ...other,
    ...(one.properties || other.properties ? { properties: { ...(one.properties as object), ...(other.properties as object) } } : {}),
    ...(one.required || other.required ? { required: [...new Set([...asList(one.required), ...asList(other.required)])] } : {}),
  };
}

const typeOf = ({ type, const: only, enum: some, properties, items }: Schema): unknown => {
  if (type) return type;
  const [sample] = only === undefined ? asList(some) : [only];
  if (sample !== undefined) return sample === null ? "null" : Array.isArray(sample) ? "array" : typeof sample;
  return properties ? "object" : items ? "array" : undefined;
};
const valuesOf = ({ const: only, enum: some }: Schema): unknown[] | null => (only !== undefined ? [only] : ((some as unknown[]) ?? null));

/** Keywords that allow less the larger (or the smaller) they are. */
const LEAST = ["minimum", "exclusiveMinimum", "minLength", "minItems"];
const MOST = ["maximum", "exclusiveMaximum", "maxLength", "maxItems"];

/**
 * Why some value of `narrow` is none of `wide`; empty when all of them are.
 * @param grows whether objects of `narrow` may have fields that `wide` does not know
 */
class Subset {
  private readonly compared = new Set<string>();
  constructor(private readonly grows: boolean) {}

  problems(narrow: Side, wide: Side, where: string): string[] {
    const pair = `${text(narrow.schema)} ${text(wide.schema)}`;
    // A schema that contains itself has been looked at already.
    if (/\$ref/.test(pair)) {
      if (this.compared.has(pair)) return [];
      this.compared.add(pair);
    }
    const choices = variants(wide);
    return variants(narrow).flatMap((value) => {
      const found = choices.map((choice) => this.ofOne({ ...narrow, schema: value }, { ...wide, schema: choice }, where));
      return found.some((list) => list.length === 0) ? [] : found.reduce((best, list) => (list.length < best.length ? list : best));
    });
  }

  private ofOne(narrowSide: Side, wideSide: Side, where: string): string[] {
    const [narrow, wide] = [narrowSide.schema as Schema, wideSide.schema as Schema];
    const [type, wideType] = [typeOf(narrow), typeOf(wide)];
    if (wideType && type !== wideType && !(type === "integer" && wideType === "number"))
      return [`${where}: ${type ?? "anything"} is not ${wideType}`];
    const [values, wideValues] = [valuesOf(narrow), valuesOf(wide)];
    if (wideValues) {
      if (!values) return [`${where}: is one of ${text(wideValues)} only`];
      const others = values.filter((value) => !wideValues.some((known) => text(known) === text(value)));
      if (others.length > 0) return [`${where}: ${others.map(text).join(", ")} is not among ${text(wideValues)}`];
    }
    const problems = values ? [] : this.bounds(narrow, wide, where);
    if (type === "object") problems.push(...this.fields(narrowSide, wideSide, where));
    if (type === "array" && wide.items)
      problems.push(
        ...this.problems({ ...narrowSide, schema: narrow.items as Schema }, { ...wideSide, schema: wide.items as Schema }, `${where}[]`),
      );
    return problems;
  }

  private bounds(narrow: Schema, wide: Schema, where: string): string[] {
    const least = LEAST.filter((key) => wide[key] !== undefined && !(Number(narrow[key]) >= Number(wide[key])));
    const most = MOST.filter((key) => wide[key] !== undefined && !(Number(narrow[key]) <= Number(wide[key])));
    const same = ["pattern", "format"].filter((key) => wide[key] !== undefined && narrow[key] !== wide[key]);
    return [...least, ...most, ...same].map((key) => `${where}: ${key} ${narrow[key] ?? "none"} is not within ${wide[key]}`);
  }

  private fields(narrowSide: Side, wideSide: Side, where: string): string[] {
    const [narrow, wide] = [narrowSide.schema as Schema, wideSide.schema as Schema];
    const [own, known] = [(narrow.properties ?? {}) as Record<string, Schema>, (wide.properties ?? {}) as Record<string, Schema>];
    const required = asList(narrow.required);
    const problems = asList(wide.required)
      .filter((name) => !required.includes(name))
      .map((name) => `${where}.${name}: may be missing`);
    for (const [name, schema] of Object.entries(own)) {
      const expected = known[name] ?? wide.additionalProperties;
      if (known[name] || typeof expected === "object")
        problems.push(...this.problems({ ...narrowSide, schema }, { ...wideSide, schema: expected as Schema }, `${where}.${name}`));
      else if (expected === false && !this.grows) problems.push(`${where}.${name}: is not known`);
    }
    return problems;
  }
}

/** Schemas of contents by media type; an event stream's are those of its events. */
const schemasOf = (content: Content = {}) =>
  Object.fromEntries(Object.entries(content).map(([type, { schema, "x-event-data": event }]) => [type, event ?? schema]));

/** What callers send must still be taken. */
function requestProblems(before: Operation, after: Operation, documents: [Document, Document], where: string): string[] {
  const [old, now] = documents;
  const problems: string[] = [];
  const key = (parameter: Parameter) => `${parameter.in} ${parameter.name}`;
  const known = new Map((after.parameters ?? []).map((parameter) => [key(parameter), parameter]));
  const given = new Map((before.parameters ?? []).map((parameter) => [key(parameter), parameter]));
  for (const [name, parameter] of given) {
    const kept = known.get(name);
    if (!kept) problems.push(`${where}: the parameter ${name} is gone`);
    else
      problems.push(
        ...new Subset(false).problems(
          { schema: parameter.schema, document: old },
          { schema: kept.schema, document: now },
          `${where} ${name}`,
        ),
      );
  }
  for (const [name, parameter] of known)
    if (parameter.required && !given.get(name)?.required) problems.push(`${where}: the parameter ${name} is needed now`);
  const bodies = schemasOf(after.requestBody?.content);
  for (const [type, schema] of Object.entries(schemasOf(before.requestBody?.content)))
    if (!(type in bodies)) problems.push(`${where}: a body of ${type} is no longer taken`);
    else problems.push(...new Subset(false).problems({ schema, document: old }, { schema: bodies[type], document: now }, `${where} body`));
  if (after.requestBody && !before.requestBody) problems.push(`${where}: a body is needed now`);
  const ways = (after.security ?? []).map(text);
  for (const way of before.security ?? [])
    if (after.security?.length && !ways.includes(text(way))) problems.push(`${where}: ${Object.keys(way).join(" + ")} no longer opens it`);
  if (after.security?.length && before.security?.length === 0) problems.push(`${where}: a credential is needed now`);
  return problems;
}

/** What callers read must still be as they know it, new fields aside. Errors are told by their status and code, of which there may be new ones. */
function responseProblems(before: Operation, after: Operation, documents: [Document, Document], where: string): string[] {
  const [old, now] = documents;
  return Object.entries(before.responses ?? {}).flatMap(([status, answer]) => {
    if (!status.startsWith("2")) return [];
    const kept = after.responses?.[status];
    if (!kept) return [`${where}: ${status} is no longer answered`];
    const contents = schemasOf(kept.content);
    return Object.entries(schemasOf(answer.content)).flatMap(([type, schema]) =>
      type in contents
        ? new Subset(true).problems({ schema: contents[type], document: now }, { schema, document: old }, `${where} ${status}`)
        : [`${where}: ${status} is no longer ${type}`],
    );
  });
}

/**
 * What programs that know `before` can no longer rely on in `after`, in words.
 * @throws Error for a reference that leads nowhere
 */
export function breakingChanges(before: Document, after: Document): string[] {
  const documents: [Document, Document] = [before, after];
  const calls = Object.entries(before.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, operation]) => {
      const where = `${method.toUpperCase()} ${path}`;
      const kept = after.paths[path]?.[method];
      if (!kept) return [`${where}: is gone`];
      return [...requestProblems(operation, kept, documents, where), ...responseProblems(operation, kept, documents, where)];
    }),
  );
  // Webhooks go the other way: what is sent there is what others read.
  const events = Object.entries(before.webhooks ?? {}).flatMap(([name, { post }]) => {
    const kept = after.webhooks?.[name]?.post;
    if (!kept) return [`webhook ${name}: is no longer sent`];
    const bodies = schemasOf(kept.requestBody?.content);
    return Object.entries(schemasOf(post?.requestBody?.content)).flatMap(([type, schema]) =>
      new Subset(true).problems({ schema: bodies[type], document: after }, { schema, document: before }, `webhook ${name}`),
    );
  });
  return [...new Set([...calls, ...events])];
}

/** Whether a new version says that programs may have to be changed (https://semver.org). */
export function mayBreak(before: string, after: string): boolean {
  const [oldMajor, oldMinor] = before.split(".").map(Number) as [number, number];
  const [major, minor] = after.split(".").map(Number) as [number, number];
  return major > oldMajor || (major === 0 && oldMajor === 0 && minor > oldMinor);
}

async function main(args: string[]): Promise<void> {
  if (args[0] === "--print") {
    const { openApiDocument } = await import(pathToFileURL(join(process.cwd(), "portal/app/http/openapi/document.ts")).href);
    process.stdout.write(`${JSON.stringify(openApiDocument(), null, 1)}\n`);
    return;
  }
  const [before, after] = args.map((path) => JSON.parse(readFileSync(path, "utf8")) as Document);
  if (!before || !after) throw new Error("Usage: npm run check:api -- <before.json> <after.json>, or --print");
  const breaking = breakingChanges(before, after);
  const allowed = mayBreak(before.info.version, after.info.version);
  for (const change of breaking) console.log(`${allowed ? "breaks" : "BREAKS"}  ${change}`);
  console.log(`${breaking.length} breaking changes from ${before.info.version} to ${after.info.version}.`);
  if (breaking.length > 0 && !allowed) process.exitCode = 1;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main(process.argv.slice(2));
