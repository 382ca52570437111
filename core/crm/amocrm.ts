import { z } from "zod";
import { phoneSearch, samePhone } from "../phones.ts";
import { customField, fieldFrom, fieldValue, filledFields, keepingOthers, type SentField, sentField, textsOf } from "./amocrm-fields.ts";
import { amocrmInbound } from "./amocrm-inbound.ts";
import { signIn } from "./amocrm-sign-in.ts";
import type { Crm, CrmAnswer, CrmCall, CrmContact, CrmField, CrmPage, CrmValue, CrmWritten } from "./crm.ts";
import { isNumericId, numericId, readAnswer, unixSeconds } from "./crm-answer.ts";
import { CrmError } from "./crm-error.ts";

/** What stands in place of erased words: amoCRM's API deletes neither contacts, leads nor notes, and takes no empty names and texts. */
const ERASED = "Erased · Удалено";
const ERASED_TAG = "erased";
/** Names of leads and contacts are cut there by amoCRM. */
const MAX_NAME = 255;
/** A page of `pull`. */
const PAGE = 100;
/** The most that any list gives at once. */
const MAX_PAGE = 250;

const embedded = <T extends z.ZodType>(name: string, item: T) =>
  z.object({ _embedded: z.object({ [name]: z.array(item) }), _links: z.object({ next: z.unknown().optional() }).optional() });
const written = (name: string) => embedded(name, z.object({ id: z.int() }));
const account = z.object({ id: z.int(), name: z.string() });
const contact = z.object({
  id: z.int(),
  name: z.string().nullish(),
  first_name: z.string().nullish(),
  last_name: z.string().nullish(),
  updated_at: unixSeconds,
  is_deleted: z.boolean().optional(),
  custom_fields_values: filledFields.nullish(),
  _embedded: z.object({ leads: z.array(z.object({ id: z.int() })).optional() }).optional(),
});
type Contact = z.infer<typeof contact>;
const lead = z.object({ id: z.int(), name: z.string().nullish(), custom_fields_values: filledFields.nullish() });
const note = z.object({ id: z.int(), entity_id: z.int(), params: z.object({ text: z.string().nullish() }).nullish() });

/**
 * amoCRM (amocrm.ru) and Kommo (kommo.com): one API in two clouds, REST v4 over HAL.
 * Sources: amocrm.ru/developers/content/{oauth/step-by-step,crm_platform/contacts-api,leads-api,events-and-notes,custom-fields,webhooks-api,
 * webhooks-format,filters-api}, kommo.com/developers, developers.kommo.com/docs/limitations.
 * @param url stands in for all hosts, for tests
 */
export const amocrm = (url?: string): Crm => ({
  id: "amocrm",
  clouds: ["ru", "global"],
  // "Not more than 7 requests per second"; who goes on after 429 is blocked by IP address and answered 403.
  limits: [{ key: "requests", burst: 1, perSecond: 5 }],
  tags: true,
  removal: { contact: "empties", deal: "empties", note: "empties" },
  ...signIn(url),
  inbound: amocrmInbound,
  sign: (grant) => ({ baseUrl: `${grant.apiUrl}/api/v4`, headers: { authorization: `Bearer ${grant.accessToken}` } }),
  async account(call) {
    const answer = await call({ method: "GET", path: "/account" });
    const { id, name } = readAnswer(account, answer);
    return { externalId: String(id), name, url: answer.origin };
  },
  async fields(call, object) {
    const own: CrmField[] =
      object === "contact"
        ? [plain("name", "Name"), plain("first_name", "First name"), plain("last_name", "Last name")]
        : [plain("price", "Price", "number")];
    const path = object === "contact" ? "/contacts/custom_fields" : "/leads/custom_fields";
    for (let page = 1; page <= 10; page++) {
      const answer = await call({ method: "GET", path, query: { limit: MAX_PAGE, page } });
      if (answer.status === 204) break;
      const list = readAnswer(embedded("custom_fields", customField), answer);
      own.push(...list._embedded.custom_fields!.flatMap((field) => fieldFrom(field) ?? []));
      if (!list._links?.next) break;
    }
    return own;
  },
  async find(call, key, fields) {
    const sought = [
      key.email
        ? {
            query: key.email,
            matches: (found: Contact) => textsOf(found.custom_fields_values, "EMAIL").some((one) => sameText(one, key.email!)),
          }
        : null,
      key.phone && phoneSearch(key.phone)
        ? {
            query: phoneSearch(key.phone),
            matches: (found: Contact) => textsOf(found.custom_fields_values, "PHONE").some((one) => samePhone(one, key.phone!)),
          }
        : null,
    ];
    for (const one of sought) {
      if (!one) continue;
      // The search is fuzzy and goes through all fields: what it gives is only a proposal.
      const answer = await call({ method: "GET", path: "/contacts", query: { query: one.query, limit: MAX_PAGE, "order[id]": "asc" } });
      const found = contactsOf(answer).contacts.find((contact) => !contact.is_deleted && one.matches(contact));
      if (found) return contactFrom(found, fields, answer.origin);
    }
    return null;
  },
  async get(call, externalId, fields) {
    const found = await contactBy(call, externalId);
    return found && contactFrom(found.contact, fields, found.origin);
  },
  async write(call, record) {
    if (record.object === "note") return writeNote(call, record);
    const path = record.object === "contact" ? "/contacts" : "/leads";
    const tags = record.tags.map((name) => ({ name }));
    const body = bodyOf(record.fields);
    if (record.object === "deal") body.name = record.title.slice(0, MAX_NAME);
    if (record.externalId !== null) {
      const id = numericId(record.externalId);
      if (record.object === "contact") {
        const old = await contactBy(call, record.externalId);
        if (!old) throw new CrmError("not_found", "The contact is gone");
        const sent = keepingOthers(old.contact.custom_fields_values ?? [], body.custom_fields_values ?? []);
        if (sent.length) body.custom_fields_values = sent;
        else delete body.custom_fields_values;
      }
      if (Object.keys(body).length === 0 && tags.length === 0) return { externalId: String(id), url: null };
      const origin = await patch(call, `${path}/${id}`, { ...body, ...(tags.length ? { tags_to_add: tags } : {}) });
      return { externalId: String(id), url: pageOf(origin, path, id) };
    }
    const links = record.object === "deal" ? { contacts: [{ id: numericId(record.contactId) }] } : {};
    const answer = await call({ method: "POST", path, json: [{ ...body, _embedded: { ...links, ...(tags.length ? { tags } : {}) } }] });
    return createdOf(answer, path);
  },
  async findMarked(call, object, { contactId, marker }) {
    const id = numericId(contactId);
    if (object === "note") {
      const query = { limit: 50, "order[id]": "desc", "filter[note_type]": "common" };
      const answer = await call({ method: "GET", path: `/contacts/${id}/notes`, query });
      if (answer.status === 204) return null;
      const found = readAnswer(embedded("notes", note), answer)._embedded.notes!.find(({ params }) => params?.text?.includes(marker));
      return found ? { externalId: String(found.id), url: pageOf(answer.origin, "/contacts", id) } : null;
    }
    const owner = await contactBy(call, contactId, "leads");
    const newest = (owner?.contact._embedded?.leads ?? []).map(({ id }) => id).sort((a, b) => b - a);
    if (newest.length === 0) return null;
    const query = Object.fromEntries(newest.slice(0, 50).map((id, place) => [`filter[id][${place}]`, id]));
    const answer = await call({ method: "GET", path: "/leads", query: { ...query, limit: 50 } });
    if (answer.status === 204) return null;
    const found = readAnswer(embedded("leads", lead), answer)._embedded.leads!.find(({ name }) => name?.includes(marker));
    return found ? { externalId: String(found.id), url: pageOf(answer.origin, "/leads", found.id) } : null;
  },
  async remove(call, object, externalId) {
    const id = numericId(externalId);
    const path = { contact: `/contacts/${id}`, deal: `/leads/${id}`, note: "/contacts/notes" }[object];
    const answer = await call({ method: "GET", path, ...(object === "note" ? { query: { "filter[id]": id } } : {}) }).catch(orGone);
    if (!answer || answer.status === 204) return;
    if (object === "note") {
      const found = readAnswer(embedded("notes", note), answer)._embedded.notes!.find((one) => one.id === id);
      if (found) await patchNote(call, found.entity_id, id, ERASED).catch(orGone);
      return;
    }
    const { custom_fields_values: filled } = readAnswer(object === "contact" ? contact : lead, answer);
    const emptied = (filled ?? []).map(({ field_id }) => ({ field_id, values: null }));
    const names = object === "contact" ? { name: ERASED, first_name: ERASED, last_name: "" } : { name: ERASED };
    const json = { ...names, ...(emptied.length ? { custom_fields_values: emptied } : {}), tags_to_add: [{ name: ERASED_TAG }] };
    await patch(call, path, json).catch(orGone);
  },
  pull,
});

const plain = (key: string, label: string, type: "text" | "number" = "text") => ({ key, label, type, writable: true });
const sameText = (one: string, other: string) => one.trim().toLowerCase() === other.trim().toLowerCase();
const pageOf = (origin: string, path: string, id: number) => `${origin}${path}/detail/${id}`;
/** Lets a record be gone already. */
const orGone = (error: unknown): null => {
  if (error instanceof CrmError && error.code === "not_found") return null;
  throw error;
};

/** A list of contacts; 204 is an empty one. */
function contactsOf(answer: CrmAnswer): { contacts: Contact[]; more: boolean } {
  if (answer.status === 204) return { contacts: [], more: false };
  const list = readAnswer(embedded("contacts", contact), answer);
  return { contacts: list._embedded.contacts!, more: Boolean(list._links?.next) };
}

async function contactBy(call: CrmCall, externalId: string, also?: "leads"): Promise<{ contact: Contact; origin: string } | null> {
  if (!isNumericId(externalId)) return null;
  const path = `/contacts/${externalId}`;
  const answer = await call({ method: "GET", path, ...(also ? { query: { with: also } } : {}) }).catch(orGone);
  if (!answer || answer.status === 204) return null;
  const found = readAnswer(contact, answer);
  return found.is_deleted ? null : { contact: found, origin: answer.origin };
}

function contactFrom(found: Contact, fields: string[], origin: string): CrmContact {
  const value = (key: string): CrmValue => {
    if (key === "name" || key === "first_name" || key === "last_name") return found[key] || null;
    return fieldValue(found.custom_fields_values, key);
  };
  return {
    externalId: String(found.id),
    name: found.name || null,
    email: textsOf(found.custom_fields_values, "EMAIL")[0] ?? null,
    phone: textsOf(found.custom_fields_values, "PHONE")[0] ?? null,
    fields: Object.fromEntries(fields.map((key) => [key, value(key)])),
    updatedAt: new Date(found.updated_at * 1000).toISOString(),
    url: pageOf(origin, "/contacts", found.id),
  };
}

/** @throws CrmError("invalid") for a key that is none of amoCRM's */
function bodyOf(fields: Record<string, CrmValue>): Record<string, unknown> & { custom_fields_values?: SentField[] } {
  const body: ReturnType<typeof bodyOf> = {};
  const custom: SentField[] = [];
  for (const [key, value] of Object.entries(fields)) {
    if (key === "name" || key === "first_name" || key === "last_name") body[key] = String(value ?? "").slice(0, MAX_NAME);
    else if (key === "price") body.price = priceOf(value);
    else custom.push(sentField(key, value));
  }
  if (custom.length) body.custom_fields_values = custom;
  return body;
}

function priceOf(value: CrmValue): number {
  const price = Number(value ?? 0);
  if (Number.isFinite(price)) return price;
  throw new CrmError("invalid", "A price is a number", { detail: String(value) });
}

/** What an error of an update means is not documented for a record that is gone: so it is looked for. @returns the account's origin */
async function patch(call: CrmCall, path: string, json: unknown): Promise<string> {
  try {
    return (await call({ method: "PATCH", path, json })).origin;
  } catch (error) {
    if (!(error instanceof CrmError) || error.code !== "invalid") throw error;
    const still = await call({ method: "GET", path }).catch(orGone);
    if (still && still.status !== 204) throw error;
    throw new CrmError("not_found", "The record is gone", { cause: error });
  }
}

const patchNote = (call: CrmCall, contactId: number, id: number, text: string) =>
  patch(call, `/contacts/${contactId}/notes/${id}`, { note_type: "common", params: { text } });

async function writeNote(call: CrmCall, record: { externalId: string | null; contactId: string; text: string }): Promise<CrmWritten> {
  const contactId = numericId(record.contactId);
  if (record.externalId !== null) {
    const id = numericId(record.externalId);
    return { externalId: String(id), url: pageOf(await patchNote(call, contactId, id, record.text), "/contacts", contactId) };
  }
  const json = [{ note_type: "common", params: { text: record.text } }];
  const answer = await call({ method: "POST", path: `/contacts/${contactId}/notes`, json });
  const id = readAnswer(written("notes"), answer)._embedded.notes![0]?.id;
  if (id === undefined) throw new CrmError("malformed", "The CRM did not say which note it made");
  return { externalId: String(id), url: pageOf(answer.origin, "/contacts", contactId) };
}

function createdOf(answer: CrmAnswer, path: "/contacts" | "/leads"): CrmWritten {
  const name = path.slice(1);
  const id = readAnswer(written(name), answer)._embedded[name]![0]?.id;
  if (id === undefined) throw new CrmError("malformed", "The CRM did not say which record it made");
  return { externalId: String(id), url: pageOf(answer.origin, path, id) };
}

/**
 * Contacts by time of change. Pages are numbered, and a contact that changes meanwhile moves to the end, so that a plain next page would
 * leave another out: each page begins at the second in which the last one ended, whose contacts are kept back until then. Only where one
 * second fills a page (an import) is the number of the page counted on. The cursor is "<second>:<page>".
 */
async function pull(call: CrmCall, given: { since: string | null; cursor: string | null; fields: string[] }): Promise<CrmPage> {
  const start = given.since === null ? 0 : Math.floor(Date.parse(given.since) / 1000);
  const cursor = given.cursor === null ? [String(start), "1"] : /^(\d{1,12}):(\d{1,6})$/.exec(given.cursor)?.slice(1);
  if (!cursor || Number.isNaN(start)) throw new CrmError("invalid", "This is no place to go on from");
  const [from, page] = cursor.map(Number) as [number, number];
  const query = { limit: PAGE, page, "order[updated_at]": "asc", ...(from > 0 ? { "filter[updated_at][from]": from } : {}) };
  const answer = await call({ method: "GET", path: "/contacts", query });
  const { contacts, more } = contactsOf(answer);
  const last = contacts.at(-1)?.updated_at ?? from;
  // A list that is not sorted as asked would be gone through for ever.
  if (last < from) throw new CrmError("malformed", "The CRM's list is not in the order that was asked for");
  const isOneSecond = contacts[0]?.updated_at === last;
  const kept = more && !isOneSecond ? contacts.filter(({ updated_at }) => updated_at < last) : contacts;
  // The set that page two is of must be the set that begins with this second.
  const next = last === from ? page + 1 : 2;
  return {
    contacts: kept.map((one) => contactFrom(one, given.fields, answer.origin)),
    deleted: [],
    next: more ? (isOneSecond ? `${last}:${next}` : `${last}:1`) : null,
    total: null,
  };
}
