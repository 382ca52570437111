import type { CrmValue, InboundRequest } from "../../../core/crm/crm.ts";
import { type FakeAnswer, type FakeCall, type FakeContact, type FakeCrm, startFakeServer } from "./fake-crm.ts";
import { createFakeOAuth } from "./fake-oauth.ts";

export type PipedriveMeta = { action: "create" | "change" | "delete"; entity: string; entity_id: string } & Record<string, unknown>;

export type FakePipedrive = FakeCrm & {
  /** The webhooks that were subscribed to, by id. */
  webhooks: Map<string, { url: string; user: string; password: string }>;
  /** Somebody removes the app from the account: its tokens are worthless, and the redirect address is told. */
  uninstall(redirectUri: string): InboundRequest;
  /** A webhook of version 2 with any meta block, signed in with the given name and password. */
  notice(given: { url: string; user: string; password: string; meta: PipedriveMeta }): InboundRequest;
  /** The day's budget is used up from now on. */
  spendBudget(): void;
  /** Goes on as for one who ignores 429: 403 with a page of the shield in front. */
  shutOut(): void;
};

/** Custom fields of the account: a text, a choice, a number. */
export const PIPEDRIVE_FIELDS = {
  text: "dcf558aac1ae4e8c4f849ba5e668430d8df9be12",
  choice: "8f9b1c0a7d2e4b6c9a5f3e1d7c8b6a4f2e0d9c81",
  number: "0123456789abcdef0123456789abcdef01234567",
};
const DEFINITIONS = [
  { id: 1, field_code: "name", field_name: "Name", field_type: "varchar", is_custom_field: false, options: null },
  { id: 2, field_code: "email", field_name: "Email", field_type: "varchar", is_custom_field: false, options: null },
  { id: 3, field_code: "phone", field_name: "Phone", field_type: "phone", is_custom_field: false, options: null },
  { id: 4, field_code: "owner_id", field_name: "Owner", field_type: "user", is_custom_field: false, options: null },
  { id: 5, field_code: "add_time", field_name: "Created", field_type: "date", is_custom_field: false, options: null },
  { id: 6, field_code: PIPEDRIVE_FIELDS.text, field_name: "Interest", field_type: "varchar", is_custom_field: true, options: null },
  {
    id: 7,
    field_code: PIPEDRIVE_FIELDS.choice,
    field_name: "Segment",
    field_type: "enum",
    is_custom_field: true,
    options: [
      { id: 10, label: "Small" },
      { id: 11, label: "Large" },
    ],
  },
  { id: 8, field_code: PIPEDRIVE_FIELDS.number, field_name: "Employees", field_type: "double", is_custom_field: true, options: null },
];
const DEAL_DEFINITIONS = [
  { id: 1, field_code: "title", field_name: "Title", field_type: "varchar", is_custom_field: false, options: null },
  { id: 2, field_code: "value", field_name: "Value", field_type: "monetary", is_custom_field: false, options: null },
  { id: 3, field_code: "stage_id", field_name: "Stage", field_type: "stage", is_custom_field: false, options: null },
];
const LABELS = [
  { id: 21, label: "Hot lead", color: "red" },
  { id: 22, label: "site", color: "green" },
];
const PERSON_KEYS = new Set(["name", "emails", "phones", "owner_id", "org_id", "visible_to", "label_ids", "custom_fields", "add_time"]);
const DEAL_KEYS = new Set([
  "title",
  "person_id",
  "value",
  "currency",
  "stage_id",
  "pipeline_id",
  "status",
  "expected_close_date",
  "label_ids",
  "custom_fields",
]);

const refuse = (status: number, error: string): FakeAnswer => ({
  status,
  json: { success: false, error, error_info: "Please check developers.pipedrive.com", data: null, additional_data: null },
});
const ok = (data: unknown, more: object = {}): FakeAnswer => ({ json: { success: true, data, ...more } });

/**
 * Pipedrive, as its documentation describes the parts that are used: developers.pipedrive.com/docs/api/v1 (Persons, Deals, PersonFields and DealFields of
 * API v2; Notes, Webhooks and Users of v1) with the shapes of pipedrive/client-nodejs; pipedrive.readme.io/docs "OAuth authorization" (HTTP Basic, form
 * bodies, the same refresh token again, `api_domain`), "Handling user app uninstallation" (revocation, RFC 7009), "Rate limiting" (20 requests in 2
 * seconds for a token on the smallest plan, 10 searches, a day's budget), "Guide for Webhooks v2" (HTTP Basic as subscribed, `meta`, merges).
 * Its search finds phones by their digits here; the documentation does not say how it reads them.
 */
export async function startFakePipedrive(): Promise<FakePipedrive> {
  const app = { clientId: "fakepipedriveclient", clientSecret: "fakepipedrivesecret0123456789abcdef" };
  const token = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c";
  const oauth = createFakeOAuth({ app, pkce: false, rotates: false });
  const webhooks: FakePipedrive["webhooks"] = new Map();
  let tokenAlive = true;
  let budgetSpent = false;
  let shutOut = false;
  let searches: number[] = [];
  let searchBreaches = 0;

  const burst: FakeAnswer = {
    status: 429,
    headers: {
      "x-ratelimit-limit": "20",
      "x-ratelimit-remaining": "0",
      "x-ratelimit-reset": "2",
      "x-daily-ratelimit-token-remaining": "29000",
    },
    json: { success: false, error: "rate limit exceeded" },
  };
  const server = await startFakeServer({
    limit: { count: 20, ms: 2_000 },
    isApi: (path) => path.startsWith("/api/"),
    tooMany: burst,
    handle,
  });
  const { contacts, deals, notes } = server;

  function handle(call: FakeCall): FakeAnswer {
    const path = call.url.pathname;
    if (path === "/oauth/authorize") return oauth.consent(call.url);
    if (path === "/oauth/token" && call.method === "POST") return tokens(call);
    if (path === "/oauth/revoke" && call.method === "POST") return revoke(call);
    const bearer = call.headers.authorization?.replace(/^Bearer /, "") ?? "";
    const taken = oauth.accepts(bearer) || (tokenAlive && call.headers["x-api-token"] === token);
    if (!taken) return refuse(401, "unauthorized access");
    if (shutOut) return { status: 403, html: "<html>This error is produced by Cloudflare.</html>" };
    if (budgetSpent)
      return {
        status: 429,
        headers: { "x-daily-ratelimit-token-remaining": "0", "x-ratelimit-remaining": "19", "x-ratelimit-reset": "2" },
        json: { success: false },
      };
    const answer = api(call, path);
    const used = server.requests.filter(({ at }) => at > Date.now() - 2_000).length;
    answer.headers = {
      "x-ratelimit-limit": "20",
      "x-ratelimit-remaining": String(Math.max(0, 19 - used)),
      "x-ratelimit-reset": "2",
      ...answer.headers,
    };
    return answer;
  }

  function clientOf(call: FakeCall): { id: string; secret: string } {
    const [id = "", secret = ""] = Buffer.from(call.headers.authorization?.replace(/^Basic /, "") ?? "", "base64")
      .toString()
      .split(":");
    return { id, secret };
  }

  function tokens(call: FakeCall): FakeAnswer {
    const given = oauth.token(call.body as Record<string, unknown>, clientOf(call));
    if ("error" in given)
      return {
        status: given.error === "invalid_client" ? 401 : 400,
        json: { success: false, error: given.error, message: given.description },
      };
    return {
      json: {
        access_token: given.accessToken,
        refresh_token: given.refreshToken,
        token_type: "bearer",
        expires_in: 3599,
        scope: "base,contacts:full,deals:full",
        api_domain: server.url,
      },
    };
  }

  function revoke(call: FakeCall): FakeAnswer {
    const { id, secret } = clientOf(call);
    if (id !== app.clientId || secret !== app.clientSecret) return { status: 401, json: { success: false, error: "invalid_client" } };
    oauth.revoke(String((call.body as Record<string, unknown>).token));
    return { status: 200 };
  }

  function api(call: FakeCall, path: string): FakeAnswer {
    const { method, url } = call;
    const body = (call.body ?? {}) as Record<string, unknown>;
    if (path === "/api/v1/users/me")
      return ok({ id: 501, name: "Admin", company_id: 77_001, company_name: "Acme Sales", company_domain: "acme-sales" });
    if (/^\/api\/v2\/(person|deal)Fields\/label_ids$/.test(path))
      return ok({ id: 9, field_code: "label_ids", field_name: "Labels", field_type: "set", is_custom_field: false, options: LABELS });
    if (path === "/api/v2/personFields") return fieldPage(url, DEFINITIONS);
    if (path === "/api/v2/dealFields") return fieldPage(url, DEAL_DEFINITIONS);
    if (path === "/api/v2/persons/search" && method === "GET") return search(url);
    const [, version, kind, id] = path.match(/^\/api\/(v1|v2)\/(persons|deals|notes|webhooks)(?:\/(\d+))?$/) ?? [];
    if (kind === "persons" && version === "v2") return persons(method, id, url, body);
    if (kind === "deals" && version === "v2") return dealsApi(method, id, url, body);
    if (kind === "notes" && version === "v1") return notesApi(method, id, url, body);
    if (kind === "webhooks" && version === "v1") return webhooksApi(method, id, body);
    return refuse(404, "Unknown method .");
  }

  /** Fields come in pages; two at a time here, so that their cursor is walked. */
  function fieldPage(url: URL, all: object[]): FakeAnswer {
    const limit = Number(url.searchParams.get("limit") ?? 100);
    if (limit > 500) return refuse(400, "limit must be at most 500");
    const start = Number(url.searchParams.get("cursor") ?? 0);
    const end = start + Math.min(limit, 5);
    return ok(all.slice(start, end), { additional_data: { next_cursor: end < all.length ? String(end) : null } });
  }

  const alive = () => [...contacts.values()].filter(({ deleted }) => !deleted);

  function persons(method: string, id: string | undefined, url: URL, body: Record<string, unknown>): FakeAnswer {
    if (!id && method === "GET") return listPersons(url);
    if (!id && method === "POST") {
      const wrong = invalidPerson(body, true);
      if (wrong) return wrong;
      const contact = server.addContact({ name: "", ...personChange(body, null) });
      return { ...ok(shown(contact, url)), status: 201 };
    }
    const contact = id ? contacts.get(id) : undefined;
    if (!contact) return refuse(404, "Person not found");
    if (method === "GET") return ok(shown(contact, url));
    if (contact.deleted) return refuse(404, "Person not found");
    if (method === "PATCH") {
      const wrong = invalidPerson(body, false);
      if (wrong) return wrong;
      server.change(contact.id, personChange(body, contact));
      return ok(shown(contact, url));
    }
    if (method === "DELETE") {
      contact.deleted = true;
      return ok({ id: Number(contact.id) });
    }
    return refuse(405, "Method not allowed");
  }

  /** The cursor names the last one's place (field, value, id), as Pipedrive's does: a change meanwhile pushes nobody out. */
  function listPersons(url: URL): FakeAnswer {
    const limit = Number(url.searchParams.get("limit") ?? 100);
    if (!(limit >= 1 && limit <= 500)) return refuse(400, "limit must be at most 500");
    const sortBy = url.searchParams.get("sort_by") ?? "id";
    if (!["id", "update_time", "add_time"].includes(sortBy)) return refuse(400, "sort_by is not valid");
    if ((url.searchParams.get("custom_fields") ?? "").split(",").length > 15) return refuse(400, "custom_fields: at most 15 keys");
    const since = url.searchParams.get("updated_since");
    if (since && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$/.test(since)) return refuse(400, "updated_since is not RFC 3339");
    const sortValue = (contact: FakeContact) =>
      sortBy === "id" ? Number(contact.id) : seconds(sortBy === "update_time" ? contact.updatedAt : contact.createdAt);
    const rest = alive()
      .filter(({ updatedAt }) => !since || seconds(updatedAt) >= Date.parse(since))
      .sort((a, b) => sortValue(a) - sortValue(b) || Number(a.id) - Number(b.id));
    const cursor = url.searchParams.get("cursor");
    let from = 0;
    if (cursor) {
      const { fieldValue, id } = JSON.parse(Buffer.from(cursor, "base64url").toString()) as { fieldValue: number; id: number };
      const next = rest.findIndex((one) => sortValue(one) > fieldValue || (sortValue(one) === fieldValue && Number(one.id) > id));
      from = next === -1 ? rest.length : next;
    }
    const page = rest.slice(from, from + limit);
    const last = page.at(-1);
    const next =
      last && rest.length > from + limit
        ? Buffer.from(JSON.stringify({ field: sortBy, fieldValue: sortValue(last), sortDirection: "asc", id: Number(last.id) })).toString(
            "base64url",
          )
        : null;
    return ok(
      page.map((contact) => shown(contact, url)),
      { additional_data: { next_cursor: next } },
    );
  }

  function search(url: URL): FakeAnswer {
    const now = Date.now();
    searches = searches.filter((at) => at > now - 2_000);
    if (searches.length >= 10) {
      searchBreaches++;
      return { ...burst };
    }
    searches.push(now);
    const term = url.searchParams.get("term") ?? "";
    const exact = url.searchParams.get("exact_match") === "true";
    const fields = (url.searchParams.get("fields") ?? "name,email,phone").split(",");
    if (Number(url.searchParams.get("limit") ?? 100) > 100) return refuse(400, "limit must be at most 100");
    if (fields.some((field) => !["name", "email", "phone", "notes", "custom_fields"].includes(field)))
      return refuse(400, "fields are not valid");
    if (term.length < (exact ? 1 : 2)) return refuse(400, "Search term must be at least 2 characters long.");
    const wanted = term.toLowerCase();
    const matches = (text: string) => (exact ? text.toLowerCase() === wanted : text.toLowerCase().includes(wanted));
    const items = alive()
      .filter(
        (contact) =>
          (fields.includes("name") && matches(contact.name)) ||
          (fields.includes("email") && contact.email !== null && matches(contact.email)) ||
          (fields.includes("phone") && contact.phone !== null && (matches(contact.phone) || matches(contact.phone.replace(/\D/g, "")))),
      )
      .slice(0, 100)
      .map((contact) => ({
        result_score: 0.5,
        item: {
          id: Number(contact.id),
          type: "person",
          name: contact.name,
          phones: contact.phone ? [contact.phone] : [],
          emails: contact.email ? [contact.email] : [],
          primary_email: contact.email,
          visible_to: 3,
          custom_fields: [],
          notes: [],
        },
      }));
    return ok({ items }, { additional_data: { next_cursor: null } });
  }

  function dealsApi(method: string, id: string | undefined, url: URL, body: Record<string, unknown>): FakeAnswer {
    if (!id && method === "GET") {
      const person = url.searchParams.get("person_id");
      const list = [...deals.values()]
        .filter(({ contactId }) => !person || contactId === person)
        .sort((a, b) => b.createdAt - a.createdAt || Number(b.id) - Number(a.id));
      return ok(
        list.slice(0, Number(url.searchParams.get("limit") ?? 100)).map((deal) => ({ id: Number(deal.id), title: deal.title })),
        { additional_data: { next_cursor: null } },
      );
    }
    const unknown = Object.keys(body).find((key) => !DEAL_KEYS.has(key));
    if (unknown) return refuse(400, `Validation failed: unknown field: ${unknown}`);
    if (!id && method === "POST") {
      if (!body.title) return refuse(400, "Validation failed: title: Required");
      if (typeof body.person_id !== "number") return refuse(400, "Validation failed: person_id: Expected number");
      const contactId = String(body.person_id);
      if (!alive().some((one) => one.id === contactId)) return refuse(400, "Person with the given ID does not exist");
      const deal = {
        id: server.nextId(),
        contactId,
        title: String(body.title),
        fields: {},
        tags: tagsOf(body.label_ids),
        createdAt: Date.now(),
      };
      deals.set(deal.id, deal);
      return { ...ok({ id: Number(deal.id), title: deal.title, label_ids: body.label_ids ?? [] }), status: 201 };
    }
    const deal = id ? deals.get(id) : undefined;
    if (!deal) return refuse(404, "Deal not found");
    if (method === "GET") return ok({ id: Number(deal.id), title: deal.title, label_ids: labelIds(deal.tags) });
    if (method === "PATCH") {
      if (body.title) deal.title = String(body.title);
      if (body.label_ids) deal.tags = tagsOf(body.label_ids);
      return ok({ id: Number(deal.id), title: deal.title });
    }
    deals.delete(deal.id);
    return ok({ id: Number(deal.id) });
  }

  function notesApi(method: string, id: string | undefined, url: URL, body: Record<string, unknown>): FakeAnswer {
    if (!id && method === "GET") {
      const person = url.searchParams.get("person_id");
      const list = [...notes.values()]
        .filter(({ contactId }) => !person || contactId === person)
        .sort((a, b) => b.createdAt - a.createdAt || Number(b.id) - Number(a.id));
      const page = list.slice(0, Number(url.searchParams.get("limit") ?? 100));
      return ok(
        page.map((note) => ({ id: Number(note.id), content: note.text, person_id: Number(note.contactId), active_flag: true })),
        { additional_data: { pagination: { start: 0, limit: 100, more_items_in_collection: list.length > page.length } } },
      );
    }
    if (!id && method === "POST") {
      if (!body.content) return refuse(400, "content is required");
      const contactId = String(body.person_id ?? "");
      if (!alive().some((one) => one.id === contactId))
        return refuse(400, "A note must be attached to a lead, deal, person, organization or project");
      const note = { id: server.nextId(), contactId, text: String(body.content), createdAt: Date.now() };
      notes.set(note.id, note);
      return { ...ok({ id: Number(note.id), content: note.text }), status: 201 };
    }
    const note = id ? notes.get(id) : undefined;
    if (!note) return refuse(404, "Note not found");
    if (method === "PUT") {
      if (body.content) note.text = String(body.content);
      return ok({ id: Number(note.id), content: note.text });
    }
    notes.delete(note.id);
    return ok(true);
  }

  function webhooksApi(method: string, id: string | undefined, body: Record<string, unknown>): FakeAnswer {
    if (method === "POST") {
      const { subscription_url: url, event_action: action, event_object: object, version = "2.0" } = body;
      if (typeof url !== "string" || !URL.canParse(url)) return refuse(400, "subscription_url is not valid");
      if (
        !["create", "change", "delete", "*"].includes(String(action)) ||
        !["person", "deal", "*"].includes(String(object)) ||
        version !== "2.0"
      )
        return refuse(400, "event is not valid");
      if (webhooks.size >= 40) return refuse(400, "At most 40 webhooks");
      const made = server.nextId();
      webhooks.set(made, { url, user: String(body.http_auth_user ?? ""), password: String(body.http_auth_password ?? "") });
      return {
        status: 201,
        json: { status: "ok", success: true, data: { id: Number(made), subscription_url: url, is_active: 1, version } },
      };
    }
    if (method === "DELETE" && id && webhooks.delete(id)) return { json: { status: "ok", success: true } };
    return refuse(404, "Webhook not found");
  }

  const notice: FakePipedrive["notice"] = ({ url, user, password, meta }) => ({
    method: "POST",
    url,
    headers: { "content-type": "application/json", authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` },
    body: Buffer.from(
      JSON.stringify({
        meta: {
          company_id: "77001",
          correlation_id: "c0ffee00-0000-4000-8000-000000000000",
          id: `e0000000-0000-4000-8000-${meta.entity_id.padStart(12, "0")}`,
          is_bulk_edit: false,
          timestamp: "2026-11-26T12:00:00.000Z",
          type: "general",
          user_id: "501",
          version: "2.0",
          webhook_id: "1",
          webhook_owner_id: "501",
          change_source: "app",
          attempt: 1,
          host: "acme-sales.pipedrive.com",
          permitted_user_ids: ["501"],
          ...meta,
        },
        data: meta.action === "delete" ? null : { id: Number(meta.entity_id) },
        previous: {},
      }),
    ),
  });

  return {
    ...server,
    app,
    account: { externalId: "77001", name: "Acme Sales" },
    token,
    domain: "acme-sales.pipedrive.com",
    breaches: () => server.breaches() + searchBreaches,
    grant() {
      const { accessToken, refreshToken } = oauth.issue();
      return { kind: "oauth", accessToken, refreshToken, expiresAt: new Date(Date.now() + 3_599_000).toISOString(), apiUrl: server.url };
    },
    authorize: oauth.walk,
    expireTokens: oauth.expire,
    uninstall(redirectUri) {
      oauth.revokeAll();
      return {
        method: "DELETE",
        url: redirectUri,
        headers: {
          "content-type": "application/json",
          authorization: `Basic ${Buffer.from(`${app.clientId}:${app.clientSecret}`).toString("base64")}`,
        },
        body: Buffer.from(
          JSON.stringify({ client_id: app.clientId, company_id: 77001, user_id: 501, timestamp: new Date().toISOString() }),
        ),
      };
    },
    revokeAll() {
      oauth.revokeAll();
      tokenAlive = false;
    },
    webhook: ({ url, secret, contactIds, kind }) =>
      contactIds.map((id) =>
        notice({
          url,
          user: "gpt-agent",
          password: secret,
          meta: { action: kind === "deleted" ? "delete" : "change", entity: "person", entity_id: id },
        }),
      ),
    webhooks,
    notice,
    spendBudget: () => {
      budgetSpent = true;
    },
    shutOut: () => {
      shutOut = true;
    },
  };
}

/** Pipedrive's times have seconds. */
const seconds = (at: number) => Math.floor(at / 1000) * 1000;
const rfc3339 = (at: number) => new Date(at).toISOString().replace(/\.\d{3}Z$/, "Z");
const tagsOf = (ids: unknown) => ((ids ?? []) as number[]).flatMap((id) => LABELS.find((label) => label.id === id)?.label ?? []);
const labelIds = (tags: string[]) => LABELS.filter(({ label }) => tags.includes(label)).map(({ id }) => id);

function invalidPerson(body: Record<string, unknown>, isNew: boolean): FakeAnswer | null {
  const unknown = Object.keys(body).find((key) => !PERSON_KEYS.has(key));
  if (unknown) return refuse(400, `Validation failed: unknown field: ${unknown}`);
  if (isNew && !body.name) return refuse(400, "Validation failed: name: Required");
  for (const key of ["emails", "phones"] as const)
    if (
      body[key] !== undefined &&
      !(Array.isArray(body[key]) && (body[key] as { value: unknown }[]).every(({ value }) => typeof value === "string"))
    )
      return refuse(400, `Validation failed: ${key}: Expected array`);
  for (const [code, value] of Object.entries((body.custom_fields ?? {}) as Record<string, unknown>)) {
    const definition = DEFINITIONS.find(({ field_code, is_custom_field }) => is_custom_field && field_code === code);
    if (!definition) return refuse(400, `Validation failed: custom_fields: unknown field ${code}`);
    const number = definition.field_type !== "varchar";
    if (value !== null && typeof value !== (number ? "number" : "string"))
      return refuse(400, `Validation failed: custom_fields.${code}: wrong type`);
    if (definition.options && value !== null && !definition.options.some(({ id }) => id === value))
      return refuse(400, `Validation failed: custom_fields.${code}: no such option`);
  }
  return null;
}

type Entry = { value: string; primary?: boolean; label?: string };

function personChange(body: Record<string, unknown>, before: FakeContact | null): Partial<FakeContact> {
  const primary = (list: unknown) => {
    const entries = list as Entry[];
    return (entries.find((entry) => entry.primary) ?? entries[0])?.value ?? null;
  };
  const others = (list: unknown) => (list as Entry[]).filter((entry) => entry.value !== primary(list)).map(({ value }) => value);
  const fields: Record<string, CrmValue> = { ...before?.fields, ...((body.custom_fields ?? {}) as Record<string, CrmValue>) };
  if (body.emails) fields.otherEmails = others(body.emails).join(",") || null;
  if (body.phones) fields.otherPhones = others(body.phones).join(",") || null;
  return {
    fields,
    ...(body.name ? { name: String(body.name) } : {}),
    ...(body.emails ? { email: primary(body.emails) } : {}),
    ...(body.phones ? { phone: primary(body.phones) } : {}),
    ...(body.label_ids ? { tags: tagsOf(body.label_ids) } : {}),
  };
}

function shown(contact: FakeContact, url: URL): object {
  const list = (own: string | null, others: CrmValue) =>
    [own, ...String(others ?? "").split(",")].flatMap((value, n) => (value ? [{ value, primary: n === 0, label: "work" }] : []));
  const asked = url.searchParams.get("custom_fields")?.split(",");
  const codes = DEFINITIONS.filter(({ is_custom_field, field_code }) => is_custom_field && (!asked || asked.includes(field_code)));
  return {
    id: Number(contact.id),
    name: contact.name,
    first_name: contact.name.split(" ")[0] ?? null,
    last_name: contact.name.split(" ").slice(1).join(" ") || null,
    owner_id: 501,
    org_id: null,
    emails: list(contact.email, contact.fields.otherEmails ?? null),
    phones: list(contact.phone, contact.fields.otherPhones ?? null),
    add_time: rfc3339(contact.createdAt),
    update_time: rfc3339(contact.updatedAt),
    is_deleted: contact.deleted,
    visible_to: 3,
    label_ids: labelIds(contact.tags),
    custom_fields: Object.fromEntries(codes.map(({ field_code }) => [field_code, contact.fields[field_code] ?? null])),
  };
}
