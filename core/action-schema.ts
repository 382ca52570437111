import { z } from "zod";

/** Names that every object answers to would count as given. Letters first also keeps out __proto__. */
const propertyName = z
  .string()
  .regex(/^[a-zA-Z][a-zA-Z0-9_-]{0,39}$/, { error: "a parameter's name is letters, digits, _ and -, beginning with a letter" })
  .refine((name) => !(name in {}), { error: "this name is taken by JavaScript itself" });

const described = { title: z.string().max(120).optional(), description: z.string().max(500).optional() };
const size = z.number().int().min(0).max(10_000).optional();

const text = z.strictObject({
  type: z.literal("string"),
  enum: z.array(z.string().max(200)).min(1).max(50).optional(),
  minLength: size,
  maxLength: size,
  ...described,
});
const number = z.strictObject({
  type: z.enum(["number", "integer"]),
  enum: z.array(z.number()).min(1).max(50).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  ...described,
});
const truth = z.strictObject({ type: z.literal("boolean"), ...described });
const scalar = z.discriminatedUnion("type", [text, number, truth]);

const properties = <T extends z.ZodType>(value: T) =>
  z.record(propertyName, value).refine((all) => Object.keys(all).length <= 20, { error: "at most 20 parameters" });
const object = <T extends z.ZodType>(value: T) =>
  z
    .strictObject({
      type: z.literal("object"),
      properties: properties(value).default({}),
      required: z.array(z.string()).max(20).optional(),
      additionalProperties: z.literal(false).optional(),
      ...described,
    })
    .refine(({ properties, required = [] }) => required.every((name) => Object.hasOwn(properties, name)), {
      path: ["required"],
      error: "a required parameter must be among the properties",
    });
const list = <T extends z.ZodType>(items: T) =>
  z.strictObject({ type: z.literal("array"), items, minItems: size, maxItems: size, ...described });

const third = scalar;
const second = z.union([scalar, list(third), object(third)]);

/**
 * The JSON schema of an action's parameters: an object, at most three deep, of a vocabulary that can neither refer elsewhere nor
 * be made to run long ($ref, pattern, format and combinations are not in it). Strict: what is not known is refused, not ignored.
 */
export const actionSchema = object(z.union([scalar, list(second), object(second)]));
export type ActionSchema = z.infer<typeof actionSchema>;
