import { z } from "zod";
import { escapeHtml } from "../escape-html.ts";
import type { Crm, CrmApp, CrmCall, CrmField, CrmGrant, CrmHttp, CrmOAuth, CrmValue, CrmWritten } from "./crm.ts";
import { readAnswer } from "./crm-answer.ts";
import { CrmError } from "./crm-error.ts";
import { changedSince, everything, find, ownUrl, PLURAL, paging, pathOf, read, unlessGone } from "./hubspot-contacts.ts";
import { hubspotInbound } from "./hubspot-inbound.ts";
import { noteHtml } from "./note-html.ts";

const SCOPES = [
  "oauth",
  "crm.objects.contacts.read",
  "crm.objects.contacts.write",
  "crm.objects.deals.read",
  "crm.objects.deals.write",
  "crm.schemas.contacts.read",
  "crm.schemas.deals.read",
];
/** HubSpot's own types of association: a deal's to its contact, a note's to its contact. */
const ASSOCIATION_TYPE = { deal: 3, note: 202 } as const;
const MARKED_LOOKED_AT = 50;
/** HubSpot takes 65,536. */
const NOTE_CHARACTERS = 65_000;

const tokens = z.object({ access_token: z.string().min(1), refresh_token: z.string().min(1), expires_in: z.number().positive() });
const details = z.object({ portalId: z.number().int(), portalName: z.string().optional(), uiDomain: z.string() });
const written = z.object({ id: z.string().min(1), url: z.string().optional() });
const associated = z.object({ results: z.array(z.object({ toObjectId: z.union([z.string(), z.number()]).transform(String) })), paging });
const batch = z.object({
  results: z.array(z.object({ id: z.string(), url: z.string().optional(), properties: z.record(z.string(), z.string().nullable()) })),
});
const pipelines = z.object({
  results: z.array(
    z.object({ id: z.string(), displayOrder: z.number(), stages: z.array(z.object({ id: z.string(), displayOrder: z.number() })) }),
  ),
});
const definitions = z.object({
  results: z.array(
    z.object({
      name: z.string().min(1),
      label: z.string(),
      type: z.string(),
      fieldType: z.string(),
      hidden: z.boolean().default(false),
      calculated: z.boolean().default(false),
      options: z.array(z.object({ value: z.string(), label: z.string(), hidden: z.boolean().default(false) })).default([]),
      modificationMetadata: z.object({ readOnlyValue: z.boolean() }).optional(),
    }),
  ),
});
const refusal = z.object({ policyName: z.string().optional(), error: z.string().optional(), status: z.string().optional() });

/**
 * HubSpot by its dated API (2026-03). Writes are read back at once by id or e-mail; its search is behind by moments and ends at 10,000 results, so a
 * full pull goes through the list and an increment by time (see `changedSince`).
 * @param url stands in for all of HubSpot's hosts
 */
export const hubspot = (url?: string): Crm => {
  const api = url || "https://api.hubapi.com";
  return {
    id: "hubspot",
    clouds: ["global"],
    oauth: oauth(api, url || "https://app.hubspot.com"),
    token: {
      asks: "token",
      grantFrom({ token }) {
        if (!/^pat-[\w-]{20,200}$/.test(token.trim())) throw new CrmError("invalid", "A private app's token begins with pat-");
        return { kind: "token", accessToken: token.trim(), refreshToken: null, expiresAt: null, apiUrl: api };
      },
    },
    // 100 in 10 seconds on the smallest plan; of these at most 5 searches a second.
    limits: [
      { key: "requests", burst: 20, perSecond: 7 },
      { key: "search", burst: 2, perSecond: 2 },
    ],
    inbound: hubspotInbound,
    removal: { contact: "deletes", deal: "deletes", note: "deletes" },
    tags: false,
    sign: (grant) => ({ baseUrl: grant.apiUrl, headers: { authorization: `Bearer ${grant.accessToken}` } }),
    readError(answer) {
      if (answer.status < 400) return null;
      const said = refusal.safeParse(answer.body).data;
      if (answer.status === 429 && said?.policyName === "DAILY") return new CrmError("quota_exhausted", "HubSpot's daily limit is used up");
      if (said?.error === "invalid_grant" || said?.status === "BAD_REFRESH_TOKEN" || said?.status === "BAD_AUTH_CODE")
        return new CrmError("unauthorized", "HubSpot no longer takes the grant");
      return null;
    },

    async account(call) {
      const { portalId, portalName, uiDomain } = readAnswer(details, await call({ method: "GET", path: "/account-info/2026-03/details" }));
      return {
        externalId: String(portalId),
        name: portalName || `HubSpot ${portalId}`,
        url: ownUrl(`https://${uiDomain}/contacts/${portalId}`),
      };
    },
    async fields(call, object) {
      const answer = await call({ method: "GET", path: `/crm/properties/2026-03/${PLURAL[object]}` });
      return ordered(readAnswer(definitions, answer).results);
    },
    find,
    get: (call, externalId, fields) => read(call, externalId, fields),
    write,
    findMarked,
    async remove(call, object, externalId) {
      await call({ method: "DELETE", path: pathOf(object, externalId) }).catch(unlessGone);
    },
    pull: (call, { since, cursor, fields }) =>
      since === null ? everything(call, cursor, fields) : changedSince(call, cursor ?? since, fields),
  };
};

/** developers.hubspot.com/docs, "Manage OAuth access tokens" (2026-03). A refresh token stays as it is. */
function oauth(api: string, site: string): CrmOAuth {
  const grantOf = async (http: CrmHttp, app: CrmApp, form: Record<string, string>): Promise<CrmGrant> => {
    const answer = await http({
      method: "POST",
      url: `${api}/oauth/2026-03/token`,
      form: { client_id: app.clientId, client_secret: app.clientSecret, ...form },
    });
    const { access_token: accessToken, refresh_token: refreshToken, expires_in: seconds } = readAnswer(tokens, answer);
    return { kind: "oauth", accessToken, refreshToken, expiresAt: new Date(Date.now() + seconds * 1000).toISOString(), apiUrl: api };
  };
  return {
    pkce: false,
    domain: "none",
    singleUseRefresh: false,
    authorizeUrl: ({ app, state, redirectUri }) =>
      `${site}/oauth/authorize?${new URLSearchParams({ client_id: app.clientId, redirect_uri: redirectUri, scope: SCOPES.join(" "), state })}`,
    exchangeCode: (http, { app, code, redirectUri }) =>
      grantOf(http, app, { grant_type: "authorization_code", code, redirect_uri: redirectUri }),
    refresh: (http, { app, grant }) => grantOf(http, app, { grant_type: "refresh_token", refresh_token: grant.refreshToken ?? "" }),
    async revoke(http, { app, grant }) {
      if (!grant.refreshToken) return;
      const form = {
        client_id: app.clientId,
        client_secret: app.clientSecret,
        token: grant.refreshToken,
        token_type_hint: "refresh_token",
      };
      await http({ method: "POST", url: `${api}/oauth/2026-03/token/revoke`, form });
    },
  };
}

async function write(call: CrmCall, given: Parameters<Crm["write"]>[1]): Promise<CrmWritten> {
  const properties = given.object === "note" ? { hs_note_body: noteHtml(given.text, NOTE_CHARACTERS) } : asProperties(given.fields);
  if (given.object === "deal") properties.dealname = given.title;
  if (given.externalId !== null)
    return saved(await call({ method: "PATCH", path: pathOf(given.object, given.externalId), json: { properties } }));
  if (given.object === "note") properties.hs_timestamp = new Date().toISOString();
  if (given.object === "deal" && !properties.dealstage) Object.assign(properties, await firstStage(call, properties.pipeline));
  const associations =
    given.object === "contact"
      ? []
      : [
          {
            to: { id: given.contactId },
            types: [{ associationCategory: "HUBSPOT_DEFINED", associationTypeId: ASSOCIATION_TYPE[given.object] }],
          },
        ];
  return saved(await call({ method: "POST", path: `/crm/objects/2026-03/${PLURAL[given.object]}`, json: { properties, associations } }));
}

function saved(answer: Awaited<ReturnType<CrmCall>>): CrmWritten {
  const { id, url } = readAnswer(written, answer);
  return { externalId: id, url: ownUrl(url) };
}

/** HubSpot takes texts; an empty one clears. */
const asProperties = (fields: Record<string, CrmValue>): Record<string, string> =>
  Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, value === null ? "" : String(value)]));

/** Where a new deal begins: the first stage of the pipeline named, else of the account's first. */
async function firstStage(call: CrmCall, pipeline: string | undefined): Promise<Record<string, string>> {
  const { results } = readAnswer(pipelines, await call({ method: "GET", path: "/crm/pipelines/2026-03/deals" }));
  const first = <T extends { displayOrder: number }>(list: T[]) => [...list].sort((a, b) => a.displayOrder - b.displayOrder)[0];
  const chosen = pipeline ? results.find(({ id }) => id === pipeline) : first(results);
  const stage = first(chosen?.stages ?? []);
  if (!chosen || !stage) throw new CrmError("invalid", "HubSpot has no pipeline for deals", { detail: "There is no pipeline for deals" });
  return { pipeline: chosen.id, dealstage: stage.id };
}

/** Through the contact's associations, not the search: a record made a moment ago is among them. Ids rise with time. */
async function findMarked(
  call: CrmCall,
  object: "deal" | "note",
  { contactId, marker }: { contactId: string; marker: string },
): Promise<CrmWritten | null> {
  const ids: string[] = [];
  let after: string | undefined;
  do {
    const path = `${pathOf("contact", contactId)}/associations/${PLURAL[object]}`;
    const answer = await call({ method: "GET", path, query: { limit: 500, after } }).catch(unlessGone);
    if (!answer) return null;
    const page = readAnswer(associated, answer);
    ids.push(...page.results.map(({ toObjectId }) => toObjectId));
    after = page.paging?.next?.after;
  } while (after && ids.length < 10_000);
  const newest = ids.sort((a, b) => Number(b) - Number(a)).slice(0, MARKED_LOOKED_AT);
  if (newest.length === 0) return null;
  const property = object === "note" ? "hs_note_body" : "dealname";
  const json = { properties: [property], inputs: newest.map((id) => ({ id })) };
  const { results } = readAnswer(batch, await call({ method: "POST", path: `/crm/objects/2026-03/${PLURAL[object]}/batch/read`, json }));
  const text = object === "note" ? escapeHtml(marker) : marker;
  const marked = results.find(({ properties }) => properties[property]?.includes(text));
  return marked ? { externalId: marked.id, url: ownUrl(marked.url) } : null;
}

const KNOWN_FIRST = [
  "email",
  "firstname",
  "lastname",
  "phone",
  "mobilephone",
  "company",
  "jobtitle",
  "dealname",
  "amount",
  "dealstage",
  "pipeline",
];

function ordered(properties: z.output<typeof definitions>["results"]): CrmField[] {
  const rank = (key: string) => (KNOWN_FIRST.indexOf(key) + KNOWN_FIRST.length + 1) % (KNOWN_FIRST.length + 1);
  return properties
    .filter(({ hidden }) => !hidden)
    .map((property) => ({
      key: property.name,
      label: property.label || property.name,
      type: typeOf(property),
      ...(property.type === "enumeration"
        ? { choices: property.options.filter(({ hidden }) => !hidden).map(({ value, label }) => ({ value, label })) }
        : {}),
      writable: !property.calculated && !property.modificationMetadata?.readOnlyValue,
    }))
    .sort((a, b) => rank(a.key) - rank(b.key) || a.label.localeCompare(b.label));
}

function typeOf({ name, type, fieldType }: { name: string; type: string; fieldType: string }): CrmField["type"] {
  if (name === "email") return "email";
  if (fieldType === "phonenumber" || type === "phone_number") return "phone";
  if (type === "number") return "number";
  if (type === "bool") return "boolean";
  if (type === "date" || type === "datetime") return "date";
  return type === "enumeration" ? "choice" : "text";
}
