import { z } from "zod";
import type { CrmField, CrmValue } from "./crm.ts";

/**
 * Pipedrive's custom fields have codes of 40 hex digits, and their values another JSON type for each type of field. A key of ours says both:
 * the code alone is a text, "code.enum", "code.double" and so on anything else, so that a value is written without asking for the schema first.
 */
const CUSTOM = /^([0-9a-f]{40})(?:\.(enum|set|double|int|phone|date|monetary))?$/;

export const definition = z.object({
  field_code: z.string().min(1),
  field_name: z.string(),
  field_type: z.string(),
  is_custom_field: z.boolean().default(false),
  options: z
    .array(z.object({ id: z.union([z.number(), z.string()]).transform(String), label: z.string() }))
    .nullish()
    .transform((options) => options ?? []),
});

const TYPES: Record<string, CrmField["type"]> = {
  varchar: "text",
  varchar_auto: "text",
  text: "text",
  double: "number",
  int: "number",
  monetary: "number",
  phone: "phone",
  date: "date",
  enum: "choice",
  set: "choice",
};

/** Pipedrive's own fields that are offered: by its codes, with those of ours. */
const STANDARD: Record<"contact" | "deal", Record<string, { key: string; type: CrmField["type"]; writable: boolean }>> = {
  contact: {
    name: { key: "name", type: "text", writable: true },
    email: { key: "email", type: "email", writable: true },
    emails: { key: "email", type: "email", writable: true },
    phone: { key: "phone", type: "phone", writable: true },
    phones: { key: "phone", type: "phone", writable: true },
    first_name: { key: "first_name", type: "text", writable: false },
    last_name: { key: "last_name", type: "text", writable: false },
  },
  deal: {
    value: { key: "value", type: "number", writable: true },
    currency: { key: "currency", type: "text", writable: true },
    expected_close_date: { key: "expected_close_date", type: "date", writable: true },
    stage_id: { key: "stage_id", type: "number", writable: true },
    pipeline_id: { key: "pipeline_id", type: "number", writable: true },
  },
};

/** The fields that can be mapped; others (people, organizations, addresses, ranges of time) have no value of ours. */
export function fieldsOf(definitions: z.output<typeof definition>[], object: "contact" | "deal"): CrmField[] {
  const fields = definitions.flatMap((given): CrmField[] => {
    const standard = STANDARD[object][given.field_code];
    if (standard) return [{ ...standard, label: given.field_name }];
    const type = TYPES[given.field_type];
    if (!given.is_custom_field || !type) return [];
    const key = type === "text" ? given.field_code : `${given.field_code}.${given.field_type}`;
    if (!CUSTOM.test(key)) return [];
    return [
      {
        key,
        label: given.field_name,
        type,
        ...(type === "choice" ? { choices: given.options.map(({ id, label }) => ({ value: id, label })) } : {}),
        writable: given.field_type !== "monetary",
      },
    ];
  });
  const rank = ({ key }: CrmField) => (CUSTOM.test(key) ? 1 : 0);
  return fields.sort((a, b) => rank(a) - rank(b));
}

/** The code of a custom field, null for another. */
export const customCode = (key: string): string | null => CUSTOM.exec(key)?.[1] ?? null;

/** A value as Pipedrive takes it in a custom field of this type. */
function customValue(type: string | undefined, value: CrmValue): unknown {
  if (value === null) return null;
  if (type === "set") return String(value).split(",").map(Number);
  if (type === "enum" || type === "double" || type === "int") return Number(value);
  if (type === "phone") return { value: String(value) };
  return String(value);
}

/** The body of a write: Pipedrive's own fields beside `custom_fields`. E-mail and phone are lists of their own and left out. */
export function bodyOf(fields: Record<string, CrmValue>): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  const custom: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(fields)) {
    const [, code, type] = CUSTOM.exec(key) ?? [];
    if (code) custom[code] = customValue(type, value);
    else if (key !== "email" && key !== "phone") body[key] = key.endsWith("_id") || key === "value" ? value && Number(value) : value;
  }
  return Object.keys(custom).length > 0 ? { ...body, custom_fields: custom } : body;
}

/** A value out of an answer: several are joined by commas, of money and phones the value counts. */
export function plain(value: unknown): CrmValue {
  if (value === null || value === undefined) return null;
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  if (Array.isArray(value)) return value.map(plain).join(",");
  return "value" in (value as object) ? plain((value as { value: unknown }).value) : null;
}
