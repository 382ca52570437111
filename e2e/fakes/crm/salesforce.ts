import type { CrmValue } from "../../../core/crm/crm.ts";
import { type FakeAnswer, type FakeCall, type FakeContact, type FakeCrm, startFakeServer } from "./fake-crm.ts";
import { createFakeOAuth } from "./fake-oauth.ts";
import { runSoql, SoqlError, type SoqlRow } from "./soql.ts";

export type FakeSalesforce = FakeCrm & {
  /** The organization's day from now on: so many of its requests are used. */
  setUsage(used: number, limit: number): void;
};

const API = "/services/data/v64.0";
const CONTACT_FIELDS: Record<string, { label: string; type: string; writable: boolean; choices?: string[]; length?: number }> = {
  Id: { label: "Contact ID", type: "id", writable: false },
  AccountId: { label: "Account ID", type: "reference", writable: true },
  Name: { label: "Full Name", type: "string", writable: false },
  FirstName: { label: "First Name", type: "string", writable: true, length: 40 },
  LastName: { label: "Last Name", type: "string", writable: true, length: 80 },
  Email: { label: "Email", type: "email", writable: true, length: 80 },
  Phone: { label: "Business Phone", type: "phone", writable: true, length: 40 },
  MobilePhone: { label: "Mobile Phone", type: "phone", writable: true, length: 40 },
  Title: { label: "Title", type: "string", writable: true, length: 128 },
  LeadSource: { label: "Lead Source", type: "picklist", writable: true, choices: ["Web", "Phone Inquiry"] },
  DoNotCall: { label: "Do Not Call", type: "boolean", writable: true },
  IsDeleted: { label: "Deleted", type: "boolean", writable: false },
  CreatedDate: { label: "Created Date", type: "datetime", writable: false },
  SystemModstamp: { label: "System Modstamp", type: "datetime", writable: false },
};
const OPPORTUNITY_FIELDS: typeof CONTACT_FIELDS = {
  Id: { label: "Opportunity ID", type: "id", writable: false },
  Name: { label: "Name", type: "string", writable: true, length: 120 },
  StageName: { label: "Stage", type: "picklist", writable: true, choices: ["Prospecting", "Qualification", "Closed Won"] },
  CloseDate: { label: "Close Date", type: "date", writable: true },
  Amount: { label: "Amount", type: "currency", writable: true },
  ContactId: { label: "Contact ID", type: "reference", writable: true },
  AccountId: { label: "Account ID", type: "reference", writable: true },
  CreatedDate: { label: "Created Date", type: "datetime", writable: false },
};
const TASK_FIELDS: typeof CONTACT_FIELDS = {
  Id: { label: "Activity ID", type: "id", writable: false },
  Subject: { label: "Subject", type: "combobox", writable: true, length: 255 },
  Description: { label: "Comments", type: "textarea", writable: true, length: 32_000 },
  WhoId: { label: "Name ID", type: "reference", writable: true },
  Status: { label: "Status", type: "picklist", writable: true, choices: ["Not Started", "Completed"] },
  ActivityDate: { label: "Due Date Only", type: "date", writable: true },
  CreatedDate: { label: "Created Date", type: "datetime", writable: false },
};
const FIELDS = { Contact: CONTACT_FIELDS, Opportunity: OPPORTUNITY_FIELDS, Task: TASK_FIELDS } as const;
type Kind = keyof typeof FIELDS;
const PREFIX = { Contact: "003", Opportunity: "006", Task: "00T" } as const;
const STAGES: SoqlRow[] = [
  { ApiName: "Prospecting", IsActive: true, IsClosed: false, SortOrder: 1 },
  { ApiName: "Qualification", IsActive: true, IsClosed: false, SortOrder: 2 },
  { ApiName: "Old", IsActive: false, IsClosed: false, SortOrder: 0 },
  { ApiName: "Closed Won", IsActive: true, IsClosed: true, SortOrder: 3 },
];

const refuse = (status: number, errorCode: string, message: string): FakeAnswer => ({ status, json: [{ message, errorCode }] });

/**
 * Salesforce, as its documentation describes the parts that are used: help.salesforce.com "OAuth 2.0 Web Server Flow" (PKCE required here, as partners must
 * from 2026), "Refresh Token Flow" (rotation, as it may be configured), "Revoke OAuth Tokens"; developer.salesforce.com REST API guide ("sObject Rows",
 * "sObject Describe", "Query", "QueryAll", "Limit Info Header", "Status Codes and Error Responses"), SOQL and SOSL reference ("Quoted String Escape
 * Sequences"), object reference (Contact, Opportunity, Task: required fields and lengths).
 * @param options.rotates whether the app's refresh tokens rotate
 */
export async function startFakeSalesforce(options: { rotates?: boolean } = {}): Promise<FakeSalesforce> {
  const rotates = options.rotates ?? true;
  const app = { clientId: "3MVG9fake.salesforce.client", clientSecret: "FAKE0123456789SECRET" };
  const oauth = createFakeOAuth({ app, pkce: true, rotates });
  const organization = { Id: "00D5g000000FakeEAE", Name: "Acme Ltd" };
  let usage = { used: 18, limit: 15_000 };

  const server = await startFakeServer({
    // Nothing is documented for a second: the fake counts what would be the day's end within a minute.
    limit: { count: 1_000, ms: 60_000 },
    isApi: (path) => path.startsWith("/services/data/"),
    tooMany: refuse(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded."),
    handle,
  });
  const { contacts, deals, notes } = server;
  const newId = (kind: Kind) => `${PREFIX[kind]}5g00000${server.nextId().padStart(8, "0")}`;

  function handle(call: FakeCall): FakeAnswer {
    const path = call.url.pathname;
    if (path === "/services/oauth2/authorize") return oauth.consent(call.url);
    if (path === "/services/oauth2/token" && call.method === "POST") return tokens(call.body as Record<string, unknown>);
    if (path === "/services/oauth2/revoke" && call.method === "POST")
      return oauth.revoke(String((call.body as Record<string, unknown>).token))
        ? { status: 200 }
        : { status: 400, json: { error: "unsupported_token_type", error_description: "this token type is not supported" } };
    if (!oauth.accepts(call.headers.authorization?.replace(/^Bearer /, "") ?? ""))
      return refuse(401, "INVALID_SESSION_ID", "Session expired or invalid");
    if (usage.used >= usage.limit) return refuse(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.");
    usage.used++;
    const answer = api(call, path);
    answer.headers = { "sforce-limit-info": `api-usage=${usage.used}/${usage.limit}`, ...answer.headers };
    return answer;
  }

  function tokens(form: Record<string, unknown>): FakeAnswer {
    const given = oauth.token(form, { id: form.client_id, secret: form.client_secret });
    if ("error" in given) return { status: 400, json: { error: given.error, error_description: given.description } };
    const again = form.grant_type === "refresh_token" && !rotates;
    return {
      json: {
        access_token: given.accessToken,
        ...(again ? {} : { refresh_token: given.refreshToken }),
        signature: "c2ln",
        scope: "refresh_token api",
        instance_url: server.url,
        id: `https://login.salesforce.com/id/${organization.Id}/0055g000000FakeAAA`,
        token_type: "Bearer",
        issued_at: String(Date.now()),
      },
    };
  }

  function api(call: FakeCall, path: string): FakeAnswer {
    if (path === `${API}/query` || path === `${API}/queryAll`) return soql(call.url.searchParams.get("q") ?? "", path.endsWith("queryAll"));
    const [, kind, rest] = path.match(/^\/services\/data\/v64\.0\/sobjects\/(Contact|Opportunity|Task)(?:\/([^/]+))?$/) ?? [];
    if (!kind) return refuse(404, "NOT_FOUND", "The requested resource does not exist");
    const object = kind as Kind;
    if (rest === "describe") return describe(object);
    const body = (call.body ?? {}) as Record<string, CrmValue>;
    if (!rest) return call.method === "POST" ? create(object, body) : refuse(405, "METHOD_NOT_ALLOWED", "HTTP Method not allowed");
    return row(call, object, rest, body);
  }

  function soql(text: string, withDeleted: boolean): FakeAnswer {
    const tables: Record<string, () => SoqlRow[]> = {
      Contact: () => [...contacts.values()].filter(({ deleted }) => withDeleted || !deleted).map(contactRow),
      Opportunity: () =>
        [...deals.values()].map((deal) => ({
          ...deal.fields,
          Id: deal.id,
          Name: deal.title,
          ContactId: deal.contactId,
          CreatedDate: time(deal.createdAt),
        })),
      Task: () =>
        [...notes.values()].map((note) => ({
          Id: note.id,
          Description: note.text,
          WhoId: note.contactId,
          CreatedDate: time(note.createdAt),
        })),
      Organization: () => [organization],
      OpportunityStage: () => STAGES,
    };
    try {
      const { type, rows, totalSize } = runSoql(text, (name) => {
        const known = FIELDS[name as Kind];
        return tables[name] ? { rows: tables[name](), fields: known ? Object.keys(known) : Object.keys(tables[name]()[0]!) } : null;
      });
      return {
        json: {
          totalSize,
          done: true,
          records: rows.map((one) => ({ attributes: { type, url: `${API}/sobjects/${type}/${one.Id ?? ""}` }, ...one })),
        },
      };
    } catch (error) {
      if (error instanceof SoqlError) return refuse(400, error.code, error.message);
      throw error;
    }
  }

  function describe(object: Kind): FakeAnswer {
    const fields = Object.entries(FIELDS[object]).map(([name, { label, type, writable, choices, length }]) => ({
      name,
      label,
      type,
      length: length ?? 0,
      createable: writable,
      updateable: writable,
      picklistValues: (choices ?? []).map((value) => ({ active: true, defaultValue: false, label: value, value })),
    }));
    return { json: { name: object, label: object, fields } };
  }

  /** What Salesforce says of fields that there are not, may not be written or do not hold; null when all is well. */
  function invalid(object: Kind, body: Record<string, CrmValue>, isNew: boolean): FakeAnswer | null {
    for (const [name, value] of Object.entries(body)) {
      const field = FIELDS[object][name];
      if (!field) return refuse(400, "INVALID_FIELD", `No such column '${name}' on sobject of type ${object}`);
      if (!field.writable) return refuse(400, "INVALID_FIELD_FOR_INSERT_UPDATE", `Unable to create/update fields: ${name}`);
      if (!isNew && object === "Opportunity" && name === "ContactId")
        return refuse(400, "INVALID_FIELD_FOR_INSERT_UPDATE", "Unable to create/update fields: ContactId");
      if (typeof value === "string" && field.length && value.length > field.length)
        return refuse(400, "STRING_TOO_LONG", `${name}: data value too large: (max length=${field.length})`);
      if (name === "Email" && value && !/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(String(value)))
        return refuse(400, "INVALID_EMAIL_ADDRESS", `Email: invalid email address: ${value}`);
    }
    const required = { Contact: ["LastName"], Opportunity: ["Name", "StageName", "CloseDate"], Task: [] }[object];
    const missing = required.filter((name) => (isNew ? !body[name] : name in body && !body[name]));
    return missing.length > 0 ? refuse(400, "REQUIRED_FIELD_MISSING", `Required fields are missing: [${missing.join(", ")}]`) : null;
  }

  const alive = (contactId: CrmValue | undefined) => {
    const contact = contacts.get(String(contactId));
    return contact !== undefined && !contact.deleted;
  };

  function create(object: Kind, body: Record<string, CrmValue>): FakeAnswer {
    const wrong = invalid(object, body, true);
    if (wrong) return wrong;
    const id = newId(object);
    const createdAt = Date.now();
    if (object === "Contact") server.addContact({ id, ...contactChange(body, null) });
    else {
      const contactId = object === "Task" ? body.WhoId : body.ContactId;
      if (!alive(contactId)) return refuse(400, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id");
      if (object === "Task") notes.set(id, { id, contactId: String(contactId), text: String(body.Description ?? ""), createdAt });
      else deals.set(id, { id, contactId: String(contactId), title: String(body.Name), fields: body, tags: [], createdAt });
    }
    return { status: 201, json: { id, success: true, errors: [] } };
  }

  function row(call: FakeCall, object: Kind, id: string, body: Record<string, CrmValue>): FakeAnswer {
    const contact = object === "Contact" ? contacts.get(id) : undefined;
    const deal = object === "Opportunity" ? deals.get(id) : undefined;
    const note = object === "Task" ? notes.get(id) : undefined;
    if (contact?.deleted) return refuse(404, "ENTITY_IS_DELETED", "entity is deleted");
    if (!contact && !deal && !note) return refuse(404, "NOT_FOUND", "Provided external ID field does not exist or is not accessible");
    if (call.method === "GET" && contact) {
      const names = call.url.searchParams.get("fields")?.split(",") ?? Object.keys(CONTACT_FIELDS);
      const unknown = names.find((name) => !CONTACT_FIELDS[name]);
      if (unknown) return refuse(400, "INVALID_FIELD", `No such column '${unknown}' on sobject of type Contact`);
      const all = contactRow(contact);
      return { json: { attributes: { type: "Contact" }, ...Object.fromEntries(names.map((name) => [name, all[name] ?? null])) } };
    }
    if (call.method === "PATCH") {
      const wrong = invalid(object, body, false);
      if (wrong) return wrong;
      if (contact) server.change(id, contactChange(body, contact));
      if (deal) Object.assign(deal, { title: String(body.Name ?? deal.title), fields: { ...deal.fields, ...body } });
      if (note) note.text = String(body.Description ?? note.text);
      return { status: 204 };
    }
    if (call.method === "DELETE") {
      if (contact) server.change(id, { deleted: true });
      deals.delete(deal?.id ?? "");
      notes.delete(note?.id ?? "");
      return { status: 204 };
    }
    return refuse(405, "METHOD_NOT_ALLOWED", "HTTP Method not allowed");
  }

  return {
    ...server,
    addContact: (given) => server.addContact({ id: newId("Contact"), ...given }),
    app,
    account: { externalId: organization.Id, name: organization.Name },
    token: "",
    domain: null,
    grant() {
      const { accessToken, refreshToken } = oauth.issue();
      return { kind: "oauth", accessToken, refreshToken, expiresAt: new Date(Date.now() + 7_200_000).toISOString(), apiUrl: server.url };
    },
    authorize: oauth.walk,
    expireTokens: oauth.expire,
    revokeAll: oauth.revokeAll,
    webhook: null,
    setUsage: (used, limit) => {
      usage = { used, limit };
    },
  };
}

/** Salesforce's times have seconds, and "+0000" behind. */
const time = (at: number) => `${new Date(at).toISOString().slice(0, 19)}.000+0000`;

function contactRow(contact: FakeContact): SoqlRow {
  const [first, ...rest] = contact.name.split(" ");
  const own = contact.fields.LastName !== undefined;
  return {
    AccountId: null,
    ...contact.fields,
    ...(own ? {} : { FirstName: rest.length > 0 ? first! : null, LastName: rest.length > 0 ? rest.join(" ") : first! }),
    Id: contact.id,
    Name: contact.name,
    Email: contact.email,
    Phone: contact.phone,
    IsDeleted: contact.deleted,
    CreatedDate: time(contact.createdAt),
    SystemModstamp: time(contact.updatedAt),
  };
}

function contactChange(body: Record<string, CrmValue>, before: FakeContact | null): Partial<FakeContact> {
  const { Email, Phone, ...others } = body;
  const fields = { ...before?.fields, ...others };
  return {
    fields,
    ...(Email === undefined ? {} : { email: Email === null ? null : String(Email) }),
    ...(Phone === undefined ? {} : { phone: Phone === null ? null : String(Phone) }),
    ...("FirstName" in others || "LastName" in others ? { name: [fields.FirstName, fields.LastName].filter(Boolean).join(" ") } : {}),
  };
}
