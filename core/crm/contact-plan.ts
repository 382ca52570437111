import { IDENTITY_FIELDS, type OurValue } from "./contact-of.ts";
import type { CrmContact, CrmId, CrmValue } from "./crm.ts";
import type { CrmSettings, FieldMapping, OurField } from "./crm-settings.ts";
import { defaultFields, nameKeyOf } from "./default-fields.ts";

/** One field of a record that is going to be written, or not, and why. */
export type PlannedLine = {
  ours: OurField;
  theirs: string;
  label: string;
  before: CrmValue;
  after: CrmValue;
  outcome:
    | "write"
    /** Both sides have the same already. */
    | "same"
    /** We know nothing to write. */
    | "nothing"
    /** Theirs stays, by the conflict rule. */
    | "theirs_stays"
    /** Theirs stays, as ours is only what somebody typed of themselves. */
    | "typed_only";
};

export type PlannedContact = {
  action: "create" | "update";
  /** null for a contact that is to be made. */
  externalId: string | null;
  fields: Record<string, CrmValue>;
  tags: string[];
  lines: PlannedLine[];
};

type Values = Partial<Record<OurField, OurValue>>;

/**
 * Which fields of a contact are written. A new contact always gets what it is known by (name, e-mail, phone), in the map or not: without it,
 * it would not be found again. Of a contact that is there, only mapped fields are written, by the conflict rule; what a visitor merely
 * typed never replaces who somebody is said to be there.
 */
export function contactPlan(values: Values, given: { crm: CrmId; settings: CrmSettings }, existing: CrmContact | null): PlannedContact {
  const { crm, settings } = given;
  const mapped = settings.fields.filter(({ object, direction, ours }) => object === "contact" && direction !== "in" && ours !== null);
  const taken = new Set(settings.fields.filter(({ object }) => object === "contact").map(({ theirs }) => theirs));
  const known = existing
    ? []
    : defaultFields(crm).filter(({ theirs, ours }) => !taken.has(theirs) && !mapped.some((one) => one.ours === ours));
  const lines = [...mapped, ...known].map((line) => planLine(line, values, settings, existing));
  const fields: Record<string, CrmValue> = {};
  for (const { theirs, after, outcome } of lines) if (outcome === "write") fields[theirs] = after;
  if (!existing) {
    const key = nameKeyOf(crm);
    fields[key] ??= values.name?.value ?? values.email?.value ?? values.phone?.value ?? values.external_id?.value ?? "—";
  }
  return { action: existing ? "update" : "create", externalId: existing?.externalId ?? null, fields, tags: settings.write.tags, lines };
}

function planLine(
  { ours, theirs, label }: FieldMapping,
  values: Values,
  { conflict }: CrmSettings,
  existing: CrmContact | null,
): PlannedLine {
  const field = ours!;
  const value = values[field];
  const before = existing ? theirValue(field, theirs, existing) : null;
  const line = { ours: field, theirs, label, before, after: value?.value ?? null };
  if (!value) return { ...line, outcome: "nothing" };
  if (before === null || before === "") return { ...line, outcome: existing && conflict === "theirs" ? "theirs_stays" : "write" };
  if (isSame(field, before, value.value)) return { ...line, outcome: "same" };
  if (value.typed && IDENTITY_FIELDS.has(field)) return { ...line, outcome: "typed_only" };
  return { ...line, outcome: conflict === "ours" ? "write" : "theirs_stays" };
}

function theirValue(ours: OurField, theirs: string, existing: CrmContact): CrmValue {
  if (ours === "email") return existing.email ?? existing.fields[theirs] ?? null;
  if (ours === "phone") return existing.phone ?? existing.fields[theirs] ?? null;
  return existing.fields[theirs] ?? (ours === "name" ? existing.name : null);
}

const digits = (text: string) => text.replace(/\D/g, "").replace(/^8(?=\d{10}$)/, "7");

function isSame(ours: OurField, before: CrmValue, after: string): boolean {
  const text = String(before);
  if (ours === "email") return text.trim().toLowerCase() === after.trim().toLowerCase();
  if (ours === "phone") return digits(text) === digits(after);
  return text.trim() === after.trim();
}
