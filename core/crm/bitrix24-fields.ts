import { z } from "zod";
import type { CrmField, CrmValue } from "./crm.ts";
import { CrmError } from "./crm-error.ts";

/** Phones and e-mails of an item (crm/data-types, crm_multifield). */
export const multifields = z.array(
  z.object({ id: z.coerce.number().int().positive(), typeId: z.string(), valueType: z.string(), value: z.string() }),
);

/** The fields of contacts or deals (crm/universal/crm-item-fields). */
export const itemFields = z.record(
  z.string(),
  z.object({
    type: z.string(),
    title: z.string(),
    isReadOnly: z.boolean().optional(),
    isImmutable: z.boolean().optional(),
    isMultiple: z.boolean().optional(),
    isDeprecated: z.boolean().optional(),
    items: z.array(z.object({ ID: z.coerce.string(), VALUE: z.string() })).optional(),
  }),
);

/** What is not here (links to other records, files, directories of the account) has no value that a text or number could be. */
const TYPES: Record<string, CrmField["type"]> = {
  string: "text",
  text: "text",
  url: "text",
  integer: "number",
  double: "number",
  boolean: "boolean",
  date: "date",
  datetime: "date",
  enumeration: "choice",
};

/** How the editor shows a field; null for one that cannot be mapped. */
export function fieldFrom(key: string, field: z.infer<typeof itemFields>[string]): CrmField | null {
  const type = Object.hasOwn(TYPES, field.type) ? TYPES[field.type]! : null;
  if (!type || field.isDeprecated || key === "id") return null;
  return {
    key,
    label: field.title,
    type,
    ...(type === "choice" ? { choices: (field.items ?? []).map(({ ID, VALUE }) => ({ value: ID, label: VALUE })) } : {}),
    writable: !field.isReadOnly && !field.isImmutable && !field.isMultiple,
  };
}

/** A value as an item has it; several are joined by commas. */
export function valueFrom(raw: unknown): CrmValue {
  if (typeof raw === "number" || typeof raw === "boolean") return raw;
  if (typeof raw === "string") return raw || null;
  if (!Array.isArray(raw)) return null;
  return raw.filter((one) => typeof one === "string" || typeof one === "number").join(", ") || null;
}

export type SentFields = {
  fields: Record<string, unknown>;
  /** PHONE and EMAIL, which are not fields but lists of their own. */
  communications: Partial<Record<"PHONE" | "EMAIL", string | null>>;
};

/** @throws CrmError("invalid") for a key that can be no field's, or is one that links records */
export function fieldsOf(given: Record<string, CrmValue>): SentFields {
  const sent: SentFields = { fields: {}, communications: {} };
  for (const [key, value] of Object.entries(given)) {
    if (key === "PHONE" || key === "EMAIL") sent.communications[key] = value === null ? null : String(value);
    else if (!/^(?:[a-z][A-Za-z0-9]{0,60}|UF_[A-Z0-9_]{1,60})$/.test(key) || /^(?:id|fm|contactIds?|assignedById)$/.test(key))
      throw new CrmError("invalid", "Bitrix24 has no such field", { detail: key });
    else if (typeof value === "boolean") sent.fields[key] = value ? "Y" : "N";
    else sent.fields[key] = key === "comments" && typeof value === "string" ? plainText(value) : (value ?? "");
  }
  return sent;
}

/** Comments take BB codes: a visitor's "[url=…]" stays text when its bracket is followed by a word joiner (U+2060). */
export const plainText = (text: string) => text.replace(/\[(?=[a-z/*])/gi, "[\u2060");
