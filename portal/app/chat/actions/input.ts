import { type Schema, Validator } from "@cfworker/json-schema";
import { type ActionSchema, actionSchema } from "@gpt-agent/core/action-schema";
import { z } from "zod";

export type Json = z.infer<ReturnType<typeof z.json>>;

/** A text without its own limit holds this many characters at most. */
const MAX_TEXT = 2_000;
const MAX_INPUT = 16_000;
const record = z.record(z.string(), z.json());

type Property = ActionSchema["properties"][string];

/** The schema with every object closed and every text bounded: what it does not name may not be sent. */
export function closed(schema: ActionSchema): ActionSchema {
  const tighten = (property: object): object => {
    const { type, properties, items, maxLength } = property as { type: string; properties?: object; items?: Property; maxLength?: number };
    if (type === "object") {
      return {
        ...property,
        properties: Object.fromEntries(Object.entries(properties ?? {}).map(([name, value]) => [name, tighten(value)])),
        additionalProperties: false,
      };
    }
    if (type === "array") return { ...property, items: tighten(items!) };
    return type === "string" ? { ...property, maxLength: maxLength ?? MAX_TEXT } : property;
  };
  return actionSchema.parse(tighten(schema));
}

/** An input that fits the schema, or what is wrong with it in words for the model that wrote it. */
export function checkInput(
  schema: ActionSchema,
  given: unknown,
): { ok: true; input: Record<string, Json> } | { ok: false; problem: string } {
  const parsed = record.safeParse(given ?? {});
  if (!parsed.success) return { ok: false, problem: "The input must be a JSON object." };
  if (JSON.stringify(parsed.data).length > MAX_INPUT) return { ok: false, problem: "The input is too long." };
  const { valid, errors } = new Validator(closed(schema) as Schema, "2020-12", false).validate(parsed.data);
  if (valid) return { ok: true, input: parsed.data };
  // A parent only says that a child is wrong; the innermost errors say what.
  const innermost = errors.filter(({ keyword }) => !["properties", "items", "additionalProperties"].includes(keyword));
  const told = (innermost.length > 0 ? innermost : errors).slice(0, 5);
  return {
    ok: false,
    problem: `The input does not fit: ${told.map(({ instanceLocation, error }) => `${instanceLocation} ${error}`).join(" ")}`.slice(0, 600),
  };
}
