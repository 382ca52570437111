import { randomBytes } from "node:crypto";
import {
  type FakeAnswer,
  type FakeCall,
  type FakeContact,
  type FakeCrm,
  type FakeLimit,
  type FakeNote,
  startFakeServer,
} from "./fake-crm.ts";
import { consentPage, walkConsent } from "./fake-oauth.ts";

/**
 * amoCRM and Kommo as their documentation has them: amocrm.ru/developers/content/oauth/{oauth,step-by-step}, crm_platform/{account-info,
 * contacts-api,leads-api,events-and-notes,custom-fields,filters-api,webhooks-api,webhooks-format,error-codes},
 * developers.kommo.com/docs/{limitations,long-lived-token}, developers.kommo.com/reference/{get-token,add-webhooks,update-tags-single-entity}.
 * What they leave open is as the official library (amocrm/amocrm-api-php) expects it: values null empties a field; errors of tokens are
 * of the shape OAuthProblemJson. How an update of a missing record is answered nobody says: contacts and leads answer 400 here, notes 404.
 */
export type FakeAmocrm = FakeCrm & {
  webhooks: Map<number, { destination: string; settings: string[] }>;
  /** Further values of a contact's PHONE or EMAIL, after the first. */
  moreValues(id: string, code: "PHONE" | "EMAIL"): Value[];
};

type Value = { value: unknown; enum_code?: string };
type Sent = { field_id?: number; field_code?: string; values: Value[] | null };
type Problem = "400" | "401" | "402" | "403" | "404";
/** The account's fields of contacts; PHONE and EMAIL are in every account. */
const FIELDS = [
  { id: 300001, code: "PHONE", name: "Телефон", type: "multitext" },
  { id: 300002, code: "EMAIL", name: "Email", type: "multitext" },
  { id: 300003, code: null, name: "Комментарий", type: "textarea" },
  { id: 300004, code: null, name: "Дата рождения", type: "date" },
  { id: 300005, code: null, name: "Рассылка", type: "checkbox" },
  {
    id: 300006,
    code: null,
    name: "Источник",
    type: "select",
    enums: [
      { id: 1, value: "Сайт" },
      { id: 2, value: "Звонок" },
    ],
  },
  { id: 300007, code: null, name: "Возраст", type: "numeric" },
  { id: 300008, code: null, name: "Договор", type: "file" },
];
const ACCOUNT_ID = 31_000_001;
const SUBDOMAIN = "acme";

/** @param options.redirectUri as it is written in the integration's settings; others are refused */
export async function startAmocrm(options: { limit?: FakeLimit; redirectUri?: string } = {}): Promise<FakeAmocrm> {
  const redirectUri = options.redirectUri ?? "https://portal.example/orgs/crm/callback";
  const app = { clientId: "3b9f0c6e-0000-4000-8000-000000000001", clientSecret: randomBytes(32).toString("hex") };
  const account = { externalId: String(ACCOUNT_ID), name: "Acme" };
  const token = `eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.${randomBytes(60).toString("base64url")}.${randomBytes(40).toString("base64url")}`;
  const codes = new Map<string, number>();
  const access = new Map<string, number>();
  const refresh = new Set<string>();
  let revoked = false;
  const webhooks: FakeAmocrm["webhooks"] = new Map();
  const more = new WeakMap<FakeContact, Record<string, Value[]>>();
  const server = await startFakeServer({
    limit: options.limit ?? { count: 7, ms: 1000 },
    isApi: (path) => path.startsWith("/api/"),
    // A page of the web server in front, without Retry-After.
    tooMany: {
      status: 429,
      html: "<html><head><title>429 Too Many Requests</title></head></html>",
    },
    handle,
  });

  function handle(call: FakeCall): FakeAnswer {
    const { pathname } = call.url;
    if (pathname === "/oauth") return consent(call.url);
    if (pathname === "/oauth2/access_token") return call.method === "POST" ? tokens(call.body as Record<string, string>) : problem("404");
    if (!pathname.startsWith("/api/v4/")) return problem("404");
    // Who goes on after 429 is shut out by address.
    if (server.breaches() > 20) return problem("403", "Аккаунт заблокирован, за неоднократное превышение количества запросов в секунду");
    const bearer = /^Bearer (\S+)$/.exec(call.headers.authorization ?? "")?.[1] ?? "";
    if (revoked || !(bearer === token || (access.get(bearer) ?? 0) > Date.now())) return problem("401", "Unauthorized");
    return api(call, pathname.slice("/api/v4".length).split("/").slice(1));
  }

  function consent(url: URL): FakeAnswer {
    const query = url.searchParams;
    if (query.get("client_id") !== app.clientId) return { status: 400, html: "<p>Интеграция не найдена</p>" };
    if (!query.get("decision")) return { html: consentPage(url) };
    if (query.get("decision") !== "allow") return back({ error: "access_denied", state: query.get("state") ?? "" });
    const code = `def502${randomBytes(40).toString("hex")}`;
    codes.set(code, Date.now() + 20 * 60_000);
    const referer = `${SUBDOMAIN}.amocrm.ru`;
    return back({ code, state: query.get("state") ?? "", referer, platform: "1", client_id: app.clientId });
  }
  function back(parameters: Record<string, string>): FakeAnswer {
    const address = new URL(redirectUri);
    for (const [name, value] of Object.entries(parameters)) address.searchParams.set(name, value);
    return { status: 302, headers: { location: address.href } };
  }

  function tokens(body: Record<string, string>): FakeAnswer {
    const refuse = (status: 400 | 401, hint: string): FakeAnswer => ({
      status,
      headers: { "content-type": "application/problem+json" },
      json: {
        hint,
        title: "Некорректный запрос",
        type: "https://developers.amocrm.ru/v3/errors/OAuthProblemJson",
        status,
        detail: "В запросе отсутствует ряд параметров или параметры невалидны",
      },
    });
    if (body.client_id !== app.clientId || body.client_secret !== app.clientSecret) return refuse(401, "Client authentication failed");
    if (body.redirect_uri !== redirectUri) return refuse(400, "Redirect uri mismatch");
    if (body.grant_type === "authorization_code") {
      const until = codes.get(body.code ?? "");
      codes.delete(body.code ?? "");
      if (until === undefined) return refuse(400, "Cannot decrypt the authorization code");
      if (until < Date.now()) return refuse(400, "Authorization code has expired");
    } else if (body.grant_type === "refresh_token") {
      if (revoked || !refresh.delete(body.refresh_token ?? "")) return refuse(400, "Token has been revoked");
    } else return refuse(400, "Check the `grant_type` parameter");
    const pair = issue();
    return { json: { token_type: "Bearer", expires_in: 86_400, server_time: Math.floor(Date.now() / 1000), ...pair } };
  }

  function issue() {
    const pair = { access_token: `eyJ${randomBytes(60).toString("base64url")}`, refresh_token: `def502${randomBytes(60).toString("hex")}` };
    access.set(pair.access_token, Date.now() + 86_400_000);
    refresh.add(pair.refresh_token);
    return pair;
  }

  function api(call: FakeCall, path: string[]): FakeAnswer {
    const [entity, second, third, fourth] = path;
    const route = `${call.method} ${path.map((part) => (/^\d+$/.test(part) ? ":id" : part)).join("/")}`;
    const query = call.url.searchParams;
    switch (route) {
      case "GET account":
        return hal({ id: ACCOUNT_ID, name: account.name, subdomain: SUBDOMAIN, current_user_id: 1, country: "RU", currency: "RUB" });
      case "GET contacts/custom_fields":
        return page(query, FIELDS, "custom_fields");
      case "GET leads/custom_fields":
        return page(query, [{ id: 400001, code: "UTM_SOURCE", name: "utm_source", type: "tracking_data" }], "custom_fields");
      case "GET contacts":
        return listContacts(query);
      case "POST contacts":
        return createContacts(call.body);
      case "GET contacts/:id": {
        const contact = alive(second!);
        return contact ? hal(contactJson(contact, query.get("with") ?? "")) : { status: 204 };
      }
      case "PATCH contacts/:id":
        return updateContact(second!, call.body as Record<string, unknown>);
      case "GET leads":
        return page(query, filterIds(query, [...server.deals.values()].map(leadJson)), "leads");
      case "POST leads":
        return createLeads(call.body);
      case "GET leads/:id": {
        const deal = server.deals.get(second!);
        return deal ? hal(leadJson(deal)) : { status: 204 };
      }
      case "PATCH leads/:id":
        return updateLead(second!, call.body as Record<string, unknown>);
      case "GET contacts/notes":
        return page(query, filterIds(query, [...server.notes.values()].map(noteJson)), "notes");
      case "GET contacts/:id/notes": {
        const notes = [...server.notes.values()].filter(({ contactId }) => contactId === second).map(noteJson);
        return page(query, query.get("order[id]") === "desc" ? notes.reverse() : notes, "notes");
      }
      case "POST contacts/:id/notes":
        return createNotes(second!, call.body);
      case "GET contacts/:id/notes/:id": {
        const note = server.notes.get(fourth!);
        return note && note.contactId === second ? hal(noteJson(note)) : { status: 204 };
      }
      case "PATCH contacts/:id/notes/:id":
        return updateNote(second!, fourth!, call.body as Record<string, unknown>);
      case "GET webhooks":
        return page(
          query,
          [...webhooks].map(([id, hook]) => ({ id, ...hook, disabled: false })),
          "webhooks",
        );
      case "POST webhooks":
        return addWebhook(call.body as { destination?: unknown; settings?: unknown });
      case "DELETE webhooks": {
        const destination = (call.body as { destination?: unknown } | null)?.destination;
        const found = [...webhooks].find(([, hook]) => hook.destination === destination);
        if (!found) return problem("404", "Webhook not found");
        webhooks.delete(found[0]);
        return { status: 204 };
      }
      default:
        // Deleting contacts, leads and notes is no method of the API.
        return ["contacts", "leads", "account", "webhooks"].includes(entity!) && third !== ""
          ? { status: 405, json: { title: "Method Not Allowed", status: 405 } }
          : problem("404");
    }
  }

  const alive = (id: string) => {
    const contact = server.contacts.get(id);
    return contact && !contact.deleted ? contact : null;
  };
  const seconds = (ms: number) => Math.floor(ms / 1000);
  const self = (path: string) => ({ _links: { self: { href: `${server.url}/api/v4/${path}` } } });

  function contactJson(contact: FakeContact, also = "") {
    const kept = more.get(contact) ?? {};
    const multi = (code: "PHONE" | "EMAIL", first: string | null) =>
      first === null
        ? []
        : [
            {
              field_id: FIELDS.find((field) => field.code === code)!.id,
              field_name: code,
              field_code: code,
              field_type: "multitext",
              values: [{ value: first, enum_id: 1, enum_code: "WORK" }, ...(kept[code] ?? [])],
            },
          ];
    const own = Object.entries(contact.fields).flatMap(([key, value]) => {
      const field = FIELDS.find(({ id }) => String(id) === key);
      return field && value !== null
        ? [{ field_id: field.id, field_name: field.name, field_code: null, field_type: field.type, values: [{ value }] }]
        : [];
    });
    const filled = [...multi("PHONE", contact.phone), ...multi("EMAIL", contact.email), ...own];
    const leads = [...server.deals.values()].filter(({ contactId }) => contactId === contact.id);
    return {
      id: Number(contact.id),
      name: contact.name,
      first_name: contact.name.split(" ")[0] ?? "",
      last_name: contact.name.split(" ").slice(1).join(" "),
      responsible_user_id: 1,
      created_at: seconds(contact.createdAt),
      updated_at: seconds(contact.updatedAt),
      is_deleted: false,
      custom_fields_values: filled.length ? filled : null,
      account_id: ACCOUNT_ID,
      ...self(`contacts/${contact.id}`),
      _embedded: {
        tags: contact.tags.map((name) => ({ id: 1, name })),
        companies: [],
        ...(also === "leads" ? { leads: leads.map(({ id }) => ({ id: Number(id) })) } : {}),
      },
    };
  }
  const leadJson = (deal: { id: string; title: string; fields: Record<string, unknown>; createdAt: number }) => ({
    id: Number(deal.id),
    name: deal.title,
    price: 0,
    status_id: 1,
    created_at: seconds(deal.createdAt),
    custom_fields_values: null,
    ...self(`leads/${deal.id}`),
  });
  const noteJson = (note: FakeNote) => ({
    id: Number(note.id),
    entity_id: Number(note.contactId),
    note_type: "common",
    params: { text: note.text },
    created_at: seconds(note.createdAt),
    ...self(`contacts/${note.contactId}/notes/${note.id}`),
  });

  function listContacts(query: URLSearchParams): FakeAnswer {
    const sought = query.get("query");
    const digits = sought?.replace(/\D/g, "") ?? "";
    // Goes through all filled fields, and through phones by their digits.
    const holds = (contact: FakeContact) => {
      const texts = [
        contact.name,
        contact.email,
        contact.phone,
        ...Object.values(contact.fields),
        ...Object.values(more.get(contact) ?? {})
          .flat()
          .map(({ value }) => value),
      ];
      return texts.some((text) => {
        const one = String(text ?? "").toLowerCase();
        return one.includes(sought!.toLowerCase()) || (digits.length >= 5 && one.replace(/\D/g, "").includes(digits));
      });
    };
    const from = Number(query.get("filter[updated_at][from]") ?? 0);
    const found = [...server.contacts.values()].filter(
      (one) => !one.deleted && seconds(one.updatedAt) >= from && (sought === null || holds(one)),
    );
    const order = query.get("order[updated_at]") ? (one: FakeContact) => seconds(one.updatedAt) : (one: FakeContact) => Number(one.id);
    found.sort((a, b) => order(a) - order(b) || Number(a.id) - Number(b.id));
    return page(
      query,
      found.map((one) => contactJson(one)),
      "contacts",
    );
  }

  /** @returns what is wrong with the fields, null when nothing is */
  function setFields(contact: FakeContact, sent: unknown): FakeAnswer | null {
    for (const [place, field] of ((sent ?? []) as Sent[]).entries()) {
      const known = FIELDS.find(({ id, code }) => (field.field_code ? code === field.field_code : id === field.field_id));
      if (!known) return invalid(`custom_fields_values.${place}.field_id`);
      if (field.values !== null && (!Array.isArray(field.values) || field.values.length === 0))
        return invalid(`custom_fields_values.${place}.values`);
      const values = field.values ?? [];
      if (values.some(({ value }) => known.type.startsWith("text") && typeof value !== "string"))
        return invalid(`custom_fields_values.${place}.values.0.value`);
      if (values.some(({ value }) => known.enums && !known.enums.some((one) => one.value === value)))
        return invalid(`custom_fields_values.${place}.values.0.value`);
      const [first, ...others] = values;
      const value = first?.value ?? null;
      if (known.code === "PHONE" || known.code === "EMAIL") {
        contact[known.code === "PHONE" ? "phone" : "email"] = value as string | null;
        more.set(contact, { ...more.get(contact), [known.code]: others });
      } else
        contact.fields[String(known.id)] =
          known.type === "date" && typeof value === "string" ? Date.parse(value) / 1000 : (value as string | null);
    }
    return null;
  }
  function setName(contact: FakeContact, body: Record<string, unknown>) {
    if (typeof body.name === "string") contact.name = body.name;
    else if (body.first_name !== undefined || body.last_name !== undefined)
      contact.name = [body.first_name, body.last_name].filter(Boolean).join(" ");
  }
  const tagNames = (given: unknown) => (Array.isArray(given) ? given.map((tag: { name: string }) => tag.name) : []);

  function createContacts(body: unknown): FakeAnswer {
    if (!Array.isArray(body) || body.length === 0 || body.length > 250) return invalid("0");
    const made = body.map((given: Record<string, unknown>) => {
      const contact = server.addContact({ name: "" });
      const wrong = setFields(contact, given.custom_fields_values);
      if (wrong) server.contacts.delete(contact.id);
      setName(contact, given);
      contact.tags = tagNames((given._embedded as { tags?: unknown } | undefined)?.tags);
      return wrong ?? contact;
    });
    const wrong = made.find((one) => !("id" in one));
    if (wrong) return wrong as FakeAnswer;
    const contacts = made.map((one, place) => ({
      id: Number((one as FakeContact).id),
      is_deleted: false,
      request_id: String(place),
      ...self(`contacts/${(one as FakeContact).id}`),
    }));
    return hal({ _links: {}, _embedded: { contacts } });
  }
  function updateContact(id: string, body: Record<string, unknown>): FakeAnswer {
    const contact = alive(id);
    if (!contact || !body || typeof body !== "object") return invalid("id");
    const wrong = setFields(contact, body.custom_fields_values);
    if (wrong) return wrong;
    setName(contact, body);
    server.change(id, { tags: [...new Set([...contact.tags, ...tagNames(body.tags_to_add)])] });
    return hal({ id: Number(id), name: contact.name, updated_at: seconds(contact.updatedAt), ...self(`contacts/${id}`) });
  }
  function createLeads(body: unknown): FakeAnswer {
    if (!Array.isArray(body) || body.length === 0) return invalid("0");
    const leads = [];
    for (const given of body as Record<string, unknown>[]) {
      const embedded = given._embedded as { contacts?: { id: number }[]; tags?: unknown } | undefined;
      const contactId = String(embedded?.contacts?.[0]?.id ?? "");
      if (!alive(contactId)) return invalid("0._embedded.contacts.0.id");
      const id = server.nextId();
      server.deals.set(id, {
        id,
        contactId,
        title: String(given.name ?? ""),
        fields: {},
        tags: tagNames(embedded?.tags),
        createdAt: Date.now(),
      });
      leads.push({ id: Number(id), request_id: "0", ...self(`leads/${id}`) });
    }
    return hal({ _links: {}, _embedded: { leads } });
  }
  function updateLead(id: string, body: Record<string, unknown>): FakeAnswer {
    const deal = server.deals.get(id);
    if (!deal) return invalid("id");
    if (typeof body.name === "string") deal.title = body.name;
    deal.tags.push(...tagNames(body.tags_to_add));
    return hal({ id: Number(id), updated_at: seconds(Date.now()), ...self(`leads/${id}`) });
  }
  function createNotes(contactId: string, body: unknown): FakeAnswer {
    if (!alive(contactId)) return problem("404", "Entity not found");
    const given = Array.isArray(body) ? (body[0] as { note_type?: string; params?: { text?: unknown } }) : undefined;
    if (given?.note_type !== "common" || typeof given.params?.text !== "string" || !given.params.text) return invalid("0.params.text");
    const id = server.nextId();
    server.notes.set(id, { id, contactId, text: given.params.text, createdAt: Date.now() });
    return hal({
      _links: {},
      _embedded: {
        notes: [{ id: Number(id), entity_id: Number(contactId), request_id: "0", ...self(`contacts/${contactId}/notes/${id}`) }],
      },
    });
  }
  function updateNote(contactId: string, id: string, body: Record<string, unknown>): FakeAnswer {
    const note = server.notes.get(id);
    const text = (body.params as { text?: unknown } | undefined)?.text;
    if (!note || note.contactId !== contactId) return problem("404", "Note not found");
    if (body.note_type !== "common" || typeof text !== "string" || !text) return invalid("params.text");
    note.text = text;
    return hal({
      id: Number(id),
      entity_id: Number(contactId),
      updated_at: seconds(Date.now()),
      ...self(`contacts/${contactId}/notes/${id}`),
    });
  }
  function addWebhook(body: { destination?: unknown; settings?: unknown }): FakeAnswer {
    if (typeof body.destination !== "string" || !URL.canParse(body.destination) || !Array.isArray(body.settings))
      return invalid("destination");
    const known = [...webhooks].find(([, hook]) => hook.destination === body.destination);
    const id = known?.[0] ?? Number(server.nextId());
    webhooks.set(id, { destination: body.destination, settings: body.settings as string[] });
    return hal({ id, destination: body.destination, settings: body.settings, disabled: false, created_at: seconds(Date.now()) }, 201);
  }

  function page(query: URLSearchParams, all: unknown[], name: string): FakeAnswer {
    const limit = Math.min(Number(query.get("limit") ?? 50), 250);
    const number = Number(query.get("page") ?? 1);
    const shown = all.slice((number - 1) * limit, number * limit);
    if (shown.length === 0) return { status: 204 };
    const next = new URLSearchParams(query);
    next.set("page", String(number + 1));
    const links = {
      ...self(name)._links,
      ...(all.length > number * limit ? { next: { href: `${server.url}/api/v4/${name}?${next}` } } : {}),
    };
    return hal({ _page: number, _links: links, _embedded: { [name]: shown } });
  }
  const filterIds = <T extends { id: number }>(query: URLSearchParams, all: T[]): T[] => {
    const ids = [...query].filter(([key]) => key === "filter[id]" || /^filter\[id\]\[\d*\]$/.test(key)).map(([, id]) => id);
    return ids.length ? all.filter(({ id }) => ids.includes(String(id))) : all;
  };

  const webhookOf: NonNullable<FakeCrm["webhook"]> = ({ url, secret, contactIds, kind, at = Date.now() }) => {
    const form = new URLSearchParams();
    for (const [place, id] of contactIds.entries()) {
      const fields: Record<string, string> =
        kind === "deleted"
          ? { id, type: "contact" }
          : {
              id,
              name: "Somebody",
              responsible_user_id: "1",
              date_create: String(seconds(at)),
              last_modified: String(seconds(at)),
              created_user_id: "1",
              modified_user_id: "1",
              old_responsible_user_id: "1",
              account_id: String(ACCOUNT_ID),
              "custom_fields][0][id": "300001",
              type: "contact",
            };
      for (const [name, value] of Object.entries(fields))
        form.append(`contacts[${kind === "deleted" ? "delete" : "update"}][${place}][${name}]`, value);
    }
    form.append("account[subdomain]", SUBDOMAIN);
    form.append("account[id]", account.externalId);
    form.append("account[_links][self]", `https://${SUBDOMAIN}.amocrm.ru`);
    const address = new URL(url);
    address.searchParams.set("secret", secret);
    return [
      {
        method: "POST",
        url: address.href,
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: Buffer.from(form.toString()),
      },
    ];
  };

  return {
    ...server,
    app,
    account,
    token,
    domain: `${SUBDOMAIN}.amocrm.ru`,
    webhooks,
    moreValues: (id, code) => more.get(server.contacts.get(id)!)?.[code] ?? [],
    grant() {
      const pair = issue();
      return {
        kind: "oauth",
        accessToken: pair.access_token,
        refreshToken: pair.refresh_token,
        expiresAt: new Date(Date.now() + 86_400_000).toISOString(),
        apiUrl: server.url,
      };
    },
    authorize: walkConsent,
    expireTokens: () => access.clear(),
    revokeAll() {
      revoked = true;
    },
    webhook: webhookOf,
  };
}

/** RFC 7807, as the API's errors are. */
function problem(status: Problem, detail = "Not Found"): FakeAnswer {
  const title = { "400": "Bad Request", "401": "Unauthorized", "402": "Payment Required", "403": "Forbidden", "404": "Not Found" }[status];
  return {
    status: Number(status),
    headers: { "content-type": "application/problem+json" },
    json: { title, type: `https://httpstatus.es/${status}`, status: Number(status), detail },
  };
}
function invalid(path: string): FakeAnswer {
  const errors = [{ code: "NotSupportedChoice", path, detail: "The value you selected is not a valid choice." }];
  return {
    status: 400,
    headers: { "content-type": "application/problem+json" },
    json: {
      "validation-errors": [{ request_id: "0", errors }],
      title: "Bad Request",
      type: "https://httpstatus.es/400",
      status: 400,
      detail: "Request validation failed",
    },
  };
}
const hal = (json: unknown, status = 200): FakeAnswer => ({ status, headers: { "content-type": "application/hal+json" }, json });
