import { z } from "zod";
import { escapeHtml } from "../escape-html.ts";
import { phoneSearch, samePhone } from "../phones.ts";
import { sameSecret } from "../same-secret.ts";
import type { Crm, CrmAnswer, CrmApp, CrmCall, CrmContact, CrmGrant, CrmHttp, CrmOAuth, CrmValue, CrmWritten } from "./crm.ts";
import { numericId, readAnswer } from "./crm-answer.ts";
import { CrmError } from "./crm-error.ts";
import { noteHtml } from "./note-html.ts";
import { bodyOf, customCode, definition, fieldsOf, plain } from "./pipedrive-fields.ts";
import { pipedriveInbound } from "./pipedrive-inbound.ts";

const PATHS = { contact: "/api/v2/persons", deal: "/api/v2/deals", note: "/api/v1/notes" } as const;
/** What Pipedrive shows in the page of a person or deal. */
const PAGES = { contact: "person", deal: "deal" } as const;
const PAGE = 100;
const MARKED_LOOKED_AT = 50;
const NOTE_CHARACTERS = 90_000;
/** Pipedrive takes at most so many codes in `custom_fields`. */
const MOST_CODES = 15;
/** How long an account is left alone that its CRM's shield has shut out, in milliseconds. */
const SHUT_OUT_MS = 60_000;

const tokens = z.object({
  access_token: z.string().min(1),
  refresh_token: z.string().min(1),
  expires_in: z.number().positive(),
  api_domain: z.string(),
});
const time = z.iso.datetime({ offset: true });
const entries = z.array(z.object({ value: z.string(), primary: z.boolean().default(false), label: z.string().nullish() })).nullish();
const person = z.looseObject({
  id: z.number().int(),
  name: z.string().nullable(),
  emails: entries,
  phones: entries,
  add_time: time,
  update_time: time.nullish(),
  is_deleted: z.boolean().default(false),
  label_ids: z.array(z.number().int()).nullish(),
  custom_fields: z.record(z.string(), z.unknown()).nullish(),
});
type Person = z.output<typeof person>;
const one = z.object({ data: person });
const persons = z.object({ data: z.array(person), additional_data: z.object({ next_cursor: z.string().nullish() }).nullish() });
const found = z.object({
  data: z.object({
    items: z.array(
      z.object({
        item: z.object({ id: z.number().int(), emails: z.array(z.string()).default([]), phones: z.array(z.string()).default([]) }),
      }),
    ),
  }),
});
const written = z.object({ data: z.object({ id: z.number().int() }) });
const labelled = z.object({ data: z.object({ label_ids: z.array(z.number().int()).nullish() }) });
const deals = z.object({ data: z.array(z.object({ id: z.number().int(), title: z.string() })).nullable() });
const notes = z.object({ data: z.array(z.object({ id: z.number().int(), content: z.string() })).nullable() });
const definitions = z.object({ data: z.array(definition), additional_data: z.object({ next_cursor: z.string().nullish() }).nullish() });
const labels = z.object({ data: definition });
const me = z.object({ data: z.object({ company_id: z.number().int(), company_name: z.string(), company_domain: z.string() }) });

/**
 * Pipedrive: API v2 for persons, deals and their fields, v1 for what has no v2 (notes, webhooks, users).
 * @param url stands in for all of Pipedrive's hosts
 */
export const pipedrive = (url?: string): Crm => ({
  id: "pipedrive",
  clouds: ["global"],
  oauth: oauth(url),
  token: {
    asks: "token-and-domain",
    grantFrom({ token, domain }) {
      if (!/^[0-9a-f]{40}$/i.test(token.trim())) throw new CrmError("invalid", "A token of Pipedrive has 40 hexadecimal digits");
      const address = `https://${(domain ?? "")
        .trim()
        .toLowerCase()
        .replace(/^https:\/\//, "")
        .replace(/\/$/, "")}`;
      return { kind: "token", accessToken: token.trim(), refreshToken: null, expiresAt: null, apiUrl: url || companyOrigin(address) };
    },
  },
  // The smallest plan: 20 requests in 2 seconds by token (80 by sign-in), 10 of them searches. Its daily budget is 30,000 tokens a seat.
  limits: [
    { key: "requests", burst: 6, perSecond: 6 },
    { key: "search", burst: 3, perSecond: 3 },
  ],
  inbound: pipedriveInbound,
  removal: { contact: "deletes", deal: "deletes", note: "deletes" },
  tags: true,
  sign({ kind, apiUrl, accessToken }) {
    const headers: Record<string, string> = kind === "oauth" ? { authorization: `Bearer ${accessToken}` } : { "x-api-token": accessToken };
    return { baseUrl: apiUrl, headers };
  },
  readError,
  async account(call) {
    const { data } = readAnswer(me, await call({ method: "GET", path: "/api/v1/users/me" }));
    const home = URL.canParse(`https://${data.company_domain}.pipedrive.com`) ? `https://${data.company_domain}.pipedrive.com` : null;
    return { externalId: String(data.company_id), name: data.company_name, url: home && isCompanyOrigin(home) ? home : null };
  },
  async fields(call, object) {
    const all: z.output<typeof definition>[] = [];
    let cursor: string | undefined;
    do {
      const path = object === "contact" ? "/api/v2/personFields" : "/api/v2/dealFields";
      const page = readAnswer(definitions, await call({ method: "GET", path, query: { limit: 500, cursor } }));
      all.push(...page.data);
      cursor = page.additional_data?.next_cursor ?? undefined;
    } while (cursor && all.length < 5_000);
    return fieldsOf(all, object);
  },
  async find(call, key, fields) {
    const email = key.email?.includes("@") ? key.email.toLowerCase() : null;
    const byEmail =
      email &&
      (await search(call, { term: email, fields: "email", exact_match: "true" }, ({ emails }) =>
        emails.some((own) => own.toLowerCase() === email),
      ));
    const { phone } = key;
    const term = phoneSearch(phone ?? "");
    const id =
      byEmail ||
      (phone && term ? await search(call, { term, fields: "phone" }, ({ phones }) => phones.some((own) => samePhone(own, phone))) : null);
    return id ? read(call, String(id), fields) : null;
  },
  get: read,
  write,
  findMarked,
  async remove(call, object, externalId) {
    await call({ method: "DELETE", path: `${PATHS[object]}/${numericId(externalId)}` }).catch(unlessGone);
  },
  async pull(call, { since, cursor, fields }) {
    const query = {
      limit: PAGE,
      cursor: cursor ?? undefined,
      sort_by: "update_time",
      sort_direction: "asc",
      updated_since: since ? new Date(since).toISOString().replace(/\.\d{3}Z$/, "Z") : undefined,
      custom_fields: codesOf(fields),
    };
    const answer = await call({ method: "GET", path: PATHS.contact, query });
    const page = readAnswer(persons, answer);
    const contacts = page.data.filter(({ is_deleted }) => !is_deleted).map((given) => contactOf(given, fields, answer));
    return { contacts, deleted: [], next: page.additional_data?.next_cursor ?? null, total: null };
  },
});

/** The origin of a company's Pipedrive, where tokens may be sent. @throws CrmError("invalid") for any other address */
function companyOrigin(address: string): string {
  if (!isCompanyOrigin(address)) throw new CrmError("invalid", "This is no address of Pipedrive, such as acme.pipedrive.com");
  return address;
}

const isCompanyOrigin = (address: string) => /^https:\/\/[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.pipedrive\.com$/.test(address);

/** pipedrive.readme.io/docs/marketplace-oauth-authorization and /app-uninstallation. The refresh token stays the same, for 60 days after each use. */
function oauth(url: string | undefined): CrmOAuth {
  const server = url || "https://oauth.pipedrive.com";
  const basic = ({ clientId, clientSecret }: CrmApp) => ({
    authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`,
  });
  const grantOf = async (http: CrmHttp, app: CrmApp, form: Record<string, string>): Promise<CrmGrant> => {
    const given = readAnswer(tokens, await http({ method: "POST", url: `${server}/oauth/token`, headers: basic(app), form }));
    return {
      kind: "oauth",
      accessToken: given.access_token,
      refreshToken: given.refresh_token,
      expiresAt: new Date(Date.now() + given.expires_in * 1000).toISOString(),
      apiUrl: url || companyOrigin(given.api_domain.toLowerCase().replace(/\/$/, "")),
    };
  };
  return {
    pkce: false,
    domain: "none",
    singleUseRefresh: false,
    authorizeUrl: ({ app, state, redirectUri }) =>
      `${server}/oauth/authorize?${new URLSearchParams({ client_id: app.clientId, redirect_uri: redirectUri, state })}`,
    exchangeCode: (http, { app, code, redirectUri }) =>
      grantOf(http, app, { grant_type: "authorization_code", code, redirect_uri: redirectUri }),
    refresh: (http, { app, grant }) => grantOf(http, app, { grant_type: "refresh_token", refresh_token: grant.refreshToken ?? "" }),
    async revoke(http, { app, grant }) {
      if (!grant.refreshToken) return;
      const form = { token: grant.refreshToken, token_type_hint: "refresh_token" };
      await http({ method: "POST", url: `${server}/oauth/revoke`, headers: basic(app), form });
    },
    removed({ headers, body }, app) {
      if (!sameSecret(headers.authorization, basic(app).authorization)) return null;
      const { client_id, company_id } = readAnswer(uninstalled, { body: jsonOf(body) });
      if (client_id !== app.clientId) throw new CrmError("malformed", "Pipedrive tells of another app");
      return String(company_id);
    },
  };
}

/** "Handling user app uninstallation"; `user_id` is there too, but what we know of a connection is its company. */
const uninstalled = z.object({ client_id: z.string(), company_id: z.union([z.number().int().positive(), z.string().regex(/^\d{1,15}$/)]) });

/** null for what is no JSON. */
function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return null;
  }
}

const refusal = z.object({ error: z.string().optional() });

/** Both limits answer 429: the day's budget has run out when none of it is left. Who goes on regardless is shut out with 403 and a web page. */
function readError({ status, headers, body }: CrmAnswer): CrmError | null {
  if (status === 429) {
    if (headers["x-daily-ratelimit-token-remaining"] === "0") return new CrmError("quota_exhausted", "Pipedrive's daily budget is used up");
    const seconds = headers["x-ratelimit-reset"];
    if (!headers["retry-after"] && seconds && /^\d{1,5}$/.test(seconds))
      return new CrmError("rate_limited", "Pipedrive's limit of two seconds was passed", {
        retryAfterMs: Math.max(1, Number(seconds)) * 1000,
      });
  }
  if (status === 403 && body === null)
    return new CrmError("rate_limited", "Pipedrive has shut us out for a while", { retryAfterMs: SHUT_OUT_MS });
  if (status === 400 && refusal.safeParse(body).data?.error === "invalid_grant")
    return new CrmError("unauthorized", "Pipedrive no longer takes the grant");
  return null;
}

function unlessGone(error: unknown): null {
  if (error instanceof CrmError && error.code === "not_found") return null;
  throw error;
}

/** What `custom_fields` may ask for; undefined asks for all. */
function codesOf(fields: string[]): string | undefined {
  const codes = [...new Set(fields.map(customCode).filter((code) => code !== null))];
  return codes.length > 0 && codes.length <= MOST_CODES ? codes.join(",") : undefined;
}

const first = (list: Person["emails"]) => (list?.find(({ primary }) => primary) ?? list?.[0])?.value || null;

function contactOf(given: Person, fields: string[], { origin }: CrmAnswer): CrmContact {
  const email = first(given.emails);
  const phone = first(given.phones);
  const valueOfKey = (key: string): CrmValue => {
    if (key === "email") return email;
    if (key === "phone") return phone;
    const code = customCode(key);
    return plain(code ? given.custom_fields?.[code] : given[key]);
  };
  return {
    externalId: String(given.id),
    name: given.name || null,
    email,
    phone,
    fields: Object.fromEntries(fields.map((key) => [key, valueOfKey(key)])),
    updatedAt: given.update_time ?? given.add_time,
    url: pageOf("contact", given.id, origin),
  };
}

const pageOf = (object: "contact" | "deal" | "note", id: number, origin: string) =>
  object !== "note" && isCompanyOrigin(origin) ? `${origin}/${PAGES[object]}/${id}` : null;

async function read(call: CrmCall, externalId: string, fields: string[]): Promise<CrmContact | null> {
  const answer = await personAnswer(call, externalId, codesOf(fields)).catch(unlessGone);
  if (!answer) return null;
  const { data } = readAnswer(one, answer);
  return data.is_deleted ? null : contactOf(data, fields, answer);
}

const personAnswer = async (call: CrmCall, externalId: string, codes?: string): Promise<CrmAnswer> =>
  call({ method: "GET", path: `${PATHS.contact}/${numericId(externalId)}`, query: { custom_fields: codes } });

type Found = z.output<typeof found>["data"]["items"][number]["item"];

/** The oldest of those that really match: the search's own idea of a match is wider. */
async function search(call: CrmCall, query: Record<string, string>, matches: (item: Found) => boolean): Promise<number | null> {
  const path = `${PATHS.contact}/search`;
  const answer = await call({ method: "GET", path, query: { ...query, limit: PAGE }, cost: { requests: 1, search: 1 } });
  const ids = readAnswer(found, answer).data.items.flatMap(({ item }) => (matches(item) ? [item.id] : []));
  return ids.length > 0 ? Math.min(...ids) : null;
}

async function write(call: CrmCall, given: Parameters<Crm["write"]>[1]): Promise<CrmWritten> {
  const id = given.externalId === null ? null : numericId(given.externalId);
  const path = id === null ? PATHS[given.object] : `${PATHS[given.object]}/${id}`;
  if (given.object === "note") {
    const json = { content: noteHtml(given.text, NOTE_CHARACTERS), ...(id === null ? { person_id: numericId(given.contactId) } : {}) };
    return saved("note", await call({ method: id === null ? "POST" : "PUT", path, json }));
  }
  const json = bodyOf(given.fields);
  if (given.object === "contact") Object.assign(json, await reachOf(call, given.externalId, given.fields));
  if (given.object === "contact" && id === null && !json.name) json.name = given.fields.email ?? given.fields.phone ?? "—";
  if (given.object === "deal")
    Object.assign(json, { title: given.title, ...(id === null ? { person_id: numericId(given.contactId) } : {}) });
  if (given.tags.length > 0) Object.assign(json, await labelsOf(call, given.object, path, id, given.tags));
  return saved(given.object, await call({ method: id === null ? "POST" : "PATCH", path, json }));
}

function saved(object: "contact" | "deal" | "note", answer: CrmAnswer): CrmWritten {
  const { id } = readAnswer(written, answer).data;
  return { externalId: String(id), url: pageOf(object, id, answer.origin) };
}

/** E-mails and phones are lists that a write replaces: what is there stays, ours becomes the first of them. */
async function reachOf(call: CrmCall, externalId: string | null, fields: Record<string, CrmValue>): Promise<Record<string, unknown>> {
  if (fields.email === undefined && fields.phone === undefined) return {};
  const before = externalId === null ? null : readAnswer(one, await personAnswer(call, externalId)).data;
  const merged = (list: Person["emails"], value: CrmValue, same: (own: string) => boolean) =>
    value === null
      ? []
      : [
          { value: String(value), primary: true, label: "work" },
          ...(list ?? [])
            .filter((entry) => entry.value && !same(entry.value))
            .map((entry) => ({ ...entry, label: entry.label ?? "other", primary: false })),
        ];
  const { email, phone } = fields;
  return {
    ...(email === undefined ? {} : { emails: merged(before?.emails, email, (own) => own.toLowerCase() === String(email).toLowerCase()) }),
    ...(phone === undefined ? {} : { phones: merged(before?.phones, phone, (own) => samePhone(own, String(phone))) }),
  };
}

/** Tags are Pipedrive's labels, of which an account has a list: those of ours that are in it are added, others are left out. */
async function labelsOf(
  call: CrmCall,
  object: "contact" | "deal",
  path: string,
  id: number | null,
  tags: string[],
): Promise<Record<string, unknown>> {
  const field = object === "contact" ? "/api/v2/personFields/label_ids" : "/api/v2/dealFields/label_ids";
  const answer = await call({ method: "GET", path: field }).catch(unlessGone);
  if (!answer) return {};
  const wanted = new Set(tags.map((tag) => tag.toLowerCase()));
  const { options } = readAnswer(labels, answer).data;
  const ours = options.filter(({ label }) => wanted.has(label.toLowerCase())).map((option) => Number(option.id));
  if (ours.length === 0) return {};
  const before = id === null ? [] : (readAnswer(labelled, await call({ method: "GET", path })).data.label_ids ?? []);
  return { label_ids: [...new Set([...before, ...ours])] };
}

async function findMarked(
  call: CrmCall,
  object: "deal" | "note",
  { contactId, marker }: { contactId: string; marker: string },
): Promise<CrmWritten | null> {
  const newest = { person_id: numericId(contactId), limit: MARKED_LOOKED_AT };
  if (object === "deal") {
    const answer = await call({ method: "GET", path: PATHS.deal, query: { ...newest, sort_by: "add_time", sort_direction: "desc" } });
    const deal = readAnswer(deals, answer).data?.find(({ title }) => title.includes(marker));
    return deal ? { externalId: String(deal.id), url: pageOf("deal", deal.id, answer.origin) } : null;
  }
  const answer = await call({ method: "GET", path: PATHS.note, query: { ...newest, sort: "add_time DESC" } });
  const note = readAnswer(notes, answer).data?.find(({ content }) => content.includes(escapeHtml(marker)) || content.includes(marker));
  return note ? { externalId: String(note.id), url: null } : null;
}
