// The pages of an agent's actions and topics, through their own loaders and actions: who may do what, and where secrets go.
import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { startTestBackend, type TestBackend } from "../../../supabase/embedded/test-backend.ts";
import { seedAgent } from "./test-portal.ts";

const PORTAL = "http://portal.example";
const SECRET = "Bearer canary-5f0c1d2e9a";
const CANARY = "canary-5f0c1d2e9a";

type Person = { id: string; cookie: string };
type Answer = { status: number; body: unknown; text: string };
type Page = { loader: (given: never) => unknown; action: (given: never) => unknown };

let backend: TestBackend;
let pages: Record<"list" | "one" | "topics", Page>;
let session: typeof import("./session.server");
let services: typeof import("../services.server");
let origin: string;
const people = {} as Record<"editor" | "operator" | "viewer" | "stranger", Person>;
let shop: { slug: string; orgId: string; agentId: string };
const logged: string[] = [];
const seen: { url: string; headers: IncomingMessage["headers"]; body: string }[] = [];
const server = createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  seen.push({ url: request.url!, headers: request.headers, body });
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify({ order: { status: "shipped" }, echoed: request.headers.authorization }));
});

beforeAll(async () => {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  backend = await startTestBackend();
  const variables = {
    NODE_ENV: "test",
    LOG_LEVEL: "info",
    APP_URL: PORTAL,
    SUPABASE_URL: backend.url,
    SUPABASE_PUBLISHABLE_KEY: backend.publishableKey,
    SUPABASE_SECRET_KEY: backend.secretKey,
    ENCRYPTION_KEY: randomBytes(32).toString("base64"),
    EGRESS_ALLOW: origin,
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
  pages = {
    list: (await import("../routes/orgs.$orgSlug.agents.$agentId.settings.actions._index")) as unknown as Page,
    one: (await import("../routes/orgs.$orgSlug.agents.$agentId.settings.actions.$name")) as unknown as Page,
    topics: (await import("../routes/orgs.$orgSlug.agents.$agentId.settings.topics")) as unknown as Page,
  };
  const { orgId, agentId } = await seedAgent(backend);
  const { rows } = await backend.db.query<{ slug: string }>("select slug from organizations where id = $1", [orgId]);
  shop = { orgId, agentId, slug: rows[0]!.slug };
  for (const name of ["editor", "operator", "viewer", "stranger"] as const) {
    people[name] = await signUp(name);
    if (name !== "stranger")
      await backend.db.query("insert into memberships (org_id, user_id, role) values ($1, $2, $3)", [orgId, people[name].id, name]);
  }
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await backend?.close();
  vi.restoreAllMocks();
});
beforeEach(() => {
  seen.length = 0;
});

async function signUp(name: string): Promise<Person> {
  const { auth, headers } = session.openAuth(new Request(PORTAL));
  const { data, error } = await auth.signUp({ email: `${name}@example.com`, password: "correct horse 1" });
  if (error) throw error;
  const cookie = headers
    .getSetCookie()
    .map((line) => line.split(";")[0]!)
    .join("; ");
  return { id: data.user!.id, cookie };
}

type Target = { name?: string; agentId?: string; slug?: string };

/** What a page answers: its data, or the answer that ended the request. */
async function ask(person: Person, page: Page, to: Target = {}, fields?: Record<string, string>): Promise<Answer> {
  const request = new Request(PORTAL, {
    headers: { cookie: person.cookie, host: "portal.example", "sec-fetch-site": "same-origin" },
    ...(fields ? { method: "POST", body: new URLSearchParams(fields) } : {}),
  });
  const params = { orgSlug: to.slug ?? shop.slug, agentId: to.agentId ?? shop.agentId, name: to.name };
  const given = { request, params, context: {} } as never;
  try {
    const answer = await (fields ? page.action(given) : page.loader(given));
    const { data, init } = (answer ?? {}) as { data?: unknown; init?: { status?: number } };
    const body = init ? data : answer;
    return { status: init?.status ?? 200, body, text: JSON.stringify(body) };
  } catch (thrown) {
    if (!(thrown instanceof Response)) throw thrown;
    return { status: thrown.status, body: null, text: `${await thrown.text()} ${thrown.headers.get("location") ?? ""}` };
  }
}

const draft = (over: object = {}) => ({
  name: "order_status",
  title: { en: "Order status", ru: "" },
  description: "Looks up an order",
  method: "GET",
  url: `${origin}/orders/{order}`,
  parameters: { type: "object", properties: { order: { type: "string" } }, required: ["order"] },
  headers: [{ kind: "typed", name: "Authorization", secret: SECRET }],
  result: ["/order/status"],
  timeoutMs: 5_000,
  confirm: false,
  enabled: true,
  ...over,
});
const save = (over: object = {}) => ({ intent: "save", action: JSON.stringify(draft(over)) });
const tryOut = (over: object = {}, input: unknown = { order: "A-7" }) => ({
  intent: "try",
  action: JSON.stringify(draft(over)),
  input: JSON.stringify(input),
});
const secretIds = async () =>
  (await backend.db.query<{ id: string }>("select id from agent_secrets order by created_at")).rows.map(({ id }) => id);
const versions = async () => (await backend.db.query<{ n: number }>("select count(*)::int as n from agent_versions")).rows[0]!.n;
const stored = (secretId: string) => ({ headers: [{ kind: "stored", name: "Authorization", secretId }] });

test("an editor makes an action, tries it before and after, renames, switches and deletes it; its secret comes and goes with it", async () => {
  const { editor } = people;
  const before = await ask(editor, pages.one, { name: "new-action" }, tryOut());
  expect(before.body).toMatchObject({ ok: true, trial: { outcome: { ok: true, output: { "/order/status": "shipped" } }, failure: null } });
  expect(seen[0]).toMatchObject({ url: "/orders/A-7", headers: { authorization: SECRET } });
  expect(await secretIds()).toEqual([]);

  const made = await ask(editor, pages.one, { name: "new-action" }, save());
  expect(made.body).toMatchObject({ ok: true, action: { name: "order_status" }, secrets: [{ lastFour: SECRET.slice(-4) }] });
  const [secretId] = await secretIds();
  const kept = stored(secretId!);
  const after = await ask(editor, pages.one, { name: "order_status" }, tryOut(kept));
  expect(after.body).toMatchObject({ ok: true, trial: { outcome: { ok: true }, received: { content: { echoed: "••••" } } } });
  expect(seen[1]!.headers.authorization).toBe(SECRET);
  for (const { text } of [before, made, after]) expect(text).not.toContain(CANARY);

  expect(await ask(editor, pages.one, { name: "order_status" }, save({ ...kept, name: "find_order" }))).toMatchObject({ status: 200 });
  expect(await ask(editor, pages.list, {}, { intent: "enable", name: "find_order", enabled: "false" })).toMatchObject({ status: 200 });
  expect((await ask(editor, pages.list)).body).toMatchObject({ actions: [{ name: "find_order", enabled: false, asks: false, use: null }] });
  expect((await ask(editor, pages.one, { name: "order_status" })).status).toBe(404);

  // Another secret in its place: the old one is gone.
  await ask(editor, pages.one, { name: "find_order" }, save({ name: "find_order" }));
  const [replaced] = await secretIds();
  expect([await secretIds(), replaced === secretId]).toEqual([[replaced], false]);
  expect((await ask(editor, pages.one, { name: "find_order" }, { intent: "delete", name: "find" })).body).toMatchObject({
    errors: { form: "nameMismatch" },
  });
  expect((await ask(editor, pages.one, { name: "find_order" }, { intent: "delete", name: "find_order" })).status).toBe(302);
  expect(await secretIds()).toEqual([]);
  expect((await ask(editor, pages.list)).body).toMatchObject({ actions: [] });
});

test("what is refused leaves nothing behind and says where", async () => {
  const { editor } = people;
  await ask(editor, pages.one, { name: "new-action" }, save());
  const [secretId] = await secretIds();
  const count = await versions();
  const refusals: [string, object, object][] = [
    ["new-action", {}, { name: "actionNameTaken" }],
    ["order_status", { url: "https://{order}.example/" }, { url: "urlHost" }],
    ["order_status", { ...stored(secretId!), url: "https://elsewhere.example/{order}" }, { "headers.0.secret": "secretElsewhere" }],
    ["order_status", stored(crypto.randomUUID()), { "headers.0.secret": "secretElsewhere" }],
    ["order_status", { org_id: shop.orgId }, { org_id: "schemaKeyword" }],
  ];
  for (const [name, over, errors] of refusals) {
    const answer = await ask(editor, pages.one, { name }, save(over));
    expect([answer.status, answer.body]).toEqual([400, expect.objectContaining({ ok: false, errors })]);
  }
  expect([await secretIds(), await versions()]).toEqual([[secretId], count]);
  const failed = await ask(editor, pages.one, { name: "order_status" }, tryOut({ ...stored(secretId!), url: "https://127.0.0.1/{order}" }));
  expect(failed.body).toMatchObject({ ok: true, trial: { failure: "secret_missing", outcome: { ok: false } } });
  const inside = await ask(editor, pages.one, { name: "order_status" }, tryOut({ url: "https://169.254.169.254/{order}" }));
  expect(inside.body).toMatchObject({ trial: { failure: "address_refused", received: null } });
  expect((await ask(editor, pages.one, { name: "order_status" }, tryOut({}, { order: 7 }))).body).toMatchObject({
    trial: { failure: "input", sent: null },
  });
  expect(seen).toEqual([]);
});

test("two editors at once keep each other's actions and topics", async () => {
  const names = ["a_one", "a_two", "a_three"];
  const answers = await Promise.all([
    ...names.map((name) => ask(people.editor, pages.one, { name: "new-action" }, save({ name, headers: [] }))),
    ask(people.editor, pages.topics, {}, { only: "coffee\n\n tea \ncoffee", never: "", replyEn: "No.", replyRu: "" }),
  ]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect((await ask(people.viewer, pages.list)).body).toMatchObject({
    actions: expect.arrayContaining(names.map((name) => expect.objectContaining({ name }))),
  });
  expect((await ask(people.viewer, pages.topics)).body).toEqual({
    topics: { only: ["coffee", "tea"], never: [], reply: { en: "No.", ru: "" } },
    suggestions: false,
    mayChange: false,
  });
  const long = await ask(
    people.editor,
    pages.topics,
    {},
    { only: "x".repeat(121), never: "", replyEn: "x".repeat(501), replyRu: "", suggestions: "on" },
  );
  expect(long.body).toMatchObject({ ok: false, errors: { only: "topicLines", replyEn: "tooLong" } });
});

describe("who may", () => {
  const posts = (): [keyof typeof pages, Target, Record<string, string>][] => [
    ["list", {}, { intent: "enable", name: "order_status", enabled: "false" }],
    ["one", { name: "new-action" }, save({ name: "intruder" })],
    ["one", { name: "order_status" }, tryOut()],
    ["one", { name: "order_status" }, { intent: "delete", name: "order_status" }],
    ["topics", {}, { only: "", never: "", replyEn: "", replyRu: "" }],
  ];

  test("T02: viewers and operators read, and change, try and delete nothing", async () => {
    const count = [await versions(), await secretIds()];
    for (const person of [people.viewer, people.operator]) {
      for (const [page, to, fields] of posts()) expect([page, (await ask(person, pages[page], to, fields)).status]).toEqual([page, 403]);
      expect((await ask(person, pages.one, { name: "new-action" })).status).toBe(403);
      const read = await ask(person, pages.one, { name: "order_status" });
      expect(read.body).toMatchObject({ mayChange: false, secrets: [] });
    }
    expect([[await versions(), await secretIds()], seen]).toEqual([count, []]);
  });

  test("T07, T16: another organization's agent is not there, by its own address or under one's own organization", async () => {
    const foreign = await seedAgent(backend);
    for (const [page, to, fields] of posts()) {
      expect([page, (await ask(people.stranger, pages[page], to, fields)).status]).toEqual([page, 404]);
      const crossed = await ask(people.editor, pages[page], { ...to, agentId: foreign.agentId }, fields);
      expect([page, crossed.status === 404 || crossed.text.includes('"gone"')]).toEqual([page, true]);
      expect((await ask(people.editor, pages[page], { ...to, agentId: foreign.agentId })).status).toBe(404);
    }
    expect(seen).toEqual([]);
    const { rows } = await backend.db.query("select 1 from agent_versions where agent_id = $1 and number > 1", [foreign.agentId]);
    expect(rows).toEqual([]);
  });

  test("T14: a stored secret is used for the agent it belongs to, whatever id a form names", async () => {
    const foreign = await seedAgent(backend);
    const id = crypto.randomUUID();
    const { agentSecretPlace } = await import("../chat/actions/secret-headers.ts");
    await backend.db.query("insert into agent_secrets (id, org_id, agent_id, name, sealed) values ($1, $2, $3, 'A', $4)", [
      id,
      foreign.orgId,
      foreign.agentId,
      services.secretBox.seal("Bearer theirs", agentSecretPlace(foreign.orgId, id, origin)),
    ]);
    expect((await ask(people.editor, pages.one, { name: "order_status" }, tryOut(stored(id)))).body).toMatchObject({
      trial: { failure: "secret_missing" },
    });
    expect((await ask(people.editor, pages.one, { name: "order_status" }, save(stored(id)))).body).toMatchObject({
      errors: { "headers.0.secret": "secretElsewhere" },
    });
    expect(seen).toEqual([]);
  });

  test("T03: a form with more than it should hold is refused", async () => {
    for (const [page, to, fields] of posts()) {
      const answer = await ask(people.editor, pages[page], to, { ...fields, org_id: shop.orgId });
      expect([page, answer.status]).toEqual([page, 400]);
    }
  });

  test("trials are counted: past the limit there are none", async () => {
    while ((await services.limiter.check("actionTrial", people.editor.id)).ok);
    const answer = await ask(people.editor, pages.one, { name: "order_status" }, tryOut({ headers: [] }));
    expect([answer.status, answer.body, seen]).toEqual([400, { ok: false, errors: { form: "tooMany" } }, []]);
  });
});

test("G2, H18: the secret is in no page, no answer, no log and no row in clear, even when the service echoes it", async () => {
  const texts = [];
  for (const name of ["new-action", "order_status"]) texts.push((await ask(people.editor, pages.one, { name })).text);
  texts.push((await ask(people.editor, pages.list)).text, (await ask(people.editor, pages.topics)).text);
  texts.push((await ask(people.editor, pages.one, { name: "order_status" }, save())).text);
  texts.push((await ask(people.editor, pages.one, { name: "order_status" }, save({ url: "nothing" }))).text);
  expect(texts.every((text) => text.length > 2)).toBe(true);
  const { rows } = await backend.db.query<{ all: string }>(
    "select concat((select string_agg(s::text, '') from agent_secrets s), (select string_agg(v::text, '') from agent_versions v), (select string_agg(l::text, '') from audit_log l)) as all",
  );
  expect(rows[0]!.all).toContain("v1.");
  expect(logged.join("")).toContain("an action has run");
  for (const text of [...texts, ...logged, rows[0]!.all]) expect(text.includes(CANARY)).toBe(false);
});
