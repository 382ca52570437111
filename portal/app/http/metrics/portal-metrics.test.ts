import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { CircuitBreaker } from "@gpt-agent/core/llm/circuit-breaker";
import { openMetrics } from "@gpt-agent/core/metrics/metrics";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FakeLlm } from "../../../../e2e/fakes/llm.ts";
import { startRedis } from "../../../../e2e/fakes/redis.ts";
import { SOCKET_ADDRESS_HEADER } from "../client-address.ts";
import { type ModelPortal, startModelPortal } from "../test-model-portal.ts";
import { call, openSession, question, readAnswer, readEvents, type SeededAgent, seedAgent } from "../test-portal.ts";
import { lookAtPortal, metricsAnswer } from "./portal-metrics.ts";

let redis: Awaited<ReturnType<typeof startRedis>>;
let llm: FakeLlm;
let portal: ModelPortal;
let agent: SeededAgent;
beforeAll(async () => {
  redis = await startRedis();
  portal = await startModelPortal({ REDIS_URL: redis.url });
  llm = portal.llm;
  agent = await seedAgent(portal.backend, { passages: [{ body: "All bottles come with a ten-year warranty." }] });
}, 120_000);
afterAll(async () => {
  await portal.close();
  await redis.stop();
});

const text = () => portal.services.metrics.text();
/** The value of a series, written as Prometheus does; undefined when there is none. */
async function seriesValue(series: string): Promise<number | undefined> {
  const line = (await text()).split("\n").find((each) => each.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}
const seriesIn = (all: string) => all.split("\n").filter((line) => line.startsWith("gap_")).length;
const CHAT = "/api/v1/agents/:agentId/chat";
const chat = (token: string, id: string = randomUUID()) =>
  call(portal, `/api/v1/agents/${agent.publicId}/chat`, token, { body: question("Tell me about the warranty", { id }) });

describe("what a portal tells", () => {
  test("an answer counts once, with its tokens, cost and times, and its stream as open while it is read", async () => {
    llm.script({ kind: "answer", text: "word ".repeat(40), pauseMs: 20 });
    const { token } = await openSession(portal, agent);
    const response = await chat(token);
    const events = readEvents(response);
    await events.next();
    expect(await seriesValue("gap_streams_open")).toBe(1);
    expect(await seriesValue("gap_answers_running")).toBe(1);
    // The stream was timed when it began.
    expect(await seriesValue(`gap_http_request_duration_seconds_count{route="${CHAT}"}`)).toBe(1);
    for (let step = await events.next(); !step.done; ) step = await events.next();
    await expect.poll(() => seriesValue("gap_streams_open")).toBe(0);
    const answers = (await text()).split("\n").filter((line) => line.startsWith("gap_answers_total{"));
    expect(answers).toHaveLength(1);
    expect(answers[0]).toMatch(/responder="model"\} 1$/);
    expect(await seriesValue('gap_answer_first_token_seconds_count{responder="model"}')).toBe(1);
    expect(await seriesValue('gap_answer_duration_seconds_count{responder="model"}')).toBe(1);
    expect(await seriesValue('gap_answer_tokens_total{direction="read"}')).toBeGreaterThan(0);
    expect(await seriesValue('gap_answer_tokens_total{direction="written"}')).toBeGreaterThan(0);
    expect(await seriesValue(`gap_http_requests_total{method="POST",route="${CHAT}",code="200"}`)).toBe(1);
    expect(await seriesValue('gap_database_request_duration_seconds_count{kind="function"}')).toBeGreaterThan(2);
  });

  test("a stream whose reader leaves is closed as well", async () => {
    llm.script({ kind: "answer", text: "word ".repeat(400), pauseMs: 20 });
    const { token } = await openSession(portal, agent);
    const id = randomUUID();
    const response = await chat(token, id);
    await response.body!.cancel();
    await expect.poll(() => seriesValue("gap_streams_open")).toBe(0);
    await call(portal, `/api/v1/chat/${id}/stop`, token, { method: "POST" });
  });

  test("a limit that is hit counts by its name, a model that fails by how", async () => {
    const { limiter } = portal.services;
    for (let n = 0; n <= 10; n++) await limiter.check("loginAccount", "somebody@example.com");
    expect(await seriesValue('gap_limit_hits_total{limit="loginAccount"}')).toBe(1);
    llm.script({ kind: "status", status: 401 });
    const { token } = await openSession(portal, agent);
    await readAnswer(await chat(token));
    expect(await seriesValue('gap_llm_failures_total{kind="unauthorized"}')).toBe(1);
  });

  test("the database and Redis are up", async () => {
    // On a busy machine one look may come too late; the next is five seconds later.
    await expect.poll(() => seriesValue("gap_database_up"), { timeout: 15_000 }).toBe(1);
    await expect.poll(() => seriesValue("gap_redis_up"), { timeout: 15_000 }).toBe(1);
    expect(await seriesValue("gap_redis_ping_seconds")).toBeLessThan(2);
  });
});

describe("what a portal needs", () => {
  const admission = { state: { running: 2, starting: 1, lagMs: 0, busy: 0 } };
  const breaker = new CircuitBreaker({ threshold: 1 });
  breaker.failed("some/model");
  const away = { error: new Error("away") };
  const db = { from: () => ({ select: () => ({ limit: () => ({ abortSignal: async () => away }) }) }) };
  const textWith = (limiter: object) => {
    const metrics = openMetrics("portal");
    lookAtPortal(metrics, { db, admission, breaker, limiter, version: "1" } as never);
    return metrics.text();
  };

  test("is down when it is", async () => {
    const told = (await textWith({ ping: () => Promise.reject(new Error("away")) })).split("\n");
    for (const line of ["gap_database_up 0", "gap_redis_up 0", "gap_llm_circuits_open 1", "gap_answers_running 2"])
      expect(told).toContain(line);
    expect(told.filter((line) => line.startsWith("gap_redis_ping_seconds "))).toEqual([]);
  });

  test("is not told of where there is none", async () => {
    expect((await textWith({})).match(/^gap_redis_up .*$/m)).toBeNull();
  });
});

test("an address with steps up counts under the route that answers it", async () => {
  const { hostname, port } = new URL(portal.url);
  // fetch would take the steps itself.
  const asked = request({ hostname, port, path: "/api/v1/agents/a/%2e%2e/../../health?live=1" }).end();
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  answer.resume();
  expect(answer.statusCode).toBe(200);
  await expect.poll(() => seriesValue('gap_http_requests_total{method="GET",route="/api/health",code="200"}')).toBe(1);
});

describe("cardinality", () => {
  test("hostile addresses, methods, agents and organizations make no new series", async () => {
    const strange = (n: number) => [
      `/api/v1/agents/${randomUUID()}/config`,
      `/api/v1/agents/${encodeURIComponent(`'"{}\n${n}`)}/chat`,
      `/api/v1/chat/${"x".repeat(200)}${n}/stream`,
      `/api/${"deep/".repeat(20)}${n}`,
      `/${randomUUID()}?route=${n}`,
    ];
    const send = async (n: number) => {
      for (const path of strange(n)) await fetch(`${portal.url}${path}`).then((response) => response.text());
      await fetch(`${portal.url}/reports`, { method: "REPORT", headers: { "x-org": `org-${n}` } }).catch(() => {});
    };
    await send(0);
    await expect.poll(() => seriesValue('gap_http_requests_total{method="GET",route="/api/*",code="404"}')).toBeGreaterThan(0);
    const before = await text();
    for (let n = 1; n <= 12; n++) await send(n);
    const after = await text();
    // A route may have answered with another status by now (a limit was hit), which is a series of its own and bounded.
    expect(seriesIn(after) - seriesIn(before)).toBeLessThanOrEqual(2);
    for (const named of [agent.orgId, agent.agentId, agent.publicId, "Bottle Helper", "org-1"]) expect(after).not.toContain(named);
  });
});

describe("GET /metrics", () => {
  const ask = (headers: Record<string, string>) =>
    metricsAnswer(new Request(`${portal.url}/metrics`, { headers }), portal.services.metrics, portal.services.metricsDoor);
  test("is there for a program on the same machine", async () => {
    const answer = await ask({ [SOCKET_ADDRESS_HEADER]: "127.0.0.1", host: new URL(portal.url).host });
    expect([answer.status, answer.headers.get("content-type"), answer.headers.get("cache-control")]).toEqual([
      200,
      "text/plain; version=0.0.4; charset=utf-8",
      "no-store",
    ]);
    expect(await answer.text()).toMatch(/^# HELP /);
  });
  test("H11: and for nobody else", async () => {
    for (const headers of [
      {},
      { [SOCKET_ADDRESS_HEADER]: "203.0.113.9", host: "localhost" },
      { [SOCKET_ADDRESS_HEADER]: "127.0.0.1", host: "localhost", "x-forwarded-for": "203.0.113.9" },
    ] as Record<string, string>[]) {
      const answer = await ask(headers);
      expect([answer.status, await answer.text()]).toEqual([404, "Not found\n"]);
    }
  });
});
