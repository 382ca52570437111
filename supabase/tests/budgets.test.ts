import { randomUUID } from "node:crypto";
import { type Db, serviceDb } from "@gpt-agent/core/db";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { startTestBackend, type TestBackend } from "../embedded/test-backend.ts";

let backend: TestBackend;
let db: Db;
let org: string;
let agent: string;
let key: string;

const sql = async <T extends object>(text: string, values: unknown[] = []) => (await backend.db.query<T>(text, values)).rows;
const id = async (text: string, values: unknown[]) => (await sql<{ id: string }>(`${text} returning id`, values))[0]!.id;
const newAgent = () => id("insert into agents (org_id, name) values ($1, 'Helper')", [org]);
const newVisitor = (of = agent) => id("insert into visitors (org_id, agent_id) values ($1, $2)", [org, of]);

type Given = { agent?: string; apiKey?: string; eachVisitor?: boolean };
const setBudget = (metric: string, limit: number, given: Given = {}) =>
  id("insert into budgets (org_id, agent_id, api_key_id, each_visitor, metric, limit_value) values ($1, $2, $3, $4, $5, $6)", [
    org,
    given.agent ?? null,
    given.apiKey ?? null,
    given.eachVisitor ?? false,
    metric,
    limit,
  ]);

type Asked = {
  visitor?: string | null;
  agent?: string;
  apiKey?: string;
  conversation?: string;
  tokens?: number;
  micros?: number;
  messageId?: string;
};
type Begun = { runId: string; replayed: boolean; superseded: string[] };
type Outcome = { begun: Begun; over: null } | { begun: null; over: { subject: string; metric: string; retryAfter: number } };

/** Begins a turn over HTTP, as the portal does. */
async function ask(given: Asked): Promise<Outcome> {
  const { data, error } = await db.rpc("begin_turn", {
    org,
    agent: given.agent ?? agent,
    visitor: given.visitor ?? null,
    page_origin: null,
    conversation: given.conversation ?? randomUUID(),
    channel: given.visitor ? "widget" : "api",
    message_id: given.messageId ?? randomUUID(),
    message_text: "When does it come?",
    api_key: given.apiKey ?? null,
    reserve_tokens: given.tokens ?? 0,
    reserve_micros: given.micros ?? 0,
  });
  if (!error) return { begun: data as Begun, over: null };
  expect(error).toMatchObject({ hint: "over_limit" });
  return { begun: null, over: JSON.parse(error.details) };
}
async function begin(given: Asked): Promise<string> {
  const { begun } = await ask(given);
  if (!begun) throw new Error("refused");
  return begun.runId;
}
async function finish(run: string, used: { tokens?: number; micros?: number } = {}, status = "finished"): Promise<boolean> {
  const { data, error } = await db.rpc("finish_turn", {
    org,
    run,
    result: {
      status,
      outcome: status === "finished" ? "answered" : status,
      responder: "model",
      model: "test/model",
      text: "Tomorrow.",
      parts: [],
      promptTokens: used.tokens ?? 0,
      completionTokens: 0,
      cachedTokens: 0,
      costMicros: used.micros ?? 0,
      totalMs: 1,
      passages: [],
      citations: [],
    },
  });
  if (error) throw error;
  return data;
}
const usage = async () =>
  Object.fromEntries(
    (await sql<{ metric: string; used: string; reserved: string }>("select * from budget_use($1)", [org])).map((row) => [
      row.metric,
      [Number(row.used), Number(row.reserved)],
    ]),
  );
const alerts = (budget: string) =>
  sql<{ threshold: number }>("select threshold from usage_alerts where budget_id = $1 order by created_at, threshold", [budget]).then(
    (rows) => rows.map((row) => row.threshold),
  );
/** 100 questions and a limit of 10, within one minute: when the minute changed meanwhile, as many again did fit, so all of it anew. */
async function within1Minute<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    const minute = Math.floor(Date.now() / 60_000);
    const result = await work();
    if (tries === 3 || Math.floor(Date.now() / 60_000) === minute) return result;
    for (const table of ["budgets", "conversations"]) await sql(`delete from ${table} where org_id = $1`, [org]);
  }
}
const loseLeases = async () => {
  await sql("update runs set lease_until = now() - interval '1 second' where org_id = $1 and status = 'running'", [org]);
  await sql("update budget_holds set held_until = now() - interval '1 second' where org_id = $1", [org]);
};

beforeAll(async () => {
  // Supabase Lite prints every error of the database.
  vi.spyOn(console, "error").mockImplementation(() => {});
  backend = await startTestBackend();
  db = serviceDb({ url: backend.url, publishableKey: backend.publishableKey, secretKey: backend.secretKey });
});
afterAll(async () => {
  await backend?.close();
  vi.restoreAllMocks();
});
beforeEach(async () => {
  org = await id("insert into organizations (name, slug) values ('Shop', $1)", [`shop-${randomUUID().slice(0, 12)}`]);
  agent = await newAgent();
  key = await id("insert into api_keys (org_id, name, key_hash, last_four) values ($1, 'Key', $2, 'abcd')", [
    org,
    randomUUID().replaceAll("-", "").repeat(2),
  ]);
});

describe("H3: 100 parallel questions with 10 left", () => {
  const subjects: [string, () => Given][] = [
    ["organization", () => ({})],
    ["agent", () => ({ agent })],
    ["visitor", () => ({ eachVisitor: true })],
    ["api_key", () => ({ apiKey: key })],
  ];
  const metrics = ["requests_per_minute", "concurrent_runs", "tokens_per_day", "tokens_per_month", "cost_per_day", "cost_per_month"];
  describe.each(subjects)("of one %s", (subject, given) => {
    test.each(metrics)("%s: exactly 10 are begun", async (metric) => {
      const reserved = /tokens|cost/.test(metric) ? 1_000 : 1;
      const who = subject === "api_key" ? null : await newVisitor();
      const outcomes = await within1Minute(async () => {
        await setBudget(metric, 10 * reserved, given());
        return Promise.all(
          Array.from({ length: 100 }, (_, n) =>
            backend.db
              .query(
                `select begin_turn($1, $2, $3, null, $4, 'widget', 'm', 'When?', api_key => $5, reserve_tokens => 1000, reserve_micros => 1000)`,
                [org, agent, who, `c-${n}`, who ? null : key],
              )
              .then(
                () => null,
                (error: { hint?: string; detail?: string }) => JSON.parse(error.detail ?? "{}"),
              ),
          ),
        );
      });
      const refused = outcomes.filter((over) => over !== null);
      expect(refused).toHaveLength(90);
      for (const over of refused) expect(over).toMatchObject({ subject, metric, retryAfter: expect.any(Number) });
      expect((await sql("select 1 from runs where org_id = $1", [org])).length).toBe(10);
    });
  });

  test("over HTTP, in transactions of their own", async () => {
    const visitor = await newVisitor();
    const outcomes = await within1Minute(async () => {
      await setBudget("requests_per_minute", 10);
      return Promise.all(Array.from({ length: 100 }, () => ask({ visitor })));
    });
    expect(outcomes.filter(({ begun }) => begun)).toHaveLength(10);
    for (const { over } of outcomes.filter(({ begun }) => !begun)) {
      expect(over).toMatchObject({ subject: "organization", metric: "requests_per_minute" });
    }
  });

  test("tokens: what is used and reserved never comes above the limit, and all of it is given out", async () => {
    await setBudget("tokens_per_day", 10_000);
    await setBudget("tokens_per_month", 50_000);
    const visitor = await newVisitor();
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => ask({ visitor, tokens: 1_000 })));
    const runs = outcomes.flatMap(({ begun }) => (begun ? [begun.runId] : []));
    expect(runs).toHaveLength(10);
    expect((await usage()).tokens_per_day).toEqual([0, 10_000]);
    await Promise.all(runs.map((run) => finish(run, { tokens: 900 })));
    expect(await usage()).toMatchObject({ tokens_per_day: [9_000, 0], tokens_per_month: [9_000, 0] });
    const more = await Promise.all(Array.from({ length: 10 }, () => ask({ visitor, tokens: 1_000 })));
    expect(more.filter(({ begun }) => begun)).toHaveLength(1);
  });

  test("money, and answers that run at once", async () => {
    await setBudget("cost_per_month", 10_000);
    await setBudget("concurrent_runs", 4, { agent });
    const visitor = await newVisitor();
    const first = await Promise.all(Array.from({ length: 20 }, () => ask({ visitor, micros: 2_000 })));
    const runs = first.flatMap(({ begun }) => (begun ? [begun.runId] : []));
    expect(runs).toHaveLength(4);
    await Promise.all(runs.map((run) => finish(run, { micros: 2_000 })));
    const second = await Promise.all(Array.from({ length: 20 }, () => ask({ visitor, micros: 2_000 })));
    expect(second.filter(({ begun }) => begun)).toHaveLength(1);
    expect(second.find(({ over }) => over)?.over).toMatchObject({ metric: "cost_per_month" });
  });
});

describe("a budget", () => {
  test("counts only what falls under it", async () => {
    const other = await newAgent();
    await setBudget("requests_per_minute", 1, { agent });
    await setBudget("requests_per_minute", 1, { apiKey: key });
    await setBudget("requests_per_minute", 1, { eachVisitor: true });
    const [a, b] = [await newVisitor(), await newVisitor(other)];
    expect((await ask({ visitor: a })).begun).not.toBeNull();
    expect((await ask({ visitor: a })).over).not.toBeNull();
    expect((await ask({ visitor: b, agent: other })).begun).not.toBeNull();
    expect((await ask({ visitor: b, agent: other })).over).toMatchObject({ subject: "visitor" });
    expect((await ask({ apiKey: key, agent: other })).begun).not.toBeNull();
    expect((await ask({ apiKey: key, agent: other })).over).toMatchObject({ subject: "api_key" });
    expect((await ask({ agent: other })).begun).not.toBeNull();
  });

  test("is not taken from by a repeated question", async () => {
    await setBudget("requests_per_minute", 1);
    await setBudget("tokens_per_day", 1_000);
    const again = { visitor: await newVisitor(), conversation: "c", messageId: "m", tokens: 800 };
    expect((await ask(again)).begun).toMatchObject({ replayed: false });
    expect((await ask(again)).begun).toMatchObject({ replayed: true });
    expect((await usage()).tokens_per_day).toEqual([0, 800]);
  });

  test("that refuses leaves nothing behind", async () => {
    await setBudget("requests_per_minute", 100);
    await setBudget("tokens_per_day", 100);
    expect((await ask({ visitor: await newVisitor(), tokens: 200 })).over).toMatchObject({ metric: "tokens_per_day" });
    expect(await usage()).toMatchObject({ requests_per_minute: [0, 0], tokens_per_day: [0, 0] });
    expect(await sql("select 1 from messages where org_id = $1", [org])).toEqual([]);
  });

  test("says how long to wait, of several the longest", async () => {
    await setBudget("requests_per_minute", 1);
    await setBudget("tokens_per_month", 1_000);
    await begin({ tokens: 1_000 });
    const { over } = await ask({ tokens: 1 });
    const now = new Date();
    const untilNextMonth = (Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1) - now.getTime()) / 1000;
    expect(over).toMatchObject({ subject: "organization", metric: "tokens_per_month" });
    expect(Math.abs((over?.retryAfter ?? 0) - untilNextMonth)).toBeLessThan(60);
  });

  test("set in the middle of a month begins with what was used before", async () => {
    const visitor = await newVisitor();
    await finish(await begin({ visitor }), { tokens: 700 });
    await finish(await begin({ apiKey: key }), { tokens: 200 });
    await setBudget("tokens_per_month", 1_000);
    await setBudget("tokens_per_day", 1_000, { eachVisitor: true });
    expect((await usage()).tokens_per_month).toEqual([900, 0]);
    expect((await ask({ visitor, tokens: 101 })).over).toMatchObject({ metric: "tokens_per_month" });
    expect((await ask({ visitor, tokens: 100 })).begun).not.toBeNull();
    expect(await usage()).toMatchObject({ tokens_per_month: [900, 100], tokens_per_day: [700, 100] });
    await sql("delete from budgets where org_id = $1 and metric = 'tokens_per_month'", [org]);
    await setBudget("tokens_per_month", 950, { apiKey: key });
    expect((await usage()).tokens_per_month).toEqual([200, 0]);
  });

  test("opens again with the next month, for all it counted", async () => {
    const budget = await setBudget("tokens_per_month", 1_000);
    const late = await begin({ tokens: 400 });
    await finish(await begin({ tokens: 600 }), { tokens: 600 });
    expect((await ask({ tokens: 100 })).over).toMatchObject({ metric: "tokens_per_month" });
    await sql("update budget_counters set period_start = period_start - interval '1 month' where budget_id = $1", [budget]);
    await sql("update budget_holds set period_start = period_start - interval '1 month' where budget_id = $1", [budget]);
    expect((await usage()).tokens_per_month).toEqual([0, 0]);
    await begin({ tokens: 1_000 });
    // Begun last month, so it counts there.
    await finish(late, { tokens: 400 });
    expect((await usage()).tokens_per_month).toEqual([0, 1_000]);
  });
});

describe("a reservation is given back", () => {
  const full = async () => {
    await setBudget("tokens_per_day", 1_000);
    await setBudget("concurrent_runs", 1);
    const visitor = await newVisitor();
    const run = await begin({ visitor, conversation: "c", tokens: 1_000 });
    expect((await ask({ tokens: 100 })).over).not.toBeNull();
    return { visitor, run };
  };

  test.each([
    ["when the answer was stopped", "stopped", 300],
    ["when the answer failed", "failed", 0],
  ])("%s", async (_, status, tokens) => {
    const { run } = await full();
    await finish(run, { tokens }, status);
    expect(await usage()).toMatchObject({ tokens_per_day: [tokens, 0], concurrent_runs: [0, 0] });
    expect((await ask({ tokens: 1_000 - tokens })).begun).not.toBeNull();
  });

  test("when its process is gone; should it turn up after all, what it used counts", async () => {
    const { run } = await full();
    await loseLeases();
    expect(await usage()).toMatchObject({ tokens_per_day: [0, 0], concurrent_runs: [0, 0] });
    expect((await ask({ tokens: 500 })).begun).not.toBeNull();
    await finish(run, { tokens: 400 });
    expect((await usage()).tokens_per_day).toEqual([400, 500]);
  });

  test("when its answer could not be begun", async () => {
    const { run } = await full();
    const [conversation] = await sql<{ id: string }>("select conversation_id as id from runs where id = $1", [run]);
    await db.rpc("fail_lost_runs", { org, conversation: conversation!.id, everything: true });
    expect(await usage()).toMatchObject({ tokens_per_day: [0, 0], concurrent_runs: [0, 0] });
  });

  test("only as the answer ends, when the conversation is erased meanwhile", async () => {
    const { visitor, run } = await full();
    await db.rpc("erase_conversation", { org, visitor, conversation: "c" });
    expect((await ask({ tokens: 100 })).over).not.toBeNull();
    expect(await finish(run, { tokens: 250 })).toBe(false);
    expect(await usage()).toMatchObject({ tokens_per_day: [250, 0], concurrent_runs: [0, 0] });
  });

  test("once, however often the end is told", async () => {
    const { run } = await full();
    expect(await finish(run, { tokens: 250 })).toBe(true);
    expect(await finish(run, { tokens: 250 })).toBe(false);
    expect((await usage()).tokens_per_day).toEqual([250, 0]);
  });

  test("and a renewed lease keeps it", async () => {
    const { run } = await full();
    await loseLeases();
    await db.rpc("save_partial_answers", { saves: [{ org, run, text: "To" }] });
    expect((await usage()).tokens_per_day).toEqual([0, 1_000]);
  });

  test("who asks anew in the same conversation does not wait for the answer they left", async () => {
    const { visitor, run } = await full();
    await sql("update budgets set limit_value = 5000 where org_id = $1 and metric = 'tokens_per_day'", [org]);
    const { begun } = await ask({ visitor, conversation: "c", tokens: 1_000 });
    expect(begun?.superseded).toEqual([run]);
    await finish(run, { tokens: 100 });
    expect(await usage()).toMatchObject({ tokens_per_day: [100, 1_000], concurrent_runs: [0, 1] });
  });
});

describe("an alert is raised once", () => {
  test("at 80 %, at 100 %, and anew in the next month", async () => {
    const budget = await setBudget("tokens_per_month", 10_000);
    const use = async (times: number) => {
      for (let n = 0; n < times; n++) await finish(await begin({ tokens: 1_000 }), { tokens: 1_000 });
    };
    await use(7);
    expect(await alerts(budget)).toEqual([]);
    await use(2);
    expect(await alerts(budget)).toEqual([80]);
    await use(1);
    expect(await alerts(budget)).toEqual([80, 100]);
    await sql("update budget_counters set period_start = period_start - interval '1 month' where budget_id = $1", [budget]);
    await sql("update usage_alerts set period_start = period_start - interval '1 month' where budget_id = $1", [budget]);
    await use(10);
    expect(await alerts(budget)).toEqual([80, 100, 80, 100]);
  });

  test("also at 100 % when what is left holds no further answer, and anew after the limit was raised", async () => {
    const budget = await setBudget("cost_per_day", 1_000);
    await finish(await begin({ micros: 400 }), { micros: 700 });
    expect(await alerts(budget)).toEqual([100]);
    await sql("update budgets set limit_value = 2000 where id = $1", [budget]);
    await finish(await begin({ micros: 900 }), { micros: 900 });
    expect((await alerts(budget)).sort()).toEqual([100, 100, 80]);
  });

  test("of each, by 100 parallel ends", async () => {
    const budget = await setBudget("tokens_per_day", 10_000);
    const runs = await Promise.all(Array.from({ length: 100 }, () => begin({ tokens: 100 })));
    await Promise.all(runs.map((run) => finish(run, { tokens: 100 })));
    expect((await usage()).tokens_per_day).toEqual([10_000, 0]);
    expect((await alerts(budget)).sort()).toEqual([100, 80]);
    const told = await sql<{ detail: { threshold: number } }>(
      "select detail from audit_log where action = 'usage.threshold' and org_id = $1",
      [org],
    );
    expect(told.map(({ detail }) => detail.threshold).sort()).toEqual([100, 80]);
    expect(told[0]?.detail).toMatchObject({
      subject: "organization",
      metric: "tokens_per_day",
      limit_value: 10_000,
      used: expect.any(Number),
    });
  });

  test("at once where a limit is set to what was used already, or below: no answer could raise it any more", async () => {
    await finish(await begin({ tokens: 900 }), { tokens: 900 });
    expect(await alerts(await setBudget("tokens_per_day", 10_000))).toEqual([]);
    const month = await setBudget("tokens_per_month", 1_000);
    expect(await alerts(month)).toEqual([80]);
    await sql("update budgets set limit_value = 500 where id = $1", [month]);
    expect((await alerts(month)).sort()).toEqual([100, 80, 80]);
    expect((await ask({ tokens: 1 })).over).toMatchObject({ metric: "tokens_per_month" });
    expect(await alerts(await setBudget("tokens_per_day", 500, { eachVisitor: true }))).toEqual([]);
  });
});

test("without budgets nothing is locked or written", async () => {
  await finish(await begin({ visitor: await newVisitor(), tokens: 1_000 }), { tokens: 500 });
  for (const table of ["budget_counters", "budget_holds", "usage_alerts"]) {
    expect(await sql(`select 1 from ${table} where org_id = $1`, [org])).toEqual([]);
  }
});

test("who set a budget, and from what to what, is in the audit log", async () => {
  const budget = await setBudget("cost_per_month", 5_000_000, { agent });
  await sql("update budgets set limit_value = 9000000 where id = $1", [budget]);
  await sql("delete from budgets where id = $1", [budget]);
  // By their place in the table, to which rows are only added: ids of one millisecond have no order.
  const rows = await sql<{ action: string; detail: object }>("select action, detail from audit_log where subject_id = $1 order by ctid", [
    budget,
  ]);
  expect(rows.map((row) => row.action)).toEqual(["budgets.insert", "budgets.update", "budgets.delete"]);
  expect(rows[1]?.detail).toMatchObject({
    subject: "agent",
    metric: "cost_per_month",
    limit_value: 9_000_000,
    limit_value_before: 5_000_000,
  });
});
