import { z } from "zod";
import { samePhone } from "../phones.ts";
import type { CrmField, CrmValue } from "./crm.ts";
import { unixSeconds } from "./crm-answer.ts";
import { CrmError } from "./crm-error.ts";

/** The filled fields of a contact or lead, as amoCRM gives them (crm_platform/custom-fields). */
export const filledFields = z.array(
  z.object({
    field_id: z.int(),
    field_code: z.string().nullish(),
    field_type: z.string(),
    values: z.array(z.object({ value: z.unknown().optional(), enum_id: z.int().nullish(), enum_code: z.string().nullish() })),
  }),
);
type Filled = z.infer<typeof filledFields>[number];

/** A field of an account, from its list of them. */
export const customField = z.object({
  id: z.int(),
  name: z.string(),
  type: z.string(),
  code: z.string().nullish(),
  is_computed: z.boolean().nullish(),
  enums: z.array(z.object({ id: z.int(), value: z.string() })).nullish(),
});

/** Fields that are known by their code in every account; all others go by their number. */
const BY_CODE: Record<string, "phone" | "email"> = { PHONE: "phone", EMAIL: "email" };
/** What is not here (files, legal entities, linked records …) has no value that a text or number could be. */
const TYPES: Record<string, CrmField["type"]> = {
  text: "text",
  textarea: "text",
  url: "text",
  streetaddress: "text",
  tracking_data: "text",
  multiselect: "text",
  multitext: "text",
  numeric: "number",
  monetary: "number",
  checkbox: "boolean",
  date: "date",
  date_time: "date",
  birthday: "date",
  select: "choice",
  radiobutton: "choice",
};

/** How the editor shows a field; null for one that cannot be mapped. */
export function fieldFrom(field: z.infer<typeof customField>): CrmField | null {
  const type = TYPES[field.type];
  if (!type) return null;
  const code = field.code && Object.hasOwn(BY_CODE, field.code) ? field.code : null;
  const several = field.type === "multiselect" || (field.type === "multitext" && !code);
  return {
    key: code ?? String(field.id),
    label: field.name,
    type: code ? BY_CODE[code]! : type,
    // A choice is written by its words, which amoCRM takes as well as its number.
    ...(type === "choice" ? { choices: (field.enums ?? []).map(({ value }) => ({ value, label: value })) } : {}),
    writable: !several && !field.is_computed,
  };
}

const isField = (field: Filled, key: string) => (Object.hasOwn(BY_CODE, key) ? field.field_code === key : String(field.field_id) === key);

/** All texts of a field such as PHONE. */
export function textsOf(filled: Filled[] | null | undefined, key: string): string[] {
  const values = filled?.find((field) => isField(field, key))?.values ?? [];
  return values.flatMap(({ value }) => (typeof value === "string" && value ? [value] : typeof value === "number" ? [String(value)] : []));
}

/** A field's value; null when it is not filled. Several are joined by commas, moments are ISO times. */
export function fieldValue(filled: Filled[] | null | undefined, key: string): CrmValue {
  const field = filled?.find((one) => isField(one, key));
  if (!field) return null;
  const first = field.values[0]?.value;
  const type = TYPES[field.field_type];
  if (type === "date" && unixSeconds.safeParse(first).success) return new Date(Number(first) * 1000).toISOString();
  if (type === "number" && first !== "" && Number.isFinite(Number(first))) return Number(first);
  if (typeof first === "boolean") return first;
  return textsOf(filled, key).join(", ") || null;
}

/** A field as `write` sends it; values null empties it. */
export type SentField = { field_id?: number; field_code?: string; values: { value: unknown; enum_code?: string }[] | null };

/** @throws CrmError("invalid") for a key that is none of amoCRM's */
export function sentField(key: string, value: CrmValue): SentField {
  // RFC 3339 without fractions is what date fields take.
  const sent = typeof value === "string" ? value.replace(/^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d+Z$/, "$1+00:00") : value;
  const isEmpty = sent === null || sent === "";
  if (Object.hasOwn(BY_CODE, key)) return { field_code: key, values: isEmpty ? null : [{ value: String(sent), enum_code: "WORK" }] };
  if (/^[1-9]\d{0,14}$/.test(key)) return { field_id: Number(key), values: isEmpty ? null : [{ value: sent }] };
  throw new CrmError("invalid", "amoCRM has no such field", { detail: key });
}

/**
 * What an update sends of phones and e-mails: amoCRM puts what is sent in place of all that were there, so that the others have to be sent
 * along; one that is there already, however it is written, is not sent at all.
 */
export function keepingOthers(filled: Filled[], sent: SentField[]): SentField[] {
  return sent.flatMap((field) => {
    const old = field.field_code ? filled.find(({ field_code }) => field_code === field.field_code)?.values : undefined;
    if (!old || !field.values) return [field];
    const given = String(field.values[0]?.value);
    const same = (one: unknown) =>
      typeof one === "string" &&
      (field.field_code === "PHONE" ? samePhone(one, given) : one.trim().toLowerCase() === given.trim().toLowerCase());
    if (old.some(({ value }) => same(value))) return [];
    const others = old.map(({ value, enum_code }) => ({ value, ...(enum_code ? { enum_code } : {}) }));
    return [{ ...field, values: [...field.values, ...others] }];
  });
}
