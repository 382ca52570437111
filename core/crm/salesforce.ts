import { z } from "zod";
import { phoneSearch, samePhone } from "../phones.ts";
import type { ContactKey, Crm, CrmAnswer, CrmCall, CrmContact, CrmField, CrmPage, CrmRequest, CrmValue, CrmWritten } from "./crm.ts";
import { readAnswer } from "./crm-answer.ts";
import { CrmError, type CrmErrorCode } from "./crm-error.ts";
import { fitLines } from "./note-html.ts";
import { isInstanceOrigin, salesforceOAuth } from "./salesforce-sign-in.ts";
import { soqlDigits, soqlField, soqlText, soqlTime } from "./soql.ts";

const API = "/services/data/v64.0";
const OBJECTS = { contact: "Contact", deal: "Opportunity", note: "Task" } as const;
const ALWAYS = ["Id", "Name", "Email", "Phone", "MobilePhone", "SystemModstamp"];
const PAGE = 200;
const MARKED_LOOKED_AT = 50;
/** A task's description takes 32,000 characters, its subject 255, an opportunity's name 120. */
const NOTE_CHARACTERS = 31_000;
const SUBJECT_CHARACTERS = 255;
const NAME_CHARACTERS = 120;
/** When a new opportunity is expected to close, unless mapped: Salesforce requires a date. */
const CLOSES_IN_MS = 30 * 24 * 60 * 60 * 1000;
/** The part of the account's daily requests past which pulling waits, so that people's own work and our writing go on. */
const PULL_UP_TO = 0.9;

const id = z.string().regex(/^[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?$/);
/** Salesforce writes "+0000" where ISO 8601 has "Z". */
const moment = z
  .string()
  .transform((text) => text.replace(/\+0000$/, "Z"))
  .pipe(z.iso.datetime({ offset: true }));
const contact = z.looseObject({
  Id: id,
  Name: z.string().nullish(),
  Email: z.string().nullish(),
  Phone: z.string().nullish(),
  MobilePhone: z.string().nullish(),
  SystemModstamp: moment,
  IsDeleted: z.boolean().default(false),
});
const contacts = z.object({ records: z.array(contact) });
const counted = z.object({ totalSize: z.number().int() });
const created = z.object({ id });
const organization = z.object({ records: z.array(z.object({ Id: id, Name: z.string() })).length(1) });
const stages = z.object({ records: z.array(z.object({ ApiName: z.string() })) });
const accounts = z.object({ records: z.array(z.object({ AccountId: id.nullable() })) });
const marked = z.object({ records: z.array(z.object({ Id: id, Name: z.string().nullish(), Description: z.string().nullish() })) });
const description = z.object({
  fields: z.array(
    z.object({
      name: z.string(),
      label: z.string(),
      type: z.string(),
      createable: z.boolean(),
      updateable: z.boolean(),
      picklistValues: z.array(z.object({ active: z.boolean(), value: z.string(), label: z.string().nullable() })).default([]),
    }),
  ),
});

/**
 * Salesforce by its REST API. A conversation's notes are completed tasks: these stand on the contact's timeline in every edition, while notes
 * (ContentNote) must be switched on, stand in a list of their own and take three requests each.
 * @param url stands in for all of Salesforce's hosts
 */
export const salesforce = (url?: string): Crm => ({
  id: "salesforce",
  clouds: ["global"],
  oauth: salesforceOAuth(url),
  token: null,
  // Nothing is documented for a second; of the day the smallest account has 15,000 requests, of which a burst and what refills stay below.
  limits: [
    { key: "requests", burst: 10, perSecond: 5 },
    { key: "day", burst: 5_000, perSecond: 0.11 },
  ],
  inbound: null,
  removal: { contact: "deletes", deal: "deletes", note: "deletes" },
  tags: false,
  sign: ({ apiUrl, accessToken }) => ({ baseUrl: apiUrl, headers: { authorization: `Bearer ${accessToken}` } }),
  readError,
  async account(call) {
    const answer = await query(call, "SELECT Id, Name FROM Organization LIMIT 1");
    const [{ Id: externalId, Name: name } = { Id: "", Name: "" }] = readAnswer(organization, answer).records;
    return { externalId, name, url: isInstanceOrigin(answer.origin) ? answer.origin : null };
  },
  async fields(call, object) {
    return fieldsOf(
      readAnswer(description, await ask(call, { method: "GET", path: `${API}/sobjects/${OBJECTS[object]}/describe` })).fields,
    );
  },
  find,
  async get(call, externalId, fields) {
    try {
      const answer = await ask(call, { method: "GET", path: pathOf("contact", externalId), query: { fields: columns(fields).join(",") } });
      return contactOf(readAnswer(contact, answer), fields, answer);
    } catch (error) {
      return unlessGone(error);
    }
  },
  write,
  findMarked,
  async remove(call, object, externalId) {
    try {
      await ask(call, { method: "DELETE", path: pathOf(object, externalId) });
    } catch (error) {
      unlessGone(error);
    }
  },
  pull,
});

/** Every request counts for the second and for the day. */
const ask = (call: CrmCall, request: CrmRequest): Promise<CrmAnswer> => call({ ...request, cost: { requests: 1, day: 1 } });
const query = (call: CrmCall, q: string, path = "query"): Promise<CrmAnswer> =>
  ask(call, { method: "GET", path: `${API}/${path}`, query: { q } });

const errors = z.array(z.object({ errorCode: z.string(), message: z.string().default("") })).min(1);
const oauthError = z.object({ error: z.string() });
const CODES: Record<string, CrmErrorCode> = {
  INVALID_SESSION_ID: "unauthorized",
  ENTITY_IS_DELETED: "not_found",
  INVALID_CROSS_REFERENCE_KEY: "not_found",
  MALFORMED_ID: "not_found",
  DUPLICATES_DETECTED: "conflict",
  DUPLICATE_VALUE: "conflict",
  UNABLE_TO_LOCK_ROW: "unavailable",
};

function readError({ status, body }: CrmAnswer): CrmError | null {
  if (status < 400) return null;
  if (oauthError.safeParse(body).data?.error === "invalid_grant")
    return new CrmError("unauthorized", "Salesforce no longer takes the grant");
  const said = errors.safeParse(body).data?.[0];
  if (!said) return null;
  const detail = said.message;
  // The day's requests are used up, or too many long ones run at once: these end sooner.
  if (said.errorCode === "REQUEST_LIMIT_EXCEEDED")
    return said.message.includes("Concurrent")
      ? new CrmError("rate_limited", "Salesforce runs too many long requests at once", { retryAfterMs: 20_000, detail })
      : new CrmError("quota_exhausted", "Salesforce's daily requests are used up", { detail });
  const code = CODES[said.errorCode];
  return code ? new CrmError(code, `Salesforce answered ${said.errorCode}`, { detail }) : null;
}

function pathOf(object: keyof typeof OBJECTS, externalId: string): string {
  return `${API}/sobjects/${OBJECTS[object]}/${knownId(externalId)}`;
}

function knownId(externalId: string): string {
  if (!id.safeParse(externalId).success) throw new CrmError("not_found", "Salesforce's ids have 15 or 18 letters and digits");
  return externalId;
}

function unlessGone(error: unknown): null {
  if (error instanceof CrmError && error.code === "not_found") return null;
  throw error;
}

const columns = (fields: string[]) => [...new Set([...ALWAYS, ...fields.map(soqlField)])];
const urlOf = (record: string, { origin }: CrmAnswer) => (isInstanceOrigin(origin) ? `${origin}/${record}` : null);

function contactOf(given: z.output<typeof contact>, fields: string[], answer: CrmAnswer): CrmContact {
  const plain = (value: unknown): CrmValue =>
    value === null || value === undefined || typeof value === "object" ? null : (value as string | number | boolean);
  return {
    externalId: given.Id,
    name: given.Name || null,
    email: given.Email || null,
    phone: given.Phone || given.MobilePhone || null,
    fields: Object.fromEntries(fields.map((key) => [key, plain(given[key])])),
    updatedAt: given.SystemModstamp,
    url: urlOf(given.Id, answer),
  };
}

/** The pattern finds the digits in any grouping, and more; what it finds is compared in full. */
async function find(call: CrmCall, key: ContactKey, fields: string[]): Promise<CrmContact | null> {
  const select = `SELECT ${columns(fields).join(", ")} FROM Contact WHERE`;
  if (key.email?.includes("@")) {
    const answer = await query(call, `${select} Email = ${soqlText(key.email)} ORDER BY CreatedDate ASC LIMIT 1`);
    const [found] = readAnswer(contacts, answer).records;
    if (found) return contactOf(found, fields, answer);
  }
  const { phone } = key;
  const digits = phoneSearch(phone ?? "");
  if (!phone || !digits) return null;
  const like = soqlDigits(digits);
  const answer = await query(call, `${select} Phone LIKE ${like} OR MobilePhone LIKE ${like} ORDER BY CreatedDate ASC LIMIT ${PAGE}`);
  const same = readAnswer(contacts, answer).records.find(
    (one) => samePhone(one.Phone ?? "", phone) || samePhone(one.MobilePhone ?? "", phone),
  );
  return same ? contactOf(same, fields, answer) : null;
}

async function write(call: CrmCall, given: Parameters<Crm["write"]>[1]): Promise<CrmWritten> {
  const json = await bodyOf(call, given);
  if (given.externalId === null) {
    const answer = await ask(call, { method: "POST", path: `${API}/sobjects/${OBJECTS[given.object]}`, json });
    const { id: externalId } = readAnswer(created, answer);
    return { externalId, url: urlOf(externalId, answer) };
  }
  const answer = await ask(call, { method: "PATCH", path: pathOf(given.object, given.externalId), json });
  return { externalId: given.externalId, url: urlOf(given.externalId, answer) };
}

async function bodyOf(call: CrmCall, given: Parameters<Crm["write"]>[1]): Promise<Record<string, CrmValue>> {
  const isNew = given.externalId === null;
  if (given.object === "note") {
    const lines = given.text.split("\n");
    const text = {
      Subject: (lines[0]?.trim() || "Conversation").slice(0, SUBJECT_CHARACTERS),
      Description: fitLines(lines, "\n", NOTE_CHARACTERS),
    };
    const today = new Date().toISOString().slice(0, 10);
    return isNew ? { ...text, WhoId: knownId(given.contactId), Status: "Completed", ActivityDate: today } : text;
  }
  const fields = Object.fromEntries(Object.entries(given.fields).map(([key, value]) => [soqlField(key), value]));
  if (given.object === "contact")
    return isNew && !fields.LastName ? { ...fields, LastName: fields.FirstName || fields.Email || fields.Phone || "—" } : fields;
  // The conversation's link stands at the end: of a name that is too long, the beginning goes.
  const Name = given.title.length > NAME_CHARACTERS ? `…${given.title.slice(1 - NAME_CHARACTERS)}` : given.title;
  return isNew ? { ...(await newOpportunity(call, given.contactId, fields)), ...fields, Name } : { ...fields, Name };
}

/** What an opportunity needs to begin with: its contact and that one's account, the first open stage, a date. */
async function newOpportunity(call: CrmCall, contactId: string, fields: Record<string, CrmValue>): Promise<Record<string, CrmValue>> {
  const who = soqlText(knownId(contactId));
  const [of] = readAnswer(accounts, await query(call, `SELECT AccountId FROM Contact WHERE Id = ${who} LIMIT 1`)).records;
  if (!of) throw new CrmError("not_found", "The contact is gone");
  const base = { ContactId: contactId, AccountId: of.AccountId, CloseDate: new Date(Date.now() + CLOSES_IN_MS).toISOString().slice(0, 10) };
  if (fields.StageName) return base;
  const open = "SELECT ApiName FROM OpportunityStage WHERE IsActive = true AND IsClosed = false ORDER BY SortOrder ASC LIMIT 1";
  const [stage] = readAnswer(stages, await query(call, open)).records;
  if (!stage) throw new CrmError("invalid", "There is no open stage", { detail: "There is no open stage for opportunities" });
  return { ...base, StageName: stage.ApiName };
}

async function findMarked(
  call: CrmCall,
  object: "deal" | "note",
  { contactId, marker }: { contactId: string; marker: string },
): Promise<CrmWritten | null> {
  const who = soqlText(knownId(contactId));
  const from =
    object === "deal"
      ? `SELECT Id, Name FROM Opportunity WHERE ContactId = ${who}`
      : `SELECT Id, Description FROM Task WHERE WhoId = ${who}`;
  const answer = await query(call, `${from} ORDER BY CreatedDate DESC LIMIT ${MARKED_LOOKED_AT}`);
  const found = readAnswer(marked, answer).records.find((one) => (object === "deal" ? one.Name : one.Description)?.includes(marker));
  return found ? { externalId: found.Id, url: urlOf(found.Id, answer) } : null;
}

/**
 * By the moment of the last change and the id, not by Salesforce's own cursors (queryMore): those end with their session and are few, while a page
 * of ours can be asked for again at any time. Increments see deleted contacts too, as long as they are in the recycle bin (15 days).
 * The cursor is `moment#id` of the last one.
 */
async function pull(
  call: CrmCall,
  { since, cursor, fields }: { since: string | null; cursor: string | null; fields: string[] },
): Promise<CrmPage> {
  const where = after(cursor, since);
  const select = `SELECT ${[...columns(fields), "IsDeleted"].join(", ")} FROM Contact${where ? ` WHERE ${where}` : ""}`;
  const answer = await query(call, `${select} ORDER BY SystemModstamp ASC, Id ASC LIMIT ${PAGE}`, since === null ? "query" : "queryAll");
  leaveTheRest(answer);
  const { records } = readAnswer(contacts, answer);
  const last = records.at(-1);
  const next = last && records.length === PAGE ? `${last.SystemModstamp}#${last.Id}` : null;
  const total = since !== null || cursor !== null ? null : readAnswer(counted, await query(call, "SELECT COUNT() FROM Contact")).totalSize;
  return {
    contacts: records.filter(({ IsDeleted }) => !IsDeleted).map((one) => contactOf(one, fields, answer)),
    deleted: records.filter(({ IsDeleted }) => IsDeleted).map(({ Id }) => Id),
    next,
    total,
  };
}

function after(cursor: string | null, since: string | null): string | null {
  if (cursor === null) return since === null ? null : `SystemModstamp >= ${soqlTime(Date.parse(since))}`;
  const [text = "", last = ""] = cursor.split("#");
  const at = Date.parse(text);
  if (Number.isNaN(at) || !id.safeParse(last).success) throw new CrmError("invalid", "The cursor is not one of ours");
  const time = soqlTime(at);
  return `(SystemModstamp > ${time} OR (SystemModstamp = ${time} AND Id > ${soqlText(last)}))`;
}

/** Every answer tells the day's use, "api-usage=18/5000": pulling stops before all of it is gone. @throws CrmError("quota_exhausted") */
function leaveTheRest({ headers }: CrmAnswer): void {
  const [, used, limit] = /api-usage=(\d+)\/(\d+)/.exec(headers["sforce-limit-info"] ?? "") ?? [];
  if (used && limit && Number(used) >= Number(limit) * PULL_UP_TO)
    throw new CrmError("quota_exhausted", `Of Salesforce's ${limit} daily requests ${used} are used: the rest is left to people`);
}

const KNOWN_FIRST = ["LastName", "FirstName", "Email", "Phone", "MobilePhone", "Title", "StageName", "Amount", "CloseDate"];
const TYPES: Record<string, CrmField["type"]> = {
  string: "text",
  textarea: "text",
  url: "text",
  combobox: "text",
  email: "email",
  phone: "phone",
  int: "number",
  double: "number",
  currency: "number",
  percent: "number",
  boolean: "boolean",
  date: "date",
  datetime: "date",
  picklist: "choice",
  multipicklist: "choice",
};

function fieldsOf(described: z.output<typeof description>["fields"]): CrmField[] {
  const rank = (key: string) => (KNOWN_FIRST.indexOf(key) + KNOWN_FIRST.length + 1) % (KNOWN_FIRST.length + 1);
  return described
    .flatMap((field): CrmField[] => {
      const type = TYPES[field.type];
      if (!type) return [];
      const choices = field.picklistValues.filter(({ active }) => active).map(({ value, label }) => ({ value, label: label ?? value }));
      return [
        {
          key: field.name,
          label: field.label,
          type,
          ...(type === "choice" ? { choices } : {}),
          writable: field.createable && field.updateable,
        },
      ];
    })
    .sort((a, b) => rank(a.key) - rank(b.key) || a.label.localeCompare(b.label));
}
