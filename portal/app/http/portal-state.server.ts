import { KNOWLEDGE_BUCKET } from "@gpt-agent/core/storage";
import { admission, breaker, limiter, metrics, responder, service } from "~/services.server";
import packageJson from "../../package.json";

const PATIENCE_MS = 2_000;

/** Milliseconds that something took; null when it failed or took longer than two seconds. */
async function timed(ask: () => PromiseLike<unknown>): Promise<number | null> {
  const began = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS, null);
  });
  const asked = (async () => {
    const answer = await ask();
    const failed = answer && typeof answer === "object" && "error" in answer && answer.error;
    return failed ? null : performance.now() - began;
  })().catch(() => null);
  const took = await Promise.race([asked, late]);
  clearTimeout(timer);
  return took;
}

export type PortalState = Awaited<ReturnType<typeof portalState>>;

/** How this portal stands, and what it sees of what it needs. Times are milliseconds, null where nothing answers; redisMs undefined without Redis. */
export async function portalState() {
  const [databaseMs, storageMs, redisMs, streams] = await Promise.all([
    timed(() => service.from("organizations").select("id").limit(1)),
    timed(() => service.storage.getBucket(KNOWLEDGE_BUCKET)),
    limiter.ping ? timed(limiter.ping) : undefined,
    metrics.read("gap_streams_open"),
  ]);
  const { running, starting, lagMs, busy } = admission.state;
  return {
    version: packageJson.version,
    node: process.versions.node,
    upSeconds: Math.round(process.uptime()),
    memoryBytes: process.memoryUsage.rss(),
    databaseMs,
    storageMs,
    redisMs,
    streams: streams ?? 0,
    running,
    starting,
    lagMs: Math.round(lagMs),
    busy,
    responder,
    /** Models that are left out; "(endpoint)" is all of them. */
    leftOut: breaker.open().map(({ key, forMs }) => ({ model: key, seconds: Math.round(forMs / 1_000) })),
  };
}
