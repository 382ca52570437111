// The pages about CRMs, through their own loaders and actions: who may do what, whose sign-in it is, and where tokens never go.
import { randomBytes, randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type FakeAmocrm, startAmocrm } from "../../../e2e/fakes/crm/amocrm.ts";
import { type FakeHubspot, startFakeHubspot } from "../../../e2e/fakes/crm/hubspot.ts";
import { type FakeSalesforce, startFakeSalesforce } from "../../../e2e/fakes/crm/salesforce.ts";
import { startTestBackend, type TestBackend } from "../../../supabase/embedded/test-backend.ts";
import { seedAgent } from "./test-portal.ts";

const PORTAL = "http://portal.example";
const CALLBACK = `${PORTAL}/integrations/crm/callback`;

type Person = { id: string; cookie: string };
type Page = { loader?: (given: never) => unknown; action?: (given: never) => unknown };
type Answer = { status: number; body: unknown; text: string; cookies: string[]; location: string | null };

let backend: TestBackend;
let hubspot: FakeHubspot;
let amocrm: FakeAmocrm;
let salesforce: FakeSalesforce;
let pages: Record<"list" | "callback" | "one" | "overview" | "mapping" | "fields" | "preview" | "sent" | "received", Page>;
let session: typeof import("./session.server");
let services: typeof import("../services.server");
const people = {} as Record<"admin" | "second" | "editor" | "operator" | "viewer" | "stranger", Person>;
let shop: { orgId: string; slug: string; agentId: string };
let foreign: { orgId: string; slug: string };
const answers: string[] = [];
const logged: string[] = [];

beforeAll(async () => {
  [hubspot, amocrm, salesforce] = await Promise.all([startFakeHubspot(), startAmocrm({ redirectUri: CALLBACK }), startFakeSalesforce()]);
  backend = await startTestBackend();
  const variables = {
    NODE_ENV: "test",
    LOG_LEVEL: "info",
    APP_URL: PORTAL,
    SUPABASE_URL: backend.url,
    SUPABASE_PUBLISHABLE_KEY: backend.publishableKey,
    SUPABASE_SECRET_KEY: backend.secretKey,
    ENCRYPTION_KEY: randomBytes(32).toString("base64"),
    HUBSPOT_CLIENT_ID: hubspot.app.clientId,
    HUBSPOT_CLIENT_SECRET: hubspot.app.clientSecret,
    HUBSPOT_URL: hubspot.url,
    AMOCRM_CLIENT_ID: amocrm.app.clientId,
    AMOCRM_CLIENT_SECRET: amocrm.app.clientSecret,
    AMOCRM_URL: amocrm.url,
    SALESFORCE_CLIENT_ID: salesforce.app.clientId,
    SALESFORCE_CLIENT_SECRET: salesforce.app.clientSecret,
    SALESFORCE_URL: salesforce.url,
  };
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write.bind(stream);
    vi.spyOn(stream, "write").mockImplementation(((text: string, ...rest: []) => {
      logged.push(String(text));
      return String(text).startsWith("{") || write(text, ...rest);
    }) as typeof stream.write);
  }
  session = await import("./session.server");
  services = await import("../services.server");
  const routes = {
    list: import("../routes/orgs.$orgSlug.integrations.crm._index"),
    callback: import("../routes/integrations.crm.callback"),
    one: import("../routes/orgs.$orgSlug.integrations.crm.$connectionId"),
    overview: import("../routes/orgs.$orgSlug.integrations.crm.$connectionId._index"),
    mapping: import("../routes/orgs.$orgSlug.integrations.crm.$connectionId.mapping"),
    fields: import("../routes/orgs.$orgSlug.integrations.crm.$connectionId.fields"),
    preview: import("../routes/orgs.$orgSlug.integrations.crm.$connectionId.preview"),
    sent: import("../routes/orgs.$orgSlug.integrations.crm.$connectionId.sent"),
    received: import("../routes/orgs.$orgSlug.integrations.crm.$connectionId.received"),
  };
  pages = Object.fromEntries(await Promise.all(Object.entries(routes).map(async ([name, page]) => [name, await page]))) as typeof pages;
  const mine = await seedAgent(backend);
  const theirs = await seedAgent(backend);
  const slugOf = async (id: string) =>
    (await backend.db.query<{ slug: string }>("select slug from organizations where id = $1", [id])).rows[0]!.slug;
  shop = { orgId: mine.orgId, agentId: mine.agentId, slug: await slugOf(mine.orgId) };
  foreign = { orgId: theirs.orgId, slug: await slugOf(theirs.orgId) };
  for (const name of ["admin", "second", "editor", "operator", "viewer", "stranger"] as const) {
    people[name] = await signUp(name);
    const role = name === "second" ? "admin" : name;
    const orgId = name === "stranger" ? foreign.orgId : shop.orgId;
    await backend.db.query("insert into memberships (org_id, user_id, role) values ($1, $2, $3)", [
      orgId,
      people[name].id,
      name === "stranger" ? "admin" : role,
    ]);
  }
}, 180_000);
afterAll(async () => {
  await services?.limiter.dispose();
  await backend?.close();
  await Promise.all([hubspot?.close(), amocrm?.close(), salesforce?.close()]);
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});
beforeEach(() => backend.db.query("delete from connections").then(() => backend.db.query("delete from connection_sign_ins")));

async function signUp(name: string): Promise<Person> {
  const { auth, headers } = session.openAuth(new Request(PORTAL));
  const { data, error } = await auth.signUp({ email: `${name}@example.com`, password: "correct horse 1" });
  if (error) throw error;
  return { id: data.user!.id, cookie: headers.getSetCookie().map(cookieOf).join("; ") };
}
const cookieOf = (line: string) => line.split(";")[0]!;

type Target = { connectionId?: string; slug?: string; url?: string; cookie?: string };

/** What a page answers: its data, or the answer that ended the request. */
async function ask(person: Person | null, page: Page, to: Target = {}, fields?: Record<string, string>): Promise<Answer> {
  const request = new Request(to.url ?? PORTAL, {
    headers: {
      cookie: [person?.cookie, to.cookie].filter(Boolean).join("; "),
      host: "portal.example",
      "sec-fetch-site": "same-origin",
    },
    ...(fields ? { method: "POST", body: new URLSearchParams(fields) } : {}),
  });
  const params = { orgSlug: to.slug ?? shop.slug, connectionId: to.connectionId };
  const given = { request, params, context: {} } as never;
  const answer = await read(() => (fields ? page.action!(given) : page.loader!(given)));
  answers.push(answer.text, ...answer.cookies);
  return answer;
}

async function read(work: () => unknown): Promise<Answer> {
  let answer: unknown;
  try {
    answer = await work();
  } catch (thrown) {
    if (!(thrown instanceof Response)) throw thrown;
    answer = thrown;
  }
  if (answer instanceof Response) {
    const location = answer.headers.get("location");
    return {
      status: answer.status,
      body: null,
      text: `${await answer.text()} ${location}`,
      cookies: answer.headers.getSetCookie(),
      location,
    };
  }
  const { data, init } = (answer ?? {}) as { data?: unknown; init?: ResponseInit };
  const body = init ? data : answer;
  return {
    status: init?.status ?? 200,
    body,
    text: JSON.stringify(body),
    cookies: new Headers(init?.headers).getSetCookie(),
    location: null,
  };
}

const HUBSPOT = { crm: "hubspot", cloud: "global" };
const count = async (table: string) => (await backend.db.query<{ n: number }>(`select count(*)::int as n from ${table}`)).rows[0]!.n;

/** Begins a sign-in as a person in a browser of their own. */
async function begin(person: Person, fields: Record<string, string> = HUBSPOT, to: Target = {}, page = pages.list) {
  const answer = await ask(person, page, to, { intent: "sign-in", ...fields });
  const { url } = answer.body as { url: string };
  return { url, state: new URL(url).searchParams.get("state")!, cookie: cookieOf(answer.cookies[0]!), setCookie: answer.cookies[0]! };
}
const back = (query: URLSearchParams | Record<string, string>) => `${CALLBACK}?${new URLSearchParams(query)}`;

/** A connection of the shop, by signing in as a person would. */
async function connect(person = people.admin): Promise<string> {
  const { url, cookie } = await begin(person);
  const done = await ask(person, pages.callback, { url: back(await hubspot.authorize(url)), cookie });
  expect(done.status).toBe(302);
  return done.location!.split("/").at(-1)!;
}

describe("T04: a sign-in at a CRM belongs to the person, the browser and the organization that began it", () => {
  test("T04: it is finished once; what is stored is sealed, and of the state only the hash", async () => {
    const { url, state, cookie, setCookie } = await begin(people.admin);
    expect(state).toMatch(/^[\w-]{43}$/);
    expect(setCookie).toMatch(/HttpOnly/);
    expect(setCookie).toMatch(/SameSite=Lax/);
    const { rows } = await backend.db.query<Record<string, unknown>>("select * from connection_sign_ins");
    expect(JSON.stringify(rows)).not.toContain(state);
    const callback = await hubspot.authorize(url);
    const done = await ask(people.admin, pages.callback, { url: back(callback), cookie });
    expect(done.location).toMatch(new RegExp(`^/orgs/${shop.slug}/integrations/crm/[0-9a-f-]{36}$`));
    const connections = await backend.db.query<Record<string, string>>("select * from connections");
    expect(connections.rows).toMatchObject([{ crm: "hubspot", org_id: shop.orgId, account_id: hubspot.account.externalId, status: "ok" }]);
    expect(JSON.stringify(connections.rows)).not.toMatch(/access-|refresh-/);

    const replayed = await ask(people.admin, pages.callback, { url: back(callback), cookie });
    expect([replayed.status, replayed.body]).toEqual([403, { kind: "refused" }]);
    expect(await count("connections")).toBe(1);
  });

  test("T04: a state that is foreign, late, of another browser, another person or nobody's is 403, and nothing is stored", async () => {
    const tries: [string, (begun: Awaited<ReturnType<typeof begin>>) => Promise<[Person | null, Target]>][] = [
      [
        "another state",
        async ({ cookie }) => [people.admin, { url: back({ code: "c", state: randomBytes(32).toString("base64url") }), cookie }],
      ],
      ["no state", async ({ cookie }) => [people.admin, { url: back({ code: "c" }), cookie }]],
      ["no state in Latin", async ({ cookie }) => [people.admin, { url: back({ code: "c", state: "' or 1=1 --" }), cookie }]],
      ["another browser", async ({ url }) => [people.admin, { url: back(await hubspot.authorize(url)) }]],
      [
        "another browser's cookie",
        async ({ url }) => [people.admin, { url: back(await hubspot.authorize(url)), cookie: (await begin(people.admin)).cookie }],
      ],
      ["another admin", async ({ url, cookie }) => [people.second, { url: back(await hubspot.authorize(url)), cookie }]],
      ["another organization's admin", async ({ url, cookie }) => [people.stranger, { url: back(await hubspot.authorize(url)), cookie }]],
      ["nobody", async ({ url, cookie }) => [null, { url: back(await hubspot.authorize(url)), cookie }]],
      [
        "too late",
        async ({ url, cookie }) => {
          const callback = await hubspot.authorize(url);
          await backend.db.query("update connection_sign_ins set expires_at = now() - interval '1 second'");
          return [people.admin, { url: back(callback), cookie }];
        },
      ],
    ];
    for (const [name, make] of tries) {
      const [person, to] = await make(await begin(people.admin));
      const asked = hubspot.requests.filter(({ path }) => path.endsWith("/token")).length;
      const answer = await ask(person, pages.callback, to);
      expect([name, answer.status, answer.body]).toEqual([name, 403, { kind: "refused" }]);
      expect([name, hubspot.requests.filter(({ path }) => path.endsWith("/token")).length]).toEqual([name, asked]);
    }
    expect(await count("connections")).toBe(0);
  });

  test("T04: whoever is no admin any more finishes nothing", async () => {
    const { url, cookie } = await begin(people.second);
    await backend.db.query("update memberships set role = 'editor' where user_id = $1", [people.second.id]);
    const answer = await ask(people.second, pages.callback, { url: back(await hubspot.authorize(url)), cookie });
    await backend.db.query("update memberships set role = 'admin' where user_id = $1", [people.second.id]);
    expect([answer.status, await count("connections")]).toEqual([403, 0]);
  });

  test("who says no is told so, and the state is used up", async () => {
    const { url, state, cookie } = await begin(people.admin);
    const refused = await ask(people.admin, pages.callback, { url: back({ error: "access_denied", state }), cookie });
    expect([refused.status, refused.body]).toMatchObject([200, { kind: "declined", crm: "hubspot" }]);
    const after = await ask(people.admin, pages.callback, { url: back(await hubspot.authorize(url)), cookie });
    expect([after.status, await count("connections")]).toEqual([403, 0]);
  });

  test("a made-up code, and an account that is connected already, are said in words", async () => {
    const first = await begin(people.admin);
    const madeUp = await ask(people.admin, pages.callback, { url: back({ code: "made-up", state: first.state }), cookie: first.cookie });
    expect([madeUp.status, madeUp.body]).toMatchObject([502, { kind: "failed" }]);
    await connect();
    const again = await begin(people.admin);
    const twice = await ask(people.admin, pages.callback, { url: back(await hubspot.authorize(again.url)), cookie: again.cookie });
    expect([twice.status, twice.body]).toMatchObject([409, { kind: "connected" }]);
    expect(await count("connections")).toBe(1);
  });

  test("signing in again takes the same account alone", async () => {
    const connectionId = await connect();
    await backend.db.query("update connections set status = 'unauthorized', error_code = 'unauthorized'");
    const begun = await begin(people.admin, HUBSPOT, { connectionId }, pages.one);
    const done = await ask(people.admin, pages.callback, { url: back(await hubspot.authorize(begun.url)), cookie: begun.cookie });
    expect(done.location).toBe(`/orgs/${shop.slug}/integrations/crm/${connectionId}`);
    const { rows } = await backend.db.query("select status, grant_generation from connections");
    expect(rows).toEqual([{ status: "ok", grant_generation: 2 }]);

    await backend.db.query("alter table connections disable trigger user");
    await backend.db.query("update connections set account_id = '1'");
    await backend.db.query("alter table connections enable trigger user");
    const other = await begin(people.admin, HUBSPOT, { connectionId }, pages.one);
    const refused = await ask(people.admin, pages.callback, { url: back(await hubspot.authorize(other.url)), cookie: other.cookie });
    expect([refused.status, refused.body]).toMatchObject([409, { kind: "other" }]);
    expect((await backend.db.query("select grant_generation from connections")).rows).toEqual([{ grant_generation: 2 }]);
  });
});

describe("a Salesforce sandbox", () => {
  const SALESFORCE = { crm: "salesforce", cloud: "global" };
  const SANDBOX = "acme--uat.sandbox.my.salesforce.com";

  test("signs in at its own address, where its code is exchanged too", async () => {
    const { oauth } = services.crms.get("salesforce");
    const [asked, exchanged] = [vi.spyOn(oauth!, "authorizeUrl"), vi.spyOn(oauth!, "exchangeCode")];
    const { url, cookie } = await begin(people.admin, { ...SALESFORCE, domain: `https://${SANDBOX}/lightning/page/home` });
    expect(asked).toHaveBeenLastCalledWith(expect.objectContaining({ domain: SANDBOX }));
    const done = await ask(people.admin, pages.callback, { url: back(await salesforce.authorize(url)), cookie });
    expect(done.location).toMatch(/\/crm\/[0-9a-f-]{36}$/);
    expect(exchanged).toHaveBeenLastCalledWith(expect.anything(), expect.objectContaining({ domain: SANDBOX }));
    // Everybody else's is login.salesforce.com, and nothing has to be typed.
    await begin(people.admin, SALESFORCE);
    expect(asked).toHaveBeenLastCalledWith(expect.objectContaining({ domain: null }));
    for (const spy of [asked, exchanged]) spy.mockRestore();
  });

  test("T04: at an address that is not Salesforce's is refused beside the field, and nothing is begun", async () => {
    for (const domain of ["evil.example", `${SANDBOX}.evil.example`, `${SANDBOX}@evil.example`, "salesforce.com", "127.0.0.1", "a b"]) {
      const answer = await ask(people.admin, pages.list, {}, { intent: "sign-in", ...SALESFORCE, domain });
      expect([domain, answer.status, answer.body]).toMatchObject([domain, 400, { errors: { domain: "crmDomain" } }]);
    }
    expect(await count("connection_sign_ins")).toBe(0);
  });

  test("is asked for by the form, which needs it only where nobody can sign in without", async () => {
    const { offers } = (await ask(people.admin, pages.list)).body as { offers: { crm: string; signIn: { domain: string } | null }[] };
    expect(Object.fromEntries(offers.flatMap(({ crm, signIn }) => (signIn ? [[crm, signIn.domain]] : [])))).toEqual({
      hubspot: "none",
      salesforce: "optional",
      amocrm: "none",
    });
  });
});

describe("connecting by a token", () => {
  test("a right one connects, a wrong one and a foreign address are told beside their fields", async () => {
    const wrong = await ask(people.admin, pages.list, {}, { intent: "token", ...HUBSPOT, token: "nonsense" });
    expect([wrong.status, wrong.body]).toMatchObject([400, { errors: { token: "crmToken" } }]);
    const revoked = await ask(people.admin, pages.list, {}, { intent: "token", ...HUBSPOT, token: `${hubspot.token.slice(0, -4)}0000` });
    expect([revoked.status, revoked.body]).toMatchObject([400, { errors: { token: "crmRefused" } }]);
    const done = await ask(people.admin, pages.list, {}, { intent: "token", ...HUBSPOT, token: hubspot.token });
    expect(done.body).toMatchObject({ ok: true, connectionId: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    const twice = await ask(people.admin, pages.list, {}, { intent: "token", ...HUBSPOT, token: hubspot.token });
    expect(twice.body).toMatchObject({ errors: { form: "crmConnected" } });
    const noCloud = await ask(people.admin, pages.list, {}, { intent: "sign-in", crm: "hubspot", cloud: "ru" });
    expect(noCloud.status).toBe(400);
  });
});

describe("one connection", () => {
  const settings = (over: object = {}) =>
    JSON.stringify({
      agentIds: null,
      triggers: { leadCaptured: true, handoffRequested: false, conversationEnded: false, qualified: null },
      write: { deal: false, summaryNote: true, transcriptNote: false, tags: [] },
      fields: [{ object: "contact", ours: "email", theirs: "email", label: "Email", direction: "both", agentMayRead: false }],
      conflict: "fill_empty",
      pull: true,
      propagateErasure: true,
      ...over,
    });
  const save = (over: object = {}) => ({ intent: "save", name: "Sales", settings: settings(over) });

  /** A conversation in which somebody left their e-mail. */
  async function conversation(): Promise<string> {
    const { orgId, agentId } = shop;
    const id = randomUUID();
    const visitor = (
      await backend.db.query<{ id: string }>("insert into visitors (org_id, agent_id) values ($1, $2) returning id", [orgId, agentId])
    ).rows[0]!;
    await backend.db.query(
      "insert into conversations (id, org_id, agent_id, visitor_id, client_id, channel, title) values ($1, $2, $3, $4, gen_random_uuid()::text, 'widget', 'Engraving')",
      [id, orgId, agentId, visitor.id],
    );
    await backend.db.query(
      `insert into leads (org_id, agent_id, conversation_id, visitor_id, name, email, idempotency_key, request_hash)
       values ($1, $2, $3, $4, 'Anna Petrova', 'anna@example.com', gen_random_uuid()::text, repeat('0', 64))`,
      [orgId, agentId, id, visitor.id],
    );
    return id;
  }

  test("its settings are saved, strictly", async () => {
    const connectionId = await connect();
    expect((await ask(people.admin, pages.mapping, { connectionId }, save())).body).toEqual({ ok: true });
    const { rows } = await backend.db.query("select name, settings from connections");
    expect(rows).toMatchObject([{ name: "Sales", settings: { pull: true, fields: [{ theirs: "email", direction: "both" }] } }]);
    for (const bad of [{ more: 1 }, { conflict: "mine" }, { fields: [{ object: "deal" }] }])
      expect((await ask(people.admin, pages.mapping, { connectionId }, save(bad))).status).toBe(400);
    expect((await ask(people.admin, pages.mapping, { connectionId }, { ...save(), settings: "{" })).status).toBe(400);
  });

  test("its CRM's fields are told, and a failing CRM in words", async () => {
    const connectionId = await connect();
    const told = await ask(people.admin, pages.fields, { connectionId });
    expect(told.body).toMatchObject({ ok: true, value: { contact: expect.arrayContaining([expect.objectContaining({ key: "email" })]) } });
    hubspot.failNext({ status: 500, json: {} });
    expect((await ask(people.admin, pages.fields, { connectionId })).body).toMatchObject({ ok: false, code: "unavailable" });
  });

  test("a token that ran out is renewed while somebody waits, and the new one is kept", async () => {
    const connectionId = await connect();
    hubspot.expireTokens();
    expect((await ask(people.admin, pages.fields, { connectionId })).body).toMatchObject({ ok: true });
    const { rows } = await backend.db.query("select grant_generation, refreshing_until from connections");
    expect(rows).toEqual([{ grant_generation: 2, refreshing_until: null }]);
  });

  test("a dry run shows what would be written, and writes nothing", async () => {
    const connectionId = await connect();
    const there = hubspot.addContact({ name: "Anna P.", email: "anna@example.com" });
    const conversationId = await conversation();
    const before = { contacts: hubspot.contacts.size, notes: hubspot.notes.size, deals: hubspot.deals.size, at: there.updatedAt };
    const shown = await ask(
      people.admin,
      pages.preview,
      { connectionId },
      { conversationId, settings: settings({ write: { deal: true, summaryNote: true, transcriptNote: false, tags: [] } }) },
    );
    expect(shown.body).toMatchObject({
      ok: true,
      preview: {
        ok: true,
        value: {
          existing: { name: expect.stringContaining("Anna") },
          plan: {
            contact: { action: "update", externalId: there.id, lines: [{ ours: "email", before: "anna@example.com", outcome: "same" }] },
            deal: { title: expect.stringContaining("Engraving") },
            notes: [{ object: "summary" }],
          },
        },
      },
    });
    expect({ contacts: hubspot.contacts.size, notes: hubspot.notes.size, deals: hubspot.deals.size, at: there.updatedAt }).toEqual(before);
    expect([await count("crm_pushes where conversation_id is not null and status <> 'pending'"), await count("crm_links")]).toEqual([0, 0]);
  });

  test("T05 T07: another organization's conversation, connection or event is 404, whatever is asked", async () => {
    const connectionId = await connect();
    const conversationId = await conversation();
    for (const page of [pages.one, pages.overview, pages.mapping, pages.fields, pages.sent, pages.received]) {
      expect((await ask(people.stranger, page, { connectionId })).status).toBe(404);
      // Their own organization, our connection.
      expect((await ask(people.stranger, page, { connectionId, slug: foreign.slug })).status).toBe(404);
      expect((await ask(people.admin, page, { connectionId: randomUUID() })).status).toBe(404);
      expect((await ask(people.admin, page, { connectionId: "' or 1=1" })).status).toBe(404);
    }
    const posts: [Page, Record<string, string>][] = [
      [pages.one, { intent: "pause" }],
      [pages.one, { intent: "disconnect", typed: "HubSpot" }],
      [pages.one, { intent: "sign-in", ...HUBSPOT }],
      [pages.mapping, save()],
      [pages.preview, { conversationId, settings: settings() }],
      [pages.sent, { intent: "send", conversationId }],
      [pages.received, { intent: "retry", eventId: randomUUID() }],
    ];
    for (const [page, fields] of posts) {
      expect((await ask(people.stranger, page, { connectionId }, fields)).status).toBe(404);
      expect((await ask(people.stranger, page, { connectionId, slug: foreign.slug }, fields)).status).toBe(404);
    }
    expect((await ask(people.admin, pages.preview, { connectionId }, { conversationId: randomUUID(), settings: settings() })).status).toBe(
      404,
    );
    expect((await ask(people.admin, pages.received, { connectionId }, { intent: "retry", eventId: randomUUID() })).status).toBe(404);
    expect((await backend.db.query("select status from connections")).rows).toEqual([{ status: "ok" }]);
  });

  test("H11 T16: editors, operators and viewers are kept out of every page and action", async () => {
    const connectionId = await connect();
    for (const person of [people.editor, people.operator, people.viewer]) {
      for (const page of [pages.list, pages.one, pages.overview, pages.mapping, pages.fields, pages.preview, pages.sent, pages.received])
        expect((await ask(person, page, { connectionId })).status).toBe(403);
      for (const [page, fields] of [
        [pages.list, { intent: "token", ...HUBSPOT, token: hubspot.token }],
        [pages.one, { intent: "pause" }],
        [pages.mapping, save()],
        [pages.preview, { conversationId: randomUUID(), settings: settings() }],
        [pages.sent, { intent: "send", conversationId: randomUUID() }],
        [pages.received, { intent: "dismiss", eventId: randomUUID() }],
      ] as [Page, Record<string, string>][])
        expect((await ask(person, page, { connectionId }, fields)).status).toBe(403);
    }
    for (const page of [pages.list, pages.one, pages.mapping])
      expect((await ask(null, page, { connectionId })).location).toMatch(/^\/login\?/);
    expect((await backend.db.query("select status from connections")).rows).toEqual([{ status: "ok" }]);
  });

  test("a conversation is sent by hand, and again; never one of the playground", async () => {
    const connectionId = await connect();
    const conversationId = await conversation();
    await backend.db.query("delete from crm_pushes");
    await backend.db.query("delete from outbox where name = 'crm.push'");
    const send = (id: string) => ask(people.admin, pages.sent, { connectionId }, { intent: "send", conversationId: id });
    const waiting = async () =>
      (
        await backend.db.query<{ id: string; status: string; reasons: string[]; asked: number; jobs: number }>(
          `select p.id, p.status, p.reasons, p.asked,
             (select count(*)::int from outbox o where o.name = 'crm.push' and o.payload ->> 'pushId' = p.id::text) as jobs
           from crm_pushes p where p.conversation_id = $1 and p.connection_id = $2`,
          [conversationId, connectionId],
        )
      ).rows;
    expect((await send(conversationId)).body).toEqual({ ok: true });
    const [first] = await waiting();
    expect(first).toMatchObject({ status: "pending", reasons: ["byHand"], jobs: 1 });
    await backend.db.query("update crm_pushes set status = 'failed', error_code = 'invalid', attempts = 4, ended_at = now()");
    const shown = await ask(people.admin, pages.sent, { connectionId, url: `${PORTAL}/?show=failed` });
    expect(shown.body).toMatchObject({ pushes: [{ id: first!.id, status: "failed", error_code: "invalid" }] });
    expect((await send(conversationId)).body).toEqual({ ok: true });
    expect(await waiting()).toEqual([{ ...first, status: "pending", asked: first!.asked + 1, jobs: 2 }]);
    await backend.db.query("update conversations set channel = 'playground' where id = $1", [conversationId]);
    await backend.db.query("delete from crm_pushes");
    expect((await send(conversationId)).body).toMatchObject({ errors: { form: "gone" } });
    expect((await send(randomUUID())).body).toMatchObject({ errors: { form: "gone" } });
    expect(await count("crm_pushes")).toBe(0);
  });

  test("an event that failed is tried again, or dismissed, once", async () => {
    const connectionId = await connect();
    const dead = async (contact: string) =>
      (
        await backend.db.query<{ id: string }>(
          `insert into inbound_events (org_id, connection_id, event_id, kind, contact_id, status, attempts, error_code, ended_at)
           values ($1, $2, $3, 'changed', $3, 'dead', 8, 'invalid', now()) returning id`,
          [shop.orgId, connectionId, contact],
        )
      ).rows[0]!.id;
    const settle = (intent: string, eventId: string) => ask(people.admin, pages.received, { connectionId }, { intent, eventId });
    const eventOf = async (id: string) =>
      (
        await backend.db.query(
          `select e.status, e.attempts, e.ended_at is null as open,
             (select count(*)::int from outbox o where o.name = 'crm.inbound' and o.payload ->> 'eventId' = e.id::text) as jobs
           from inbound_events e where e.id = $1`,
          [id],
        )
      ).rows[0];
    const [again, away] = [await dead("11"), await dead("12")];
    const listed = await ask(people.admin, pages.received, { connectionId, url: `${PORTAL}/?show=dead` });
    expect((listed.body as { events: { id: string }[] }).events.map(({ id }) => id).sort()).toEqual([again, away].sort());
    expect((await settle("retry", again)).body).toEqual({ ok: true });
    expect(await eventOf(again)).toEqual({ status: "pending", attempts: 0, open: true, jobs: 1 });
    expect((await settle("dismiss", away)).body).toEqual({ ok: true });
    expect(await eventOf(away)).toEqual({ status: "dismissed", attempts: 8, open: false, jobs: 0 });
    // Neither is a dead letter any more.
    for (const id of [again, away])
      for (const intent of ["retry", "dismiss"]) expect((await settle(intent, id)).body).toMatchObject({ errors: { form: "gone" } });
    expect([await eventOf(again), await eventOf(away)]).toMatchObject([{ status: "pending", jobs: 1 }, { status: "dismissed" }]);
  });

  test("its pages know whether its CRM has tags, and a setting for them is shown only then", async () => {
    const canOf = async (id: string) => ((await ask(people.admin, pages.one, { connectionId: id })).body as { can: { tags: boolean } }).can;
    expect(await canOf(await connect())).toMatchObject({ tags: false });
    const amo = await ask(
      people.admin,
      pages.list,
      {},
      { intent: "token", crm: "amocrm", cloud: "ru", domain: "acme", token: amocrm.token },
    );
    expect(await canOf((amo.body as { connectionId: string }).connectionId)).toMatchObject({ tags: true });
  });

  test("it rests, goes on, and is left only by its name", async () => {
    const connectionId = await connect();
    const act = (fields: Record<string, string>) => ask(people.admin, pages.one, { connectionId }, fields);
    const status = async () => (await backend.db.query<{ status: string }>("select status from connections")).rows[0]!.status;
    await act({ intent: "pause" });
    expect(await status()).toBe("paused");
    const send = await ask(people.admin, pages.sent, { connectionId }, { intent: "send", conversationId: await conversation() });
    expect(send.body).toMatchObject({ errors: { form: "crmNotNow" } });
    await act({ intent: "resume" });
    expect(await status()).toBe("ok");
    expect((await act({ intent: "disconnect", typed: "no" })).body).toMatchObject({ errors: { form: "nameMismatch" } });
    const { rows } = await backend.db.query<{ name: string }>("select name from connections");
    await act({ intent: "disconnect", typed: rows[0]!.name });
    expect(await status()).toBe("disconnecting");
  });
});

test("T12: no answer, cookie or log line held a token, a secret or a code", () => {
  const secrets = [hubspot.token, amocrm.token, hubspot.app.clientSecret, amocrm.app.clientSecret];
  expect(answers.length).toBeGreaterThan(100);
  for (const text of [...answers, ...logged]) {
    for (const secret of secrets) expect(text.includes(secret)).toBe(false);
    expect(text).not.toMatch(/\b(access|refresh)-[\w-]{20,}|v1\.[\w-]{1,32}\.[\w-]{38,}/);
  }
});
