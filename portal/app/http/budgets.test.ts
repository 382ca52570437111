import { RESERVED_FOR_AN_ANSWER } from "@gpt-agent/core/limits";
import OpenAI from "openai";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { FakeLlm } from "../../../e2e/fakes/llm.ts";
import { makeKey } from "./test-keys.ts";
import { type ModelPortal, startModelPortal } from "./test-model-portal.ts";
import { call, openSession, question, readAnswer, type SeededAgent, seedAgent } from "./test-portal.ts";

let llm: FakeLlm;
let portal: ModelPortal;
let agent: SeededAgent;
const QUICK = { kind: "answer", text: "It covers leaks [1]." } as const;

beforeAll(async () => {
  // Supabase Lite prints every error of the database.
  vi.spyOn(console, "error").mockImplementation(() => {});
  portal = await startModelPortal({ TRUSTED_PROXIES: "1" });
  llm = portal.llm;
});
afterAll(async () => {
  await portal.close();
  vi.restoreAllMocks();
});
beforeEach(async () => {
  agent = await seedAgent(portal.backend, { passages: [{ title: "Warranty", body: "The warranty covers leaks." }] });
  llm.script(QUICK);
});

const setBudget = (metric: string, limit: number, given: { eachVisitor?: boolean; apiKey?: string } = {}) =>
  portal.backend.db.query("insert into budgets (org_id, each_visitor, api_key_id, metric, limit_value) values ($1, $2, $3, $4, $5)", [
    agent.orgId,
    given.eachVisitor ?? false,
    given.apiKey ?? null,
    metric,
    limit,
  ]);
const use = async (metric: string) => {
  const { rows } = await portal.backend.db.query<{ used: number; reserved: number }>(
    "select used::integer, reserved::integer from budget_use($1) where metric = $2",
    [agent.orgId, metric],
  );
  return rows[0];
};
let addresses = 0;
/** A visitor with an address of their own, so that the limits per address stay out of the way. */
async function newVisitor(language = "en") {
  const { token } = await openSession(portal, agent);
  const headers = { "x-forwarded-for": `10.1.${++addresses >> 8}.${addresses & 255}`, "accept-language": language };
  return {
    ask: (text = "What does the warranty cover?", ids: { id?: string; messageId?: string } = {}) =>
      call(portal, `/api/v1/agents/${agent.publicId}/chat`, token, { body: question(text, ids), headers }),
    stop: (id: string) => call(portal, `/api/v1/chat/${id}/stop`, token, { method: "POST", headers }),
  };
}

describe("H3: 100 parallel questions with 10 left", () => {
  it("requests: exactly 10 are answered, everyone else is told when to come back", async () => {
    await setBudget("requests_per_minute", 10);
    const visitors = await Promise.all(Array.from({ length: 10 }, () => newVisitor()));
    const responses = await Promise.all(Array.from({ length: 100 }, (_, n) => visitors[n % 10]!.ask()));
    const answered = responses.filter(({ status }) => status === 200);
    expect(answered).toHaveLength(10);
    for (const answer of await Promise.all(answered.map(readAnswer))) expect(answer.text).toContain("It covers leaks");
    for (const refused of responses.filter(({ status }) => status !== 200)) {
      expect(refused.status).toBe(429);
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    }
    expect(await use("requests_per_minute")).toMatchObject({ used: 10 });
  });

  it("tokens: what runs and what was used stay within the limit, and stopping gives back what is left", async () => {
    llm.script({ kind: "silence", after: 2 });
    await setBudget("tokens_per_day", 10 * RESERVED_FOR_AN_ANSWER.tokens);
    const visitors = await Promise.all(Array.from({ length: 10 }, () => newVisitor()));
    const ids = Array.from({ length: 100 }, (_, n) => `conversation-${n}`);
    const responses = await Promise.all(ids.map((id, n) => visitors[n % 10]!.ask(undefined, { id })));
    const running = ids.filter((_, n) => responses[n]?.status === 200);
    expect(running).toHaveLength(10);
    expect(await use("tokens_per_day")).toEqual({ used: 0, reserved: 10 * RESERVED_FOR_AN_ANSWER.tokens });
    await Promise.all(running.map((id) => visitors[ids.indexOf(id) % 10]!.stop(id)));
    await Promise.all(responses.filter(({ status }) => status === 200).map(readAnswer));
    expect(await use("tokens_per_day")).toMatchObject({ reserved: 0 });
    llm.script(QUICK);
    expect((await readAnswer(await visitors[0]!.ask())).text).toContain("It covers leaks");
  });
});

it("a failing model gives back what was set aside", async () => {
  llm.script({ kind: "reset", after: 3 });
  await setBudget("tokens_per_day", RESERVED_FOR_AN_ANSWER.tokens);
  const visitor = await newVisitor();
  await readAnswer(await visitor.ask());
  expect(await use("tokens_per_day")).toMatchObject({ reserved: 0 });
});

describe("over the limit", () => {
  const spent = async (metric: string, given: { eachVisitor?: boolean; apiKey?: string } = {}) => {
    await setBudget(metric, 1, given);
    await portal.backend.db.query(
      "insert into budget_counters (org_id, budget_id, holder, period_start, used) select org_id, id, org_id, date_trunc('month', now(), 'UTC'), 1 from budgets where org_id = $1",
      [agent.orgId],
    );
  };

  it.each([
    ["en", /Please come back later/],
    ["ru-RU,ru;q=0.9", /Загляните, пожалуйста, позже/],
  ])("a visitor (%s) reads a plain sentence, and nothing of what the organization pays", async (language, words) => {
    await spent("cost_per_month");
    const refused = await (await newVisitor(language)).ask();
    expect(refused.status).toBe(429);
    const body = await refused.json();
    expect(body).toMatchObject({ code: "over_budget", detail: expect.stringMatching(words), retryAfter: expect.any(Number) });
    expect(refused.headers.get("retry-after")).toBe(String(body.retryAfter));
    expect(JSON.stringify(body)).not.toMatch(/cost|month|organization|\$/i);
  });

  it("a visitor over a limit of their own is only too fast", async () => {
    await setBudget("requests_per_minute", 1, { eachVisitor: true });
    const visitor = await newVisitor();
    await readAnswer(await visitor.ask());
    expect(await (await visitor.ask("And dents?")).json()).toMatchObject({ status: 429, code: "rate_limited" });
    expect((await (await newVisitor()).ask()).status).toBe(200);
  });

  it("an API key is told which limit, in OpenAI's shape", async () => {
    const key = await makeKey(portal, agent, ["chat"]);
    const { rows } = await portal.backend.db.query<{ id: string }>("select id from api_keys where org_id = $1", [agent.orgId]);
    await spent("tokens_per_month", { apiKey: rows[0]!.id });
    const client = new OpenAI({ baseURL: `${portal.url}/v1`, apiKey: key, maxRetries: 0 });
    const refused = await client.chat.completions
      .create({ model: `agent:${agent.publicId}`, messages: [{ role: "user", content: "Hello?" }] })
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(OpenAI.RateLimitError);
    expect(refused).toMatchObject({
      status: 429,
      code: "over_budget",
      type: "insufficient_quota",
      message: expect.stringMatching(/tokens per month \(api key\)/),
    });
    expect(Number((refused as InstanceType<typeof OpenAI.APIError>).headers?.get("retry-after"))).toBeGreaterThan(0);
    expect((await (await newVisitor()).ask()).status).toBe(200);
  });
});
