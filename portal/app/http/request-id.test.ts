import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { callWithKey, makeKey } from "./test-keys.ts";
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

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

let portal: TestPortal;
let agent: SeededAgent;
const lines: Record<string, unknown>[] = [];
beforeAll(async () => {
  const keep = (text: unknown) => {
    for (const line of String(text).split("\n")) if (line.startsWith("{")) lines.push(JSON.parse(line));
    return true;
  };
  vi.spyOn(process.stdout, "write").mockImplementation(keep);
  vi.spyOn(process.stderr, "write").mockImplementation(keep);
  portal = await startTestPortal({ LOG_LEVEL: "info" });
  agent = await seedAgent(portal.backend, { passages: [{ body: "Delivery in Russia costs 350 roubles." }] });
}, 60_000);
afterAll(async () => {
  await portal?.close();
  vi.restoreAllMocks();
});

const answered = (requestId: string) =>
  vi.waitFor(() => {
    const line = lines.find((one) => one.requestId === requestId && one.message === "A request was answered");
    expect(line).toBeDefined();
    return line!;
  });

describe("the id of a request", () => {
  test("is taken from the caller where it is a UUID; anything else is replaced", async () => {
    const mine = randomUUID();
    const config = (requestId: string) =>
      fetch(`${portal.url}/api/v1/agents/${agent.publicId}/config`, { headers: { origin: SHOP, "x-request-id": requestId } });
    const kept = await config(mine);
    expect(kept.headers.get("x-request-id")).toBe(mine);
    expect(kept.headers.get("access-control-expose-headers")).toContain("x-request-id");
    for (const forged of ["1", mine.toUpperCase(), `${mine}, ${mine}`, '"><script>', "x".repeat(5_000), "%0d%0aset-cookie:a=b"]) {
      const answer = await config(forged);
      expect(answer.headers.get("x-request-id")).toMatch(UUID);
      expect(answer.headers.get("x-request-id")).not.toBe(mine);
    }
  });

  test("is in the answer, the body of an error and the log, with neither query nor body", async () => {
    const answer = await fetch(`${portal.url}/api/v1/agents?secret-of-a-query=1`, { headers: { authorization: "Bearer secret-of-a-key" } });
    const requestId = answer.headers.get("x-request-id")!;
    expect(answer.status).toBe(401);
    expect((await answer.json()).requestId).toBe(requestId);
    expect(await answered(requestId)).toMatchObject({ method: "GET", path: "/api/v1/agents", status: 401, whole: true, process: "portal" });
    expect(JSON.stringify(lines)).not.toContain("secret-of-a");
  });

  test("goes into the outbox with the job that comes of the request", async () => {
    const key = await makeKey(portal, agent, ["write"]);
    const answer = await callWithKey(portal, `/api/v1/agents/${agent.publicId}/sources?name=a.md`, key, {
      method: "POST",
      body: new TextEncoder().encode("# A"),
      headers: { "content-type": "text/markdown" },
    });
    expect(answer.status).toBe(201);
    const { id } = (await answer.json()) as { id: string };
    const { rows } = await portal.backend.db.query<{ request_id: string }>(
      "select request_id from outbox where name = 'source.read' and payload ->> 'sourceId' = $1",
      [id],
    );
    expect(rows).toEqual([{ request_id: answer.headers.get("x-request-id") }]);
  });

  test("is one for an answer from the question to its end; what the visitor wrote and read is in no line", async () => {
    const { token } = await openSession(portal, agent);
    const asked = await call(portal, `/api/v1/agents/${agent.publicId}/chat`, token, {
      body: question("What does delivery-canary-word in Russia cost?"),
    });
    const requestId = asked.headers.get("x-request-id")!;
    expect(requestId).toMatch(UUID);
    expect((await readAnswer(asked)).text).toContain("350");
    expect(await answered(requestId)).toMatchObject({ method: "POST", status: 200, whole: true });
    expect(JSON.stringify(lines)).not.toMatch(/canary-word|350 roubles/);
  });
});
