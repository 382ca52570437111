// Deliveries against a real receiver and a real database; waiting is done by moving the clock of what waits.
import { createHmac, randomBytes, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Json } from "@gpt-agent/core/db-types";
import { createSafeFetch } from "@gpt-agent/core/safe-fetch";
import { createSecretBox } from "@gpt-agent/core/secrets";
import { MAX_WEBHOOK_BYTES, WEBHOOK_DATA, WEBHOOK_TYPES, type WebhookType, webhookSecretPlace } from "@gpt-agent/core/webhook-events";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { must as done, startKnowledge, type TestKnowledge } from "../ingest/test-knowledge.ts";
import { bodyOf, deliver } from "./deliver.ts";
import { PAUSES } from "./schedule.ts";

/** What a query found; what it does not find fails the test. */
async function must<T>(query: PromiseLike<{ data: T; error: unknown }>): Promise<NonNullable<T>> {
  const data = await done(query);
  if (data === null || data === undefined) throw new Error("Nothing was found");
  return data;
}

type Heard = { headers: IncomingMessage["headers"]; body: string };
const heard: Heard[] = [];
let respond: (response: ServerResponse, request: IncomingMessage) => void;
const receiver = createServer(async (request, response) => {
  let body = "";
  for await (const part of request) body += part;
  heard.push({ headers: request.headers, body });
  respond(response, request);
});
const answer = (status: number, headers: Record<string, string> = {}, body = "") => {
  respond = (response) => response.writeHead(status, headers).end(body);
};

let world: TestKnowledge;
let origin: string;
const secretBox = createSecretBox([{ id: "1", key: randomBytes(32) }]);
const never = new AbortController().signal;
const deps = () => ({
  db: world.db,
  log: world.log,
  egress: createSafeFetch({ allow: [origin] }),
  secretBox,
  appUrl: "https://portal.test",
});

beforeAll(async () => {
  world = await startKnowledge();
  await new Promise<void>((done) => receiver.listen(0, "127.0.0.1", done));
  origin = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
});
afterAll(async () => {
  receiver.closeAllConnections();
  receiver.close();
  await world?.close();
});
beforeEach(async () => {
  heard.length = 0;
  answer(200);
  await done(world.db.from("webhook_endpoints").delete().eq("org_id", world.orgId));
  await done(world.db.from("outbox").delete().not("id", "is", null));
});

const newSecret = () => `whsec_${randomBytes(32).toString("base64")}`;
const seal = (secret: string, endpointId: string) => secretBox.seal(secret, webhookSecretPlace(world.orgId, endpointId));

async function addEndpoint(events: string[] = WEBHOOK_TYPES, url = `${origin}/hook`) {
  const [id, secret] = [randomUUID(), newSecret()];
  await done(world.db.from("webhook_endpoints").insert({ id, org_id: world.orgId, url, events, sealed_secret: seal(secret, id) }));
  return { id, secret };
}
const endpointOf = (id: string) => must(world.db.from("webhook_endpoints").select("*").eq("id", id).single());
const deliveriesOf = (endpointId: string) =>
  must(world.db.from("webhook_deliveries").select("*").eq("endpoint_id", endpointId).order("id"));
const attemptsOf = async (endpointId: string) => {
  const [first] = await deliveriesOf(endpointId);
  return must(world.db.from("webhook_attempts").select("*").eq("delivery_id", first!.id).order("attempt"));
};
const test1 = async (endpointId: string) => must(world.db.rpc("test_webhook", { org: world.orgId, endpoint: endpointId }));

/** Does the jobs that are due, as the dispatcher and the queue would. Returns how many. */
async function work(): Promise<number> {
  const rows = await must(world.db.rpc("claim_outbox", {}));
  const jobs = rows.filter(({ name }) => name === "webhook.deliver");
  for (const { payload } of jobs) await deliver((payload as { deliveryId: string }).deliveryId, deps(), never);
  await done(world.db.rpc("settle_jobs", { outcomes: rows.map(({ id, turn }) => ({ id, turn, outcome: "done" })) }));
  return jobs.length;
}

/** Lets the time pass until the next job is due; returns the seconds. */
async function skip(): Promise<number | null> {
  const { rows } = await world.backend.db.query<{ seconds: number }>(
    "select extract(epoch from min(available_at) - now())::float8 as seconds from outbox where name = 'webhook.deliver' and sent_at is null",
  );
  const seconds = rows[0]?.seconds;
  if (seconds === undefined || seconds === null) return null;
  await world.backend.db.exec(
    "update outbox set available_at = now() where name = 'webhook.deliver' and sent_at is null; update webhook_deliveries set next_attempt_at = now() where status = 'pending'",
  );
  return seconds;
}

/** What any receiver of Standard Webhooks checks. */
function isSigned({ headers, body }: Heard, secret: string): boolean {
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  const mine = createHmac("sha256", key).update(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`).digest("base64");
  return String(headers["webhook-signature"]).split(" ").includes(`v1,${mine}`);
}

describe("a delivery", () => {
  test("is signed as Standard Webhooks asks, and kept in the log with what came back", async () => {
    const { id, secret } = await addEndpoint();
    answer(202, {}, "thank you");
    await test1(id);
    expect(await work()).toBe(1);
    const one = heard[0];
    expect(isSigned(one!, secret)).toBe(true);
    expect(isSigned({ ...one!, body: `${one!.body} ` }, secret)).toBe(false);
    expect(Math.abs(Number(one!.headers["webhook-timestamp"]) - Date.now() / 1000)).toBeLessThan(10);
    expect(JSON.parse(one!.body)).toMatchObject({ type: "webhook.test", data: { endpointId: id } });
    const [delivery] = await deliveriesOf(id);
    expect(delivery).toMatchObject({ status: "delivered", attempts: 1, event_id: one!.headers["webhook-id"] });
    expect(await attemptsOf(id)).toMatchObject([{ status_code: 202, failure: null, response_body: "thank you", request_body: one!.body }]);
    expect(JSON.stringify([delivery, await attemptsOf(id)])).not.toContain(secret);
    expect((await endpointOf(id)).last_success_at).not.toBeNull();
  });

  test("done twice has the effect of once", async () => {
    const { id } = await addEndpoint();
    const delivery = await test1(id);
    await Promise.all(Array.from({ length: 8 }, () => deliver(delivery, deps(), never)));
    await deliver(delivery, deps(), never);
    expect(heard).toHaveLength(1);
  });

  test("C6: an endpoint that is down for an hour misses nothing, and is asked at the times of the schedule", async () => {
    const { id } = await addEndpoint();
    await test1(id);
    answer(503);
    const waits: number[] = [];
    for (let away = 0; ; ) {
      expect(await work()).toBe(1);
      const wait = await skip();
      if (wait === null) break;
      waits.push(wait);
      away += wait;
      if (away > 3600) answer(200);
    }
    expect((await deliveriesOf(id))[0]).toMatchObject({ status: "delivered", attempts: 5 });
    for (const [at, wait] of waits.entries()) expect(Math.abs(wait / PAUSES[at]! - 1)).toBeLessThan(0.2);
    expect(new Set(heard.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
    expect((await endpointOf(id)).failing_since).toBeNull();
  });

  test("C6: after ten attempts it is given up, and an endpoint to which nothing got through is disabled", async () => {
    const { id } = await addEndpoint();
    await test1(id);
    answer(500);
    await work();
    await test1(id);
    for (let jobs = 1; jobs > 0; ) {
      await skip();
      jobs = await work();
    }
    const deliveries = await deliveriesOf(id);
    expect(deliveries[0]).toMatchObject({ status: "failed", attempts: 10 });
    expect(deliveries[1]?.status).toMatch(/failed|canceled/);
    expect(await endpointOf(id)).toMatchObject({ status: "disabled", disabled_reason: "failing" });
    const count = heard.length;
    expect(await work()).toBe(0);
    expect(heard).toHaveLength(count);
  });

  test("C6: 410 disables the endpoint at once and cancels what waits for it", async () => {
    const { id } = await addEndpoint();
    await test1(id);
    answer(500);
    await work();
    answer(410);
    await test1(id);
    await work();
    expect(await endpointOf(id)).toMatchObject({ status: "disabled", disabled_reason: "gone" });
    expect((await deliveriesOf(id)).map(({ status }) => status).sort()).toEqual(["canceled", "failed"]);
    expect((await world.db.rpc("test_webhook", { org: world.orgId, endpoint: id })).error?.hint).toBe("disabled");
  });

  test("C6: a redirect is a failure and is not followed, a Retry-After is honoured, a long answer is cut", async () => {
    const { id } = await addEndpoint();
    await test1(id);
    answer(307, { location: `${origin}/elsewhere` });
    await work();
    expect(heard).toHaveLength(1);
    await skip();
    answer(429, { "retry-after": "1200" }, "x".repeat(200_000));
    await work();
    expect(await skip()).toBeGreaterThan(1190);
    const attempts = await attemptsOf(id);
    expect(attempts.map(({ status_code }) => status_code).sort()).toEqual([307, 429]);
    expect(Math.max(...attempts.map(({ response_body }) => response_body?.length ?? 0))).toBe(2_000);
  });

  test("C7: an inner address is refused without a socket, with a reason", async () => {
    const { id } = await addEndpoint(WEBHOOK_TYPES, origin.replace("127.0.0.1", "localhost"));
    await test1(id);
    await work();
    expect(heard).toEqual([]);
    expect(await attemptsOf(id)).toMatchObject([{ failure: "bad_url", status_code: null }]);
  });

  test("C5: while a secret is being replaced both sign; afterwards the old one does not", async () => {
    const { id, secret } = await addEndpoint();
    const fresh = newSecret();
    await must(world.db.rpc("rotate_webhook_secret", { org: world.orgId, endpoint: id, sealed: seal(fresh, id) }));
    await test1(id);
    await work();
    expect([isSigned(heard[0]!, secret), isSigned(heard[0]!, fresh)]).toEqual([true, true]);
    await done(world.db.from("webhook_endpoints").update({ previous_until: "2026-01-01T00:00:00Z" }).eq("id", id));
    await test1(id);
    await work();
    expect([isSigned(heard[1]!, secret), isSigned(heard[1]!, fresh)]).toEqual([false, true]);
  });

  test("a secret that cannot be opened is said so, and sends nothing", async () => {
    const { id } = await addEndpoint();
    const other = randomUUID();
    await done(
      world.db
        .from("webhook_endpoints")
        .update({ sealed_secret: seal(newSecret(), other) })
        .eq("id", id),
    );
    const told = vi.spyOn(world.log, "error").mockImplementation(() => {});
    await test1(id);
    await work();
    expect(told.mock.calls).toEqual([["A webhook's secret cannot be opened", { endpointId: id, code: expect.any(String) }]]);
    told.mockRestore();
    expect(heard).toEqual([]);
    expect(await attemptsOf(id)).toMatchObject([{ failure: "secret" }]);
  });

  test("one that was sent is replayed under the same id; a range replays what failed", async () => {
    const { id } = await addEndpoint();
    const first = await test1(id);
    await work();
    const replay = (given: { delivery?: string; since?: string; only_failed?: boolean }) =>
      must(world.db.rpc("replay_webhooks", { org: world.orgId, endpoint: id, ...given }));
    expect(await replay({ delivery: first })).toBe(1);
    await work();
    expect(heard[1]?.headers["webhook-id"]).toBe(heard[0]?.headers["webhook-id"]);
    expect(await replay({ since: "2026-01-01T00:00:00Z" })).toBe(0);
    expect(await replay({ since: "2026-01-01T00:00:00Z", only_failed: false })).toBe(1);
    await work();
    expect(heard).toHaveLength(3);
  });

  test("a lost queue loses nothing: what is due and in no queue is put into the outbox again", async () => {
    const { id } = await addEndpoint();
    await test1(id);
    await done(world.db.from("outbox").delete().not("id", "is", null));
    expect(await must(world.db.rpc("requeue_lost_deliveries", { quiet_seconds: 300 }))).toBe(0);
    await world.backend.db.exec("update webhook_deliveries set next_attempt_at = now() - interval '10 minutes'");
    expect(await must(world.db.rpc("requeue_lost_deliveries", { quiet_seconds: 300 }))).toBe(1);
    expect(await must(world.db.rpc("requeue_lost_deliveries", { quiet_seconds: 300 }))).toBe(0);
    // One that was given up is an operator's to settle.
    await world.backend.db.exec("update outbox set ended_at = now() - interval '1 hour'");
    await world.backend.db.exec(
      "insert into private.dead_jobs (id, org_id, name, payload, reason, attempts) select id, org_id, name, payload, 'why', 5 from outbox",
    );
    expect(await must(world.db.rpc("requeue_lost_deliveries", { quiet_seconds: 300 }))).toBe(0);
    await world.backend.db.exec("update private.dead_jobs set retried_at = now()");
    expect(await must(world.db.rpc("requeue_lost_deliveries", { quiet_seconds: 300 }))).toBe(1);
    await work();
    expect(heard).toHaveLength(1);
  });
});

describe("events", () => {
  test("are written for what happens, fit their schemas, and only for who wants them", async () => {
    const { id } = await addEndpoint();
    const shy = await addEndpoint(["feedback.received"]);
    const visitor = await must(
      world.db.from("visitors").insert({ org_id: world.orgId, agent_id: world.agentId, locale: "ru" }).select("id").single(),
    );
    const conversation = await must(
      world.db
        .from("conversations")
        .insert({ org_id: world.orgId, agent_id: world.agentId, visitor_id: visitor.id, client_id: "c", channel: "widget" })
        .select("id")
        .single(),
    );
    const message = (row: { author: string; body: string; status?: string }) =>
      must(
        world.db
          .from("messages")
          .insert({ org_id: world.orgId, conversation_id: conversation.id, ...row })
          .select("id")
          .single(),
      );
    await message({ author: "visitor", body: "Сколько стоит доставка? ".repeat(300) });
    const reply = await message({ author: "agent", body: "", status: "streaming" });
    await done(world.db.from("messages").update({ status: "complete", body: "300 ₽" }).eq("id", reply.id));
    await done(world.db.from("feedback").insert({ org_id: world.orgId, message_id: reply.id, rating: "down", comment: "<b>no</b>" }));
    await done(
      world.db.from("leads").insert({
        org_id: world.orgId,
        agent_id: world.agentId,
        conversation_id: conversation.id,
        visitor_id: visitor.id,
        email: "anna@shop.example",
        message: "Перезвоните, пожалуйста. ".repeat(70),
        fields: { size: "M" },
        idempotency_key: "1",
        request_hash: "0".repeat(64),
      }),
    );
    await done(world.db.from("handoffs").insert({ org_id: world.orgId, agent_id: world.agentId, conversation_id: conversation.id }));
    expect(await must(world.db.rpc("end_conversation", { org: world.orgId, visitor: visitor.id, conversation: "c" }))).toBe(true);
    await world.read(await world.add("notes.txt", "Delivery takes three days."));
    await world.read(await world.add("empty.txt", ""));
    const budget = await must(
      world.db.from("budgets").insert({ org_id: world.orgId, metric: "cost_per_day", limit_value: 1000 }).select("id").single(),
    );
    await done(
      world.db.from("usage_alerts").insert({
        org_id: world.orgId,
        budget_id: budget.id,
        period_start: "2026-01-01",
        period_end: "2026-01-02",
        threshold: 80,
        limit_value: 1000,
        used: 850,
      }),
    );
    while ((await work()) > 0);
    const told = heard.map(({ body }) => JSON.parse(body) as { type: WebhookType; timestamp: string; data: Json });
    expect([...new Set(told.map(({ type }) => type))].sort()).toEqual([...WEBHOOK_TYPES].sort());
    for (const { type, data } of told) expect([type, WEBHOOK_DATA[type].safeParse(data).error]).toEqual([type, undefined]);
    expect(told.filter(({ type }) => type === "message.created").map(({ data }) => (data as { author: string }).author)).toEqual([
      "visitor",
      "agent",
    ]);
    for (const { body } of heard) expect(Buffer.byteLength(body)).toBeLessThanOrEqual(MAX_WEBHOOK_BYTES);
    expect((await deliveriesOf(shy.id)).length).toBe(1);

    // What was told of a conversation is erased with it.
    const before = (await deliveriesOf(id)).length;
    await done(world.db.from("conversations").delete().eq("id", conversation.id));
    expect((await deliveriesOf(id)).length).toBe(before - 7);
  });

  test("that are too long are shortened, and keep their link", () => {
    const event = {
      type: "message.created",
      createdAt: "2026-01-01T00:00:00Z",
      orderingKey: "c",
      data: { conversationId: "c", text: "я".repeat(40_000) },
    };
    const body = bodyOf(event, "https://portal.test");
    expect(Buffer.byteLength(body)).toBeLessThanOrEqual(MAX_WEBHOOK_BYTES);
    expect(JSON.parse(body).data).toMatchObject({ truncated: true, url: "https://portal.test/api/v1/conversations/c" });
  });

  test("cost nothing where nobody listens", async () => {
    const events = async () => (await must(world.db.from("webhook_events").select("id"))).length;
    const before = await events();
    await done(world.db.from("visitors").insert({ org_id: world.orgId, agent_id: world.agentId }));
    await world.read(await world.add("more.txt", "Returns take a week."));
    expect(await events()).toBe(before);
  });
});
