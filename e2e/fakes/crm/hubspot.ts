import { createHash, createHmac } from "node:crypto";
import type { CrmValue, InboundRequest } from "../../../core/crm/crm.ts";
import { type FakeAnswer, type FakeCall, type FakeContact, type FakeCrm, startFakeServer } from "./fake-crm.ts";
import { createFakeOAuth } from "./fake-oauth.ts";

/** An event as HubSpot words it; `objectId` and the like as in the guide of webhooks. */
export type HubspotEvent = { subscriptionType: string; objectId: number } & Record<string, unknown>;

export type FakeHubspot = FakeCrm & {
  /** Signs any body for any address, as HubSpot would. `wire` is how the address stands in the request line. */
  sign(given: { url: string; body: string; at?: number; method?: string }): InboundRequest;
  events(events: HubspotEvent[], url: string, at?: number): InboundRequest;
};

const PORTAL = 6_543_210;
const READ_ONLY = new Set(["hs_object_id", "createdate", "lastmodifieddate", "hs_searchable_calculated_phone_number"]);
const CONTACT_PROPERTIES: Record<string, { label: string; type: string; fieldType: string; options?: string[] }> = {
  email: { label: "Email", type: "string", fieldType: "text" },
  firstname: { label: "First Name", type: "string", fieldType: "text" },
  lastname: { label: "Last Name", type: "string", fieldType: "text" },
  phone: { label: "Phone Number", type: "string", fieldType: "phonenumber" },
  mobilephone: { label: "Mobile Phone Number", type: "string", fieldType: "phonenumber" },
  jobtitle: { label: "Job Title", type: "string", fieldType: "text" },
  annualrevenue: { label: "Annual Revenue", type: "number", fieldType: "number" },
  lifecyclestage: { label: "Lifecycle Stage", type: "enumeration", fieldType: "select", options: ["subscriber", "lead", "customer"] },
  hs_object_id: { label: "Record ID", type: "number", fieldType: "number" },
  createdate: { label: "Create Date", type: "datetime", fieldType: "date" },
  lastmodifieddate: { label: "Last Modified Date", type: "datetime", fieldType: "date" },
  hs_searchable_calculated_phone_number: { label: "Calculated", type: "string", fieldType: "text" },
  hs_searchable_calculated_mobile_number: { label: "Calculated", type: "string", fieldType: "text" },
};
const DEAL_PROPERTIES: typeof CONTACT_PROPERTIES = {
  dealname: { label: "Deal Name", type: "string", fieldType: "text" },
  amount: { label: "Amount", type: "number", fieldType: "number" },
  dealstage: { label: "Deal Stage", type: "enumeration", fieldType: "radio", options: ["appointmentscheduled", "closedwon"] },
  pipeline: { label: "Pipeline", type: "enumeration", fieldType: "select", options: ["default"] },
  description: { label: "Description", type: "string", fieldType: "textarea" },
};
const NOTE_PROPERTIES = new Set(["hs_note_body", "hs_timestamp", "hubspot_owner_id"]);
const DEFAULTS = ["createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"];
const ASSOCIATION_TYPE = { deals: 3, notes: 202 } as const;

const refuse = (status: number, category: string, message: string): FakeAnswer => ({
  status,
  json: { status: "error", message, correlationId: "aeb5f871-7f07-4993-9211-075dc63e7cbf", category },
});
const notFound = () => refuse(404, "OBJECT_NOT_FOUND", "resource not found");
const tooMany = (policyName: string, headers: Record<string, string> = {}): FakeAnswer => ({
  status: 429,
  headers,
  json: { status: "error", message: `You have reached your ${policyName} limit.`, errorType: "RATE_LIMIT", policyName },
});

/**
 * HubSpot, as its documentation describes the parts that are used: developers.hubspot.com/docs, "Manage OAuth tokens" (2026-03: form bodies,
 * access tokens of 30 minutes, refresh tokens that stay), "Contacts", "Deals", "Notes", "Properties", "Pipelines", "Associations" (2026-03; the
 * shapes from HubSpot/HubSpot-public-api-spec-collection), "Search the CRM" (200 a page, 10,000 in all, 5 groups of 10 filters, 5 a second, phone
 * numbers without their country), "API usage guidelines" (100 in 10 seconds on the smallest plan), "Webhooks" (at most 100 events in a request),
 * "Validating requests" (v3).
 */
export async function startFakeHubspot({ portalId = PORTAL }: { portalId?: number } = {}): Promise<FakeHubspot> {
  const app = { clientId: "fake-hubspot-client", clientSecret: "fake-hubspot-secret-0123456789" };
  const token = "pat-eu1-3f2504e0-4f89-41d3-9a0c-0305e82c3301";
  const oauth = createFakeOAuth({ app, pkce: false, rotates: false });
  let tokenAlive = true;
  let searches: number[] = [];
  let searchBreaches = 0;

  const server = await startFakeServer({
    limit: { count: 100, ms: 10_000 },
    isApi: (path) => path.startsWith("/crm/") || path.startsWith("/account-info/"),
    tooMany: tooMany("TEN_SECONDLY_ROLLING", { "retry-after": "1" }),
    handle,
  });
  const { contacts, deals, notes } = server;

  function handle(call: FakeCall): FakeAnswer {
    const path = call.url.pathname;
    if (path === "/oauth/authorize") return authorize(call.url);
    if (path === "/oauth/2026-03/token" && call.method === "POST") return tokens(call);
    if (path === "/oauth/2026-03/token/revoke" && call.method === "POST") return revoked(call);
    const bearer = call.headers.authorization?.replace(/^Bearer /, "") ?? "";
    if (!oauth.accepts(bearer) && !(tokenAlive && bearer === token))
      return refuse(401, "EXPIRED_AUTHENTICATION", "The access token is expired or invalid.");
    const answer = api(call, path);
    const used = server.requests.filter(({ at }) => at > Date.now() - 10_000).length;
    if (!path.endsWith("/search"))
      answer.headers = {
        "x-hubspot-ratelimit-max": "100",
        "x-hubspot-ratelimit-remaining": String(Math.max(0, 99 - used)),
        "x-hubspot-ratelimit-interval-milliseconds": "10000",
        ...answer.headers,
      };
    return answer;
  }

  function authorize(url: URL): FakeAnswer {
    if (!url.searchParams.get("scope")?.split(" ").includes("oauth"))
      return { status: 400, html: "<p>The scopes do not match the app's.</p>" };
    return oauth.consent(url);
  }

  function tokens(call: FakeCall): FakeAnswer {
    const form = call.body as Record<string, unknown>;
    if (call.url.search) return refuse(400, "VALIDATION_ERROR", "parameters belong in the body");
    const given = oauth.token(form, { id: form.client_id, secret: form.client_secret });
    if ("error" in given) {
      const status = form.grant_type === "refresh_token" ? "BAD_REFRESH_TOKEN" : "BAD_AUTH_CODE";
      return {
        status: 400,
        json: { error: given.error, error_description: given.description, status, message: given.description },
      };
    }
    return {
      json: {
        token_type: "bearer",
        token_use: "access_token",
        access_token: given.accessToken,
        refresh_token: given.refreshToken,
        expires_in: 1800,
        hub_id: portalId,
        user_id: 77,
        scopes: ["oauth"],
      },
    };
  }

  function revoked(call: FakeCall): FakeAnswer {
    const form = call.body as Record<string, unknown>;
    if (form.client_id !== app.clientId || form.client_secret !== app.clientSecret)
      return { status: 401, json: { error: "invalid_client", error_description: "client credentials are not valid" } };
    oauth.revoke(String(form.token));
    return { status: 200 };
  }

  function api(call: FakeCall, path: string): FakeAnswer {
    if (path === "/account-info/2026-03/details")
      return { json: { portalId, accountType: "STANDARD", timeZone: "Europe/Moscow", uiDomain: "app-eu1.hubspot.com" } };
    const properties = path.match(/^\/crm\/properties\/2026-03\/(contacts|deals)$/);
    if (properties) return { json: { results: definitions(properties[1] === "contacts" ? CONTACT_PROPERTIES : DEAL_PROPERTIES) } };
    if (path === "/crm/pipelines/2026-03/deals") return { json: { results: [PIPELINE] } };
    const objects = path.match(/^\/crm\/objects\/2026-03\/(contacts|deals|notes)(?:\/(.+))?$/);
    if (!objects) return notFound();
    const kind = objects[1] as "contacts" | "deals" | "notes";
    const rest = decodeURIComponent(objects[2] ?? "");
    const body = (call.body ?? {}) as Record<string, unknown>;
    if (rest === "search" && call.method === "POST") return kind === "contacts" ? search(call, body) : notFound();
    if (rest === "batch/read" && call.method === "POST") return batchRead(kind, body);
    const associated = rest.match(/^(\d+)\/associations\/(notes|deals)$/);
    if (associated) return associations(associated[1]!, associated[2] as "notes" | "deals", call.url);
    if (!rest && call.method === "GET") return kind === "contacts" ? list(call.url) : notFound();
    if (!rest && call.method === "POST") return create(kind, body);
    if (call.method === "GET") return kind === "contacts" ? read(call.url, rest) : notFound();
    if (call.method === "PATCH") return update(kind, rest, body);
    if (call.method === "DELETE") return archive(kind, rest);
    return refuse(405, "METHOD_NOT_ALLOWED", "There is no such method");
  }

  const alive = () => [...contacts.values()].filter(({ deleted }) => !deleted).sort((a, b) => Number(a.id) - Number(b.id));
  const wanted = (url: URL) => url.searchParams.get("properties")?.split(",") ?? [];

  function list(url: URL): FakeAnswer {
    const limit = Number(url.searchParams.get("limit") ?? 10);
    if (!(limit >= 1 && limit <= 100)) return refuse(400, "VALIDATION_ERROR", "limit must be between 1 and 100");
    const after = Number(url.searchParams.get("after") ?? 0);
    const rest = alive().filter(({ id }) => Number(id) > after);
    const page = rest.slice(0, limit);
    return {
      json: paged(
        page.map((contact) => shown(contact, wanted(url))),
        rest.length > limit ? page.at(-1)!.id : null,
      ),
    };
  }

  function read(url: URL, key: string): FakeAnswer {
    const byEmail = url.searchParams.get("idProperty") === "email";
    const contact = alive().find(({ id, email }) => (byEmail ? email?.toLowerCase() === key.toLowerCase() : id === key));
    return contact ? { json: shown(contact, wanted(url)) } : notFound();
  }

  function search(call: FakeCall, body: Record<string, unknown>): FakeAnswer {
    const now = Date.now();
    searches = searches.filter((at) => at > now - 1000);
    if (searches.length >= 5) {
      searchBreaches++;
      return tooMany("SECONDLY");
    }
    searches.push(now);
    const groups = (body.filterGroups ?? []) as { filters: Filter[] }[];
    const limit = Number(body.limit ?? 10);
    const after = Number(body.after ?? 0);
    const sorts = (body.sorts ?? []) as { propertyName: string; direction: string }[];
    if (call.raw.length > 3_000) return refuse(400, "VALIDATION_ERROR", "the request is longer than 3,000 characters");
    if (groups.length > 5 || groups.some(({ filters }) => filters.length > 10)) return refuse(400, "VALIDATION_ERROR", "too many filters");
    if (!(limit >= 1 && limit <= 200)) return refuse(400, "VALIDATION_ERROR", "limit must be at most 200");
    if (after + limit > 10_000) return refuse(400, "VALIDATION_ERROR", "paging past 10,000 results");
    if (sorts.length > 1) return refuse(400, "VALIDATION_ERROR", "only one sort is allowed");
    const names = [
      ...groups.flatMap(({ filters }) => filters.map(({ propertyName }) => propertyName)),
      ...sorts.map((s) => s.propertyName),
    ];
    const unknown = names.find((name) => !CONTACT_PROPERTIES[name]);
    if (unknown) return refuse(400, "VALIDATION_ERROR", `There was a problem with the request: no property ${unknown}`);
    const found = alive().filter(
      (contact) => groups.length === 0 || groups.some(({ filters }) => filters.every((filter) => matches(contact, filter))),
    );
    const sort = sorts[0] ?? { propertyName: "createdate", direction: "ASCENDING" };
    found.sort((a, b) => comparable(a, sort.propertyName) - comparable(b, sort.propertyName));
    if (sort.direction === "DESCENDING") found.reverse();
    const page = found.slice(after, after + limit).map((contact) => shown(contact, (body.properties ?? []) as string[]));
    return { json: { total: found.length, ...paged(page, found.length > after + limit ? String(after + limit) : null) } };
  }

  function batchRead(kind: "contacts" | "deals" | "notes", body: Record<string, unknown>): FakeAnswer {
    const inputs = (body.inputs ?? []) as { id: string }[];
    if (inputs.length > 100) return refuse(400, "VALIDATION_ERROR", "at most 100 inputs");
    const results = inputs.flatMap(({ id }) => {
      const note = kind === "notes" ? notes.get(id) : undefined;
      const deal = kind === "deals" ? deals.get(id) : undefined;
      if (note) return [record(id, { hs_note_body: note.text, hs_object_id: id }, note.createdAt)];
      if (deal) return [record(id, { dealname: deal.title, hs_object_id: id }, deal.createdAt)];
      return [];
    });
    return { status: results.length === inputs.length ? 200 : 207, json: { status: "COMPLETE", results } };
  }

  function associations(contactId: string, to: "notes" | "deals", url: URL): FakeAnswer {
    if (!contacts.has(contactId)) return notFound();
    const limit = Number(url.searchParams.get("limit") ?? 100);
    if (limit > 500) return refuse(400, "VALIDATION_ERROR", "at most 500");
    const after = Number(url.searchParams.get("after") ?? 0);
    const store: Map<string, { id: string; contactId: string }> = to === "notes" ? notes : deals;
    const all = [...store.values()].filter((one) => one.contactId === contactId && Number(one.id) > after);
    const results = all.slice(0, limit).map(({ id }) => ({
      toObjectId: Number(id),
      associationTypes: [{ category: "HUBSPOT_DEFINED", typeId: to === "notes" ? 201 : 4, label: null }],
    }));
    return { json: paged(results, all.length > limit ? String(results.at(-1)!.toObjectId) : null) };
  }

  function create(kind: "contacts" | "deals" | "notes", body: Record<string, unknown>): FakeAnswer {
    const properties = (body.properties ?? {}) as Record<string, string>;
    const wrong = invalid(kind, properties);
    if (wrong) return wrong;
    if (!Array.isArray(body.associations)) return refuse(400, "VALIDATION_ERROR", "associations are required");
    if (kind === "contacts") {
      const same = alive().find(({ email }) => properties.email && email?.toLowerCase() === properties.email.toLowerCase());
      if (same) return refuse(409, "CONFLICT", `Contact already exists. Existing ID: ${same.id}`);
      const contact = server.addContact({ name: "", ...written(properties, {}) });
      return { status: 201, json: shown(contact, Object.keys(properties)) };
    }
    const [association] = body.associations as {
      to: { id: string };
      types: { associationCategory: string; associationTypeId: number }[];
    }[];
    const type = association?.types?.[0];
    if (!type) return refuse(400, "VALIDATION_ERROR", "an association needs a type");
    if (type.associationCategory !== "HUBSPOT_DEFINED" || type.associationTypeId !== ASSOCIATION_TYPE[kind])
      return refuse(400, "VALIDATION_ERROR", `${type.associationTypeId} is no type of association between ${kind} and contacts`);
    const contactId = String(association.to.id);
    if (!alive().some(({ id }) => id === contactId)) return refuse(404, "OBJECT_NOT_FOUND", `contact ${contactId} does not exist`);
    const id = server.nextId();
    const createdAt = Date.now();
    if (kind === "notes") {
      if (!properties.hs_timestamp) return refuse(400, "VALIDATION_ERROR", "hs_timestamp is required");
      notes.set(id, { id, contactId, text: properties.hs_note_body ?? "", createdAt });
    } else {
      for (const name of ["dealname", "dealstage"]) if (!properties[name]) return refuse(400, "VALIDATION_ERROR", `${name} is required`);
      deals.set(id, { id, contactId, title: properties.dealname!, fields: properties, tags: [], createdAt });
    }
    return { status: 201, json: record(id, properties, createdAt) };
  }

  function update(kind: "contacts" | "deals" | "notes", id: string, body: Record<string, unknown>): FakeAnswer {
    const properties = (body.properties ?? {}) as Record<string, string>;
    const wrong = invalid(kind, properties);
    if (wrong) return wrong;
    const [contact, deal, note] = [contacts.get(id), deals.get(id), notes.get(id)];
    if (kind === "contacts" && contact && !contact.deleted) {
      server.change(id, written(properties, contact.fields));
      return { json: shown(contact, Object.keys(properties)) };
    }
    if (kind === "deals" && deal) {
      deal.title = properties.dealname ?? deal.title;
      deal.fields = { ...deal.fields, ...properties };
      return { json: record(id, properties, deal.createdAt) };
    }
    if (kind === "notes" && note) {
      note.text = properties.hs_note_body ?? note.text;
      return { json: record(id, properties, note.createdAt) };
    }
    return notFound();
  }

  /** Archiving answers 204 whether or not the record is there. */
  function archive(kind: "contacts" | "deals" | "notes", id: string): FakeAnswer {
    const contact = contacts.get(id);
    if (kind === "contacts" && contact) contact.deleted = true;
    if (kind === "deals") deals.delete(id);
    if (kind === "notes") notes.delete(id);
    return { status: 204 };
  }

  function sign({
    url,
    body,
    at = Date.now(),
    method = "POST",
  }: {
    url: string;
    body: string;
    at?: number;
    method?: string;
  }): InboundRequest {
    const source = method + signedUri(url) + body + at;
    return {
      method,
      url,
      headers: {
        "content-type": "application/json",
        "x-hubspot-request-timestamp": String(at),
        "x-hubspot-signature-v3": createHmac("sha256", app.clientSecret).update(source).digest("base64"),
        "x-hubspot-signature-version": "v1",
        "x-hubspot-signature": createHash("sha256")
          .update(app.clientSecret + body)
          .digest("hex"),
      },
      body: Buffer.from(body),
    };
  }

  const events = (list: HubspotEvent[], url: string, at = Date.now()) =>
    sign({
      url,
      at,
      body: JSON.stringify(
        list.map((event, n) => ({
          eventId: 100 + n,
          subscriptionId: 7,
          portalId,
          appId: 31,
          occurredAt: at,
          attemptNumber: 0,
          ...event,
        })),
      ),
    });

  return {
    ...server,
    app,
    account: { externalId: String(portalId), name: `HubSpot ${portalId}` },
    token,
    domain: null,
    breaches: () => server.breaches() + searchBreaches,
    grant() {
      const { accessToken, refreshToken } = oauth.issue();
      return { kind: "oauth", accessToken, refreshToken, expiresAt: new Date(Date.now() + 1_800_000).toISOString(), apiUrl: server.url };
    },
    authorize: oauth.walk,
    expireTokens: oauth.expire,
    revokeAll() {
      oauth.revokeAll();
      tokenAlive = false;
    },
    webhook: ({ url, contactIds, kind, at }) => {
      const list = contactIds.map((id) => ({
        objectId: Number(id),
        ...(kind === "deleted"
          ? { subscriptionType: "contact.deletion", changeFlag: "DELETED" }
          : { subscriptionType: "contact.propertyChange", propertyName: "jobtitle", propertyValue: "x" }),
      }));
      return Array.from({ length: Math.ceil(list.length / 100) }, (_, n) => events(list.slice(n * 100, n * 100 + 100), url, at));
    },
    sign,
    events,
  };
}

const PIPELINE = {
  id: "default",
  label: "Sales Pipeline",
  displayOrder: 0,
  archived: false,
  stages: [
    { id: "closedwon", label: "Closed Won", displayOrder: 1, archived: false },
    { id: "appointmentscheduled", label: "Appointment Scheduled", displayOrder: 0, archived: false },
  ],
};

type Filter = { propertyName: string; operator: string; value?: string; values?: string[] };

const definitions = (properties: typeof CONTACT_PROPERTIES) =>
  Object.entries(properties).map(([name, { label, type, fieldType, options }]) => ({
    name,
    label,
    type,
    fieldType,
    groupName: "contactinformation",
    hidden: name.startsWith("hs_searchable"),
    calculated: name.startsWith("hs_searchable"),
    options: (options ?? []).map((value, displayOrder) => ({ value, label: value.toUpperCase(), displayOrder, hidden: false })),
    modificationMetadata: { archivable: false, readOnlyDefinition: true, readOnlyValue: READ_ONLY.has(name) },
  }));

/** What HubSpot says of properties that do not exist, may not be written or do not hold; null when all is well. */
function invalid(kind: "contacts" | "deals" | "notes", properties: Record<string, string>): FakeAnswer | null {
  for (const [name, value] of Object.entries(properties)) {
    const known = kind === "notes" ? NOTE_PROPERTIES.has(name) : (kind === "contacts" ? CONTACT_PROPERTIES : DEAL_PROPERTIES)[name];
    const error = !known
      ? "PROPERTY_DOESNT_EXIST"
      : READ_ONLY.has(name)
        ? "READ_ONLY_VALUE"
        : typeof value !== "string"
          ? "INVALID_TYPE"
          : name === "email" && value && !/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(value)
            ? "INVALID_EMAIL"
            : typeof known === "object" && known.options && value && !known.options.includes(value)
              ? "INVALID_OPTION"
              : name === "hs_note_body" && value.length > 65_536
                ? "INVALID_LENGTH"
                : null;
    if (error)
      return refuse(400, "VALIDATION_ERROR", `Property values were not valid: [{"isValid":false,"error":"${error}","name":"${name}"}]`);
  }
  return null;
}

/** What an answer's properties change of a person; an empty string clears. */
function written(properties: Record<string, string>, before: Record<string, CrmValue>): Partial<FakeContact> {
  const { email, phone, ...others } = properties;
  const fields = { ...before, ...Object.fromEntries(Object.entries(others).map(([name, value]) => [name, value || null])) };
  return {
    fields,
    ...(email !== undefined ? { email: email || null } : {}),
    ...(phone !== undefined ? { phone: phone || null } : {}),
    ...("firstname" in properties || "lastname" in properties
      ? { name: [fields.firstname, fields.lastname].filter(Boolean).join(" ") }
      : {}),
  };
}

/** The number without its country (of Russia here, and of others with one digit), as HubSpot keeps it for searching. */
const national = (phone: CrmValue) => (phone ? String(phone).replace(/\D/g, "").slice(-10) : null);

function values(contact: FakeContact): Record<string, CrmValue> {
  const [first = null, ...rest] = contact.name.split(" ");
  const named = [contact.fields.firstname, contact.fields.lastname].filter(Boolean).join(" ") === contact.name;
  return {
    ...contact.fields,
    ...(named ? {} : { firstname: first, lastname: rest.join(" ") || null }),
    email: contact.email,
    phone: contact.phone,
    hs_searchable_calculated_phone_number: national(contact.phone),
    hs_searchable_calculated_mobile_number: national(contact.fields.mobilephone ?? null),
    hs_object_id: contact.id,
    createdate: new Date(contact.createdAt).toISOString(),
    lastmodifieddate: new Date(contact.updatedAt).toISOString(),
  };
}

function shown(contact: FakeContact, wanted: string[]): object {
  const all = values(contact);
  const properties = Object.fromEntries(
    [...DEFAULTS, ...wanted].filter((name) => CONTACT_PROPERTIES[name]).map((name) => [name, all[name] ?? null]),
  );
  return record(contact.id, properties, contact.createdAt, contact.updatedAt);
}

const record = (id: string, properties: Record<string, CrmValue>, createdAt: number, updatedAt = createdAt) => ({
  id,
  properties,
  createdAt: new Date(createdAt).toISOString(),
  updatedAt: new Date(updatedAt).toISOString(),
  archived: false,
  url: `https://app-eu1.hubspot.com/contacts/${PORTAL}/record/0-1/${id}`,
});

const paged = (results: object[], after: string | null) => ({ results, ...(after ? { paging: { next: { after } } } : {}) });

const comparable = (contact: FakeContact, property: string) => {
  const value = values(contact)[property];
  return property.endsWith("date") ? Date.parse(String(value)) : Number(value);
};

function matches(contact: FakeContact, { propertyName, operator, value, values: list }: Filter): boolean {
  const own = values(contact)[propertyName];
  if (own === null || own === undefined) return false;
  const text = String(own).toLowerCase();
  const wanted = propertyName.endsWith("date") && /^\d+$/.test(value ?? "") ? Number(value) : Date.parse(value ?? "");
  const difference = propertyName.endsWith("date") ? Date.parse(String(own)) - wanted : Number(own) - Number(value);
  switch (operator) {
    case "EQ":
      return propertyName.endsWith("date") ? difference === 0 : text === value?.toLowerCase();
    case "IN":
      return (list ?? []).includes(text);
    case "GT":
      return difference > 0;
    case "GTE":
      return difference >= 0;
    case "LTE":
      return difference <= 0;
    default:
      throw new Error(`The fake does not know the operator ${operator}`);
  }
}

/** Of the address, these are decoded before it is signed; nothing else is. */
const DECODED: Record<string, string> = {
  "%3A": ":",
  "%2F": "/",
  "%3F": "?",
  "%40": "@",
  "%21": "!",
  "%24": "$",
  "%27": "'",
  "%28": "(",
  "%29": ")",
  "%2A": "*",
  "%2C": ",",
  "%3B": ";",
};
const signedUri = (url: string) => url.replace(/%[0-9a-f]{2}/gi, (code) => DECODED[code.toUpperCase()] ?? code);
