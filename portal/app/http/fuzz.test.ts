// H12: the whole API under requests made from its own document. Every answer is held against the document as well (test-watch).
import { writeFileSync } from "node:fs";
import { Agent, request as send } from "node:http";
import { performance } from "node:perf_hooks";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { SCOPES } from "~/models/scopes";
import { createApiKey } from "./api-key.ts";
import { type FuzzRequest, type FuzzWorld, fuzzOperations, fuzzRequests } from "./openapi/test-fuzz.ts";
import { makeKey } from "./test-keys.ts";
import { openSession, question, readAnswer, SHOP, seedAgent, startTestPortal, type TestPortal, call as visit } from "./test-portal.ts";

/** Requests to each operation: some in every test run, each time others; a thousand with `npm run bench:fuzz`. */
const CASES = Number(process.env.FUZZ_CASES ?? 40);
const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
const AT_ONCE = 4;
const SLOW_MS = 1_000;
/** On a machine that is busy with other things everything is late: then nothing may take more than this many times the median. */
const SLOW_MEDIANS = 10;
/** What the server answers by closing the connection while the rest is still on its way (json-body). */
const CUT_OFF_BYTES = 256 * 1024;

type Outcome = { status: number; ms: number };
const client = new Agent({ keepAlive: true, maxSockets: AT_ONCE * 2 });

/** A request as it is, without a client's care for what it sends. */
function attempt(portal: TestPortal, given: FuzzRequest, started = performance.now()): Promise<Outcome> {
  const { method, path, headers, body } = given;
  const { hostname, port } = new URL(portal.url);
  return new Promise((resolve, reject) => {
    const done = (status: number) => resolve({ status, ms: performance.now() - started });
    const outgoing = send({ agent: client, hostname, port, method, path, headers, timeout: 20_000 }, (response) => {
      response.on("data", () => undefined);
      response.on("error", () => done(response.statusCode ?? 0));
      response.on("end", () => done(response.statusCode ?? 0));
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error("no answer in 20 s")));
    outgoing.on("error", (error: NodeJS.ErrnoException) => {
      if (body && body.byteLength > CUT_OFF_BYTES) done(413);
      // A kept connection may be closed by the server at the moment it is used again.
      else if (error.code === "ECONNRESET" && outgoing.reusedSocket) attempt(portal, given, started).then(resolve, reject);
      else reject(error);
    });
    outgoing.end(body ?? undefined);
  });
}

const median = (outcomes: Outcome[]) => outcomes.map(({ ms }) => ms).sort((a, b) => a - b)[Math.floor(outcomes.length / 2)] ?? 0;

const told = ({ method, path, headers, body }: FuzzRequest) =>
  `${method} ${path.slice(0, 300)} ${JSON.stringify(headers).slice(0, 500)} ${body?.toString("utf8").slice(0, 300) ?? ""}`;

describe(`H12: ${CASES} requests to each operation, seed ${SEED}`, () => {
  let portal: TestPortal;
  let world: FuzzWorld;
  const figures: { operation: string; requests: number; refused: number; limited: number; p50Ms: number; maxMs: number }[] = [];

  beforeAll(async () => {
    // The router says so of each address with a broken escape, and here there are many.
    const { warn } = console;
    vi.spyOn(console, "warn").mockImplementation((...said) => /could not be decoded/.test(String(said[0])) || warn(...said));
    portal = await startTestPortal({ TRUSTED_PROXIES: "1" });
    world = await makeWorld(portal, CASES);
  });
  afterAll(async () => {
    client.destroy();
    await portal.close();
    vi.restoreAllMocks();
    if (process.env.FUZZ_REPORT) writeFileSync(process.env.FUZZ_REPORT, JSON.stringify({ seed: SEED, figures }));
  });

  it.each(fuzzOperations.map((operation) => [operation.name, operation] as const))(
    "%s: no 5xx, nothing over a second, every answer as documented",
    async (name, operation) => {
      const requests = fc.sample(fuzzRequests(operation, world), { numRuns: CASES, seed: SEED });
      const outcomes: Outcome[] = [];
      const late: FuzzRequest[] = [];
      let next = 0;
      const worker = async () => {
        for (let request = requests[next++]; request; request = requests[next++]) {
          const given = request;
          const outcome = await attempt(portal, given).catch((error: Error) => {
            throw new Error(`${error.message}, seed ${SEED}: ${told(given)}`);
          });
          if (outcome.status >= 500) throw new Error(`${outcome.status}, seed ${SEED}: ${told(given)}`);
          outcomes.push(outcome);
          if (outcome.ms > SLOW_MS) late.push(given);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
      expect(outcomes).toHaveLength(CASES);
      // Anything may be late once; what a request itself makes slow is slow by itself, and each time.
      const bar = Math.max(SLOW_MS, SLOW_MEDIANS * median(outcomes));
      for (const given of late) {
        const again = [await attempt(portal, given), await attempt(portal, given), await attempt(portal, given)];
        if (median(again) > bar) throw new Error(`${Math.round(median(again))} ms, seed ${SEED}: ${told(given)}`);
      }
      const count = (test: (status: number) => boolean) => outcomes.filter(({ status }) => test(status)).length;
      figures.push({
        operation: name,
        requests: CASES,
        refused: count((status) => status >= 400),
        limited: count((status) => status === 429),
        p50Ms: Math.round(median(outcomes)),
        maxMs: Math.round(Math.max(...outcomes.map(({ ms }) => ms))),
      });
    },
    20_000 + CASES * 200,
  );

  it("got past the doors: few requests were only turned away by a limit", () => {
    const all = (field: "requests" | "limited") => figures.reduce((sum, row) => sum + row[field], 0);
    expect(all("limited") / all("requests")).toBeLessThan(0.1);
    expect(figures.filter(({ requests, refused }) => refused < requests).length).toBeGreaterThan(fuzzOperations.length / 2);
  });
});

/** An organization with something of everything, and as many keys and visitors as limits ask for. */
async function makeWorld(portal: TestPortal, cases: number): Promise<FuzzWorld> {
  const agent = await seedAgent(portal.backend, {
    publicId: "demo",
    settings: { handoff: { enabled: true }, leads: { when: "handoff" } },
    passages: [{ body: "Delivery takes two days. The warranty covers leaks." }],
  });
  const stranger = await seedAgent(portal.backend);
  const { db } = portal.backend;
  const many = Math.ceil(cases / 10) + 4;
  const keys = await Promise.all(Array.from({ length: many }, () => makeKey(portal, agent, [...SCOPES])));
  const visitors = await db.query<{ id: string }>(
    "insert into visitors (org_id, agent_id) select $1, $2 from generate_series(1, $3) returning id",
    [agent.orgId, agent.agentId, many],
  );
  const { tokens } = portal.services.visitorApi();
  const claims = { orgId: agent.orgId, agentId: agent.agentId, agentPublicId: agent.publicId, origin: SHOP, verified: false };
  const sessions = await Promise.all(visitors.rows.map(async ({ id }) => (await tokens.sign({ ...claims, visitorId: id })).token));
  await db.query(
    "insert into sources (org_id, agent_id, kind, title, status) select $1, $2, 'qa', 'Q', 'ready' from generate_series(1, 60)",
    [agent.orgId, agent.agentId],
  );
  const body = question("How long does delivery take?", { id: "conversation-1" });
  const { token } = await openSession(portal, agent);
  const answer = await readAnswer(await visit(portal, `/api/v1/agents/${agent.publicId}/chat`, token, { body }));
  const sources = await db.query<{ id: string }>("select id from sources where agent_id = $1", [agent.agentId]);
  const conversations = await db.query<{ id: string }>("select id from conversations where agent_id = $1", [agent.agentId]);
  const endpoints = await db.query<{ id: string }>(
    "insert into webhook_endpoints (org_id, url, events, sealed_secret) select $1, 'https://hooks.example/', '{source.ready}', 'v1.1.' || repeat('A', 40) from generate_series(1, 20) returning id",
    [agent.orgId],
  );
  const deliveries = await Promise.all(
    endpoints.rows.map(async ({ id }) => (await portal.services.service.rpc("test_webhook", { org: agent.orgId, endpoint: id })).data!),
  );
  return {
    origin: SHOP,
    ids: {
      endpointId: endpoints.rows.map(({ id }) => id),
      deliveryId: deliveries,
      agentId: [agent.publicId, agent.publicId, stranger.publicId],
      sourceId: sources.rows.map(({ id }) => id),
      conversationId: ["conversation-1", ...conversations.rows.map(({ id }) => id)],
      messageId: [String(answer.start?.messageId)],
      index: ["1"],
    },
    credentials: ({ security }) => [
      ...(security.some((way) => "apiKey" in way) ? keys : []),
      ...(security.some((way) => "visitor" in way) ? [token, ...sessions] : []),
    ],
    badCredentials: ["x", "gap_live_", createApiKey().key, `${token.slice(0, -3)}AAA`, await makeKey(portal, stranger, [...SCOPES])],
  };
}
