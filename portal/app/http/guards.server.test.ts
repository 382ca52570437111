import { randomBytes } from "node:crypto";
import { format } from "node:util";
import { agentSettings } from "@gpt-agent/core/agent-settings";
import { AppError } from "@gpt-agent/core/errors";
import { putObject, sourceKey } from "@gpt-agent/core/storage";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { startTestBackend, type TestBackend } from "../../../supabase/embedded/test-backend.ts";

const NO_SETTINGS = agentSettings.parse({});

const PORTAL = "http://portal.example";
let backend: TestBackend;
let session: typeof import("./session.server");
let guards: typeof import("./guards.server");
let forms: typeof import("./form.server");
let organizations: typeof import("../models/organization.server");
let agents: typeof import("../models/agent.server");
let sources: typeof import("../models/source.server");
let keys: typeof import("../models/api-key.server");
let agentForm: typeof import("../models/agent-form.server");
let queue: typeof import("../models/queue.server");

type Person = { email: string; cookie: string; request: (path?: string, init?: RequestInit) => Request };
let owner: Person;
let viewer: Person;
let stranger: Person;
let org: { id: string; slug: string; name: string };

const cookiesOf = (headers: Headers) =>
  headers
    .getSetCookie()
    .map((line) => line.split(";")[0] ?? "")
    .filter((pair) => !pair.endsWith("="))
    .join("; ");

async function signUp(name: string): Promise<Person> {
  const email = `${name}@example.com`;
  const { auth, headers } = session.openAuth(new Request(PORTAL));
  const { error } = await auth.signUp({ email, password: "correct horse 1" });
  if (error) throw error;
  const cookie = cookiesOf(headers);
  return {
    email,
    cookie,
    request: (path = "/", init = {}) => new Request(PORTAL + path, { ...init, headers: { cookie, ...init.headers } }),
  };
}

/** The answer a guard ended the request with; fails when it let the request through. */
async function ending(work: Promise<unknown>): Promise<Response> {
  const thrown = await work.then(
    () => null,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(Response);
  return thrown as Response;
}

beforeAll(async () => {
  // Supabase Lite prints every error of the database, and here each of them is asked for.
  const { error } = console;
  vi.spyOn(console, "error").mockImplementation((...said) => /^DatabaseError /.test(format(...said)) || error(...said));
  backend = await startTestBackend();
  const variables = {
    NODE_ENV: "test",
    LOG_LEVEL: "error",
    APP_URL: PORTAL,
    SUPABASE_URL: backend.url,
    SUPABASE_PUBLISHABLE_KEY: backend.publishableKey,
    SUPABASE_SECRET_KEY: backend.secretKey,
    ENCRYPTION_KEY: randomBytes(32).toString("base64"),
  };
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  session = await import("./session.server");
  guards = await import("./guards.server");
  forms = await import("./form.server");
  organizations = await import("../models/organization.server");
  agents = await import("../models/agent.server");
  sources = await import("../models/source.server");
  keys = await import("../models/api-key.server");
  agentForm = await import("../models/agent-form.server");
  queue = await import("../models/queue.server");
  owner = await signUp("owner");
  viewer = await signUp("viewer");
  stranger = await signUp("stranger");
  const { db } = await guards.requireUser(owner.request());
  org = await organizations.createOrganization(db, { name: "Кофейня «Север»" });
  const { user } = await guards.requireUser(viewer.request());
  await backend.db.query("insert into public.memberships (org_id, user_id, role) values ($1, $2, 'viewer')", [org.id, user.id]);
});
afterAll(async () => {
  await backend?.close();
  vi.restoreAllMocks();
});

describe("who may enter", () => {
  test("nobody signed in is sent to sign in, and back here afterwards", async () => {
    const answer = await ending(guards.requireUser(new Request(`${PORTAL}/orgs/x/agents?before=1`)));
    expect(answer.status).toBe(302);
    expect(answer.headers.get("location")).toBe("/login?redirectTo=%2Forgs%2Fx%2Fagents%3Fbefore%3D1");
  });

  test("a member enters with their role", async () => {
    expect(await guards.requireMember(owner.request(), org.slug, "owner")).toMatchObject({ role: "owner", org: { id: org.id } });
    expect(await guards.requireMember(viewer.request(), org.slug)).toMatchObject({ role: "viewer" });
  });

  test("T02: a role that is too low is 403", async () => {
    for (const role of ["operator", "editor", "admin", "owner"] as const)
      expect((await ending(guards.requireMember(viewer.request(), org.slug, role))).status).toBe(403);
  });

  test("an outsider gets the same 404 for an organization that exists and one that does not", async () => {
    expect((await ending(guards.requireMember(stranger.request(), org.slug))).status).toBe(404);
    expect((await ending(guards.requireMember(stranger.request(), "no-such-org"))).status).toBe(404);
    expect((await ending(guards.requireMember(owner.request(), undefined))).status).toBe(404);
  });

  test.each(["", "../admin", "%2e%2e", "1", "null", "01a202a2-4b2f-73c4-850a-e0b5663110d", "x".repeat(10_240), undefined])(
    "T33: %j is no id",
    (value) => {
      expect(() => guards.uuidParam(value)).toThrow(expect.objectContaining({ status: 404 }));
    },
  );

  test.each([
    ["a made-up cookie", "gap-session=base64-eyJhY2Nlc3NfdG9rZW4iOiJ4In0"],
    ["an empty cookie", "gap-session="],
    ["garbage", "gap-session=%%%; gap-session.0=1"],
    ["T22: headers that claim an identity", "role=owner; user_id=1"],
  ])("%s is nobody", async (_what, cookie) => {
    expect(await session.readSession(new Request(PORTAL, { headers: { cookie, "x-user-id": "1", "x-role": "owner" } }))).toBeNull();
  });

  test("T30: a cross-site request is 403 before anything is looked up", async () => {
    const from = (headers: Record<string, string>) =>
      owner.request("/", { method: "POST", headers: { host: "portal.example", ...headers } });
    expect((await ending(guards.requireUser(from({ "sec-fetch-site": "cross-site" })))).status).toBe(403);
    expect((await ending(guards.requireMember(from({ origin: "https://evil.example" }), org.slug))).status).toBe(403);
    expect(() => session.openAuth(from({}))).toThrow(expect.objectContaining({ status: 403 }));
    expect((await guards.requireUser(from({ "sec-fetch-site": "same-origin" }))).user.email).toBe(owner.email);
  });
});

describe("a session", () => {
  test("T28: lives in a cookie that scripts and other sites cannot use", async () => {
    const { auth, headers } = session.openAuth(new Request(PORTAL));
    await auth.signInWithPassword({ email: owner.email, password: "correct horse 1" });
    const lines = headers.getSetCookie().filter((line) => line.startsWith(`${session.SESSION_COOKIE}=`));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/HttpOnly/i);
    expect(lines[0]).toMatch(/SameSite=Lax/i);
    expect(lines[0]).toMatch(/Path=\//i);
    expect(lines[0]).not.toMatch(/Domain=/i);
  });

  test("T29: is over for every copy of the cookie once its person signed out", async () => {
    const leaving = await signUp("leaving");
    expect(await session.readSession(leaving.request())).not.toBeNull();
    const { auth, headers } = session.openAuth(leaving.request());
    await auth.signOut({ scope: "local" });
    expect(headers.getSetCookie().some((line) => line.startsWith(`${session.SESSION_COOKIE}=;`) && /Max-Age=0/i.test(line))).toBe(true);
    expect(await session.readSession(leaving.request())).toBeNull();
  });

  test("that has run out is renewed once for all who ask at the same time, and its cookies are handed over", async () => {
    const person = await signUp("expiring");
    const [, encoded = ""] = /gap-session=base64-([^;]+)/.exec(person.cookie) ?? [];
    const stored = JSON.parse(Buffer.from(encoded, "base64url").toString()) as Record<string, unknown>;
    const expired = { ...stored, expires_at: Math.floor(Date.now() / 1000) - 60 };
    const cookie = `gap-session=base64-${Buffer.from(JSON.stringify(expired)).toString("base64url")}`;
    const request = () => new Request(PORTAL, { headers: { cookie } });
    const found = await Promise.all(Array.from({ length: 6 }, () => session.readSession(request())));
    expect(new Set(found.map((one) => one?.user.email))).toEqual(new Set([person.email]));
    expect(new Set(found.map((one) => one?.accessToken)).size).toBe(1);
    // A request that was on its way with the old cookie still works.
    expect((await session.readSession(request()))?.user.email).toBe(person.email);
    const headers = new Headers();
    session.handOverCookies(request(), headers);
    expect(cookiesOf(headers)).toContain("gap-session=base64-");
    const decided = new Headers({ "set-cookie": `${session.SESSION_COOKIE}=; Max-Age=0` });
    session.handOverCookies(request(), decided);
    expect(decided.getSetCookie()).toHaveLength(1);
  });
});

describe("bodies", () => {
  const post = (body: BodyInit | null, type: string) => new Request(PORTAL, { method: "POST", body, headers: { "content-type": type } });

  test("T57: what is no form is refused", async () => {
    expect((await ending(forms.readForm(post("{}", "application/json")))).status).toBe(415);
    expect((await ending(forms.readForm(post("a=1", "text/plain")))).status).toBe(415);
    expect((await ending(forms.readForm(post("--x", "multipart/form-data; boundary=y")))).status).toBe(400);
    expect(await forms.readForm(post("", "application/x-www-form-urlencoded"))).toEqual({});
    expect(await forms.readForm(post("a=1&a=2&__proto__=x", "application/x-www-form-urlencoded"))).toEqual({ a: "2" });
  });

  test("T56: a body is cut at its limit, whatever its length claims", async () => {
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 65_536;
        controller.enqueue(new Uint8Array(65_536));
      },
    });
    const request = new Request(PORTAL, { method: "PUT", body: endless, duplex: "half" } as RequestInit);
    expect((await ending(forms.readBody(request, 1_000_000))).status).toBe(413);
    expect(sent).toBeLessThan(3_000_000);
    expect((await ending(forms.readForm(post("a=".padEnd(600_000, "x"), "application/x-www-form-urlencoded")))).status).toBe(413);
  });

  test("T03: fields that nobody asked for are refused", async () => {
    const valid = { ...SETTINGS };
    expect(agentForm.parseAgentForm(valid, NO_SETTINGS).ok).toBe(true);
    for (const extra of ["org_id", "id", "publicId", "status", "created_at"])
      expect([extra, agentForm.parseAgentForm({ ...valid, [extra]: "x" }, NO_SETTINGS).ok]).toEqual([extra, false]);
  });
});

const SETTINGS = {
  intent: "save",
  name: "Помощник",
  avatar: "",
  instructions: "Be brief.",
  model: "",
  fallbackModels: "a/one\n\n b/two \na/one",
  temperature: "0,5",
  greetingEn: "Hello!",
  promptsEn: "One?\n\n Two? ",
  greetingRu: "Здравствуйте!",
  promptsRu: "",
  primaryColor: "#5B4FD6",
  theme: "auto",
  position: "bottom-left",
  privacyUrl: "",
  origins: "Example.com/shop\nhttp://localhost:8080\nhttps://example.com",
};

describe("the settings of an agent", () => {
  test("are read as a person types them", () => {
    expect(agentForm.parseAgentForm(SETTINGS, NO_SETTINGS)).toMatchObject({
      ok: true,
      value: {
        name: "Помощник",
        origins: ["https://example.com", "http://localhost:8080"],
        settings: {
          temperature: 0.5,
          model: null,
          fallbackModels: ["a/one", "b/two"],
          avatar: null,
          privacyUrl: null,
          primaryColor: "#5b4fd6",
          texts: { en: { prompts: ["One?", "Two?"] } },
        },
      },
    });
  });

  test.each([
    ["name", "  ", "required"],
    ["name", "x".repeat(81), "tooLong"],
    ["name", "a\u202eb", "invalid"],
    ["temperature", "9", "temperature"],
    ["temperature", "warm", "temperature"],
    ["primaryColor", "red", "color"],
    ["promptsRu", "1\n2\n3\n4\n5\n6\n7", "prompts"],
    ["privacyUrl", "javascript:alert(1)", "url"],
    ["avatar", "data:image/svg+xml;base64,PHN2Zz4=", "avatar"],
    ["avatar", "https://evil.example/a.png", "avatar"],
  ])("%s %j is refused with a word of its own", (field, value, code) => {
    expect(agentForm.parseAgentForm({ ...SETTINGS, [field]: value }, NO_SETTINGS)).toMatchObject({ ok: false, errors: { [field]: code } });
  });

  test("B4: each line that is no site is named, wildcards too", () => {
    expect(
      agentForm.parseAgentForm({ ...SETTINGS, origins: "https://ok.example\n*.example.com\n\nnull origin\nftp://x" }, NO_SETTINGS),
    ).toMatchObject({
      ok: false,
      originProblems: [
        { line: 2, text: "*.example.com", wildcard: true },
        { line: 4, text: "null origin", wildcard: false },
        { line: 5, text: "ftp://x", wildcard: false },
      ],
    });
  });
});

describe("models, as the person they act for", () => {
  const as = async (person: Person) => (await guards.requireUser(person.request())).db;
  const codeOf = (work: Promise<unknown>) =>
    work.then(
      () => "done",
      (error: unknown) => (error instanceof AppError ? error.code : String(error)),
    );

  test("a taken name gets a slug of its own", async () => {
    const other = await organizations.createOrganization(await as(stranger), { name: org.name });
    expect(org.slug).toBe("kofeynya-sever");
    expect(other.slug).toMatch(/^kofeynya-sever-[0-9a-f]{6}$/);
    expect(
      (await organizations.listMemberships(await as(viewer), { userId: (await guards.requireUser(viewer.request())).user.id })).map(
        (one) => one.org.id,
      ),
    ).toEqual([org.id]);
  });

  test("members see each other's addresses, outsiders nobody's", async () => {
    expect((await organizations.listMembers(await as(viewer), { orgId: org.id })).map(({ email, role }) => [email, role])).toEqual([
      [owner.email, "owner"],
      [viewer.email, "viewer"],
    ]);
    expect(await organizations.listMembers(await as(stranger), { orgId: org.id })).toEqual([]);
  });

  test("agents keep their own settings, origins and documents apart", async () => {
    const db = await as(owner);
    const make = (name: string, origin: string, temperature: number) =>
      agents.saveAgent(db, { orgId: org.id, agentId: null, name, settings: agentSettings.parse({ temperature }), origins: [origin] });
    const first = await make("First", "https://one.example", 0.1);
    const second = await make("Second", "https://two.example", 0.2);
    await agents.saveAgent(db, {
      orgId: org.id,
      agentId: first,
      name: "First",
      settings: agentSettings.parse({ temperature: 0.9 }),
      origins: ["https://three.example"],
    });
    const sourceId = "01890000-0000-7000-8000-000000000001";
    const by = { orgId: org.id, agentId: second };
    await putObject(db, sourceKey({ ...by, sourceId }), Buffer.from("hello"), "text/plain");
    await sources.addFileSource(db, { ...by, sourceId, title: "Привет.txt", mediaType: "text/plain", bytes: 5, hash: "x" });
    expect((await agents.findAgent(db, { orgId: org.id, agentId: first }))?.settings.temperature).toBe(0.9);
    expect(await agents.listOrigins(db, { orgId: org.id, agentId: first })).toEqual(["https://three.example"]);
    expect((await agents.listAgents(db, { orgId: org.id })).map(({ name, sources: n }) => [name, n])).toEqual([
      ["Second", 1],
      ["First", 0],
    ]);
    expect(await sources.listSources(db, by)).toMatchObject([
      { id: sourceId, status: "queued", title: "Привет.txt", bytes: 5, chunks: null },
    ]);

    // T02, T05: the same doors for a viewer and for an outsider.
    for (const [person, expected] of [
      [viewer, "forbidden"],
      [stranger, "forbidden"],
    ] as const) {
      const other = await as(person);
      expect(
        await codeOf(agents.saveAgent(other, { orgId: org.id, agentId: null, name: "X", settings: agentSettings.parse({}), origins: [] })),
      ).toBe(expected);
      expect(await codeOf(agents.deleteAgent(other, { orgId: org.id, agentId: first }))).toBe("not_found");
      expect(await codeOf(agents.setAgentStatus(other, { orgId: org.id, agentId: first, status: "paused" }))).toBe("not_found");
      expect(await codeOf(sources.rereadSource(other, { orgId: org.id, sourceId }))).toBe("not_found");
      expect(await codeOf(organizations.renameOrganization(other, { orgId: org.id, name: "Mine" }))).toBe("not_found");
      expect(await codeOf(organizations.deleteOrganization(other, { orgId: org.id }))).toBe("not_found");
      await sources.deleteSource(other, { ...by, sourceId });
      expect(
        await codeOf(
          putObject(other, sourceKey({ ...by, sourceId: "01890000-0000-7000-8000-000000000002" }), Buffer.from("x"), "text/plain"),
        ),
      ).toBe("forbidden");
    }
    expect(await agents.findAgent(await as(stranger), { orgId: org.id, agentId: first })).toBeNull();
    expect(await sources.listSources(await as(stranger), by)).toEqual([]);
    expect(await sources.listSources(db, by)).toHaveLength(1);
    await sources.deleteSource(db, { ...by, sourceId });
    expect(await sources.listSources(db, by)).toEqual([]);
  });

  test("API keys are for admins; a revoked one is gone from the list", async () => {
    const { db, user } = await guards.requireUser(owner.request());
    await keys.addApiKey(db, {
      orgId: org.id,
      userId: user.id,
      name: "Help desk",
      scopes: ["chat"],
      hash: "a".repeat(64),
      lastFour: "abcd",
    });
    const [key] = await keys.listApiKeys(db, { orgId: org.id });
    expect(key).toMatchObject({ name: "Help desk", lastFour: "abcd", last_used_at: null });
    expect(Object.keys(key ?? {})).not.toContain("key_hash");
    const other = await guards.requireUser(viewer.request());
    expect(await keys.listApiKeys(other.db, { orgId: org.id })).toEqual([]);
    expect(
      await codeOf(
        keys.addApiKey(other.db, {
          orgId: org.id,
          userId: other.user.id,
          name: "X",
          scopes: ["chat"],
          hash: "b".repeat(64),
          lastFour: "abcd",
        }),
      ),
    ).toBe("forbidden");
    expect(await codeOf(keys.revokeApiKey(other.db, { orgId: org.id, keyId: key?.id ?? "" }))).toBe("not_found");
    await keys.revokeApiKey(db, { orgId: org.id, keyId: key?.id ?? "" });
    expect(await keys.listApiKeys(db, { orgId: org.id })).toEqual([]);
  });
});

test("the language of e-mails: kept once at signing in, changed by choosing another, nothing for nobody", async () => {
  const stored = async () =>
    (
      await backend.db.query<{ locale: string | null }>(
        "select raw_user_meta_data ->> 'locale' as locale from auth.users where email = $1",
        [viewer.email],
      )
    ).rows[0]?.locale;
  const { auth } = session.openAuth(viewer.request());
  const { data } = await auth.getUser();
  await session.keepLanguage(auth, "ru", data.user);
  expect(await stored()).toBe("ru");
  const { data: known } = await auth.getUser();
  await session.keepLanguage(auth, "en", known.user);
  expect(await stored()).toBe("ru");

  const { action } = await import("../routes/preferences");
  const choose = (request: Request) => action({ request, params: {}, context: {} } as Parameters<typeof action>[0]);
  const form = (locale: string) => ({
    method: "POST",
    body: new URLSearchParams({ locale }),
    headers: { "content-type": "application/x-www-form-urlencoded", origin: PORTAL, "sec-fetch-site": "same-origin" },
  });
  await choose(viewer.request("/preferences", form("en")));
  expect(await stored()).toBe("en");
  await choose(new Request(`${PORTAL}/preferences`, form("ru")));
  expect(await stored()).toBe("en");
});

test("T02 H11: the platform's pages are 404 for everybody who does not run it, an owner too", async () => {
  for (const person of [owner, viewer, stranger]) {
    expect((await ending(guards.requirePlatformAdmin(person.request("/platform/queue")))).status).toBe(404);
  }
  const signedOut = await ending(guards.requirePlatformAdmin(new Request(`${PORTAL}/platform/queue`)));
  expect(signedOut.headers.get("location")).toMatch(/^\/login\?/);
  await backend.db.query("insert into private.platform_admins (user_id) select id from auth.users where email = $1", [stranger.email]);
  const { db } = await guards.requirePlatformAdmin(stranger.request("/platform/queue"));
  expect((await queue.queueOverview(db)).minutes).toHaveLength(60);
  await queue.pauseJobs(db, { name: "*", paused: true });
  expect(await queue.queueOverview(db)).toMatchObject({ pausedAll: true });
  await queue.pauseJobs(db, { name: "*", paused: false });
  expect(await queue.settleDeadJobs(db, { ids: null, retry: true })).toBe(0);
  await backend.db.exec("delete from private.platform_admins");
});
