import type { Db } from "@gpt-agent/core/db";
import { KNOWLEDGE_BUCKET } from "@gpt-agent/core/storage";
import { z } from "zod";
import packageJson from "../../package.json";

const check = z.enum(["ok", "failing", "lagging", "quotes"]);
type Check = z.infer<typeof check>;

/** GET /api/health */
export const healthReport = z.strictObject({
  status: z.enum(["ok", "failing"]),
  version: z.string(),
  checks: z.strictObject({ database: check, queue: check, storage: check, llm: check }).optional().meta({
    description: "Absent with ?live=1. queue: lagging when jobs wait for a worker; llm: quotes when no model is configured.",
  }),
});

const WITHIN_MS = 2_000;
/** Jobs that wait longer than this for the queue mean that no worker fetches them, in milliseconds. */
const LAG_MS = 60_000;

async function probe(what: (signal: AbortSignal) => Promise<Check>): Promise<Check> {
  const timeout = AbortSignal.timeout(WITHIN_MS);
  const late = new Promise<Check>((resolve) => timeout.addEventListener("abort", () => resolve("failing"), { once: true }));
  return Promise.race([what(timeout).catch((): Check => "failing"), late]);
}

const answer = (status: number, body: Omit<z.infer<typeof healthReport>, "version">) =>
  Response.json({ version: packageJson.version, ...body }, { status, headers: { "cache-control": "no-store" } });

export const checkHealth = {
  /** The process answers; nothing else is touched. */
  alive: (): Response => answer(200, { status: "ok" }),

  /**
   * Can a visitor be served? 503 when the database or storage fails; a lagging queue is told but does not take the portal
   * out of service.
   */
  async ready(db: Db, llm: "model" | "quotes"): Promise<Response> {
    const waiting = new Date(Date.now() - LAG_MS).toISOString();
    const [database, queue, storage] = await Promise.all([
      probe(async (signal) => ((await db.from("organizations").select("id").limit(1).abortSignal(signal)).error ? "failing" : "ok")),
      probe(async (signal) => {
        const { data, error } = await db
          .from("outbox")
          .select("id")
          .is("sent_at", null)
          .lt("available_at", waiting)
          .limit(1)
          .abortSignal(signal);
        if (error) return "failing";
        return data.length > 0 ? "lagging" : "ok";
      }),
      probe(async () => ((await db.storage.getBucket(KNOWLEDGE_BUCKET)).error ? "failing" : "ok")),
    ]);
    const healthy = database === "ok" && storage === "ok";
    const checks = { database, queue, storage, llm: llm === "model" ? ("ok" as const) : llm };
    return answer(healthy ? 200 : 503, { status: healthy ? "ok" : "failing", checks });
  },
};
