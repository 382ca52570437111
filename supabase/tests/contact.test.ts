import { randomUUID } from "node:crypto";
import { type Db, serviceDb } from "@gpt-agent/core/db";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestBackend, type TestBackend } from "../embedded/test-backend.ts";

let backend: TestBackend;
let db: Db;
let org: string;
let agent: string;

const sql = async <T extends object>(text: string, values: unknown[] = []) => (await backend.db.query<T>(text, values)).rows;
const id = async (text: string, values: unknown[]) => (await sql<{ id: string }>(`${text} returning id`, values))[0]!.id;

beforeAll(async () => {
  backend = await startTestBackend();
  db = serviceDb({ url: backend.url, publishableKey: backend.publishableKey, secretKey: backend.secretKey });
  org = await id("insert into organizations (name, slug) values ('Contact', 'contact')", []);
  agent = await id("insert into agents (org_id, name) values ($1, 'Helper')", [org]);
});
afterAll(() => backend?.close());

const newVisitor = (externalId: string | null = null) =>
  id(
    "insert into visitors (org_id, agent_id, external_id, verified_at) values ($1, $2, $3, case when $3::text is not null then now() end)",
    [org, agent, externalId],
  );
/** A conversation whose last message is so many minutes old. */
const conversation = async (visitor: string, minutes: number) =>
  id(
    "insert into conversations (org_id, agent_id, visitor_id, client_id, message_count, created_at, last_message_at) values ($1, $2, $3, $4, 2, now() - interval '2 hours', now() - make_interval(mins => $5))",
    [org, agent, visitor, randomUUID(), minutes],
  );
const stateOf = async (conversationId: string) =>
  (await sql<{ ended_by: string | null }>("select ended_by from conversations where id = $1", [conversationId]))[0]?.ended_by;
const endIdle = async (batch = 500) => {
  const { data, error } = await db.rpc("end_idle_conversations", { idle_minutes: 30, batch });
  if (error) throw error;
  return data;
};
const listen = () =>
  id(
    "insert into webhook_endpoints (org_id, url, events, sealed_secret) values ($1, 'https://hooks.example/x', '{conversation.ended}', $2)",
    [org, `v1.1.${"A".repeat(40)}`],
  );

describe("a conversation ends", () => {
  test("half an hour after its last message, once, in batches, and tells of it", async () => {
    await listen();
    const visitor = await newVisitor();
    const [old, older, young] = [await conversation(visitor, 31), await conversation(visitor, 60), await conversation(visitor, 29)];
    const [message] = [
      await id("insert into messages (org_id, conversation_id, author, status) values ($1, $2, 'agent', 'complete')", [org, older]),
    ];
    const run = await id(
      "insert into runs (org_id, agent_id, conversation_id, message_id, responder, status, outcome) values ($1, $2, $3, $4, 'quotes', 'finished', 'unanswered')",
      [org, agent, older, message],
    );
    await sql("insert into unanswered (org_id, agent_id, run_id, question) values ($1, $2, $3, 'Why?')", [org, agent, run]);
    expect(await endIdle(1)).toBe(1);
    expect([await stateOf(older), await stateOf(old)]).toEqual(["idle", null]);
    expect(await endIdle()).toBe(1);
    expect(await endIdle()).toBe(0);
    expect(await stateOf(young)).toBeNull();
    const told = await sql<{ data: object }>("select data from webhook_events where conversation_id = $1", [older]);
    expect(told.map(({ data }) => data)).toEqual([
      {
        conversationId: older,
        agentId: agent,
        visitorId: visitor,
        channel: "widget",
        messageCount: 2,
        unanswered: 1,
        durationSeconds: 3_600,
        endedBy: "idle",
      },
    ]);
  });

  test("not while an answer is on its way, but when whoever wrote it is gone", async () => {
    const busy = await conversation(await newVisitor(), 45);
    const message = await id("insert into messages (org_id, conversation_id, author, status) values ($1, $2, 'agent', 'streaming')", [
      org,
      busy,
    ]);
    const run = await id("insert into runs (org_id, agent_id, conversation_id, message_id, responder) values ($1, $2, $3, $4, 'quotes')", [
      org,
      agent,
      busy,
      message,
    ]);
    expect(await endIdle()).toBe(0);
    await sql("update runs set lease_until = now() - interval '1 second' where id = $1", [run]);
    expect(await endIdle()).toBe(1);
  });

  test("and is open again with the next message; ended anew, it is told of anew", async () => {
    const again = await conversation(await newVisitor(), 40);
    await endIdle();
    expect(await stateOf(again)).toBe("idle");
    await sql("update conversations set last_message_at = now(), message_count = 4 where id = $1", [again]);
    expect(await stateOf(again)).toBeNull();
    await sql("update conversations set title = 'x' where id = $1", [again]);
    await sql("update conversations set ended_at = now(), ended_by = 'visitor' where id = $1", [again]);
    await sql("update conversations set title = 'y' where id = $1", [again]);
    expect(await sql("select data ->> 'endedBy' as by from webhook_events where conversation_id = $1 order by ctid", [again])).toEqual([
      { by: "idle" },
      { by: "visitor" },
    ]);
  });
});

describe("B1: a conversation's visitor", () => {
  const move = (conversationId: string, to: string) => sql("update conversations set visitor_id = $1 where id = $2", [to, conversationId]);

  test("changes only from one that nobody knows to a verified one", async () => {
    const [unknown, unknownToo, known, knownToo] = [
      await newVisitor(),
      await newVisitor(),
      await newVisitor("known"),
      await newVisitor("known too"),
    ];
    const mine = await conversation(unknown, 1);
    await expect(move(mine, unknownToo)).rejects.toThrow(/never changes/);
    await move(mine, known);
    await expect(move(mine, knownToo)).rejects.toThrow(/never changes/);
    await expect(move(mine, unknown)).rejects.toThrow(/never changes/);
  });

  test("takes the leads along", async () => {
    const [unknown, known] = [await newVisitor(), await newVisitor("with leads")];
    const mine = await conversation(unknown, 1);
    const lead = await id(
      "insert into leads (org_id, agent_id, conversation_id, visitor_id, email, idempotency_key, request_hash) values ($1, $2, $3, $4, 'a@b.example', 'k', repeat('0', 64))",
      [org, agent, mine, unknown],
    );
    await move(mine, known);
    expect(await sql("select visitor_id from leads where id = $1", [lead])).toEqual([{ visitor_id: known }]);
  });

  test("claims belong to the verified alone, and an external id stays", async () => {
    await expect(sql("insert into visitors (org_id, agent_id, email) values ($1, $2, 'a@b.example')", [org, agent])).rejects.toThrow(
      /claims/,
    );
    const known = await newVisitor("stays");
    await expect(sql("update visitors set external_id = 'other' where id = $1", [known])).rejects.toThrow(/never changes/);
    await expect(newVisitor("stays")).rejects.toThrow(/external_id/);
  });
});
