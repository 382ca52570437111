import { z } from "zod";
import { phoneDigits, samePhone } from "../phones.ts";
import type { ContactKey, CrmCall, CrmContact, CrmPage } from "./crm.ts";
import { numericId, readAnswer } from "./crm-answer.ts";
import { CrmError } from "./crm-error.ts";

export const PLURAL = { contact: "contacts", deal: "deals", note: "notes" } as const;
const ALWAYS = ["email", "firstname", "lastname", "phone", "mobilephone", "lastmodifieddate"];
const PAGE = 100;

const record = z.object({
  id: z.string().min(1),
  properties: z.record(z.string(), z.string().nullable()),
  updatedAt: z.iso.datetime({ offset: true }),
  url: z.string().optional(),
});
type HubspotRecord = z.output<typeof record>;
/** Where the next page begins. */
export const paging = z.object({ next: z.object({ after: z.string() }).optional() }).optional();
const records = z.object({ results: z.array(record), paging, total: z.number().optional() });

/** A record's path. Ids are digits; anything else has no record. */
export function pathOf(object: keyof typeof PLURAL, externalId: string): string {
  return `/crm/objects/2026-03/${PLURAL[object]}/${numericId(externalId)}`;
}

export function unlessGone(error: unknown): null {
  if (error instanceof CrmError && error.code === "not_found") return null;
  throw error;
}

/** An address that people are sent to: HubSpot's own, or none. */
export function ownUrl(url: string | undefined): string | null {
  if (!url || !URL.canParse(url)) return null;
  const { protocol, hostname, href } = new URL(url);
  return protocol === "https:" && /(^|\.)hubspot\.com$/.test(hostname) ? href : null;
}

const propertiesOf = (fields: string[]) => [...new Set([...ALWAYS, ...fields])];

function contactOf({ id, properties, updatedAt, url }: HubspotRecord, fields: string[]): CrmContact {
  return {
    externalId: id,
    name: [properties.firstname, properties.lastname].filter(Boolean).join(" ") || null,
    email: properties.email || null,
    phone: properties.phone || properties.mobilephone || null,
    fields: Object.fromEntries(fields.map((key) => [key, properties[key] ?? null])),
    updatedAt: properties.lastmodifieddate ?? updatedAt,
    url: ownUrl(url),
  };
}

/** By id, or by e-mail: unlike the search, that sees what was written a moment ago. */
export async function read(call: CrmCall, key: string, fields: string[], idProperty?: "email"): Promise<CrmContact | null> {
  try {
    const path = idProperty ? `/crm/objects/2026-03/contacts/${encodeURIComponent(key)}` : pathOf("contact", key);
    const answer = await call({ method: "GET", path, query: { properties: propertiesOf(fields).join(","), idProperty } });
    return contactOf(readAnswer(record, answer), fields);
  } catch (error) {
    return unlessGone(error);
  }
}

async function search(call: CrmCall, body: Record<string, unknown>, fields: string[]) {
  const json = { limit: PAGE, properties: propertiesOf(fields), ...body };
  return readAnswer(
    records,
    await call({ method: "POST", path: "/crm/objects/2026-03/contacts/search", json, cost: { requests: 1, search: 1 } }),
  );
}

/** HubSpot keeps numbers for searching without their country, whose code has one to three digits; what it finds is compared in full. */
export async function find(call: CrmCall, key: ContactKey, fields: string[]): Promise<CrmContact | null> {
  const byEmail = key.email?.includes("@") ? await read(call, key.email, fields, "email") : null;
  const digits = phoneDigits(key.phone ?? "");
  if (byEmail || !digits) return byEmail;
  const values = [0, 1, 2, 3].map((length) => digits.slice(length));
  const calculated = ["hs_searchable_calculated_phone_number", "hs_searchable_calculated_mobile_number"];
  const filterGroups = [
    ...calculated.map((propertyName) => ({ filters: [{ propertyName, operator: "IN", values }] })),
    ...["phone", "mobilephone"].map((propertyName) => ({ filters: [{ propertyName, operator: "EQ", value: `+${digits}` }] })),
  ];
  const { results } = await search(call, { filterGroups, sorts: [{ propertyName: "createdate", direction: "ASCENDING" }] }, fields);
  const same = results.find(
    ({ properties }) => samePhone(properties.phone ?? "", key.phone!) || samePhone(properties.mobilephone ?? "", key.phone!),
  );
  return same ? contactOf(same, fields) : null;
}

/** All contacts, by the list: in the order of their ids, without an end at 10,000. The first page asks the search how many there are. */
export async function everything(call: CrmCall, cursor: string | null, fields: string[]): Promise<CrmPage> {
  const query = { limit: PAGE, after: cursor ?? undefined, properties: propertiesOf(fields).join(",") };
  const { results, paging: more } = readAnswer(records, await call({ method: "GET", path: "/crm/objects/2026-03/contacts", query }));
  const next = more?.next?.after ?? null;
  const total = cursor !== null ? null : next === null ? results.length : ((await search(call, { limit: 1 }, [])).total ?? null);
  return { contacts: results.map((one) => contactOf(one, fields)), deleted: [], next, total };
}

/**
 * What changed, by time: each page begins at the last moment of the one before, so that a record which changes meanwhile moves to a later page and
 * none is passed over (pages by number would), and no page lies beyond the search's 10,000. More than a page of one millisecond, as an import
 * makes, goes by id. The cursor is a moment, or `moment#id`.
 */
export async function changedSince(call: CrmCall, from: string, fields: string[]): Promise<CrmPage> {
  const [moment = "", id] = from.split("#");
  const at = Date.parse(moment);
  if (Number.isNaN(at) || (id !== undefined && !/^\d+$/.test(id))) throw new CrmError("invalid", "The cursor is not one of ours");
  if (id !== undefined) return ofOneMoment(call, at, id, fields);
  const filters = [{ propertyName: "lastmodifieddate", operator: "GTE", value: String(at) }];
  const sorts = [{ propertyName: "lastmodifieddate", direction: "ASCENDING" }];
  const { results } = await search(call, { filterGroups: [{ filters }], sorts }, fields);
  const contacts = results.map((one) => contactOf(one, fields));
  if (contacts.length < PAGE) return { contacts, deleted: [], next: null, total: null };
  const last = Date.parse(contacts.at(-1)!.updatedAt);
  if (last <= Date.parse(contacts[0]!.updatedAt)) return ofOneMoment(call, last, "0", fields);
  return {
    contacts: contacts.filter(({ updatedAt }) => Date.parse(updatedAt) < last),
    deleted: [],
    next: new Date(last).toISOString(),
    total: null,
  };
}

async function ofOneMoment(call: CrmCall, at: number, afterId: string, fields: string[]): Promise<CrmPage> {
  const filters = [
    { propertyName: "lastmodifieddate", operator: "EQ", value: String(at) },
    { propertyName: "hs_object_id", operator: "GT", value: afterId },
  ];
  const sorts = [{ propertyName: "hs_object_id", direction: "ASCENDING" }];
  const { results } = await search(call, { filterGroups: [{ filters }], sorts }, fields);
  const next = results.length < PAGE ? new Date(at + 1).toISOString() : `${new Date(at).toISOString()}#${results.at(-1)!.id}`;
  return { contacts: results.map((one) => contactOf(one, fields)), deleted: [], next, total: null };
}
