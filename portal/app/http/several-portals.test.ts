import { randomBytes, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FakeLlm, startFakeLlm } from "../../../e2e/fakes/llm.ts";
import { startRedis } from "../../../e2e/fakes/redis.ts";
import { LIMITS } from "./limiter/limiter.ts";
import { call, openSession, question, readAnswer, type SeededAgent, seedAgent, startTestPortal, type TestPortal } from "./test-portal.ts";

const TEXT = "word ".repeat(80).trim();

let redis: Awaited<ReturnType<typeof startRedis>>;
let llm: FakeLlm;
let one: TestPortal;
let two: TestPortal;
let agent: SeededAgent;
beforeAll(async () => {
  redis = await startRedis();
  llm = await startFakeLlm();
  const env = { REDIS_URL: redis.url, ENCRYPTION_KEY: randomBytes(32).toString("base64"), LLM_BASE_URL: llm.url, LLM_API_KEY: "k" };
  one = await startTestPortal(env);
  two = await startTestPortal({ ...env, APP_URL: one.url }, one.backend);
  agent = await seedAgent(one.backend, { passages: [{ body: "The warranty lasts ten years." }] });
}, 180_000);
afterAll(async () => {
  await two.close();
  await one.close();
  await llm.close();
  await redis.stop();
});

const ask = (portal: TestPortal, token: string, id: string, messageId?: string) =>
  call(portal, `/api/v1/agents/${agent.publicId}/chat`, token, {
    body: question("Tell me about the warranty", { id, ...(messageId ? { messageId } : {}) }),
  });

describe("two portals over one Redis", () => {
  it("an answer begun on one can be followed on the other", async () => {
    llm.script({ kind: "answer", text: TEXT, pauseMs: 10 });
    const { token } = await openSession(one, agent);
    const id = randomUUID();
    const begun = await ask(one, token, id);
    const followed = await call(two, `/api/v1/chat/${id}/stream`, token);
    expect(followed.status).toBe(200);
    const [first, second] = await Promise.all([readAnswer(begun), readAnswer(followed)]);
    expect(first.text).toBe(TEXT);
    expect(second.received).toEqual(first.received);
  });

  it("an answer running on one is stopped from the other", async () => {
    llm.script({ kind: "answer", text: TEXT, pauseMs: 30 });
    const { token } = await openSession(one, agent);
    const id = randomUUID();
    const reading = readAnswer(await ask(one, token, id));
    await sleep(200);
    const before = llm.aborted();
    expect((await call(two, `/api/v1/chat/${id}/stop`, token, { method: "POST" })).status).toBe(204);
    await expect.poll(() => llm.aborted(), { timeout: 2_000 }).toBe(before + 1);
    expect((await reading).events).toContainEqual({ type: "abort", reason: "stopped" });
  });

  it("C8: the same message sent to both is one run", async () => {
    llm.script({ kind: "answer", text: TEXT, pauseMs: 5 });
    llm.requests.length = 0;
    const { token } = await openSession(one, agent);
    const [id, messageId] = [randomUUID(), randomUUID()];
    const answers = await Promise.all([one, two, one, two].map(async (portal) => readAnswer(await ask(portal, token, id, messageId))));
    expect(new Set(answers.map(({ start }) => start?.messageId)).size).toBe(1);
    for (const { text } of answers) expect(text).toBe(TEXT);
    expect(llm.requests).toHaveLength(1);
  });

  it("H3: limits count both together", async () => {
    const { token } = await openSession(one, agent);
    const statuses = await Promise.all(
      Array.from(
        { length: LIMITS.messageVisitor.limit * 2 },
        async (_, i) => (await call(i % 2 ? one : two, `/api/v1/agents/${agent.publicId}/chat`, token, { body: "{}" })).status,
      ),
    );
    expect(statuses.filter((status) => status === 400)).toHaveLength(LIMITS.messageVisitor.limit);
  });

  // Last: it takes the Redis away.
  it("without Redis answers go on, can be stopped where they are written, and the others know nothing of them", async () => {
    llm.script({ kind: "answer", text: TEXT, pauseMs: 30 });
    const { token } = await openSession(one, agent);
    const before = randomUUID();
    const begun = readAnswer(await ask(one, token, before));
    await redis.stop();
    expect((await begun).text).toBe(TEXT);

    const during = randomUUID();
    const asked = performance.now();
    const response = await ask(one, token, during);
    expect(response.status).toBe(200);
    expect(performance.now() - asked).toBeLessThan(4_000);
    const reading = readAnswer(response);
    await sleep(200);
    // The answer is neither to be found there nor taken for lost.
    expect((await call(two, `/api/v1/chat/${during}/stream`, token)).status).toBe(204);
    const { rows } = await one.backend.db.query<{ status: string }>("select status from runs where status = 'running'");
    expect(rows).toEqual([{ status: "running" }]);
    expect((await call(one, `/api/v1/chat/${during}/stop`, token, { method: "POST" })).status).toBe(204);
    expect((await reading).events).toContainEqual({ type: "abort", reason: "stopped" });
  });
});
