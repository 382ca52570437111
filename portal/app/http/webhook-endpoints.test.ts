import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { endpointForm } from "../models/webhook-form.server.ts";
import { callWithKey, makeKey } from "./test-keys.ts";
import { type SeededAgent, seedAgent, startTestPortal, type TestPortal } from "./test-portal.ts";

const INNER = "http://erp.internal:8080";
const PATH = "/api/v1/webhook-endpoints";
const GIVEN = { url: "https://shop.example/hooks", description: "Orders", events: ["feedback.received", "message.created"] };

let portal: TestPortal;
let agent: SeededAgent;
let key: string;

beforeAll(async () => {
  portal = await startTestPortal({ EGRESS_ALLOW: INNER });
});
afterAll(() => portal.close());

/** An organization of its own, with a key. */
async function begin(): Promise<void> {
  agent = await seedAgent(portal.backend);
  key = await makeKey(portal, agent, ["webhooks"]);
}
async function json(path: string, init: Parameters<typeof callWithKey>[3] = {}) {
  const response = await callWithKey(portal, `${PATH}${path}`, key, init);
  return { status: response.status, body: response.status === 204 ? null : await response.json() };
}
const create = (body: object = GIVEN, headers: Record<string, string> = {}) => json("", { body, headers });
const rowOf = async (id: string) =>
  (await portal.backend.db.query<Record<string, unknown>>("select * from webhook_endpoints where id = $1", [id])).rows[0]!;
const sql = (text: string, values: unknown[] = []) => portal.backend.db.query<Record<string, unknown>>(text, values);

describe("endpoints", () => {
  it("are added with a secret that is shown once and sealed, listed, changed, switched and deleted", async () => {
    await begin();
    const made = await create();
    expect(made.status).toBe(201);
    const { secret, ...endpoint } = made.body;
    expect(endpoint).toEqual({
      id: expect.any(String),
      url: GIVEN.url,
      description: "Orders",
      events: ["message.created", "feedback.received"],
      status: "enabled",
      disabledReason: null,
      failingSince: null,
      lastSuccessAt: null,
      previousSecretUntil: null,
      createdAt: expect.any(String),
    });
    expect(secret).toMatch(/^whsec_[\w+/]{43}=$/);
    const row = await rowOf(endpoint.id);
    expect(row).toMatchObject({ org_id: agent.orgId, created_by: agent.ownerId });
    expect(JSON.stringify(row)).not.toContain(secret.slice(6));
    expect((await json("")).body).toEqual({ data: [endpoint], nextCursor: null });
    expect((await json(`/${endpoint.id}`)).body).toEqual(endpoint);

    const change = (body: object) => json(`/${endpoint.id}`, { method: "PATCH", body });
    expect((await change({ description: "", events: ["source.ready", "source.ready"] })).body).toEqual({
      ...endpoint,
      description: "",
      events: ["source.ready"],
    });
    expect((await change({ status: "disabled" })).body).toMatchObject({ status: "disabled", disabledReason: "by_hand" });
    await sql("update webhook_endpoints set disabled_reason = 'gone', failing_since = now() where id = $1", [endpoint.id]);
    // It is off already: why it went off stays.
    expect((await change({ status: "disabled" })).body).toMatchObject({ disabledReason: "gone" });
    expect((await change({ status: "enabled" })).body).toMatchObject({ status: "enabled", disabledReason: null, failingSince: null });
    expect((await json(`/${endpoint.id}`, { method: "DELETE" })).status).toBe(204);
    expect((await json(`/${endpoint.id}`)).status).toBe(404);
    expect((await json(`/${endpoint.id}`, { method: "DELETE" })).status).toBe(404);
  });

  it("C5: rotating gives a new secret, and says how long the old one signs along", async () => {
    await begin();
    const { body } = await create();
    const before = await rowOf(body.id);
    const rotated = await json(`/${body.id}/rotate-secret`, { body: { overlapHours: 2 } });
    expect(rotated.status).toBe(200);
    expect(rotated.body.secret).not.toBe(body.secret);
    expect((Date.parse(rotated.body.previousSecretUntil) - Date.now()) / 3_600_000).toBeCloseTo(2, 1);
    const row = await rowOf(body.id);
    expect(row.previous_secret).toBe(before.sealed_secret);
    for (const bad of [{ overlapHours: -1 }, { overlapHours: 169 }, { overlapHours: "2" }, { sealed: "x" }])
      expect((await json(`/${body.id}/rotate-secret`, { body: bad })).status).toBe(400);
    expect((await rowOf(body.id)).sealed_secret).toBe(row.sealed_secret);
  });

  it("T03: what is not a caller's to set is refused, and no row is written or changed", async () => {
    await begin();
    const foreign = await seedAgent(portal.backend);
    const { body } = await create();
    const before = await rowOf(body.id);
    const columns = {
      id: randomUUID(),
      org_id: foreign.orgId,
      orgId: foreign.orgId,
      created_by: foreign.ownerId,
      created_at: "2020-01-01T00:00:00Z",
      sealed_secret: before.sealed_secret,
      secret: "whsec_AAAA",
      disabled_reason: "gone",
      disabledReason: "gone",
      failing_since: null,
      previous_until: "2030-01-01T00:00:00Z",
      last_success_at: "2030-01-01T00:00:00Z",
    };
    for (const [name, value] of Object.entries(columns)) {
      expect([name, (await create({ ...GIVEN, [name]: value })).status]).toEqual([name, 400]);
      expect([name, (await json(`/${body.id}`, { method: "PATCH", body: { description: "x", [name]: value } })).status]).toEqual([
        name,
        400,
      ]);
    }
    expect((await create({ ...GIVEN, status: "disabled" })).status).toBe(400);
    expect((await json(`/${body.id}`, { method: "PATCH", body: {} })).status).toBe(400);
    expect(await rowOf(body.id)).toEqual(before);
    expect((await sql("select 1 from webhook_endpoints where org_id = $1", [agent.orgId])).rows).toHaveLength(1);
  });

  it("T07: another organization's endpoints and deliveries do not exist", async () => {
    await begin();
    const [theirs, theirKey] = [(await create()).body, key];
    const sent = (await json(`/${theirs.id}/send-test`, { method: "POST" })).body;
    await begin();
    const mine = (await create()).body;
    const before = await rowOf(theirs.id);
    const calls: [string, Parameters<typeof callWithKey>[3]][] = [
      [`/${theirs.id}`, {}],
      [`/${theirs.id}`, { method: "PATCH", body: { url: "https://evil.example/" } }],
      [`/${theirs.id}`, { method: "DELETE" }],
      [`/${theirs.id}/rotate-secret`, { body: {} }],
      [`/${theirs.id}/send-test`, { method: "POST" }],
      [`/${theirs.id}/replay`, { body: { since: "2026-01-01T00:00:00Z", only: "all" } }],
      [`/${theirs.id}/deliveries`, {}],
      [`/${theirs.id}/deliveries/${sent.id}`, {}],
      [`/${mine.id}/deliveries/${sent.id}`, {}],
      [`/${theirs.id}/deliveries/${sent.id}/replay`, { method: "POST" }],
      [`/${mine.id}/deliveries/${sent.id}/replay`, { method: "POST" }],
    ];
    for (const [path, init] of calls) expect([path, init?.method, (await json(path, init)).status]).toEqual([path, init?.method, 404]);
    expect(await rowOf(theirs.id)).toEqual(before);
    expect((await json("")).body.data.map(({ id }: { id: string }) => id)).toEqual([mine.id]);
    key = theirKey;
    expect((await json(`/${theirs.id}/deliveries`)).body.data).toHaveLength(1);
  });

  const form = (url: string) => endpointForm({ intent: "create", url, description: "", "event:source.ready": "on" }, [INNER], "create");

  it.each([
    ["https://shop.example", true],
    [`${INNER}/hooks`, true],
    ["http://shop.example/", false],
    ["https://user:pass@shop.example/", false],
    ["https://shop.example/#part", false],
    ["ftp://shop.example/", false],
    ["shop.example", false],
    ["", false],
    [`https://shop.example/${"я".repeat(900)}`, false],
    [`https://shop.example/${"x".repeat(2_000)}`, false],
  ])("the address %s: the form and the API judge alike (%s)", async (url, fits) => {
    await begin();
    const { schema, fields } = form(url);
    expect(schema.safeParse(fields).success).toBe(fits);
    const { status, body } = await create({ url, events: ["source.ready"] });
    expect(status).toBe(fits ? 201 : 400);
    if (fits) expect(body.url).toBe(new URL(url).href);
    // In words, not in the codes that forms translate.
    else expect(body.detail).toMatch(/^url: [A-Z].*\.$/);
  });

  it.each([
    ["no events", { ...GIVEN, events: [] }],
    ["an unknown event", { ...GIVEN, events: ["webhook.test"] }],
    ["a note that is too long", { ...GIVEN, description: "x".repeat(201) }],
    ["no address", { events: ["source.ready"] }],
  ])("refuses %s", async (_, body) => {
    await begin();
    expect((await create(body)).body).toMatchObject({ status: 400, code: "invalid_request" });
  });

  it("C8: an Idempotency-Key adds one endpoint, under ten calls at once, with one secret; other content is refused", async () => {
    await begin();
    const send = (body: object = GIVEN) => create(body, { "idempotency-key": "once" });
    const answers = await Promise.all(Array.from({ length: 10 }, () => send()));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(answers.map(({ body }) => `${body.id} ${body.secret}`)).size).toBe(1);
    expect((await json("")).body.data).toHaveLength(1);
    expect((await send({ ...GIVEN, description: "Else" })).body).toMatchObject({ status: 422, code: "idempotency_mismatch" });

    // Once it was rotated, the first answer is no way to the new secret.
    await json(`/${answers[0]!.body.id}/rotate-secret`, { body: { overlapHours: 0 } });
    expect((await send()).body).toMatchObject({ status: 409, code: "conflict" });
    await json(`/${answers[0]!.body.id}`, { method: "DELETE" });
    expect((await send()).body).toMatchObject({ status: 409, code: "conflict" });
    key = await makeKey(portal, agent, ["webhooks"]);
    expect((await send({ ...GIVEN, description: "Else" })).status).toBe(201);
  });

  it("there are fifty at most, also when the last two come at once", async () => {
    await begin();
    await sql(
      "insert into webhook_endpoints (org_id, url, events, sealed_secret) select $1, 'https://hooks.example/', '{source.ready}', 'v1.1.' || repeat('A', 40) from generate_series(1, 49)",
      [agent.orgId],
    );
    const answers = await Promise.all([create(), create()]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
    expect(answers.find(({ status }) => status === 409)?.body.detail).toContain("50");
  });
});

describe("deliveries", () => {
  /** A delivery that has ended: what the worker would have written. */
  async function end(id: string, ok: boolean): Promise<void> {
    const { service } = portal.services;
    const begun = await service.rpc("begin_webhook_attempt", { delivery: id });
    expect(begun.data).not.toBeNull();
    const result = {
      ok,
      retryInSeconds: null,
      durationMs: 12,
      statusCode: ok ? 204 : 500,
      failure: ok ? null : "status",
      requestHeaders: { "webhook-id": "x" },
      requestBody: "{}",
      responseBody: "no",
    };
    expect((await service.rpc("end_webhook_attempt", { delivery: id, attempt: 1, result })).error).toBeNull();
  }

  it("are tested, listed by state, read with their attempts, and sent again, one or many", async () => {
    await begin();
    const { id } = (await create()).body;
    const test = await json(`/${id}/send-test`, { method: "POST" });
    expect(test).toMatchObject({ status: 202, body: { type: "webhook.test", status: "pending", attempts: 0, isReplay: false } });
    // On its way still: nothing to send again.
    expect((await json(`/${id}/deliveries/${test.body.id}/replay`, { method: "POST" })).body).toMatchObject({ status: 409 });
    await end(test.body.id, true);
    const log = await json(`/${id}/deliveries/${test.body.id}`);
    expect(log.body).toMatchObject({
      status: "delivered",
      attempts: 1,
      nextAttemptAt: null,
      log: [{ attempt: 1, statusCode: 204, failure: null, durationMs: 12, requestHeaders: { "webhook-id": "x" }, requestBody: "{}" }],
    });

    expect(await json(`/${id}/deliveries/${test.body.id}/replay`, { method: "POST" })).toEqual({ status: 202, body: { count: 1 } });
    const [again] = (await json(`/${id}/deliveries?limit=1`)).body.data;
    expect(again).toMatchObject({ isReplay: true, eventId: test.body.eventId });
    await end(again.id, false);
    const states = async (query: string) =>
      (await json(`/${id}/deliveries${query}`)).body.data.map(({ status }: { status: string }) => status);
    expect(await states("?status=failed")).toEqual(["failed"]);
    expect(await states("")).toEqual(["failed", "delivered"]);

    const replay = (body: object) => json(`/${id}/replay`, { body });
    const since = "2026-01-01T00:00:00Z";
    expect((await replay({ since })).body).toEqual({ count: 0 });
    expect((await replay({ since, until: "2026-01-02T00:00:00Z", only: "all" })).body).toEqual({ count: 0 });
    expect((await replay({ since, only: "all" })).body).toEqual({ count: 1 });
    for (const bad of [{}, { since: "yesterday" }, { since, until: since }, { since, only: "some" }, { since, delivery: test.body.id }])
      expect((await replay(bad)).status).toBe(400);
  });

  it("an endpoint that is off is sent nothing, and says so", async () => {
    await begin();
    const { id } = (await create()).body;
    const test = (await json(`/${id}/send-test`, { method: "POST" })).body;
    await end(test.id, true);
    await json(`/${id}`, { method: "PATCH", body: { status: "disabled" } });
    for (const [path, init] of [
      ["send-test", { method: "POST" }],
      [`deliveries/${test.id}/replay`, { method: "POST" }],
      ["replay", { body: { since: "2026-01-01T00:00:00Z" } }],
    ] as const) {
      const { status, body } = await json(`/${id}/${path}`, init);
      expect([path, status, body.detail]).toEqual([path, 409, "This endpoint is disabled. Enable it first."]);
    }
    expect((await json(`/${id}/deliveries`)).body.data).toHaveLength(1);
  });
});
