import type { CrmContact } from "@gpt-agent/core/crm/crm";
import type { CrmSettings } from "@gpt-agent/core/crm/crm-settings";
import { keysToKeep } from "@gpt-agent/core/crm/push-plan";
import type { Json } from "@gpt-agent/core/db-types";

/** Values longer than this are cut; a contact with more than MAX_FIELDS characters of them in all loses the last ones. */
const MAX_VALUE = 2_000;
const MAX_FIELDS = 12_000;

/** Contacts as `store_crm_contacts` takes them: of the fields, only those that the map lets in. */
export function contactRows(contacts: CrmContact[], settings: CrmSettings): Json {
  const kept = keysToKeep(settings);
  return contacts.map((contact) => ({
    externalId: contact.externalId,
    name: text(contact.name),
    email: text(contact.email),
    phone: text(contact.phone),
    fields: fieldsOf(contact, kept),
    url: contact.url && contact.url.length <= 500 ? contact.url : null,
    changedAt: contact.updatedAt,
  }));
}

function fieldsOf({ fields }: CrmContact, kept: string[]): Record<string, Json> {
  let left = MAX_FIELDS;
  const chosen: Record<string, Json> = {};
  for (const key of kept) {
    const value = fields[key];
    if (value === undefined || value === null) continue;
    const cut = typeof value === "string" ? text(value.slice(0, MAX_VALUE)) : value;
    left -= Buffer.byteLength(JSON.stringify([key, cut]));
    if (left < 0) break;
    chosen[key] = cut;
  }
  return chosen;
}

/** Postgres takes no NUL, and jsonb no half of a surrogate pair. */
const text = (value: string | null): string | null => value && Buffer.from(value.replaceAll("\u0000", "")).toString();
