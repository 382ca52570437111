import { z } from "zod";

type Json = Record<string, unknown>;

const IN = z.registry<{ id: string }>();
const OUT = z.registry<{ id: string }>();

/** Names the schema of a request's body in the document. */
export function requestSchema<S extends z.ZodType>(id: string, schema: S): S {
  IN.add(schema, { id });
  return schema;
}

/** Names the schema of an answer's body in the document. */
export function answerSchema<S extends z.ZodType>(id: string, schema: S): S {
  OUT.add(schema, { id });
  return schema;
}

const refTo = (id: string) => `#/components/schemas/${id}`;

/** Where the document holds a named schema. @throws Error for one without a name */
export function reference(schema: z.ZodType): { $ref: string } {
  const named = IN.get(schema) ?? OUT.get(schema);
  if (!named) throw new Error("A body's schema has no name: give it one with requestSchema or answerSchema");
  return { $ref: refTo(named.id) };
}

/** A parameter's schema, in place. */
export function inlineSchema(schema: z.ZodType): Json {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  return json;
}

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);

/** z.json() comes out as a schema that contains itself; all it says is "any JSON". */
function withoutRecursion(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutRecursion);
  if (!isObject(value)) return value;
  if (typeof value.$ref === "string" && value.$ref.includes("__shared")) return { description: "Any JSON value." };
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutRecursion(inner)]));
}

function components(registry: typeof IN, io: "input" | "output"): Record<string, unknown> {
  const { schemas } = z.toJSONSchema(registry, { io, uri: refTo, unrepresentable: "any" });
  return Object.fromEntries(
    Object.entries(schemas)
      .filter(([id]) => id !== "__shared")
      .map(([id, { $schema: _, $id: __, ...schema }]) => [id, withoutRecursion(schema)]),
  );
}

/** All named schemas as JSON Schema 2020-12: requests as they are sent, answers as they are received. */
export const schemaComponents = (): Record<string, unknown> => ({ ...components(IN, "input"), ...components(OUT, "output") });
