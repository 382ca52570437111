import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Db } from "@gpt-agent/core/db";
import { FORWARDING_HEADERS, type MetricsGate } from "@gpt-agent/core/metrics/gate";
import type { Metrics } from "@gpt-agent/core/metrics/metrics";
import { KNOWLEDGE_BUCKET } from "@gpt-agent/core/storage";
import packageJson from "./package.json" with { type: "json" };
import type { JobQueue, QueueDepths } from "./queue/job-queue.ts";

type Check = "ok" | "failed";
export type Health = {
  status: "ok" | "failed" | "starting" | "draining";
  version: string;
  checks: { database: Check; queue: Check; storage: Check };
  /** Tries in the queue by state, and how the outbox stands: jobs that are due, the oldest one's age in seconds, for later, in the queue, given up. */
  queues: {
    depths: QueueDepths | null;
    outbox: { waiting: number; oldestSeconds: number; later: number; inFlight: number; dead: number } | null;
  };
};

const PATIENCE_MS = 3_000;

/** Asks everything the worker depends on, at most three seconds each; without clients yet, it is starting. */
export async function checkHealth(clients: { db: Db; queue: JobQueue } | undefined, isDraining: boolean): Promise<Health> {
  const { version } = packageJson;
  if (!clients) {
    return {
      status: "starting",
      version,
      checks: { database: "failed", queue: "failed", storage: "failed" },
      queues: { depths: null, outbox: null },
    };
  }
  const { db, queue } = clients;
  const [depths, outbox, storage] = await Promise.all([
    within(queue.depths()),
    within(outboxFigures(db)),
    within(db.storage.from(KNOWLEDGE_BUCKET).list("", { limit: 1 }).then(throwError)),
  ]);
  const checks = { database: outbox ? "ok" : "failed", queue: depths ? "ok" : "failed", storage: storage ? "ok" : "failed" } as const;
  const failed = Object.values(checks).includes("failed");
  return { status: failed ? "failed" : isDraining ? "draining" : "ok", version, checks, queues: { depths, outbox } };
}

async function outboxFigures(db: Db): Promise<Health["queues"]["outbox"]> {
  const { data, error } = await db.rpc("outbox_figures").single();
  if (error) throw error;
  const { waiting, oldest_seconds, later, in_flight, dead } = data;
  return { waiting, oldestSeconds: oldest_seconds ?? 0, later, inFlight: in_flight, dead };
}

const throwError = ({ error }: { error: unknown }) => {
  if (error) throw error;
  return true;
};

/** The value, or null when it fails or does not come in time. */
async function within<T>(promise: PromiseLike<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS, null);
  });
  try {
    return await Promise.race([promise, late]);
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

type MetricsDoor = { gate: MetricsGate; of: () => Metrics<"worker"> | undefined };

/** GET /metrics for whoever may read it; false where there is nothing for this asker. */
async function tellMetrics(request: IncomingMessage, response: ServerResponse, door: MetricsDoor): Promise<boolean> {
  const { headers, socket } = request;
  const verdict = door.gate({
    authorization: headers.authorization ?? null,
    address: socket.remoteAddress ?? "unknown",
    host: headers.host ?? null,
    forwarded: FORWARDING_HEADERS.some((name) => headers[name] !== undefined),
  });
  const metrics = door.of();
  if (verdict === "hidden") return false;
  if (verdict === "unauthorized")
    response.writeHead(401, { "www-authenticate": 'Bearer realm="metrics"', "cache-control": "no-store" }).end();
  else if (!metrics) response.writeHead(503, { "cache-control": "no-store" }).end();
  else response.writeHead(200, { "content-type": metrics.contentType, "cache-control": "no-store" }).end(await metrics.text());
  return true;
}

/**
 * Serves GET /health: 200 or 503 with the checks; with ?live=1 it only says that the process answers. And GET /metrics.
 * @param port 0 picks a free one
 */
export async function serveHealth(port: number, check: () => Promise<Health>, metrics: MetricsDoor): Promise<Server> {
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? "/", "http://worker");
    const answer = (status: number, body: unknown) =>
      response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" }).end(`${JSON.stringify(body)}\n`);
    if (url.pathname === "/metrics" && request.method === "GET" && (await tellMetrics(request, response, metrics))) return;
    if (url.pathname !== "/health") return answer(404, { status: "not_found" });
    if (request.method !== "GET" && request.method !== "HEAD") return answer(405, { status: "method_not_allowed" });
    if (url.searchParams.get("live") === "1") return answer(200, { status: "ok", version: packageJson.version });
    const health = await check();
    answer(health.status === "ok" ? 200 : 503, health);
  });
  server.headersTimeout = 5_000;
  server.requestTimeout = 10_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, resolve);
  });
  return server;
}
