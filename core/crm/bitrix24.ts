import { z } from "zod";
import { phoneDigits, samePhone } from "../phones.ts";
import { errorOfCode, readError } from "./bitrix24-errors.ts";
import { fieldFrom, fieldsOf, itemFields, multifields, plainText, type SentFields, valueFrom } from "./bitrix24-fields.ts";
import { bitrix24Inbound } from "./bitrix24-inbound.ts";
import { signIn } from "./bitrix24-sign-in.ts";
import type { Crm, CrmAnswer, CrmCall, CrmContact, CrmPage, CrmWritten } from "./crm.ts";
import { isNumericId, numericId, readAnswer } from "./crm-answer.ts";
import { CrmError } from "./crm-error.ts";

/** Types of items (crm/data-types). */
const TYPE = { deal: 2, contact: 3 } as const;
/** The page of every list, and the most that one batch holds. */
const PAGE = 50;
const MAX_TITLE = 255;

const id = z.coerce.number().int().positive();
const item = z.looseObject({
  id,
  name: z.string().nullish(),
  lastName: z.string().nullish(),
  updatedTime: z.iso.datetime({ offset: true }),
  fm: multifields.nullish(),
});
type Item = z.infer<typeof item>;
const oneItem = z.object({ result: z.object({ item }) });
const written = z.object({ result: z.object({ item: z.object({ id }) }) });
const itemList = z.object({
  result: z.object({ items: z.array(z.looseObject({ id, title: z.string().nullish() })) }),
});
/** The form of times there, of which cursors are made. */
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$/;
const changedList = z.object({
  result: z.object({ items: z.array(z.object({ id, updatedTime: z.iso.datetime({ offset: true }).regex(MOMENT) })) }),
  total: z.number().int().optional(),
});
// PHP writes an empty object as [].
const none = z.array(z.never()).transform(() => ({}));
const batchOf = z.object({
  result: z.object({
    result: z.union([none, z.record(z.string(), z.unknown())]),
    result_error: z.union([none, z.record(z.string(), z.object({ error: z.string(), error_description: z.string().optional() }))]),
  }),
});

/**
 * Bitrix24, both clouds: bitrix24.ru, and bitrix24.com with the national domains. Contacts and deals by crm.item.* (crm.contact.* and
 * crm.deal.* are no longer developed), notes as comments of the timeline.
 * Sources: apidocs.bitrix24.com (github.com/bitrix24/b24restdocs): limits, settings/{oauth,how-to-call-rest-api,performance/huge-data},
 * local-integrations/local-webhooks, api-reference/crm/{universal,duplicates,timeline/comments,contacts/events}, api-reference/events.
 * @param url stands in for all hosts, for tests
 */
export const bitrix24 = (url?: string): Crm => ({
  id: "bitrix24",
  clouds: ["ru", "global"],
  // A bucket of 50 that leaks 2 a second, for each of our addresses and accounts; Enterprise has more.
  limits: [{ key: "requests", burst: 40, perSecond: 2 }],
  tags: false,
  removal: { contact: "deletes", deal: "deletes", note: "deletes" },
  ...signIn(url),
  inbound: bitrix24Inbound,
  readError,
  sign: (grant) =>
    grant.kind === "token"
      ? { baseUrl: grant.accessToken, headers: {} }
      : { baseUrl: `${grant.apiUrl}/rest`, headers: {}, json: { auth: grant.accessToken } },
  async account(call) {
    const answer = await call({ method: "POST", path: "/profile", json: {} });
    readAnswer(z.object({ result: z.object({ ID: z.union([z.string(), z.number()]) }) }), answer);
    // No method of the scope "crm" tells an account's name or number: it is known by its address.
    const { host } = new URL(answer.origin);
    return { externalId: host, name: host, url: answer.origin };
  },
  async fields(call, object) {
    const answer = await call({ method: "POST", path: "/crm.item.fields", json: { entityTypeId: TYPE[object], useOriginalUfNames: "Y" } });
    const { fields } = readAnswer(z.object({ result: z.object({ fields: itemFields }) }), answer).result;
    const own = Object.entries(fields).flatMap(([key, field]) => fieldFrom(key, field) ?? []);
    if (object === "deal") return own.filter(({ key }) => key !== "title");
    const first = [
      { key: "PHONE", label: "Phone", type: "phone" as const, writable: true },
      { key: "EMAIL", label: "E-mail", type: "email" as const, writable: true },
    ];
    return [
      ...own.filter(({ key }) => key === "name" || key === "lastName"),
      ...first,
      ...own.filter(({ key }) => !/^(last)?name$/i.test(key)),
    ];
  },
  async find(call, key, fields) {
    if (key.email) {
      const { email } = key;
      const isSame = (text: string) => text.trim().toLowerCase() === email.trim().toLowerCase();
      const found = await byCommunication(call, "EMAIL", [email], isSame, fields);
      if (found) return found;
    }
    const digits = key.phone ? phoneDigits(key.phone) : "";
    if (digits) {
      const written = [`+${digits}`, digits, ...(/^7\d{10}$/.test(digits) ? [`8${digits.slice(1)}`] : [])];
      const found = await byCommunication(call, "PHONE", written, (text) => samePhone(text, key.phone!), fields);
      if (found) return found;
    }
    if (!key.externalId) return null;
    const answer = await list(call, TYPE.contact, { filter: { "=originId": key.externalId }, order: { id: "ASC" }, select: ["id"] });
    const first = readAnswer(itemList, answer).result.items[0];
    return first ? this.get(call, String(first.id), fields) : null;
  },
  async get(call, externalId, fields) {
    const found = await contactBy(call, externalId);
    return found && contactFrom(found.item, fields, found.origin);
  },
  async write(call, record) {
    if (record.object === "note") return writeNote(call, record);
    const entityTypeId = TYPE[record.object];
    const sent = fieldsOf(record.fields);
    if (record.object === "deal") {
      sent.fields.title = record.title.slice(0, MAX_TITLE);
      if (record.externalId === null) sent.fields.contactIds = [numericId(record.contactId)];
    }
    if (record.externalId === null) {
      const fields = { ...sent.fields, ...withMultifields(sent, []) };
      const answer = await call({ method: "POST", path: "/crm.item.add", json: { entityTypeId, fields, useOriginalUfNames: "Y" } });
      return writtenFrom(record.object, answer);
    }
    let fields = sent.fields;
    if (record.object === "contact") {
      // A number without the id of one that is there would be added each time.
      const old = await contactBy(call, record.externalId);
      if (!old) throw new CrmError("not_found", "The contact is gone");
      fields = { ...fields, ...withMultifields(sent, old.item.fm ?? []) };
    }
    const json = { entityTypeId, id: numericId(record.externalId), fields, useOriginalUfNames: "Y" };
    if (Object.keys(fields).length === 0) return { externalId: record.externalId, url: null };
    return writtenFrom(record.object, await call({ method: "POST", path: "/crm.item.update", json }));
  },
  async findMarked(call, object, { contactId, marker }) {
    const owner = numericId(contactId);
    if (object === "deal") {
      const query = { filter: { contactId: owner }, order: { id: "DESC" }, select: ["id", "title"] };
      const answer = await list(call, TYPE.deal, query);
      const found = readAnswer(itemList, answer).result.items.find(({ title }) => title?.includes(marker));
      return found ? { externalId: String(found.id), url: pageOf(answer.origin, "deal", found.id) } : null;
    }
    const json = { filter: { ENTITY_ID: owner, ENTITY_TYPE: "contact" }, select: ["ID", "COMMENT"], order: { ID: "DESC" }, start: 0 };
    const answer = await call({ method: "POST", path: "/crm.timeline.comment.list", json });
    const comments = readAnswer(z.object({ result: z.array(z.object({ ID: id, COMMENT: z.string().nullish() })) }), answer).result;
    const found = comments.slice(0, PAGE).find(({ COMMENT }) => COMMENT?.includes(marker));
    return found ? { externalId: String(found.ID), url: pageOf(answer.origin, "contact", owner) } : null;
  },
  async remove(call, object, externalId) {
    const gone = numericId(externalId);
    const request =
      object === "note"
        ? { path: "/crm.timeline.comment.delete", json: { id: gone } }
        : { path: "/crm.item.delete", json: { entityTypeId: TYPE[object], id: gone } };
    await call({ method: "POST", ...request }).catch((error: unknown) => {
      if (!(error instanceof CrmError) || error.code !== "not_found") throw error;
    });
  },
  pull,
});

const pageOf = (origin: string, object: "contact" | "deal", itemId: number) => `${origin}/crm/${object}/details/${itemId}/`;

const list = (call: CrmCall, entityTypeId: number, query: Record<string, unknown>): Promise<CrmAnswer> =>
  // -1 leaves out counting, which is what makes lists slow.
  call({ method: "POST", path: "/crm.item.list", json: { start: -1, entityTypeId, useOriginalUfNames: "Y", ...query } });

async function contactBy(call: CrmCall, externalId: string): Promise<{ item: Item; origin: string } | null> {
  if (!isNumericId(externalId)) return null;
  const json = { entityTypeId: TYPE.contact, id: Number(externalId), useOriginalUfNames: "Y" };
  const answer = await call({ method: "POST", path: "/crm.item.get", json }).catch((error: unknown) => {
    if (error instanceof CrmError && error.code === "not_found") return null;
    throw error;
  });
  return answer && { item: readAnswer(oneItem, answer).result.item, origin: answer.origin };
}

/**
 * Contacts by their ids, in that order, in one request: lists are not documented to give phones and e-mails, `crm.item.get` is.
 * Those that are gone meanwhile are left out. @throws CrmError for any other failure of one
 */
async function contactsBy(call: CrmCall, ids: number[]): Promise<{ items: Item[]; origin: string }> {
  if (ids.length === 0) return { items: [], origin: "" };
  const cmd = Object.fromEntries(
    ids.slice(0, PAGE).map((one) => [`c${one}`, `crm.item.get?entityTypeId=${TYPE.contact}&id=${one}&useOriginalUfNames=Y`]),
  );
  const answer = await call({ method: "POST", path: "/batch", json: { halt: 0, cmd } });
  const batch = readAnswer(batchOf, answer).result;
  for (const { error, error_description } of Object.values(
    batch.result_error as Record<string, { error: string; error_description?: string }>,
  )) {
    const failure = errorOfCode(error, error_description);
    if (failure.code !== "not_found") throw failure;
  }
  const results = batch.result as Record<string, unknown>;
  const items = Object.keys(cmd).flatMap((key) =>
    Object.hasOwn(results, key) ? [readAnswer(z.object({ item }), { ...answer, body: results[key] }).item] : [],
  );
  return { items, origin: answer.origin };
}

async function byCommunication(
  call: CrmCall,
  type: "EMAIL" | "PHONE",
  values: string[],
  isSame: (text: string) => boolean,
  fields: string[],
): Promise<CrmContact | null> {
  const answer = await call({ method: "POST", path: "/crm.duplicate.findbycomm", json: { entity_type: "CONTACT", type, values } });
  const found = readAnswer(
    z.object({ result: z.union([z.array(z.never()), z.object({ CONTACT: z.array(id).optional() })]) }),
    answer,
  ).result;
  const ids = (Array.isArray(found) ? [] : (found.CONTACT ?? [])).sort((a, b) => a - b);
  const { items, origin } = await contactsBy(call, ids);
  const first = items.find(({ fm }) => fm?.some(({ typeId, value }) => typeId === type && isSame(value)));
  return first ? contactFrom(first, fields, origin) : null;
}

function contactFrom(found: Item, fields: string[], origin: string): CrmContact {
  const first = (type: string) => found.fm?.find(({ typeId, value }) => typeId === type && value)?.value ?? null;
  const valueOfKey = (key: string) =>
    key === "PHONE" || key === "EMAIL" ? first(key) : valueFrom(Object.hasOwn(found, key) ? found[key] : null);
  return {
    externalId: String(found.id),
    name: [found.name, found.lastName].filter(Boolean).join(" ") || null,
    email: first("EMAIL"),
    phone: first("PHONE"),
    fields: Object.fromEntries(fields.map((key) => [key, valueOfKey(key)])),
    updatedAt: new Date(found.updatedTime).toISOString(),
    url: pageOf(origin, "contact", found.id),
  };
}

/** Phones and e-mails as an item is sent them: each under its id, new ones under n0, n1; an empty value removes one. */
function withMultifields(sent: SentFields, old: z.infer<typeof multifields>): { fm?: Record<string, unknown> } {
  const fm: Record<string, unknown> = {};
  for (const [typeId, value] of Object.entries(sent.communications)) {
    const there = old.filter((one) => one.typeId === typeId);
    const isSame = (one: string) =>
      typeId === "PHONE" ? samePhone(one, value!) : one.trim().toLowerCase() === value!.trim().toLowerCase();
    if (!value) for (const one of there) fm[one.id] = { typeId, valueType: one.valueType, value: "" };
    else if (!there.some((one) => isSame(one.value))) fm[`n${Object.keys(fm).length}`] = { typeId, valueType: "WORK", value };
  }
  return Object.keys(fm).length ? { fm } : {};
}

function writtenFrom(object: "contact" | "deal", answer: CrmAnswer): CrmWritten {
  const { id } = readAnswer(written, answer).result.item;
  return { externalId: String(id), url: pageOf(answer.origin, object, id) };
}

async function writeNote(call: CrmCall, record: { externalId: string | null; contactId: string; text: string }): Promise<CrmWritten> {
  const ownerId = numericId(record.contactId);
  const COMMENT = plainText(record.text);
  const request =
    record.externalId === null
      ? { path: "/crm.timeline.comment.add", json: { fields: { ENTITY_ID: ownerId, ENTITY_TYPE: "contact", COMMENT } } }
      : {
          path: "/crm.timeline.comment.update",
          json: { id: numericId(record.externalId), ownerTypeId: TYPE.contact, ownerId, fields: { COMMENT } },
        };
  const answer = await call({ method: "POST", ...request });
  const made = readAnswer(z.object({ result: id }), answer).result;
  return { externalId: String(made), url: pageOf(answer.origin, "contact", ownerId) };
}

/** Contacts by time of change and id, each page after the last one's end: changes meanwhile push nobody out. The cursor is "<time>|<id>". */
async function pull(call: CrmCall, given: { since: string | null; cursor: string | null; fields: string[] }): Promise<CrmPage> {
  const cursor = given.cursor === null ? null : /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d)\|([1-9]\d{0,14})$/.exec(given.cursor);
  if (given.cursor !== null && !cursor) throw new CrmError("invalid", "This is no place to go on from");
  const after = cursor && {
    "0": { logic: "OR", "0": { ">updatedTime": cursor[1] }, "1": { "=updatedTime": cursor[1], ">id": Number(cursor[2]) } },
  };
  const since = given.since === null ? {} : { ">=updatedTime": given.since.replace(/\.\d+Z$/, "Z").replace(/Z$/, "+00:00") };
  const query = { filter: after ?? since, order: { updatedTime: "ASC", id: "ASC" }, select: ["id", "updatedTime"] };
  const answer = await list(call, TYPE.contact, cursor ? query : { ...query, start: 0 });
  const { result, total } = readAnswer(changedList, answer);
  const { items, origin } = await contactsBy(
    call,
    result.items.map((one) => one.id),
  );
  const last = result.items.length >= PAGE ? result.items.at(-1)! : null;
  // A list that is not sorted as asked would be gone through for ever.
  const from = cursor ? Date.parse(cursor[1]!) : Number.NEGATIVE_INFINITY;
  if (last && (Date.parse(last.updatedTime) < from || (Date.parse(last.updatedTime) === from && last.id <= Number(cursor?.[2]))))
    throw new CrmError("malformed", "The CRM's list is not in the order that was asked for");
  return {
    contacts: items.map((one) => contactFrom(one, given.fields, origin)),
    deleted: [],
    next: last ? `${last.updatedTime}|${last.id}` : null,
    total: cursor ? null : (total ?? null),
  };
}
