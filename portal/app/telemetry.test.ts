// Errors and traces of portal and worker at a fake of Sentry: each arrives once, with ids and a trace, and without anything of people.
import { type ChildProcess, fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { FakeLlm } from "../../e2e/fakes/llm.ts";
import { type FakeSentry, startFakeSentry } from "../../e2e/fakes/sentry.ts";
import { failOnUndocumented } from "./http/openapi/test-watch.ts";
import { callWithKey, makeKey } from "./http/test-keys.ts";
import { startModelPortal } from "./http/test-model-portal.ts";
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
} from "./http/test-portal.ts";

vi.setConfig({ testTimeout: 90_000 });

const sdks = () => Object.keys(createRequire(import.meta.url).cache).filter((file) => file.includes("@sentry"));
const settle = () => new Promise((later) => setTimeout(later, 300));

let sentry: FakeSentry;
let portal: TestPortal;
let agent: SeededAgent;
let key: string;
let llm: FakeLlm;
/** What the portal has written to its log. */
const lines: string[] = [];
const SECRETS = {
  LLM_API_KEY: `canary-${randomBytes(8).toString("hex")}`,
  METRICS_TOKEN: `canary-${randomBytes(8).toString("hex")}`,
  ENCRYPTION_KEY: randomBytes(32).toString("base64"),
};
beforeAll(async () => {
  sentry = await startFakeSentry();
});
afterAll(() => sentry?.close());

describe("without a DSN", () => {
  test("no SDK is loaded, and nothing is sent", async () => {
    portal = await startTestPortal();
    agent = await seedAgent(portal.backend);
    portal.services.log.error("An error", { error: new Error("no") });
    await fetch(`${portal.url}/api/v1/agents`);
    await portal.services.telemetry.close();
    expect(sdks()).toEqual([]);
    expect(sentry.envelopes).toEqual([]);
    await portal.close();
  });
});

describe("with a DSN", () => {
  beforeAll(async () => {
    const started = await startModelPortal({
      SENTRY_DSN: sentry.dsn(1),
      SENTRY_RELEASE: "gap@1.2.3",
      SENTRY_TRACES_SAMPLE_RATE: "1",
      SENTRY_ENVIRONMENT: "test",
      LOG_LEVEL: "debug",
      ...SECRETS,
    });
    portal = started;
    llm = started.llm;
    agent = await seedAgent(portal.backend, { passages: [{ body: "Delivery in Russia costs 350 roubles." }] });
    key = await makeKey(portal, agent, ["read", "write"]);
    for (const stream of [process.stdout, process.stderr])
      vi.spyOn(stream, "write").mockImplementation((line) => lines.push(String(line)) > 0);
  }, 60_000);
  afterAll(async () => {
    vi.restoreAllMocks();
    await portal?.close();
  });
  afterEach(() => {
    sentry.envelopes.length = 0;
  });

  /** What has arrived once all that is on its way has. */
  async function arrived(type: string) {
    await settle();
    await portal.services.telemetry.close();
    return sentry.payloads(type);
  }

  test("the SDK is loaded", () => expect(sdks().length).toBeGreaterThan(0));

  test.each([
    ["a loader", "GET", "/api/v1/agents/:agentId", ""],
    ["an action", "POST", "/api/v1/agents/:agentId/sources", "?name=canary.md"],
  ] as const)(
    "an error in %s arrives once, under the request's id, with release, organization and trace, without what was sent",
    async (_what, method, route, query) => {
      const canary = `canary${randomBytes(6).toString("hex")}`;
      const breaks = () => {
        throw new Error(`broke on ${canary}@shop.example at https://a.example/?token=${canary}`);
      };
      const { service } = portal.services;
      const whole = service.rpc.bind(service);
      const rpc = vi
        .spyOn(service, "rpc")
        .mockImplementation(((name: "find_api_key", args: { hash: string }) =>
          name === "find_api_key" ? whole(name, args) : breaks()) as never);
      const from = vi.spyOn(service, "from").mockImplementation(breaks);
      const answer = await callWithKey(portal, route.replace(":agentId", agent.publicId) + query, key, {
        method,
        headers: { cookie: `gap-session=${canary}`, "x-forwarded-for": "10.1.2.3", "user-agent": canary, "content-type": "text/markdown" },
        ...(method === "POST" ? { body: `# ${canary}` } : {}),
      });
      rpc.mockRestore();
      from.mockRestore();
      expect(answer.status).toBe(500);
      const requestId = answer.headers.get("x-request-id")!;
      const events = await arrived("event");
      // No answer of the API is meant to be one of these.
      expect(failOnUndocumented).toThrow("status 500 is not documented");
      expect(events).toHaveLength(1);
      const [event] = events;
      expect(event).toMatchObject({
        event_id: requestId.replaceAll("-", ""),
        release: "gap@1.2.3",
        environment: "test",
        tags: { process: "portal", requestId, orgId: agent.orgId },
        contexts: { trace: { trace_id: expect.stringMatching(/^[0-9a-f]{32}$/) } },
      });
      expect(event!.exception.values.at(-1)!.stacktrace.frames.length).toBeGreaterThan(0);
      for (const unwanted of ["request", "user", "breadcrumbs", "extra", "server_name", "modules"])
        expect(event).not.toHaveProperty(unwanted);
      // The request's own step is in the same trace.
      expect(sentry.payloads("transaction")).toEqual([
        expect.objectContaining({
          transaction: `${method} ${route}`,
          contexts: expect.objectContaining({
            trace: expect.objectContaining({ trace_id: event!.contexts.trace.trace_id, op: "http.server" }),
          }),
        }),
      ]);
      const sent = sentry.envelopes.map(({ text }) => text).join("\n");
      for (const secret of [canary, "canary.md", key, "10.1.2.3"]) expect(sent).not.toContain(secret);
    },
  );

  test("an answer is one transaction without a span for any token", async () => {
    const { token } = await openSession(portal, agent);
    sentry.envelopes.length = 0;
    await readAnswer(
      await call(portal, `/api/v1/agents/${agent.publicId}/chat`, token, { body: question("What does delivery in Russia cost?") }),
    );
    // The session's own may come in late.
    const transactions = (await arrived("transaction")).filter(
      ({ transaction }) => transaction !== "POST /api/v1/agents/:agentId/sessions",
    );
    expect(transactions.map(({ transaction }) => transaction)).toEqual(["POST /api/v1/agents/:agentId/chat"]);
    expect(transactions[0]!.spans ?? []).toEqual([]);
    expect(sentry.payloads("event")).toEqual([]);
  });

  test("a trace is taken up from our own pages, not from what others send", async () => {
    const trace = { "sentry-trace": `${"a".repeat(32)}-${"b".repeat(16)}-1`, baggage: "sentry-sampled=true" };
    const health = `${portal.url}/api/health?live=1`;
    await fetch(health, { headers: { ...trace, "sec-fetch-site": "cross-site" } });
    await fetch(health, { headers: { ...trace, "sec-fetch-site": "same-origin" } });
    const traces = (await arrived("transaction")).map(({ contexts }) => contexts.trace.trace_id);
    expect(traces).toHaveLength(2);
    expect(traces).not.toContain("a".repeat(32));
  });

  test("H18: what visitors write and what opens something is in no line of the log, no report and no answer", async () => {
    const canary = `canary${randomBytes(6).toString("hex")}`;
    const secrets = [SECRETS.LLM_API_KEY, SECRETS.METRICS_TOKEN, SECRETS.ENCRYPTION_KEY, portal.backend.secretKey];
    // A provider that says back what it was sent, as some do.
    llm.script({ kind: "status", status: 401, message: `Incorrect API key: ${SECRETS.LLM_API_KEY}, asked: ${canary}` });
    const answers: string[] = [];
    const kept = async (answer: Response) => answers.push(JSON.stringify([...answer.headers]), await answer.text());
    const { token } = await openSession(portal, agent);
    const told = await call(portal, `/api/v1/agents/${agent.publicId}/chat`, token, {
      body: question(`What does delivery cost for ${canary}@shop.example, +7 916 123-45-67?`),
    });
    await kept(told);
    // What was asked is the visitor's own to see again; here it is the log and the reports that are looked at.
    const json = { "content-type": "application/json" };
    for (const [path, init] of [
      [`/api/v1/agents?secret=${canary}`, { headers: { authorization: `Bearer ${canary}`, cookie: `gap-session=${canary}` } }],
      [
        `/api/v1/agents/${agent.publicId}/sessions`,
        { method: "POST", headers: { ...json, origin: SHOP }, body: `{"visitorToken": "${canary}"` },
      ],
      [
        `/api/v1/agents/${agent.publicId}/sessions`,
        { method: "POST", headers: { ...json, origin: SHOP }, body: JSON.stringify({ identityToken: `a.${canary}.b` }) },
      ],
      [
        `/v1/chat/completions?key=${canary}`,
        { method: "POST", headers: { ...json, authorization: `Bearer gap_live_${canary}` }, body: "{}" },
      ],
      [`/api/v1/chat/${agent.agentId}/stream?token=${canary}`, { headers: { origin: SHOP, authorization: `Bearer ${canary}` } }],
    ] as [string, RequestInit][])
      await kept(await fetch(`${portal.url}${path}`, init));
    await arrived("event");
    expect(llm.requests.length).toBeGreaterThan(0);
    expect(llm.requests[0]!.headers.authorization).toBe(`Bearer ${SECRETS.LLM_API_KEY}`);
    const log = lines.join("");
    expect(log).toContain("A request was answered");
    expect(log).toContain("LlmError");
    expect(sentry.payloads("event").length + sentry.payloads("transaction").length).toBeGreaterThan(4);
    const reports = sentry.envelopes.map(({ text }) => text).join("\n");
    for (const secret of [...secrets, canary, token, "123-45-67"]) {
      expect(log).not.toContain(secret);
      expect(reports).not.toContain(secret);
    }
    for (const secret of secrets) expect(answers.join("\n")).not.toContain(secret);
    expect(answers.slice(2).join("\n")).not.toContain(canary);
  });

  describe("and a worker", () => {
    let worker: ChildProcess | undefined;
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "gpt-agent-telemetry-"));
    });
    afterAll(async () => {
      worker?.kill("SIGKILL");
      await rm(folder, { recursive: true, force: true });
    });

    test("portal, outbox and worker are one trace, and a job that is given up arrives once, with its organization's id", async () => {
      const { backend } = portal;
      await backend.db.exec("alter function public.begin_source_version rename to begin_source_version_away");
      // Supabase Lite prints every error of the database.
      vi.spyOn(console, "error").mockImplementation(() => {});
      const added = await callWithKey(portal, `/api/v1/agents/${agent.publicId}/sources?name=a.md`, key, {
        method: "POST",
        body: "# A secret-of-a-document",
        headers: { "content-type": "text/markdown" },
      });
      expect(added.status).toBe(201);
      const requestId = added.headers.get("x-request-id")!;
      // Its last try is next.
      await backend.db.query("update outbox set tries = 3 where request_id = $1", [requestId]);
      const [request] = await arrived("transaction");
      worker = fork(fileURLToPath(new URL("../../worker/main.ts", import.meta.url)), [], {
        execArgv: ["--import", createRequire(import.meta.url).resolve("tsx")],
        env: {
          PATH: "/usr/bin:/bin",
          NODE_ENV: "test",
          LOG_LEVEL: "debug",
          SUPABASE_URL: backend.url,
          SUPABASE_PUBLISHABLE_KEY: backend.publishableKey,
          SUPABASE_SECRET_KEY: backend.secretKey,
          ENCRYPTION_KEY: randomBytes(32).toString("base64"),
          APP_URL: portal.url,
          WORKER_PORT: "0",
          QUEUE_FOLDER: join(folder, "queue"),
          SENTRY_DSN: sentry.dsn(2),
          SENTRY_RELEASE: "gap@1.2.3",
          SENTRY_TRACES_SAMPLE_RATE: "0",
        },
        stdio: ["ignore", "pipe", "pipe", "ipc"],
      });
      let log = "";
      for (const stream of [worker.stdout, worker.stderr]) stream?.on("data", (chunk) => (log += chunk));
      await vi.waitFor(() => expect(sentry.payloads("event", 2)).not.toEqual([]), { timeout: 60_000, interval: 50 });
      const ended = once(worker, "exit");
      worker.kill("SIGTERM");
      expect((await ended)[0]).toBe(0);
      const events = sentry.payloads("event", 2);
      expect(events).toHaveLength(1);
      const { trace_id } = request!.contexts.trace;
      expect(events[0]).toMatchObject({
        release: "gap@1.2.3",
        tags: { process: "worker", job: "source.read", requestId, orgId: agent.orgId },
        contexts: { trace: { trace_id } },
      });
      // Sampled by the portal, whatever the worker would have decided by itself.
      const step = sentry.payloads("transaction", 2).find(({ transaction }) => transaction === "source.read");
      expect(step!.contexts.trace).toMatchObject({ trace_id, parent_span_id: request!.contexts.trace.span_id, op: "queue.process" });
      const sent = sentry.envelopes.map(({ text }) => text).join("\n");
      expect(log).toContain(requestId);
      expect(log).not.toMatch(/secret-of-a-document|a\.md/);
      expect(log).not.toContain(backend.secretKey);
      expect(sent).not.toContain("secret-of-a-document");
      expect(sent).not.toMatch(/org-[0-9a-f]{8}|a\.md/);
    });
  });
});
