import { randomBytes, randomUUID } from "node:crypto";
import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LIMITS } from "./limiter/limiter.ts";
import {
  call,
  openSession,
  question,
  readAnswer,
  type SeededAgent,
  SHOP,
  seedAgent,
  startTestPortal,
  type TestPortal,
} from "./test-portal.ts";
import { ownOrigins } from "./visitor-door.ts";
import { visitorTokens } from "./visitor-token.ts";

const PUNY = "https://xn--80ak6aa92e.example";
const PORT = "http://localhost:8080";
const KEY = randomBytes(32);

let portal: TestPortal;
let agent: SeededAgent;
let closed: SeededAgent;
let foreign: SeededAgent;
beforeAll(async () => {
  portal = await startTestPortal({ ENCRYPTION_KEY: KEY.toString("base64"), TRUSTED_PROXIES: "1" });
  agent = await seedAgent(portal.backend, {
    origins: [SHOP, PUNY, PORT],
    passages: [{ body: "The warranty lasts ten years. It covers leaks." }],
  });
  closed = await seedAgent(portal.backend, { origins: [] });
  foreign = await seedAgent(portal.backend, { origins: ["https://other.example"] });
});
afterAll(() => portal.close());

/** Each test has an address of its own, so that none uses up another's limits. */
const address = () => ({ "x-forwarded-for": `10.${Math.floor(Math.random() * 255)}.${Math.floor(Math.random() * 255)}.7` });
const from = (origin: string | null): Record<string, string> => ({ ...address(), ...(origin === null ? {} : { origin }) });
const configOf = (who: SeededAgent, origin: string | null) =>
  fetch(`${portal.url}/api/v1/agents/${who.publicId}/config`, { headers: from(origin) });
const sessionOf = (who: SeededAgent, origin: string | null) =>
  fetch(`${portal.url}/api/v1/agents/${who.publicId}/sessions`, {
    method: "POST",
    headers: { ...from(origin), "content-type": "application/json" },
    body: "{}",
  });
const preflightOf = (path: string, origin: string) =>
  fetch(`${portal.url}${path}`, {
    method: "OPTIONS",
    headers: { ...from(origin), "access-control-request-method": "POST", "access-control-request-headers": "authorization" },
  });

describe("B4: origins are compared exactly", () => {
  const refused: [string, string][] = [
    ["null", "null"],
    ["suffix", "https://evil-shop.example"],
    ["prefix", "https://shop.example.com"],
    ["subdomain", "https://www.shop.example"],
    ["parent domain", "https://example"],
    ["other scheme", "http://shop.example"],
    ["port", "https://shop.example:444"],
    ["default port spelled out", "https://shop.example:443"],
    ["no port", "http://localhost"],
    ["upper case", "https://SHOP.example"],
    ["trailing dot", "https://shop.example."],
    ["trailing slash", "https://shop.example/"],
    ["path", "https://shop.example/x"],
    ["user info", "https://shop.example@evil.example"],
    ["other punycode", "https://xn--80ak6aa92f.example"],
    ["unlisted", "https://evil.example"],
    ["two origins", "https://shop.example, https://evil.example"],
    ["wildcard", "*"],
  ];
  it.each(refused)("refused: %s", async (_, origin) => {
    for (const response of [
      await configOf(agent, origin),
      await sessionOf(agent, origin),
      await preflightOf(`/api/v1/agents/${agent.publicId}/chat`, origin),
    ]) {
      expect(response.status).toBe(403);
      expect(response.headers.get("access-control-allow-origin")).toBeNull();
      expect(response.headers.get("vary")).toContain("Origin");
      expect((await response.json()).code).toBe("origin_not_allowed");
    }
  });

  it.each([
    ["listed", SHOP],
    ["punycode", PUNY],
    ["with its port", PORT],
  ])("allowed: %s", async (_, origin) => {
    const preflight = await preflightOf(`/api/v1/agents/${agent.publicId}/chat`, origin);
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-methods")).toContain("POST");
    expect(preflight.headers.get("access-control-allow-headers")).toMatch(/authorization.*content-type.*idempotency-key.*last-event-id/);
    for (const response of [preflight, await configOf(agent, origin), await sessionOf(agent, origin)]) {
      expect(response.headers.get("access-control-allow-origin")).toBe(origin);
      expect(response.headers.get("access-control-allow-credentials")).toBeNull();
      expect(response.headers.get("vary")).toContain("Origin");
      expect(response.headers.get("set-cookie")).toBeNull();
    }
  });

  it("an empty list denies every page but the portal's own", async () => {
    expect((await configOf(closed, SHOP)).status).toBe(403);
    expect((await sessionOf(closed, SHOP)).status).toBe(403);
    expect((await sessionOf(closed, portal.url)).status).toBe(201);
    // A loopback portal is itself under each of its names, on its own port.
    expect((await sessionOf(closed, portal.url.replace("127.0.0.1", "localhost"))).status).toBe(201);
    expect((await sessionOf(closed, "http://localhost:1")).status).toBe(403);
  });

  it("a public portal is itself under one name alone", () => {
    expect(ownOrigins("https://portal.example/")).toEqual(["https://portal.example"]);
    expect(ownOrigins("http://localhost:3000")).toContain("http://127.0.0.1:3000");
    expect(ownOrigins("http://localhost.example:3000")).toEqual(["http://localhost.example:3000"]);
  });

  it("an absent origin may read the public config, as same-origin pages do, and opens no session", async () => {
    const config = await configOf(agent, null);
    expect(config.status).toBe(200);
    expect(config.headers.get("access-control-allow-origin")).toBeNull();
    expect((await sessionOf(agent, null)).status).toBe(403);
  });

  it("another agent's origin is refused, and an unknown agent is 404", async () => {
    expect((await configOf(agent, "https://other.example")).status).toBe(403);
    for (const id of ["nope-nope", "..%2f..", "%00", "a".repeat(5_000)]) {
      expect((await fetch(`${portal.url}/api/v1/agents/${id}/config`, { headers: from(SHOP) })).status).toBe(404);
    }
  });
});

describe("B4: each call checks the origin again", () => {
  it("a token works from the page it was made for alone, also for streams", async () => {
    const { token } = await openSession(portal, agent);
    const paths = [
      ["POST", `/api/v1/agents/${agent.publicId}/chat`],
      ["GET", "/api/v1/chat/c1/stream"],
      ["POST", "/api/v1/chat/c1/stop"],
      ["GET", "/api/v1/conversations/c1"],
      ["DELETE", "/api/v1/conversations/c1"],
      ["GET", "/api/v1/conversations/c1/export"],
      ["POST", `/api/v1/messages/${randomUUID()}/feedback`],
      ["GET", `/api/v1/messages/${randomUUID()}/citations/1`],
    ];
    for (const [method, path] of paths) {
      // PUNY is listed too, but this token is not its.
      for (const origin of [PUNY, "https://evil.example", "null", null]) {
        const headers: Record<string, string> = { authorization: `Bearer ${token}`, "content-type": "application/json", ...from(origin) };
        const response = await fetch(`${portal.url}${path}`, {
          method: method!,
          headers,
          ...(method === "POST" ? { body: JSON.stringify(question("Hi")) } : {}),
        });
        expect([response.status, path, origin]).toEqual([403, path, origin]);
        expect(response.headers.get("access-control-allow-origin")).toBeNull();
      }
    }
  });

  it("an origin taken off the list stops working", async () => {
    const once = await seedAgent(portal.backend, { origins: [SHOP] });
    const { token } = await openSession(portal, once);
    const chat = () => call(portal, `/api/v1/agents/${once.publicId}/chat`, token, { body: question("hi") });
    expect((await chat()).status).toBe(200);
    await portal.backend.db.query("delete from agent_origins where agent_id = $1", [once.agentId]);
    expect((await chat()).status).toBe(403);
    await expect.poll(async () => (await call(portal, "/api/v1/conversations/c1", token)).status, { timeout: 4_000 }).toBe(403);
  });

  it("a paused agent answers no questions but can be read", async () => {
    const paused = await seedAgent(portal.backend);
    const { token } = await openSession(portal, paused);
    await portal.backend.db.query("update agents set status = 'paused' where id = $1", [paused.agentId]);
    const response = await call(portal, `/api/v1/agents/${paused.publicId}/chat`, token, { body: question("hi") });
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("60");
    expect((await openSession(portal, paused)).visitorId).toBeTruthy();
    await expect.poll(async () => (await (await configOf(paused, SHOP)).json()).status, { timeout: 4_000 }).toBe("paused");
  });

  it("preflights of paths that name no agent go by whether any agent lists the page", async () => {
    expect((await preflightOf("/api/v1/chat/c1/stop", SHOP)).headers.get("access-control-allow-origin")).toBe(SHOP);
    expect((await preflightOf("/api/v1/chat/c1/stop", "https://evil.example")).status).toBe(403);
  });
});

describe("tokens", () => {
  const claims = () => ({ org: agent.orgId, aid: agent.agentId, agt: agent.publicId, ori: SHOP });
  const derived = async () => {
    // The portal's own derivation, so that only what each case changes is wrong.
    const { token } = await visitorTokens([{ id: "1", key: KEY }]).sign({
      visitorId: randomUUID(),
      orgId: agent.orgId,
      agentId: agent.agentId,
      agentPublicId: agent.publicId,
      origin: SHOP,
      verified: false,
    });
    return token;
  };

  it("B2: anything but a token of ours, for this agent, in time, is 401 and readable by the page", async () => {
    const other = new Uint8Array(randomBytes(32));
    const good = await derived();
    const [head, body, signature] = good.split(".") as [string, string, string];
    const forge = (header: object) => `${Buffer.from(JSON.stringify(header)).toString("base64url")}.${body}.${signature}`;
    const bad = [
      "",
      "x",
      "null",
      "{}",
      `${head}.${body}.`,
      `${head}.${body}.${"A".repeat(43)}`,
      forge({ alg: "none" }),
      forge({ alg: "RS256" }),
      forge({ alg: "HS256", kid: "../../etc/passwd" }),
      `${head}.${Buffer.from(JSON.stringify({ ...claims(), sub: randomUUID(), exp: 4e9 })).toString("base64url")}.${signature}`,
      await new SignJWT(claims())
        .setProtectedHeader({ alg: "HS256" })
        .setSubject(randomUUID())
        .setAudience("visitor")
        .setExpirationTime("1h")
        .sign(other),
      "a".repeat(12_000),
    ];
    for (const token of bad) {
      const response = await call(portal, `/api/v1/agents/${agent.publicId}/chat`, token, { body: question("hi"), headers: address() });
      expect([response.status, token.slice(0, 40)]).toEqual([401, token.slice(0, 40)]);
      expect(response.headers.get("access-control-allow-origin")).toBe(SHOP);
      expect((await response.json()).code).toBe("unauthenticated");
    }
    const theirs = await openSession(portal, foreign, {}, "https://other.example");
    expect((await call(portal, `/api/v1/agents/${agent.publicId}/chat`, theirs.token, { body: question("hi") })).status).toBe(401);
  });

  it("an expired one opens nothing, but brings the same visitor back for 180 days", async () => {
    const session = await openSession(portal, agent);
    const old = await aged(session.token, 2 * 3_600);
    expect((await call(portal, "/api/v1/conversations/c1", old)).status).toBe(401);
    expect((await openSession(portal, agent, { visitorToken: old })).visitorId).toBe(session.visitorId);
    const ancient = await aged(session.token, 182 * 24 * 3_600);
    expect((await openSession(portal, agent, { visitorToken: ancient })).visitorId).not.toBe(session.visitorId);
  });

  it("a foreign or garbled earlier token makes a new visitor", async () => {
    const theirs = await openSession(portal, foreign, {}, "https://other.example");
    const elsewhere = await openSession(portal, agent, {}, PUNY);
    for (const visitorToken of [theirs.token, elsewhere.token, "garbage"]) {
      const opened = await openSession(portal, agent, { visitorToken });
      expect([theirs.visitorId, elsewhere.visitorId]).not.toContain(opened.visitorId);
      expect(opened.conversations).toEqual([]);
    }
  });

  /** The same claims, signed by the same key, ended `seconds` ago. */
  async function aged(token: string, seconds: number): Promise<string> {
    const { hkdfSync } = await import("node:crypto");
    const secret = new Uint8Array(hkdfSync("sha256", KEY, "", "gpt-agent visitor token v1", 32));
    const {
      exp: _,
      iat: __,
      ...payload
    } = JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString()) as Record<string, unknown>;
    return new SignJWT(payload)
      .setProtectedHeader({ alg: "HS256" })
      .setExpirationTime(Math.floor(Date.now() / 1000) - seconds)
      .sign(secret);
  }
});

describe("another visitor's things", () => {
  it("T09, T10, T11: are 404 by any id, through every door, and stay as they are", async () => {
    const mine = await openSession(portal, agent);
    const thief = await openSession(portal, agent);
    const id = randomUUID();
    const answer = await readAnswer(
      await call(portal, `/api/v1/agents/${agent.publicId}/chat`, mine.token, {
        body: question("How long does the warranty last?", { id }),
      }),
    );
    const messageId = answer.start?.messageId;
    expect(answer.citations).toHaveLength(1);
    const doors: [string, string, unknown?][] = [
      ["GET", `/api/v1/chat/${id}/stream`],
      ["POST", `/api/v1/chat/${id}/stop`],
      ["GET", `/api/v1/conversations/${id}`],
      ["GET", `/api/v1/conversations/${id}/export`],
      ["DELETE", `/api/v1/conversations/${id}`],
      ["POST", `/api/v1/messages/${messageId}/feedback`, { rating: "down" }],
      ["GET", `/api/v1/messages/${messageId}/citations/1`],
    ];
    for (const [method, path, body] of doors) {
      const response = await call(portal, path, thief.token, { method, ...(body ? { body } : {}) });
      expect([response.status, path]).toEqual([404, path]);
      expect((await response.json()).code).toBe("not_found");
    }
    // The same conversation id names a conversation of one's own.
    const own = await readAnswer(
      await call(portal, `/api/v1/agents/${agent.publicId}/chat`, thief.token, { body: question("hi", { id }) }),
    );
    expect(own.start?.messageId).not.toBe(messageId);
    const regenerate = { id, messages: [{}], trigger: "regenerate-message", messageId };
    expect((await call(portal, `/api/v1/agents/${agent.publicId}/chat`, thief.token, { body: regenerate })).status).toBe(404);

    const conversation = await (await call(portal, `/api/v1/conversations/${id}`, mine.token)).json();
    expect(conversation.messages).toHaveLength(2);
    expect(conversation.messages[1].metadata.rating).toBeUndefined();
  });

  it("T33: ids that are none are 404 and reach no query", async () => {
    const { token } = await openSession(portal, agent);
    for (const id of ["..%2f..%2fadmin", "%2e%2e", "a".repeat(10_000), "1", "x'%20or%201=1", "%00"]) {
      expect((await call(portal, `/api/v1/conversations/${id}`, token)).status).toBe(404);
      expect((await call(portal, `/api/v1/messages/${id}/feedback`, token, { body: { rating: "up" } })).status).toBe(404);
      expect((await call(portal, `/api/v1/messages/${randomUUID()}/citations/${id}`, token)).status).toBe(404);
    }
  });
});

describe("T57: bad bodies are 4xx on every route that takes one", () => {
  const deep = `${"[".repeat(5_000)}${"]".repeat(5_000)}`;
  const bodies = [
    "",
    "null",
    "[]",
    '""',
    "0",
    "{",
    "{}x",
    deep,
    `{"a":${deep}}`,
    '{"__proto__":{"x":1}}',
    '"\\ud800"',
    "1e400",
    '{"id":{"$ne":1}}',
    "﻿{}x",
  ];

  it.each(["chat", "sessions", "feedback"])("%s", async (route) => {
    const { token } = await openSession(portal, agent);
    const path = {
      chat: `/api/v1/agents/${agent.publicId}/chat`,
      sessions: `/api/v1/agents/${agent.publicId}/sessions`,
      feedback: `/api/v1/messages/${randomUUID()}/feedback`,
    }[route];
    for (const body of bodies) {
      const response = await fetch(`${portal.url}${path}`, {
        method: "POST",
        headers: { ...from(SHOP), authorization: `Bearer ${token}`, "content-type": "application/json" },
        ...(body === "" ? {} : { body }),
      });
      expect([response.status, body.slice(0, 30)]).toEqual([400, body.slice(0, 30)]);
      expect(response.headers.get("content-type")).toBe("application/problem+json");
      const problem = await response.json();
      expect(problem).toMatchObject({ status: 400, code: "invalid_request", title: "Bad request" });
      expect(problem.requestId).toMatch(/^[0-9a-f-]{36}$/);
    }
    for (const type of ["text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"]) {
      const response = await call(portal, path!, token, { method: "POST", body: "{}", headers: { ...address(), "content-type": type } });
      expect(response.status).toBe(415);
    }
    expect((await call(portal, path!, token, { body: "{}", headers: { ...address(), "content-encoding": "gzip" } })).status).toBe(415);
  });

  it("wrong types and shapes of a question", async () => {
    const { token } = await openSession(portal, agent);
    const good = question("hi");
    const bad: unknown[] = [
      { ...good, id: 5 },
      { ...good, id: "" },
      { ...good, id: "x".repeat(101) },
      { ...good, id: "../x" },
      { ...good, trigger: "explode" },
      { ...good, messages: [] },
      { ...good, messages: {} },
      { ...good, messages: [null] },
      { ...good, messages: ["hi"] },
      { ...good, messages: [{ id: "1", role: "system", parts: [{ type: "text", text: "hi" }] }] },
      { ...good, messages: [{ id: "1", role: "assistant", parts: [{ type: "text", text: "hi" }] }] },
      { ...good, messages: [{ id: "1", role: "user", parts: "hi" }] },
      { ...good, messages: [{ id: "1", role: "user", parts: [] }] },
      { ...good, messages: [{ id: "1", role: "user", parts: [{ type: "file", url: "http://127.0.0.1/" }] }] },
      { ...good, messages: [{ id: "1", role: "user", parts: [{ type: "text", text: 5 }] }] },
      { ...good, messages: [{ id: "", role: "user", parts: [{ type: "text", text: "hi" }] }] },
      question("   \n\u0000  "),
      { ...good, extra: 1 },
    ];
    // Few enough for one visitor's limit.
    expect(bad.length).toBeLessThan(LIMITS.messageVisitor.limit);
    for (const body of bad) {
      const response = await call(portal, `/api/v1/agents/${agent.publicId}/chat`, token, { body, headers: address() });
      expect([response.status, JSON.stringify(body).slice(0, 120)]).toEqual([400, JSON.stringify(body).slice(0, 120)]);
    }
  });

  it("messages of 100,000 characters and bodies beyond the cap are 413", async () => {
    const { token } = await openSession(portal, agent);
    const long = await call(portal, `/api/v1/agents/${agent.publicId}/chat`, token, { body: question("я".repeat(100_000)) });
    expect(long.status).toBe(413);
    expect((await long.json()).code).toBe("too_large");
    // Without a length: cut while it is read.
    let sent = 0;
    const huge = new ReadableStream({
      async pull(controller) {
        await new Promise((next) => setTimeout(next, 1));
        sent += 64 * 1024;
        controller.enqueue(new Uint8Array(64 * 1024).fill(32));
        if (sent >= 64 * 1024 * 1024) controller.close();
      },
    });
    const response = await fetch(`${portal.url}/api/v1/agents/${agent.publicId}/chat`, {
      method: "POST",
      headers: { origin: SHOP, authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: huge,
      duplex: "half",
    } as RequestInit).then(
      (answer) => answer.status,
      () => "cut",
    );
    expect([413, "cut"]).toContain(response);
    expect(sent).toBeLessThan(32 * 1024 * 1024);
  });

  it("strange but storable text is answered and kept whole", async () => {
    const { token } = await openSession(portal, agent);
    for (const text of ["\ud800 warranty", "war\u0000ranty", "\u202ewarranty\u202c", "w͓̽a̽r", "👩‍👩‍👧‍👦 warranty", "x".repeat(8_000)]) {
      const answer = await readAnswer(
        await call(portal, `/api/v1/agents/${agent.publicId}/chat`, token, { body: question(text), headers: address() }),
      );
      expect(answer.done).toBe(true);
    }
  });
});

describe("methods and paths", () => {
  it("405 with Allow for a method that a path does not have", async () => {
    for (const [method, path, allow] of [
      ["POST", `/api/v1/agents/${agent.publicId}/config`, "GET, OPTIONS"],
      ["GET", `/api/v1/agents/${agent.publicId}/sessions`, "POST, OPTIONS"],
      ["GET", `/api/v1/agents/${agent.publicId}/chat`, "POST, OPTIONS"],
      ["PUT", "/api/v1/conversations/c1", "GET, DELETE, OPTIONS"],
      ["DELETE", "/api/health", "GET"],
    ]) {
      const response = await fetch(`${portal.url}${path}`, { method: method!, headers: from(SHOP) });
      expect([response.status, path]).toEqual([405, path]);
      expect(response.headers.get("allow")).toBe(allow);
      expect((await response.json()).code).toBe("method_not_allowed");
    }
  });

  it("404 problem+json for unknown paths under /api, OpenAI's shape under /v1", async () => {
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
      const response = await fetch(`${portal.url}/api/v1/nothing/here`, { method });
      expect(response.status).toBe(404);
      expect(response.headers.get("content-type")).toBe("application/problem+json");
      const openai = await fetch(`${portal.url}/v1/nothing`, { method });
      expect(openai.status).toBe(404);
      expect((await openai.json()).error).toMatchObject({ code: "not_found", type: "not_found_error" });
    }
  });
});

describe("limits", () => {
  it("429 with Retry-After, readable by the page, when a visitor asks too fast", async () => {
    const { token } = await openSession(portal, agent);
    const statuses = [];
    let last: Response | undefined;
    for (let i = 0; i <= LIMITS.messageVisitor.limit; i++) {
      last = await call(portal, `/api/v1/agents/${agent.publicId}/chat`, token, { body: "{}", headers: address() });
      statuses.push(last.status);
    }
    expect(statuses).toEqual([...Array(LIMITS.messageVisitor.limit).fill(400), 429]);
    expect(Number(last?.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(last?.headers.get("access-control-allow-origin")).toBe(SHOP);
    expect(last?.headers.get("access-control-expose-headers")).toContain("retry-after");
    expect(await last?.json()).toMatchObject({ status: 429, code: "rate_limited", retryAfter: expect.any(Number) });
  });

  it("T32: a client cannot choose its address: only the trusted proxy's entry counts", async () => {
    const here = address()["x-forwarded-for"];
    const open = (spoofed: string) =>
      fetch(`${portal.url}/api/v1/agents/${agent.publicId}/sessions`, {
        method: "POST",
        headers: {
          origin: SHOP,
          "content-type": "application/json",
          "x-forwarded-for": `${spoofed}, ${here}`,
          "x-client-address": spoofed,
          "x-real-ip": spoofed,
        },
        body: "[]",
      });
    const statuses = [];
    for (let i = 0; i <= LIMITS.session.limit; i++) statuses.push((await open(`1.2.3.${i}`)).status);
    expect(statuses.filter((status) => status === 429)).toHaveLength(1);
    expect(statuses.at(-1)).toBe(429);
  });
});

describe("GET /api/health", () => {
  it("tells the state of each part; liveness touches nothing", async () => {
    const response = await fetch(`${portal.url}/api/health`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      version: expect.any(String),
      status: "ok",
      checks: { database: "ok", queue: "ok", storage: "ok", llm: "quotes" },
    });
    expect(await (await fetch(`${portal.url}/api/health?live=1`)).json()).toEqual({ version: expect.any(String), status: "ok" });
  });
});
