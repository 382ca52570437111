import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SCOPES } from "~/models/scopes";
import { indexSource } from "../../../worker/ingest/index-source.ts";
import { OPERATIONS } from "./openapi/document.ts";
import type { Operation } from "./openapi/operation.ts";
import { callWithKey, makeKey } from "./test-keys.ts";
import {
  openSession,
  question,
  readAnswer,
  type SeededAgent,
  SHOP,
  seedAgent,
  startTestPortal,
  type TestPortal,
  call as visit,
} from "./test-portal.ts";

const WARRANTY = "All bottles come with a ten-year warranty. The warranty covers leaks and broken lids. It does not cover dents.";
const SECRET = "The codename of the next bottle is Halcyon.";

let portal: TestPortal;
let ours: SeededAgent;
let theirs: SeededAgent;
let key: string;
let theirKey: string;
/** One thing of each kind in either organization, for paths. */
let own: Record<string, string>;
let foreign: Record<string, string>;

beforeAll(async () => {
  portal = await startTestPortal({ TRUSTED_PROXIES: "1" });
  ours = await seedAgent(portal.backend, { passages: [{ title: "Warranty", body: WARRANTY }], settings: { instructions: "Be a pirate." } });
  theirs = await seedAgent(portal.backend, { passages: [{ title: "Plans", body: SECRET }] });
  key = await makeKey(portal, ours, [...SCOPES]);
  theirKey = await makeKey(portal, theirs, [...SCOPES]);
  own = await idsOf(ours);
  foreign = await idsOf(theirs);
});
afterAll(() => portal.close());

async function converse(agent: SeededAgent, text: string): Promise<{ clientId: string; token: string; messageId: string }> {
  const { token } = await openSession(portal, agent);
  const body = question(text);
  const answer = await readAnswer(await visit(portal, `/api/v1/agents/${agent.publicId}/chat`, token, { body }));
  return { clientId: body.id, token, messageId: String(answer.start?.messageId) };
}

async function idsOf(agent: SeededAgent): Promise<Record<string, string>> {
  const { clientId, messageId } = await converse(agent, "What does the warranty cover?");
  const { db } = portal.backend;
  const conversation = await db.query<{ id: string }>("select id from conversations where org_id = $1 and client_id = $2", [
    agent.orgId,
    clientId,
  ]);
  const source = await db.query<{ id: string }>("select id from sources where agent_id = $1", [agent.agentId]);
  const endpoint = await db.query<{ id: string }>(
    "insert into webhook_endpoints (org_id, url, events, sealed_secret) values ($1, 'https://hooks.example/', '{source.ready}', 'v1.1.' || repeat('A', 40)) returning id",
    [agent.orgId],
  );
  const delivery = await portal.services.service.rpc("test_webhook", { org: agent.orgId, endpoint: endpoint.rows[0]!.id });
  return {
    endpointId: endpoint.rows[0]!.id,
    deliveryId: delivery.data!,
    agentId: agent.publicId,
    sourceId: source.rows[0]!.id,
    conversationId: conversation.rows[0]!.id,
    messageId,
    index: "1",
    toolCallId: `call-${randomUUID()}`,
  };
}

const ask = (path: string, init: Parameters<typeof callWithKey>[3] & { key?: string | null } = {}) =>
  callWithKey(portal, path, init.key === undefined ? key : init.key, {
    ...init,
    headers: { "x-forwarded-for": `10.${Math.floor(Math.random() * 250)}.${Math.floor(Math.random() * 250)}.7`, ...init.headers },
  });
const json = async (path: string, init: Parameters<typeof ask>[1] = {}) => {
  const response = await ask(path, init);
  return { status: response.status, body: response.status === 204 ? null : await response.json() };
};
const upload = (agent: SeededAgent, text: string, headers: Record<string, string> = {}, name = "notes.md") =>
  json(`/api/v1/agents/${agent.publicId}/sources?name=${encodeURIComponent(name)}`, {
    body: text,
    headers: { "content-type": "text/markdown", ...headers },
  });
/** Every page of a list, and how many there were. */
async function all(path: string, limit: number): Promise<{ rows: { id: string; day?: string; agent?: string }[]; pages: number }> {
  const rows: { id: string }[] = [];
  let cursor: string | null = null;
  let pages = 0;
  do {
    const { body, status } = await json(`${path}?limit=${limit}${cursor ? `&cursor=${cursor}` : ""}`);
    expect(status).toBe(200);
    rows.push(...body.data);
    cursor = body.nextCursor;
    pages++;
  } while (cursor !== null);
  return { rows, pages };
}

describe("agents", () => {
  it("T01: a key lists its own organization's agents, and none of another's", async () => {
    expect((await json("/api/v1/agents")).body.data.map(({ id }: { id: string }) => id)).toEqual([ours.publicId]);
    expect((await json("/api/v1/agents", { key: theirKey })).body.data.map(({ id }: { id: string }) => id)).toEqual([theirs.publicId]);
  });

  it("reads one, without its instructions or any inner id", async () => {
    const { status, body } = await json(`/api/v1/agents/${ours.publicId}`);
    expect(status).toBe(200);
    expect(body).toEqual({
      id: ours.publicId,
      name: "Bottle Helper",
      status: "live",
      model: null,
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
      origins: [SHOP],
    });
    for (const inner of ["pirate", ours.agentId, ours.orgId]) expect(JSON.stringify(body)).not.toContain(inner);
  });

  it("searches what the agent knows without asking a model", async () => {
    const { body } = await json(`/api/v1/agents/${ours.publicId}/search`, {
      body: { query: "what is covered by the warranty?", limit: 1 },
    });
    expect(body.data).toHaveLength(1);
    expect(body.data[0]).toMatchObject({ sourceId: own.sourceId, title: "Warranty", text: WARRANTY, start: 0, end: WARRANTY.length });
    expect((await json(`/api/v1/agents/${ours.publicId}/search`, { body: { query: "Halcyon codename" } })).body.data).toEqual([]);
  });
});

describe("sources", () => {
  it("uploads a file, which the worker reads; then lists, shows, rereads and deletes it", { timeout: 60_000 }, async () => {
    const agent = await seedAgent(portal.backend);
    const own = await makeKey(portal, agent, ["read", "write"]);
    const path = `/api/v1/agents/${agent.publicId}/sources`;
    const added = await json(`${path}?name=..%2F..%2Fhours.md`, {
      key: own,
      body: "# Hours\n\nWe open at nine.",
      headers: { "content-type": "text/markdown" },
    });
    expect([added.status, added.body.title, added.body.status]).toEqual([201, "hours.md", "queued"]);
    expect((await json(`${path}/${added.body.id}/resync`, { key: own, method: "POST" })).body.status).toBe("queued");

    await indexSource(
      added.body.id,
      { db: portal.services.service, log: portal.services.log },
      { attempt: 1, lastAttempt: true, signal: AbortSignal.timeout(20_000) },
    );
    const read = await json(`${path}/${added.body.id}`, { key: own });
    expect(read.body).toMatchObject({
      status: "ready",
      kind: "file",
      failure: null,
      progress: { done: 1, total: 1 },
      reading: { passages: 1 },
    });
    expect((await json(path, { key: own })).body.data).toEqual([read.body]);
    expect((await json(`${path}?status=failed`, { key: own })).body.data).toEqual([]);
    const found = await json(`/api/v1/agents/${agent.publicId}/search`, { key: own, body: { query: "when do you open" } });
    expect(found.body.data[0].sourceId).toBe(added.body.id);

    const anew = await json(`${path}/${added.body.id}/resync`, { key: own, method: "POST" });
    expect([anew.status, anew.body.status]).toEqual([202, "queued"]);
    expect((await json(`${path}/${added.body.id}`, { key: own, method: "DELETE" })).status).toBe(204);
    expect((await json(`${path}/${added.body.id}`, { key: own })).status).toBe(404);
    expect((await json(`${path}/${added.body.id}`, { key: own, method: "DELETE" })).status).toBe(404);
  });

  it("keeps a question with its answer as a source of its own", { timeout: 60_000 }, async () => {
    const body = { type: "qa", question: "Do you ship to Iceland?\u0000", answer: "Yes, in six days. \ud800" };
    const added = await json(`/api/v1/agents/${ours.publicId}/sources`, { body });
    expect(added.status).toBe(201);
    expect(added.body).toMatchObject({ kind: "qa", title: "Do you ship to Iceland?", mediaType: "text/plain" });
    await indexSource(
      added.body.id,
      { db: portal.services.service, log: portal.services.log },
      { attempt: 1, lastAttempt: true, signal: AbortSignal.timeout(20_000) },
    );
    const found = await json(`/api/v1/agents/${ours.publicId}/search`, { body: { query: "shipping to Iceland" } });
    expect(found.body.data[0].text).toContain("Yes, in six days.");
  });

  it.each([
    ["a web page, which is not read yet", { body: { type: "url", url: "https://shop.example" } }, 400, /not read yet/],
    ["T51: a body that plays an upload", { body: { files: [{ filepath: "/etc/passwd" }] } }, 400, /type/],
    ["T51: a form", { body: "x", headers: { "content-type": "multipart/form-data; boundary=x" } }, 415, /file itself/],
    ["a file without a name", { body: "x", headers: { "content-type": "text/plain" } }, 400, /name/],
    ["an empty question", { body: { type: "qa", question: " \u0000 ", answer: "x" } }, 400, /question/],
    ["T03: columns of the table", { body: { type: "qa", question: "a", answer: "b", org_id: randomUUID(), status: "ready" } }, 400, /./],
  ])("refuses %s", async (_, init, status, words) => {
    const answer = await json(`/api/v1/agents/${ours.publicId}/sources`, init);
    expect(answer.status).toBe(status);
    expect(answer.body.detail).toMatch(words);
  });

  it("refuses kinds that cannot be read, files that are empty or too large, and doubled parameters", async () => {
    expect((await upload(ours, "x", {}, "tool.exe")).status).toBe(415);
    expect((await upload(ours, "")).status).toBe(400);
    expect((await json(`/api/v1/agents/${ours.publicId}/sources?limit=1&limit=2`)).body.detail).toContain("twice");
    const tooLarge = await upload(ours, "a".repeat(50 * 1024 * 1024 + 1));
    expect([tooLarge.status, tooLarge.body.code]).toEqual([413, "too_large"]);
  });

  it("C8: an Idempotency-Key adds a source once, also under ten calls at once; other content is refused", async () => {
    const agent = await seedAgent(portal.backend);
    const own = await makeKey(portal, agent, ["read", "write"]);
    const send = (idempotency: string, body: string, sender = own) =>
      json(`/api/v1/agents/${agent.publicId}/sources?name=a.md`, {
        key: sender,
        body,
        headers: { "content-type": "text/markdown", "idempotency-key": idempotency },
      });
    const answers = await Promise.all(Array.from({ length: 10 }, () => send("once", "Ten at once.")));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    const listed = await json(`/api/v1/agents/${agent.publicId}/sources`, { key: own });
    expect(listed.body.data).toHaveLength(1);
    const objects = await portal.backend.db.query("select 1 from storage.objects where name like $1", [`${agent.orgId}/%`]);
    expect(objects.rows).toHaveLength(1);
    const jobs = await portal.backend.db.query("select 1 from outbox where org_id = $1 and name = 'source.read'", [agent.orgId]);
    expect(jobs.rows).toHaveLength(1);

    const other = await send("once", "Something else.");
    expect([other.status, other.body.code]).toEqual([422, "idempotency_mismatch"]);
    const second = await makeKey(portal, agent, ["write"]);
    expect((await send("once", "Another key's own.", second)).status).toBe(201);
    await json(`/api/v1/agents/${agent.publicId}/sources/${answers[0]!.body.id}`, { key: own, method: "DELETE" });
    const deleted = await send("once", "Ten at once.");
    expect([deleted.status, deleted.body.code]).toEqual([409, "conflict"]);
  });
});

describe("conversations", () => {
  it("lists them and reads one with its receipt and citations; a visitor still reads their own alone", async () => {
    const { clientId, token } = await converse(ours, "What does the warranty cover?");
    const [newest] = (await json(`/api/v1/conversations?agent=${ours.publicId}`)).body.data;
    expect(newest).toMatchObject({ agent: ours.publicId, channel: "widget", messageCount: 2 });
    const { status, body } = await json(`/api/v1/conversations/${newest.id}`);
    expect(status).toBe(200);
    expect(body.messages.map(({ author }: { author: string }) => author)).toEqual(["visitor", "agent"]);
    expect(body.messages[1].receipt).toMatchObject({ outcome: "answered", totalMs: expect.any(Number) });
    expect(body.messages[1].citations[0]).toMatchObject({ sourceId: own.sourceId });

    expect((await json(`/api/v1/conversations/${clientId}`)).status).toBe(404);
    expect((await visit(portal, `/api/v1/conversations/${clientId}`, token)).status).toBe(200);
    expect((await visit(portal, `/api/v1/conversations/${newest.id}`, token)).status).toBe(404);
    const fromPage = await ask(`/api/v1/conversations/${newest.id}`, { headers: { origin: SHOP } });
    expect(fromPage.headers.get("access-control-allow-origin")).toBeNull();
    expect((await json(`/api/v1/conversations/${newest.id}`, { method: "DELETE" })).status).toBe(401);
  });
});

/** A conversation in which a visitor left details, or asked for a person. */
async function contact(agent: SeededAgent, table: "leads" | "handoffs", given: Record<string, unknown> = {}): Promise<void> {
  const { service } = portal.services;
  const of = { org_id: agent.orgId, agent_id: agent.agentId };
  const visitor = await service.from("visitors").insert(of).select("id").single();
  const thread = { ...of, visitor_id: visitor.data!.id, client_id: randomUUID(), message_count: 1 };
  const conversation = await service.from("conversations").insert(thread).select("id").single();
  const row = { ...of, conversation_id: conversation.data!.id, ...given };
  const { error } =
    table === "handoffs"
      ? await service.from("handoffs").insert(row)
      : await service.from("leads").insert({
          email: "anna@shop.example",
          ...row,
          visitor_id: visitor.data!.id,
          idempotency_key: randomUUID(),
          request_hash: "0".repeat(64),
        });
  if (error) throw error;
}

describe("leads and wishes for a person", () => {
  it("lists what visitors left, with their consent; of one agent alone on request", async () => {
    const agent = await seedAgent(portal.backend);
    const reader = await makeKey(portal, agent, ["read"]);
    await contact(agent, "leads", {
      name: "Анна",
      phone: "+79123456789",
      consent: true,
      consent_text: "You may write to me.",
      page_url: "https://shop.example/",
      fields: { size: "L" },
    });
    const { status, body } = await json(`/api/v1/leads?agent=${agent.publicId}`, { key: reader });
    expect([status, body]).toEqual([
      200,
      {
        data: [
          {
            id: expect.any(String),
            agent: agent.publicId,
            conversationId: expect.any(String),
            visitorId: expect.any(String),
            name: "Анна",
            email: "anna@shop.example",
            phone: "+79123456789",
            message: null,
            fields: { size: "L" },
            consent: true,
            consentText: "You may write to me.",
            pageUrl: "https://shop.example/",
            createdAt: expect.any(String),
          },
        ],
        nextCursor: null,
      },
    ]);
    // The conversation is read by the id that the lead names.
    expect((await json(`/api/v1/conversations/${body.data[0].conversationId}`, { key: reader })).status).toBe(200);
  });

  it("lists who waits for a person, and who did", async () => {
    const agent = await seedAgent(portal.backend);
    const reader = await makeKey(portal, agent, ["read"]);
    await contact(agent, "handoffs", { reason: "My order" });
    await contact(agent, "handoffs", { state: "resolved", resolved_at: new Date().toISOString() });
    const states = async (query = "") =>
      (await json(`/api/v1/handoffs${query}`, { key: reader })).body.data?.map(({ state }: { state: string }) => state);
    expect(await states()).toEqual(["resolved", "requested"]);
    expect(await states("?state=requested")).toEqual(["requested"]);
    expect(await states(`?state=accepted&agent=${agent.publicId}`)).toEqual([]);
    expect((await json("/api/v1/handoffs?state=open", { key: reader })).status).toBe(400);
    const [waiting] = (await json("/api/v1/handoffs?state=requested", { key: reader })).body.data;
    expect(waiting).toMatchObject({ agent: agent.publicId, reason: "My order", resolvedAt: null });
  });

  it("T01 T05: never another organization's, by whatever key, agent or cursor", async () => {
    const other = await seedAgent(portal.backend);
    const reader = await makeKey(portal, other, ["read"]);
    for (const table of ["leads", "handoffs"] as const) {
      for (let n = 0; n < 3; n++) await contact(ours, table, table === "leads" ? { name: "Ours alone" } : { reason: "Ours alone" });
      await contact(other, table);
      const page = await json(`/api/v1/${table}?limit=1`);
      const cursor = page.body.nextCursor;
      const { body } = await json(`/api/v1/${table}`, { key: reader });
      expect(body.data.map(({ agent }: { agent: string }) => agent)).toEqual([other.publicId]);
      const later = await json(`/api/v1/${table}?cursor=${cursor}`, { key: reader });
      expect([later.status, JSON.stringify(later.body).includes("Ours alone")]).toEqual([200, false]);
      expect((await json(`/api/v1/${table}?agent=${ours.publicId}`, { key: reader })).status).toBe(404);
      expect((await json(`/api/v1/${table}`, { key: await makeKey(portal, other, ["chat", "write", "audit", "webhooks"]) })).status).toBe(
        403,
      );
    }
  });
});

describe("usage and the audit log", () => {
  it("counts by day and agent, newest first, between two days", async () => {
    const agent = await seedAgent(portal.backend);
    const reader = await makeKey(portal, agent, ["read"]);
    for (const day of ["2026-01-01", "2026-01-02", "2026-01-03"])
      await portal.backend.db.query("insert into usage_daily (org_id, agent_id, day, answers, cost_micros) values ($1, $2, $3, 4, 900)", [
        agent.orgId,
        agent.agentId,
        day,
      ]);
    const days = async (query: string) =>
      (await json(`/api/v1/usage${query}`, { key: reader })).body.data?.map(({ day }: { day: string }) => day);
    expect(await days("")).toEqual(["2026-01-03", "2026-01-02", "2026-01-01"]);
    expect(await days("?from=2026-01-02&to=2026-01-02")).toEqual(["2026-01-02"]);
    expect(await days(`?agent=${agent.publicId}&from=2026-01-03`)).toEqual(["2026-01-03"]);
    expect((await json("/api/v1/usage?from=2026-02-01&to=2026-01-01", { key: reader })).status).toBe(400);
    expect((await json("/api/v1/usage?from=yesterday", { key: reader })).body.detail).toContain("from");
    expect((await json(`/api/v1/usage?agent=${ours.publicId}`, { key: reader })).status).toBe(404);
  });

  it("shows who did what to keys with the scope audit alone", async () => {
    const { body } = await json("/api/v1/audit-log?limit=100");
    expect(body.data.map(({ action }: { action: string }) => action)).toContain("api_keys.insert");
    expect(JSON.stringify(body)).not.toContain(theirs.orgId);
    const reader = await makeKey(portal, ours, ["chat", "read", "write"]);
    expect((await json("/api/v1/audit-log", { key: reader })).body.code).toBe("forbidden");
  });
});

describe("pages of a list", () => {
  it.each(["sources", "conversations", "audit-log", "usage", "agents", "webhook-endpoints", "leads", "handoffs"])(
    "%s: every row once, also while others are added",
    async (list) => {
      const agent = await seedAgent(portal.backend);
      key = await makeKey(portal, agent, ["read", "audit", "webhooks"]);
      const { db } = portal.backend;
      const add: Record<string, () => Promise<unknown>> = {
        sources: () =>
          db.query("insert into sources (org_id, agent_id, kind, title) values ($1, $2, 'file', 't')", [agent.orgId, agent.agentId]),
        conversations: () =>
          db.query("insert into conversations (org_id, agent_id, client_id, message_count) values ($1, $2, gen_random_uuid()::text, 1)", [
            agent.orgId,
            agent.agentId,
          ]),
        "audit-log": () => db.query("insert into audit_log (org_id, action, subject_type) values ($1, 'a', 's')", [agent.orgId]),
        usage: async () => {
          const made = await db.query<{ id: string }>("insert into agents (org_id, name) values ($1, 'More') returning id", [agent.orgId]);
          await db.query("insert into usage_daily (org_id, agent_id, day) values ($1, $2, '2026-01-01')", [agent.orgId, made.rows[0]!.id]);
        },
        agents: () => db.query("insert into agents (org_id, name) values ($1, 'More')", [agent.orgId]),
        leads: () => contact(agent, "leads"),
        handoffs: () => contact(agent, "handoffs"),
        "webhook-endpoints": () => json("/api/v1/webhook-endpoints", { body: { url: "https://hooks.example/", events: ["source.ready"] } }),
      };
      for (let n = 0; n < 7; n++) await add[list]!();
      const path = list === "sources" ? `/api/v1/agents/${agent.publicId}/sources` : `/api/v1/${list}`;
      const name = (row: { id: string; day?: string; agent?: string }) => row.id ?? `${row.day} ${row.agent}`;
      const whole = await all(path, 100);
      expect([whole.pages, whole.rows.length >= 7]).toEqual([1, true]);
      const first = await json(`${path}?limit=3`);
      if (list !== "usage") await add[list]!();
      const rest = await all(path, 2);
      const second = await json(`${path}?limit=100&cursor=${first.body.nextCursor}`);
      expect([...first.body.data, ...second.body.data].map(name)).toEqual(whole.rows.map(name));
      expect(new Set(rest.rows.map(name)).size).toBe(rest.rows.length);
      expect(second.body.nextCursor).toBeNull();
      key = await makeKey(portal, ours, [...SCOPES]);
    },
  );

  it("a cursor of ours only, and no other parameter than those documented", async () => {
    for (const query of [
      "cursor=x",
      "cursor=",
      `cursor=${Buffer.from("1:' or 1=1").toString("base64url")}`,
      "limit=0",
      "limit=101",
      "limit=1e1",
      "page=2",
      "org_id=x",
    ]) {
      const { status, body } = await json(`/api/v1/agents?${query}`);
      expect([query, status, body.code]).toEqual([query, 400, "invalid_request"]);
    }
    // Another list's cursor is one of this shape, and names nothing here that is not the caller's.
    const { body } = await json("/api/v1/agents?limit=1", { key: theirKey });
    expect(body.data).toHaveLength(1);
  });
});

// H11: every operation of the document, against everything that must not get in.
describe("H11: who gets into each route", () => {
  const pathOf = (operation: Operation, ids: Record<string, string>) =>
    operation.path.replace(/\{(\w+)\}/g, (_, name: string) => ids[name]!);
  const bodyOf = (operation: Operation) => {
    const given = Array.isArray(operation.body) ? operation.body.at(-1) : operation.body;
    if (!given) return {};
    const example = given.kind === "json" ? (given.example as Record<string, unknown>) : {};
    return { body: operation.id === "createChatCompletion" ? { ...example, model: `agent:${foreign.agentId}` } : example };
  };
  const send = (operation: Operation, ids: Record<string, string>, withKey: string | null) =>
    ask(pathOf(operation, ids), { method: operation.method.toUpperCase(), key: withKey, ...bodyOf(operation) });
  const guarded = OPERATIONS.filter(({ access }) => access.apiKey || access.visitor).map(
    (operation) => [`${operation.method} ${operation.path}`, operation] as const,
  );
  const byKey = guarded.filter(([, { access }]) => access.apiKey);
  const name = (ids: Record<string, string>, operation: Operation) => /\{/.test(operation.path) && ids;

  it.each(guarded)("%s: 401 without a credential, and for ones that are malformed, unknown or another's", async (_, operation) => {
    const { token } = await openSession(portal, theirs);
    const wrong = [null, "x", "gap_live_' or 1=1", `gap_live_${"0".repeat(40)}`, `${token.slice(0, -4)}AAAA`];
    for (const credential of wrong) expect((await send(operation, own, credential)).status).toBe(401);
  });

  it.each(byKey)("%s: T02 403 without the scope, D4 401 once revoked", async (_, operation) => {
    const scopes = SCOPES.filter((scope) => scope !== operation.access.apiKey);
    const refused = await send(operation, own, await makeKey(portal, ours, scopes));
    expect([refused.status, operation.errorShape === "openai" ? (await refused.json()).error.code : (await refused.json()).code]).toEqual([
      403,
      "forbidden",
    ]);
    const revoked = await makeKey(portal, ours, [operation.access.apiKey!]);
    await portal.backend.db.query("update api_keys set revoked_at = now() where org_id = $1 and last_four = $2", [
      ours.orgId,
      revoked.slice(-4),
    ]);
    expect((await send(operation, own, revoked)).status).toBe(401);
    expect(
      (
        await ask(pathOf(operation, own), {
          method: operation.method.toUpperCase(),
          key: null,
          headers: { "x-api-key": revoked },
          ...bodyOf(operation),
        })
      ).status,
    ).toBe(401);
  });

  it.each(byKey.filter(([, operation]) => name({}, operation) || operation.id === "createChatCompletion"))(
    "%s: T05 T07 T08 404 for another organization's, changing nothing",
    async (_, operation) => {
      const state = () =>
        portal.backend.db.query(
          "select (select count(*) from sources where org_id = $1) s, (select count(*) from outbox where org_id = $1) o, (select count(*) from runs where org_id = $1) r, (select json_agg(e order by id) from webhook_endpoints e where org_id = $1)::text e",
          [theirs.orgId],
        );
      const before = await state();
      const response = await send(operation, foreign, key);
      expect(response.status).toBe(404);
      expect(await response.text()).not.toContain("Halcyon");
      // A thing of another's, under an agent of one's own.
      if (/\{agentId\}.*\{sourceId\}/.test(operation.path))
        expect((await send(operation, { ...foreign, agentId: own.agentId! }, key)).status).toBe(404);
      if (/\{endpointId\}.*\{deliveryId\}/.test(operation.path))
        expect((await send(operation, { ...foreign, endpointId: own.endpointId! }, key)).status).toBe(404);
      expect((await state()).rows).toEqual(before.rows);
    },
  );

  it.each(byKey.filter(([, { path }]) => path.includes("{")))(
    "%s: T33 ids that are none are 404 before any query",
    async (_, operation) => {
      for (const bad of ["..%2Fadmin", "%2e%2e", "a".repeat(5_000), "%00", "'", "%F0%9F%92%A9", "__proto__"]) {
        const ids = Object.fromEntries(Object.entries(own).map(([param]) => [param, bad]));
        expect([bad.slice(0, 20), (await send(operation, ids, key)).status]).toEqual([bad.slice(0, 20), 404]);
      }
    },
  );

  it("every path answers 405 with Allow to a method that it does not have", async () => {
    for (const path of new Set(OPERATIONS.map((operation) => operation.path))) {
      const known = OPERATIONS.filter((operation) => operation.path === path).map(({ method }) => method.toUpperCase());
      for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"].filter((other) => !known.includes(other))) {
        const response = await ask(
          path.replace(/\{(\w+)\}/g, (_, param: string) => own[param]!),
          { method, ...(method === "GET" ? {} : { body: {} }) },
        );
        expect([path, method, response.status]).toEqual([path, method, 405]);
        for (const allowed of known) expect(response.headers.get("allow")).toContain(allowed);
      }
    }
  });

  it("T18, D6: a key stops with its maker's role, and lives again with it", async () => {
    const agent = await seedAgent(portal.backend);
    const theirs = await makeKey(portal, agent, ["read"]);
    const { db } = portal.backend;
    const heir = await db.query<{ id: string }>("insert into auth.users (id, email) values (gen_random_uuid(), $1) returning id", [
      `${randomUUID()}@example.com`,
    ]);
    await db.query("insert into memberships (org_id, user_id, role) values ($1, $2, 'owner')", [agent.orgId, heir.rows[0]!.id]);
    const role = (name: string) =>
      db.query("update memberships set role = $1 where org_id = $2 and user_id = $3", [name, agent.orgId, agent.ownerId]);
    const status = async () => (await ask("/api/v1/agents", { key: theirs })).status;
    expect(await status()).toBe(200);
    await role("editor");
    expect(await status()).toBe(401);
    await role("admin");
    expect(await status()).toBe(200);
  });
});
