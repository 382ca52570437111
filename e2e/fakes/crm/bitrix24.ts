import { randomBytes } from "node:crypto";
import { type FakeAnswer, type FakeCall, type FakeContact, type FakeCrm, type FakeLimit, startFakeServer } from "./fake-crm.ts";
import { consentPage, walkConsent } from "./fake-oauth.ts";

/**
 * Bitrix24 as its documentation has it (apidocs.bitrix24.com; github.com/bitrix24/b24restdocs): settings/oauth/{index,auto-renewal,
 * error-codes}, training.bitrix24.com/rest_help/oauth (tokens become invalid once they are used), limits, settings/how-to-call-rest-api/
 * {authorization,batch,list-methods-pecularities}, settings/performance/huge-data, local-integrations/local-webhooks, api-reference/crm/
 * universal/crm-item-{add,get,list,update,delete,fields}, duplicates/crm-duplicate-find-by-comm, timeline/comments/*, contacts/events/*,
 * api-reference/events/{event-bind,event-get,event-unbind}, _includes/{system-errors,auth-params-in-events}.
 * Lists give no phones and e-mails here, as they are not documented to; phones are compared by all their digits, 8 and +7 being two.
 */
export type FakeBitrix24 = FakeCrm & {
  handlers: { event: string; handler: string }[];
  /** All phones or e-mails of a contact, with their ids. */
  communications(id: string, typeId: "PHONE" | "EMAIL"): Communication[];
  /** From now on the account is elsewhere: its old address redirects. */
  move(): void;
};

type Communication = { id: number; typeId: string; valueType: string; value: string };
type Params = Record<string, unknown>;
const SCALARS: Record<
  string,
  { type: string; title: string; isReadOnly?: boolean; isMultiple?: boolean; items?: { ID: string; VALUE: string }[] }
> = {
  id: { type: "integer", title: "ID", isReadOnly: true },
  name: { type: "string", title: "Имя" },
  lastName: { type: "string", title: "Фамилия" },
  comments: { type: "text", title: "Комментарий" },
  updatedTime: { type: "datetime", title: "Изменён", isReadOnly: true },
  assignedById: { type: "user", title: "Ответственный" },
  originId: { type: "string", title: "Внешний ключ" },
  UF_CRM_1720697698689: { type: "string", title: "Откуда узнали" },
  UF_CRM_1720697698690: { type: "enumeration", title: "Тип клиента", items: [{ ID: "45", VALUE: "Новый" }] },
  UF_CRM_1720697698691: { type: "boolean", title: "Рассылка" },
};
const CONTACT = 3;
const DEAL = 2;

/** @param options.redirectUri as it is registered with the application; it is no parameter of the sign-in */
export async function startBitrix24(options: { limit?: FakeLimit; redirectUri?: string } = {}): Promise<FakeBitrix24> {
  const redirectUri = options.redirectUri ?? "https://portal.example/orgs/crm/callback";
  const app = { clientId: "local.6667fc928a50a9.70414732", clientSecret: randomBytes(25).toString("hex") };
  const webhookCode = randomBytes(8).toString("hex");
  const memberId = randomBytes(16).toString("hex");
  const applicationToken = randomBytes(16).toString("hex");
  const codes = new Map<string, number>();
  const access = new Map<string, number>();
  const refresh = new Map<string, string>();
  const handlers: FakeBitrix24["handlers"] = [];
  const lists = new WeakMap<FakeContact, Communication[]>();
  let revoked = false;
  let moved = false;
  let lastCommunication = 100;

  const server = await startFakeServer({
    limit: options.limit ?? { bucket: 50, leaksPerSecond: 2 },
    isApi: (path) => path.startsWith("/rest/"),
    isWrite: ({ url }) => /\.(?:add|update|delete|bind|unbind)(?:\.json)?$/.test(url.pathname),
    tooMany: { status: 503, json: { error: "QUERY_LIMIT_EXCEEDED", error_description: "Too many requests" } },
    handle,
  });
  const host = new URL(server.url).host;

  function handle(call: FakeCall): FakeAnswer {
    const { pathname, searchParams } = call.url;
    if (pathname === "/oauth/authorize/") return authorization(call.url);
    if (pathname === "/oauth/token/") return tokens(Object.fromEntries(searchParams));
    if (!pathname.startsWith("/rest/")) return { status: 404, html: "<h1>404 Not Found</h1>" };
    if (moved) return { status: 302, headers: { location: `https://elsewhere.bitrix24.ru${pathname}` } };
    const body = (call.body && typeof call.body === "object" ? call.body : {}) as Params;
    const [, user, code, viaWebhook] = /^\/rest\/(\d+)\/([A-Za-z0-9]+)\/([\w.]+?)(?:\.json)?$/.exec(pathname) ?? [];
    if (viaWebhook) {
      if (revoked || user !== "1" || code !== webhookCode) return fail(401, "INVALID_CREDENTIALS", "Invalid request credentials");
      return run(viaWebhook, { ...Object.fromEntries(searchParams), ...body }, false);
    }
    const [, method] = /^\/rest\/([\w.]+?)(?:\.json)?$/.exec(pathname) ?? [];
    if (!method) return fail(404, "ERROR_METHOD_NOT_FOUND", "Method not found!");
    const { auth, ...params } = { ...Object.fromEntries(searchParams), ...body } as Params;
    if (typeof auth !== "string" || !auth) return fail(401, "NO_AUTH_FOUND", "Wrong authorization data");
    const until = access.get(auth);
    if (revoked || until === undefined) return fail(401, "invalid_token", "Unable to get application by token");
    if (until < Date.now()) return fail(401, "expired_token", "The access token provided has expired.");
    return run(method, params, true);
  }

  function authorization(url: URL): FakeAnswer {
    const query = url.searchParams;
    if (query.get("client_id") !== app.clientId) return { status: 400, html: "<p>Приложение не установлено</p>" };
    if (!query.get("decision")) return { html: consentPage(url) };
    const state = query.get("state") ?? "";
    if (query.get("decision") !== "allow") return back({ error: "access_denied", state });
    const code = randomBytes(32).toString("hex");
    codes.set(code, Date.now() + 30_000);
    return back({ code, state, domain: host, member_id: memberId, scope: "crm", server_domain: "oauth.bitrix.info" });
  }
  function back(parameters: Record<string, string>): FakeAnswer {
    const address = new URL(redirectUri);
    for (const [name, value] of Object.entries(parameters)) address.searchParams.set(name, value);
    return { status: 302, headers: { location: address.href } };
  }

  function tokens(query: Record<string, string>): FakeAnswer {
    if (query.client_id !== app.clientId || query.client_secret !== app.clientSecret) return fail(400, "invalid_client", "Invalid client");
    if (query.grant_type === "authorization_code") {
      const until = codes.get(query.code ?? "");
      codes.delete(query.code ?? "");
      if (until === undefined || until < Date.now()) return fail(400, "invalid_grant", "Invalid authorization code");
    } else if (query.grant_type === "refresh_token") {
      const old = refresh.get(query.refresh_token ?? "");
      if (revoked || old === undefined) return fail(400, "invalid_grant", "Invalid refresh token");
      refresh.delete(query.refresh_token!);
      access.delete(old);
    } else return fail(400, "invalid_request", "Invalid grant type");
    const answer = {
      ...issue(),
      client_endpoint: `${server.url}/rest/`,
      domain: "oauth.bitrix.info",
      expires_in: 3600,
      member_id: memberId,
      scope: "crm",
      server_endpoint: "https://oauth.bitrix.info/rest/",
      status: "L",
    };
    return { json: answer };
  }

  function issue() {
    const pair = { access_token: randomBytes(35).toString("hex"), refresh_token: randomBytes(35).toString("hex") };
    access.set(pair.access_token, Date.now() + 3_600_000);
    refresh.set(pair.refresh_token, pair.access_token);
    return pair;
  }

  /** @param isApp whether it is an application that calls: an inbound webhook may bind no events */
  function run(method: string, params: Params, isApp: boolean): FakeAnswer {
    if (method.startsWith("event.") && !isApp) return fail(403, "WRONG_AUTH_TYPE", "Current authorization type is denied for this method");
    switch (method) {
      case "profile":
        return ok({ ID: "1", ADMIN: true, NAME: "Иван", LAST_NAME: "Админ", PERSONAL_GENDER: "", TIME_ZONE: "" });
      case "batch":
        return batch(params, isApp);
      case "crm.item.fields":
        return ok({
          fields:
            Number(params.entityTypeId) === CONTACT
              ? described(SCALARS)
              : described({
                  id: SCALARS.id!,
                  title: { type: "string", title: "Название" },
                  opportunity: { type: "double", title: "Сумма" },
                }),
        });
      case "crm.item.add":
        return addItem(params);
      case "crm.item.get":
      case "crm.item.update":
      case "crm.item.delete":
        return oneItem(method, params);
      case "crm.item.list":
        return listItems(params);
      case "crm.duplicate.findbycomm":
        return duplicates(params);
      case "crm.timeline.comment.add":
      case "crm.timeline.comment.update":
      case "crm.timeline.comment.delete":
      case "crm.timeline.comment.list":
        return comments(method, params);
      case "event.get":
        return ok(handlers.map((one) => ({ ...one, auth_type: "0", offline: 0 })));
      case "event.bind":
      case "event.unbind":
        return events(method, params);
      default:
        return fail(404, "ERROR_METHOD_NOT_FOUND", "Method not found!");
    }
  }

  function batch(params: Params, isApp: boolean): FakeAnswer {
    const commands = Object.entries((params.cmd ?? {}) as Record<string, string>);
    if (commands.length > 50) return fail(400, "ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded");
    const result: Record<string, unknown> = {};
    const errors: Record<string, unknown> = {};
    for (const [key, command] of commands) {
      const [method = "", query = ""] = command.split("?");
      const { json } =
        method === "batch"
          ? fail(400, "ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch usage")
          : run(method, Object.fromEntries(new URLSearchParams(query)), isApp);
      const body = json as { result?: unknown; error?: string };
      if (body.error === undefined) result[key] = body.result;
      else errors[key] = json;
    }
    // PHP writes an empty array as [].
    const phpObject = (given: Record<string, unknown>) => (Object.keys(given).length ? given : []);
    return ok({ result: phpObject(result), result_error: phpObject(errors), result_total: [], result_next: [], result_time: [] });
  }

  const alive = (id: unknown) => {
    const contact = server.contacts.get(String(id));
    return contact && !contact.deleted ? contact : null;
  };
  /** In Moscow's time, to the second. */
  const time = (ms: number) => `${new Date(Math.floor(ms / 1000) * 1000 + 3 * 3_600_000).toISOString().slice(0, 19)}+03:00`;

  function listOf(contact: FakeContact): Communication[] {
    const kept = lists.get(contact) ?? [];
    // What tests set on the contact itself counts as the first of its kind.
    for (const [typeId, value] of [
      ["PHONE", contact.phone],
      ["EMAIL", contact.email],
    ] as const) {
      const first = kept.find((one) => one.typeId === typeId);
      if (value === null) continue;
      if (first) first.value = value;
      else kept.push({ id: ++lastCommunication, typeId, valueType: "WORK", value });
    }
    lists.set(contact, kept);
    return kept;
  }
  function setList(contact: FakeContact, fm: unknown) {
    const kept = listOf(contact);
    const given = Array.isArray(fm)
      ? fm.map((one, place) => [String((one as Communication).id ?? `n${place}`), one])
      : Object.entries((fm ?? {}) as object);
    for (const [key, one] of given as [string, Communication][]) {
      const place = kept.findIndex(({ id }) => String(id) === key);
      if (place >= 0 && one.value === "") kept.splice(place, 1);
      else if (place >= 0) Object.assign(kept[place]!, { value: one.value, valueType: one.valueType });
      else if (one.value) kept.push({ id: ++lastCommunication, typeId: one.typeId, valueType: one.valueType, value: one.value });
    }
    contact.phone = kept.find(({ typeId }) => typeId === "PHONE")?.value ?? null;
    contact.email = kept.find(({ typeId }) => typeId === "EMAIL")?.value ?? null;
    lists.set(contact, kept);
  }

  function contactJson(contact: FakeContact) {
    const { lastName, ...own } = contact.fields;
    const name = lastName ? contact.name.replace(new RegExp(` ?${String(lastName)}$`), "") : contact.name;
    return {
      id: Number(contact.id),
      createdTime: time(contact.createdAt),
      updatedTime: time(contact.updatedAt),
      name,
      lastName: lastName ?? null,
      comments: null,
      UF_CRM_1720697698689: "",
      ...own,
      contactIds: [],
      fm: listOf(contact),
      entityTypeId: CONTACT,
    };
  }
  const dealJson = (deal: { id: string; title: string; contactId: string; createdAt: number }) => ({
    id: Number(deal.id),
    title: deal.title,
    contactId: Number(deal.contactId),
    contactIds: [Number(deal.contactId)],
    updatedTime: time(deal.createdAt),
    entityTypeId: DEAL,
  });

  function setFields(contact: FakeContact, fields: Params) {
    const { fm, name, lastName, ...own } = fields;
    if (fm) setList(contact, fm);
    if (lastName !== undefined) contact.fields.lastName = lastName as string;
    if (name !== undefined || lastName !== undefined)
      contact.name = [name ?? (contact.name.split(" ")[0] || ""), contact.fields.lastName].filter(Boolean).join(" ");
    // A field that there is not is passed over.
    for (const [key, value] of Object.entries(own))
      if (Object.hasOwn(SCALARS, key) && !SCALARS[key]!.isReadOnly) contact.fields[key] = value as string;
  }

  function addItem({ entityTypeId, fields }: Params): FakeAnswer {
    const given = (fields ?? {}) as Params;
    if (Number(entityTypeId) === CONTACT) {
      const contact = server.addContact({ name: "" });
      setFields(contact, given);
      return ok({ item: contactJson(contact) });
    }
    if (Number(entityTypeId) !== DEAL) return fail(400, "NOT_FOUND", "Смарт-процесс не найден");
    const contactId = String((given.contactIds as number[] | undefined)?.[0] ?? "");
    const id = server.nextId();
    const deal = { id, contactId, title: String(given.title || `Сделка #${id}`), fields: {}, tags: [], createdAt: Date.now() };
    server.deals.set(id, deal);
    return ok({ item: dealJson(deal) });
  }

  function oneItem(method: string, { entityTypeId, id, fields }: Params): FakeAnswer {
    const missing = fail(400, "NOT_FOUND", "Элемент не найден");
    if (Number(entityTypeId) === DEAL) {
      const deal = server.deals.get(String(id));
      if (!deal) return missing;
      if (method === "crm.item.delete") {
        server.deals.delete(deal.id);
        return ok([]);
      }
      if (method === "crm.item.update" && (fields as Params).title) deal.title = String((fields as Params).title);
      return ok({ item: dealJson(deal) });
    }
    const contact = Number(entityTypeId) === CONTACT ? alive(id) : null;
    if (!contact) return missing;
    if (method === "crm.item.delete") {
      server.contacts.delete(contact.id);
      return ok([]);
    }
    if (method === "crm.item.update") {
      setFields(contact, (fields ?? {}) as Params);
      server.change(contact.id, {});
    }
    return ok({ item: contactJson(contact) });
  }

  function listItems({ entityTypeId, filter, order, select, start }: Params): FakeAnswer {
    const items: Params[] =
      Number(entityTypeId) === DEAL
        ? [...server.deals.values()].map(dealJson)
        : [...server.contacts.values()].filter((one) => !one.deleted).map(contactJson);
    const unknown = unknownField((filter ?? {}) as Params);
    if (unknown) return fail(400, "INVALID_ARG_VALUE", `Invalid filter: field '${unknown}' is not allowed in filter`);
    const found = items.filter((item) => matches(item, (filter ?? {}) as Params));
    const sorting = Object.entries((order ?? { id: "ASC" }) as Record<string, string>);
    found.sort((a, b) => {
      for (const [key, direction] of sorting) {
        const difference = comparable(a[key]) - comparable(b[key]);
        if (difference) return direction === "DESC" ? -difference : difference;
      }
      return 0;
    });
    const from = Math.max(0, Number(start ?? 0));
    const chosen = (select as string[] | undefined) ?? ["*"];
    const page = found
      .slice(from, from + 50)
      .map(({ fm, ...item }) => (chosen.includes("*") ? item : Object.fromEntries(chosen.map((key) => [key, item[key]]))));
    // Without counting there is neither a total nor a next.
    if (Number(start) < 0) return { json: { result: { items: page }, total: 0, time: {} } };
    return { json: { result: { items: page }, ...(found.length > from + 50 ? { next: from + 50 } : {}), total: found.length, time: {} } };
  }

  function duplicates({ type, values, entity_type }: Params): FakeAnswer {
    if (type !== "EMAIL" && type !== "PHONE") return fail(400, "Communication type is not defined", "Parameter 'type' is required.");
    if (!Array.isArray(values) || values.length === 0 || values.length > 20)
      return fail(400, "Communication values is not defined", "Parameter 'values' is required.");
    const code = (text: unknown) => (type === "PHONE" ? String(text).replace(/\D/g, "") : String(text).trim().toLowerCase());
    const sought = new Set(values.map(code));
    const found = [...server.contacts.values()].filter(
      (one) => !one.deleted && listOf(one).some(({ typeId, value }) => typeId === type && sought.has(code(value))),
    );
    const ids = found.map(({ id }) => Number(id)).slice(0, 20);
    return ok(ids.length && (entity_type ?? "CONTACT") === "CONTACT" ? { CONTACT: ids } : []);
  }

  function comments(method: string, params: Params): FakeAnswer {
    const fields = (params.fields ?? {}) as Params;
    if (method === "crm.timeline.comment.list") {
      const filter = (params.filter ?? {}) as Params;
      if (!filter.ENTITY_ID || filter.ENTITY_TYPE !== "contact") return fail(400, "100", "Required fields not provided");
      const found = [...server.notes.values()].filter(({ contactId }) => contactId === String(filter.ENTITY_ID));
      if ((params.order as Params | undefined)?.ID === "DESC") found.reverse();
      const result = found.slice(0, 50).map((note) => ({
        ID: note.id,
        ENTITY_ID: note.contactId,
        ENTITY_TYPE: "contact",
        CREATED: time(note.createdAt),
        COMMENT: note.text,
        AUTHOR_ID: "1",
        FILES: {},
      }));
      return { json: { result, total: found.length, time: {} } };
    }
    if (method === "crm.timeline.comment.add") {
      if (!alive(fields.ENTITY_ID) || fields.ENTITY_TYPE !== "contact") return fail(400, "OWNER_NOT_FOUND", "Owner not found");
      if (!fields.COMMENT) return fail(400, "INVALID_ARG_VALUE", "Empty comment");
      const id = server.nextId();
      server.notes.set(id, { id, contactId: String(fields.ENTITY_ID), text: String(fields.COMMENT), createdAt: Date.now() });
      return ok(Number(id));
    }
    const note = server.notes.get(String(params.id));
    if (!note) return fail(400, "NOT_FOUND", "Not found.");
    if (method === "crm.timeline.comment.delete") {
      server.notes.delete(note.id);
      return { json: { result: null, time: {} } };
    }
    if (!fields.COMMENT) return fail(400, "INVALID_ARG_VALUE", "Empty comment");
    note.text = String(fields.COMMENT);
    return ok(Number(note.id));
  }

  function events(method: string, { event, handler }: Params): FakeAnswer {
    const name = String(event).toUpperCase();
    const place = handlers.findIndex((one) => one.event === name && one.handler === handler);
    if (method === "event.unbind") {
      if (place >= 0) handlers.splice(place, 1);
      return ok({ count: place >= 0 ? 1 : 0 });
    }
    if (!name.startsWith("ONCRMCONTACT")) return fail(400, "ERROR_EVENT_NOT_FOUND", "Event not found");
    if (place >= 0) return fail(400, "ERROR_CORE", "Unable to set event handler: Handler already binded");
    handlers.push({ event: name, handler: String(handler) });
    return ok(true);
  }

  return {
    ...server,
    app,
    account: { externalId: host, name: host },
    token: `${server.url}/rest/1/${webhookCode}/`,
    domain: "acme.bitrix24.ru",
    handlers,
    communications: (id, typeId) => listOf(server.contacts.get(id)!).filter((one) => one.typeId === typeId),
    move() {
      moved = true;
    },
    grant() {
      const pair = issue();
      return {
        kind: "oauth",
        accessToken: pair.access_token,
        refreshToken: pair.refresh_token,
        expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
        apiUrl: server.url,
      };
    },
    authorize: walkConsent,
    expireTokens() {
      for (const token of access.keys()) access.set(token, 0);
    },
    revokeAll() {
      revoked = true;
    },
    webhook: ({ url, secret, contactIds, kind, at = Date.now() }) =>
      contactIds.map((id) => {
        const address = new URL(url);
        address.searchParams.set("secret", secret);
        const form = new URLSearchParams({
          event: kind === "deleted" ? "ONCRMCONTACTDELETE" : "ONCRMCONTACTUPDATE",
          event_handler_id: "12",
          "data[FIELDS][ID]": id,
          ts: String(Math.floor(at / 1000)),
          "auth[access_token]": "s6p6eclrvim6da22ft9ch94ekreb52lv",
          "auth[expires_in]": "3600",
          "auth[scope]": "crm",
          "auth[domain]": host,
          "auth[server_endpoint]": "https://oauth.bitrix.info/rest/",
          "auth[status]": "L",
          "auth[client_endpoint]": `${server.url}/rest/`,
          "auth[member_id]": memberId,
          "auth[application_token]": applicationToken,
        });
        const headers = { "content-type": "application/x-www-form-urlencoded" };
        return { method: "POST", url: address.href, headers, body: Buffer.from(form.toString()) };
      }),
  };
}

const ok = (result: unknown): FakeAnswer => ({ json: { result, time: { start: 0, finish: 0, duration: 0, operating: 0 } } });
const fail = (status: number, error: string, error_description: string): FakeAnswer => ({ status, json: { error, error_description } });
const described = (fields: typeof SCALARS) =>
  Object.fromEntries(
    Object.entries(fields).map(([key, field]) => [
      key,
      {
        isRequired: false,
        isReadOnly: false,
        isImmutable: false,
        isMultiple: false,
        isDynamic: key.startsWith("UF_"),
        upperName: key.toUpperCase(),
        ...field,
      },
    ]),
  );

/** The operations of a filter that are used here, longest first. */
const OPERATION = /^(>=|<=|>|<|@|=)?(.+)$/;
const FILTERABLE = new Set(["id", "updatedTime", "contactId", "originId", "title", "name"]);

function unknownField(filter: Params): string | null {
  for (const [key, value] of Object.entries(filter)) {
    if (key === "logic") continue;
    if (/^\d+$/.test(key)) {
      const inner = unknownField(value as Params);
      if (inner) return inner;
    } else if (!FILTERABLE.has(OPERATION.exec(key)![2]!)) return OPERATION.exec(key)![2]!;
  }
  return null;
}

/** Conditions are joined by AND, by OR where `logic` says so, to any depth. */
function matches(item: Params, { logic, ...conditions }: Params): boolean {
  const results = Object.entries(conditions).map(([key, value]) => {
    if (/^\d+$/.test(key)) return matches(item, value as Params);
    const [, operation = "=", field] = OPERATION.exec(key)!;
    const there = item[field!];
    if (operation === "@") return (value as unknown[]).map(String).includes(String(there));
    if (operation === "=" && typeof value === "string" && field !== "updatedTime") return String(there ?? "") === value;
    const difference = comparable(there) - comparable(value);
    return { ">=": difference >= 0, "<=": difference <= 0, ">": difference > 0, "<": difference < 0, "=": difference === 0 }[operation]!;
  });
  return logic === "OR" ? results.some(Boolean) : results.every(Boolean);
}
const comparable = (value: unknown): number => (typeof value === "string" && /^\d{4}-/.test(value) ? Date.parse(value) : Number(value));
