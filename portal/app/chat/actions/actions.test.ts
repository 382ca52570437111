import { randomBytes } from "node:crypto";
import type { LookupAddress } from "node:dns";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { agentAction, agentActions, needsConsent } from "@gpt-agent/core/agent-actions";
import { serviceDb } from "@gpt-agent/core/db";
import type { Log } from "@gpt-agent/core/log";
import { createSafeFetch, type EgressOptions } from "@gpt-agent/core/safe-fetch";
import { createSecretBox } from "@gpt-agent/core/secrets";
import { INSIDES, LOOPBACK, NAMES } from "@gpt-agent/core/test-addresses";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startTestBackend, type TestBackend } from "../../../../supabase/embedded/test-backend.ts";
import { type SeededAgent, seedAgent } from "../../http/test-portal.ts";
import { type Actions, createActions } from "./actions.ts";
import { agentSecretPlace, secretStore } from "./secret-headers.ts";

const keys = [{ id: "1", key: randomBytes(32) }];
const box = createSecretBox(keys);
const logged: string[] = [];
const record = (message: string, fields?: object) =>
  void logged.push(`${message} ${JSON.stringify(fields, (_key, value) => (value instanceof Error ? String(value.stack) : value))}`);
const log: Log = { debug: record, info: record, warn: record, error: record, with: () => log };

let backend: TestBackend;
let shop: SeededAgent;
let stranger: SeededAgent;
let actions: Actions;
let origin: string;
let answer: (request: IncomingMessage, response: ServerResponse, body: string) => void;
const seen: { method: string; url: string; headers: IncomingMessage["headers"]; body: string }[] = [];
const server = createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  seen.push({ method: request.method!, url: request.url!, headers: request.headers, body });
  answer(request, response, body);
});

beforeAll(async () => {
  backend = await startTestBackend();
  [shop, stranger] = [await seedAgent(backend), await seedAgent(backend)];
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  actions = withKeys(keys);
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await backend.close();
});
beforeEach(() => {
  seen.length = 0;
  logged.length = 0;
  answer = (_request, response) => json(response, { order: { id: "A-7", status: "shipped", lines: [{ sku: "b/1" }] }, internal: "note" });
});

function withKeys(encryptionKeys: typeof keys): Actions {
  const db = serviceDb({ url: backend.url, publishableKey: backend.publishableKey, secretKey: backend.secretKey });
  return createActions({
    egress: createSafeFetch({ allow: [origin] }),
    secrets: secretStore(db, createSecretBox(encryptionKeys), log),
    log,
  });
}

function json(response: ServerResponse, value: unknown, status = 200) {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

const nothing = async () => ({ headers: {}, secretHeaders: [], secretValues: [] });
const orderStatus = {
  name: "order_status",
  description: "Looks up an order",
  method: "GET",
  url: "",
  parameters: { type: "object", properties: { id: { type: "string" } }, required: ["id"] },
};
const action = (over: object = {}) => agentAction.parse({ ...orderStatus, url: `${origin}/orders/{id}`, ...over });
const caller = (over: object = {}) => ({ orgId: shop.orgId, agentId: shop.agentId, signal: new AbortController().signal, ...over });
const run = (over: object = {}, input: unknown = { id: "A-7" }, who = caller()) => actions.run(action(over), input, who);

async function addSecret(value: string, agent = shop, at = origin): Promise<string> {
  const id = crypto.randomUUID();
  await backend.db.query(
    "insert into agent_secrets (id, org_id, agent_id, name, sealed, created_by) values ($1, $2, $3, 'Authorization', $4, $5)",
    [id, agent.orgId, agent.agentId, box.seal(value, agentSecretPlace(agent.orgId, id, at)), agent.ownerId],
  );
  return id;
}

describe("what is sent", () => {
  test("path and query are filled, what is left over goes to the query of a GET and the body of a write", async () => {
    const parameters = {
      type: "object",
      properties: {
        id: { type: "string" },
        q: { type: "string" },
        page: { type: "integer" },
        tags: { type: "array", items: { type: "string" } },
        where: { type: "object", properties: { city: { type: "string" } } },
      },
      required: ["id"],
    };
    const input = { id: "№ 7&a=b?#", q: "ключ+1", page: 2, tags: ["a", "b c"], where: { city: "Пермь" } };
    const url = `${origin}/o/{id}/x?fixed=1&q={q}&none={page}`;
    expect(await run({ url, parameters }, input)).toMatchObject({ ok: true, status: 200 });
    expect(seen[0]!.body).toBe("");
    const sent = new URL(seen[0]!.url, origin);
    expect(sent.pathname).toBe("/o/%E2%84%96%207%26a%3Db%3F%23/x");
    expect([...sent.searchParams]).toEqual([
      ["fixed", "1"],
      ["q", "ключ+1"],
      ["none", "2"],
      ["tags", "a"],
      ["tags", "b c"],
      ["where", '{"city":"Пермь"}'],
    ]);
    for (const method of ["POST", "PUT", "PATCH"])
      await run({ url, parameters, method }, { id: "1", tags: ["a"], where: {} }, caller({ callId: "call-1" }));
    for (const { url, body, headers } of seen.slice(1)) {
      expect(url).toBe("/o/1/x?fixed=1");
      expect(JSON.parse(body)).toEqual({ tags: ["a"], where: {} });
      expect(headers).toMatchObject({ "content-type": "application/json", "idempotency-key": "call-1" });
    }
    await run({ url, parameters, method: "DELETE" }, { id: "1", page: 3 });
    expect(seen.at(-1)).toMatchObject({ method: "DELETE", url: "/o/1/x?fixed=1&none=3", body: "" });
  });

  test.each([".", "..", "%2e%2E", "", "../admin", "a/b", "a\\b", "..\\..", "a\nb", "a\u0000"])(
    "a value does not leave its path segment: %j",
    async (id) => {
      const outcome = await run({ method: "DELETE" }, { id });
      if (id.startsWith("%")) expect(seen[0]!.url).toBe("/orders/%252e%252E");
      else {
        expect(outcome).toMatchObject({ ok: false, error: expect.stringMatching(/"id" must not/) });
        expect(seen).toEqual([]);
      }
    },
  );

  test("half a surrogate pair is replaced, not thrown at the platform", async () => {
    expect(await run({}, { id: "a\ud800b" })).toMatchObject({ ok: true });
    expect(seen[0]!.url).toBe("/orders/a%EF%BF%BDb");
  });

  test.each([
    [null, undefined],
    [[], "The input must be a JSON object."],
    ["x", "The input must be a JSON object."],
    [{}, /does not fit.*id/],
    [{ id: 7 }, /does not fit.*#\/id/],
    [{ id: "1", admin: true }, /does not fit.*admin/],
    [{ id: "x".repeat(2_001) }, /does not fit.*#\/id/],
    [{ id: "x".repeat(20_000) }, "The input is too long."],
  ])("an input that does not fit is told to the model and reaches nobody: %j", async (input, problem) => {
    const outcome = await run({}, input);
    expect(actions.check(action(), input)).toBe((outcome as { error: string }).error);
    expect(outcome).toMatchObject({
      ok: false,
      error: problem instanceof RegExp ? expect.stringMatching(problem) : (problem ?? expect.any(String)),
    });
    expect(seen).toEqual([]);
  });

  test("a prototype is no value: it is left behind", async () => {
    expect(await run({}, JSON.parse('{"id": "1", "__proto__": {"admin": true}}'))).toMatchObject({ ok: true });
    expect(seen[0]!.url).toBe("/orders/1");
  });

  test("H13: no spelling of an inner address opens a connection, neither in an answer nor in a trial", async () => {
    let connections = 0;
    const sink = createServer((_request, response) => response.end("reached")).on("connection", () => connections++);
    await new Promise<void>((done) => sink.listen(0, "::", done));
    const { port } = sink.address() as AddressInfo;
    const lookup = ((host: string, _options: unknown, told: (error: Error | null, addresses: LookupAddress[]) => void) =>
      told(
        null,
        (NAMES[host] ?? []).map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
      )) as EgressOptions["lookup"];
    const guarded = createActions({ egress: createSafeFetch({ ports: [port], lookup }), secrets: { headersOf: nothing }, log });
    const hosts = [...LOOPBACK, ...INSIDES, ...Object.keys(NAMES)];
    expect(hosts.length).toBeGreaterThanOrEqual(80);
    for (const url of hosts.flatMap((host) => [`https://${host}:${port}/{id}`, `http://${host}:${port}/{id}`])) {
      const inside = agentAction.parse({ ...orderStatus, url });
      expect([url, await guarded.run(inside, { id: "1" }, caller())]).toEqual([url, { ok: false, error: expect.any(String) }]);
      const { failure, received } = await guarded.tryOut(inside, { id: "1" }, caller());
      expect([url, received, failure]).toEqual([url, null, expect.stringMatching(/^(address_refused|bad_url|unreachable)$/)]);
    }
    expect(connections).toBe(0);
    sink.close();
  });

  test("H13, T42: an address that is not public, or not https, is refused without a connection", async () => {
    for (const url of [
      "https://127.0.0.1/{id}",
      "https://[::1]/{id}",
      "https://localhost/{id}",
      "http://example.com/{id}",
      `http://127.1:1/{id}`,
    ]) {
      expect(await run({ url })).toMatchObject({ ok: false });
    }
    answer = (_request, response) => response.writeHead(307, { location: "https://169.254.169.254/latest" }).end();
    expect(await run()).toMatchObject({ ok: false, error: "The address does not lead to the public internet." });
    answer = (_request, response) => response.writeHead(307, { location: `${origin}/twice` }).end();
    expect(await run({ method: "POST" })).toMatchObject({ ok: false, status: 307 });
    expect(seen.filter(({ url }) => url === "/twice")).toEqual([]);
  });
});

describe("what comes back", () => {
  test("pointers keep what they name, the rest never reaches the model", async () => {
    expect(await run({ result: ["/order/status", "/order/lines/0/sku", "/order/none", "/constructor"] })).toEqual({
      ok: true,
      status: 200,
      output: { "/order/status": "shipped", "/order/lines/0/sku": "b/1" },
    });
    answer = (_request, response) => json(response, { "a/b": { "~": 1 } });
    expect(await run({ result: ["/a~1b/~0"] })).toMatchObject({ output: { "/a~1b/~0": 1 } });
    expect(await run({ result: ["/none"] })).toMatchObject({ ok: true, output: expect.stringContaining("none of the expected") });
  });

  test.each([
    [200, "text/plain; charset=windows-1251", Buffer.from([0xcf, 0xf0, 0xe8]), { ok: true, output: "При" }],
    [200, "application/json", Buffer.from("{broken"), { ok: true, output: "{broken" }],
    [200, "application/problem+json", Buffer.from("[1]"), { ok: true, output: [1] }],
    [200, "image/png", Buffer.from([0x89, 0x50, 0]), { ok: true, output: expect.stringContaining("nothing that can be read") }],
    [204, "", Buffer.alloc(0), { ok: true, status: 204 }],
    [200, "application/json", Buffer.from("[".repeat(100_000)), { ok: true, output: expect.stringMatching(/\(cut\)$/) }],
    [
      200,
      "application/json",
      Buffer.from("[".repeat(50_000) + "]".repeat(50_000)),
      { ok: true, output: expect.stringMatching(/\(cut\)$/) },
    ],
    [
      200,
      "application/json",
      Buffer.from(JSON.stringify("я".repeat(60_000))),
      { ok: true, output: expect.stringMatching(/^я{16000}… \(cut\)$/) },
    ],
    [
      404,
      "application/json",
      Buffer.from('{"message": "no order A-7"}'),
      { ok: false, status: 404, error: expect.stringMatching(/found nothing.*: no order A-7/) },
    ],
    [
      401,
      "application/json",
      Buffer.from('{"message": "bad key"}'),
      { ok: false, status: 401, error: expect.not.stringContaining("bad key") },
    ],
    [500, "text/html", Buffer.from("<h1>stack trace</h1>"), { ok: false, status: 500, error: expect.not.stringContaining("stack") }],
    [302, "", Buffer.alloc(0), { ok: false, status: 302 }],
  ])("a %i of %s", async (status, type, body, expected) => {
    answer = (_request, response) => response.writeHead(status, type ? { "content-type": type } : {}).end(body);
    expect(await run()).toMatchObject(expected);
  });

  test.each<[string, object, unknown]>([
    ["input", {}, { id: 7 }],
    ["value", {}, { id: "a/b" }],
    ["status", {}, { id: "1" }],
    ["bad_url", { url: "https://example.com:22/{id}" }, { id: "1" }],
    ["secret_missing", { headers: [{ name: "A", secretId: "0190a0a0-0000-7000-8000-000000000009" }] }, { id: "1" }],
  ])("a trial says why it failed: %s", async (failure, over, input) => {
    answer = (_request, response) => json(response, { message: "no" }, 500);
    expect(await actions.tryOut(action(over), input, caller())).toMatchObject({ failure, outcome: { ok: false } });
  });

  test("a trial hands over what can be picked from: JSON that is not too long", async () => {
    const content = async () => (await actions.tryOut(action({ enabled: false }), { id: "1" }, caller())).received?.content;
    expect(await content()).toMatchObject({ order: { id: "A-7" } });
    answer = (_request, response) => response.end("just text");
    expect(await content()).toBeNull();
    answer = (_request, response) => json(response, ["x".repeat(64_000)]);
    expect(await content()).toBeNull();
  });

  test("a service that is silent or away is a plain sentence, an abort travels", async () => {
    answer = () => {};
    expect(await run({ timeoutMs: 500 })).toEqual({ ok: false, error: "The address did not answer in time." });
    const leaving = new AbortController();
    const reason = new Error("stopped");
    answer = () => leaving.abort(reason);
    await expect(run({}, { id: "1" }, caller({ signal: leaving.signal }))).rejects.toBe(reason);
    answer = (request) => request.socket.destroy();
    expect(await run()).toEqual({ ok: false, error: "The address cannot be reached." });
  });
});

describe("secrets", () => {
  const secret = "s3cret-pässwörd-42".replace(/[^ -~]/g, "x");
  const basic = `Basic ${Buffer.from("shop:pa55w0rd").toString("base64")}`;

  test("H18: are sent, and hidden wherever the service echoes them", async () => {
    const headers = [
      { name: "X-Shop", value: "plain" },
      { name: "Authorization", secretId: await addSecret(`Bearer ${secret}`) },
      { name: "X-Key", secretId: await addSecret(basic) },
    ];
    answer = (request, response) =>
      json(response, {
        echoed: request.headers,
        [secret]: [
          secret.toUpperCase(),
          `key=${encodeURIComponent(secret)}`,
          Buffer.from(secret).toString("base64"),
          "the password is pa55w0rd",
        ],
      });
    const trial = await actions.tryOut(action({ headers }), { id: "1" }, caller());
    expect(seen[0]!.headers).toMatchObject({ authorization: `Bearer ${secret}`, "x-key": basic, "x-shop": "plain" });
    expect(trial.sent!.headers).toEqual({ "x-shop": "plain", authorization: "••••", "x-key": "••••" });
    expect(trial.received!.body).toContain("••••");
    const told = JSON.stringify(trial) + logged.join();
    for (const leak of [secret, secret.toUpperCase(), "pa55w0rd", basic.slice(6), Buffer.from(secret).toString("base64")])
      expect(told).not.toContain(leak);
    answer = (_request, response) => json(response, { message: `unknown key ${secret}` }, 422);
    expect(await actions.run(action({ headers }), { id: "1" }, caller())).toMatchObject({
      ok: false,
      error: expect.stringContaining("unknown key ••••"),
    });
  });

  test("T01: another organization's or agent's secret, a moved row and a lost key open nothing", async () => {
    const foreign = await addSecret("Bearer foreign", stranger);
    const headers = (secretId: string) => ({ headers: [{ name: "Authorization", secretId }] });
    const missing = { ok: false, error: expect.stringContaining("a secret is missing") };
    expect(await run(headers(foreign))).toMatchObject(missing);
    expect(await run(headers(crypto.randomUUID()))).toMatchObject(missing);
    const moved = await addSecret("Bearer moved");
    await backend.db.query("delete from agent_secrets where id = $1", [foreign]);
    await backend.db.query(
      "insert into agent_secrets (id, org_id, agent_id, name, sealed) select $1, $2, $3, 'A', sealed from agent_secrets where id = $4",
      [foreign, stranger.orgId, stranger.agentId, moved],
    );
    expect(await run(headers(foreign), { id: "1" }, caller({ orgId: stranger.orgId, agentId: stranger.agentId }))).toMatchObject(missing);
    const lost = withKeys([{ id: "2", key: randomBytes(32) }]);
    expect(await lost.run(action(headers(moved)), { id: "1" }, caller())).toMatchObject(missing);
    expect(seen).toEqual([]);
  });

  test("a secret is sent to the origin it was given for and to no other, whoever edits the action", async () => {
    const headers = [{ name: "Authorization", secretId: await addSecret("Bearer elsewhere", shop, "https://api.example.com") }];
    expect(await run({ headers })).toMatchObject({ ok: false, error: expect.stringContaining("a secret is missing") });
    expect(await run({ headers, url: `${origin}/@api.example.com/` })).toMatchObject({ ok: false });
    expect(seen).toEqual([]);
    const unsaved = new Map([[headers[0]!.secretId, "Bearer tried"]]);
    expect((await actions.tryOut(action({ headers }), { id: "1" }, caller({ unsaved }))).outcome.ok).toBe(true);
    expect(seen[0]!.headers.authorization).toBe("Bearer tried");
  });

  test("after a rotation a secret is sealed anew when it is first used", async () => {
    const id = await addSecret("Bearer rotated");
    const rotated = [{ id: "2", key: randomBytes(32) }, ...keys];
    const headers = [{ name: "Authorization", secretId: id }];
    expect(await withKeys(rotated).run(action({ headers }), { id: "1" }, caller())).toMatchObject({ ok: true });
    const { rows } = await backend.db.query<{ sealed: string }>("select sealed from agent_secrets where id = $1", [id]);
    expect(rows[0]!.sealed).toMatch(/^v1\.2\./);
    expect(await withKeys([rotated[0]!]).run(action({ headers }), { id: "1" }, caller())).toMatchObject({ ok: true });
    expect(seen.map(({ headers }) => headers.authorization)).toEqual(["Bearer rotated", "Bearer rotated"]);
  });
});

describe("which actions there are", () => {
  test("disabled and unknown ones are refused; the model is offered closed schemas", async () => {
    expect(await run({ enabled: false })).toEqual({ ok: false, error: "There is no such action." });
    expect(await actions.run(undefined, {}, caller())).toEqual({ ok: false, error: "There is no such action." });
    expect(seen).toEqual([]);
    const offered = actions.toolsFor({ actions: [action(), action({ name: "other", enabled: false })] });
    expect(offered).toEqual([
      {
        name: "order_status",
        description: "Looks up an order",
        parameters: {
          type: "object",
          properties: { id: { type: "string", maxLength: 2_000 } },
          required: ["id"],
          additionalProperties: false,
        },
      },
    ]);
    expect(["GET", "POST", "DELETE"].map((method) => needsConsent(action({ method })))).toEqual([false, true, true]);
    expect(needsConsent(action({ confirm: true }))).toBe(true);
    expect(agentActions.safeParse([action(), action()]).success).toBe(false);
  });

  test.each([
    ["https://{id}.example.com/", "parameter_in_host"],
    ["https://example.com:{id}/", "parameter_in_host"],
    ["{id}", "not_a_web_address"],
    ["//example.com/", "not_a_web_address"],
    ["javascript:alert(1)", "not_a_web_address"],
    ["file:///etc/passwd", "not_a_web_address"],
    ["https://a:b@example.com/", "has_userinfo"],
    ["https://example.com/#{id}", "has_fragment"],
    ["https://example.com/{other}", "unknown_parameter"],
    ["https://example.com/{id", "unknown_parameter"],
    ["https://example.com/{constructor}", "unknown_parameter"],
    ["https://example.com/{list}", "parameter_not_plain"],
    ["https://example.com/{free}", "path_parameter_not_required"],
  ])("the template %s cannot be saved", (url, problem) => {
    const parameters = {
      type: "object",
      properties: { id: { type: "string" }, free: { type: "string" }, list: { type: "array", items: { type: "string" } } },
      required: ["id"],
    };
    expect(agentAction.safeParse({ ...orderStatus, url, parameters }).error?.issues).toMatchObject([{ path: ["url"], message: problem }]);
  });

  const property = (value: object) => ({ type: "object", properties: { a: value } });
  test.each([
    [property({ $ref: "https://example.com/schema" })],
    [property({ type: "string", pattern: "(a+)+$" })],
    [property({ type: "string", format: "regex" })],
    [property({ anyOf: [{ type: "string" }] })],
    [property({ type: ["string", "null"] })],
    [property(property(property(property({ type: "string" }))))],
    [{ type: "array", items: { type: "string" } }],
    [{ type: "object", properties: { constructor: { type: "string" } } }],
    [{ type: "object", properties: { "a b": { type: "string" } } }],
    [{ type: "object", properties: {}, required: ["a"] }],
    [{ type: "object", properties: {}, additionalProperties: true }],
    [{ type: "object", properties: Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`p${index}`, { type: "string" }])) }],
  ])("T58: the schema %j cannot be saved", (parameters) => {
    const saved = (schema: object) => agentAction.safeParse({ ...orderStatus, url: "https://example.com/", parameters: schema }).success;
    expect(saved(parameters)).toBe(false);
    expect(saved(property(property({ type: "array", items: { type: "string", enum: ["x"] } })))).toBe(true);
  });
});
