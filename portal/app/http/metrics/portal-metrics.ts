import type { Db, DbConfig } from "@gpt-agent/core/db";
import { toAppError } from "@gpt-agent/core/errors";
import type { CircuitBreaker } from "@gpt-agent/core/llm/circuit-breaker";
import { FORWARDING_HEADERS, type MetricsGate } from "@gpt-agent/core/metrics/gate";
import type { Metrics } from "@gpt-agent/core/metrics/metrics";
import type { Admission } from "~/chat/admission";
import type { Receipt } from "~/chat/draft";
import { SOCKET_ADDRESS_HEADER } from "~/http/client-address";
import type { Limiter } from "~/http/limiter/limiter";

/** Answers of the database and Redis to "are you there?" hold for so long, in milliseconds: a scrape is no load. */
const FRESH_MS = 5_000;
const PATIENCE_MS = 2_000;

const seconds = (ms: number) => ms / 1_000;

/** Counts an answer that has ended. */
export function countAnswer(metrics: Metrics<"portal">, receipt: Receipt): void {
  const { outcome, responder, usage } = receipt;
  metrics.count("gap_answers_total", { outcome, responder });
  metrics.observe("gap_answer_duration_seconds", { responder }, seconds(receipt.totalMs));
  if (receipt.firstTokenMs !== null) metrics.observe("gap_answer_first_token_seconds", { responder }, seconds(receipt.firstTokenMs));
  if (receipt.retrievalMs !== null) metrics.observe("gap_answer_retrieval_seconds", {}, seconds(receipt.retrievalMs));
  if (usage.promptTokens > 0) metrics.count("gap_answer_tokens_total", { direction: "read" }, usage.promptTokens);
  if (usage.completionTokens > 0) metrics.count("gap_answer_tokens_total", { direction: "written" }, usage.completionTokens);
  if (usage.costMicros > 0) metrics.count("gap_answer_cost_dollars_total", {}, usage.costMicros / 1e6);
  for (const { error } of receipt.attempts) metrics.count("gap_llm_failures_total", { kind: error });
}

/** Counts a question that got no answer. */
export function countRefusal(metrics: Metrics<"portal">, error: unknown): void {
  metrics.count("gap_questions_refused_total", { code: toAppError(error).code });
}

/** Times calls of the database. */
export const watchDatabase =
  (metrics: Metrics<"portal">): NonNullable<DbConfig["watch"]> =>
  (kind, ms, failed) => {
    metrics.observe("gap_database_request_duration_seconds", { kind }, seconds(ms));
    if (failed) metrics.count("gap_database_errors_total", { kind });
  };

type Watched = { db: Db; admission: Admission; breaker: CircuitBreaker; limiter: Limiter; version: string };

/** Has what is only known by asking looked at before each reading of the metrics. */
export function lookAtPortal(metrics: Metrics<"portal">, { db, admission, breaker, limiter, version }: Watched): void {
  metrics.set("gap_build_info", { version }, 1);
  metrics.set("gap_streams_open", {}, 0);
  const database = nowAndThen(async (signal) => {
    const { error } = await db.from("organizations").select("id").limit(1).abortSignal(signal);
    if (error) throw error;
  });
  const redis = limiter.ping ? nowAndThen(() => limiter.ping!()) : null;
  metrics.onText(async () => {
    const { running, starting } = admission.state;
    metrics.set("gap_answers_running", {}, running);
    metrics.set("gap_answers_starting", {}, starting);
    metrics.set("gap_llm_circuits_open", {}, breaker.open().length);
    const [answered, pinged] = await Promise.all([database(), redis?.()]);
    metrics.set("gap_database_up", {}, answered === null ? 0 : 1);
    if (pinged === undefined) return;
    metrics.set("gap_redis_up", {}, pinged === null ? 0 : 1);
    metrics.set("gap_redis_ping_seconds", {}, pinged === null ? null : seconds(pinged));
  });
}

/** Asks at most every five seconds; returns the milliseconds it took, null when it failed or took longer than two seconds. */
function nowAndThen(ask: (signal: AbortSignal) => Promise<void>): () => Promise<number | null> {
  let asked: { at: number; took: Promise<number | null> } | null = null;
  return () => {
    const now = performance.now();
    if (asked && now - asked.at < FRESH_MS) return asked.took;
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const late = new Promise<null>((resolve) => signal.addEventListener("abort", () => resolve(null), { once: true }));
    const took = ask(signal).then(
      () => performance.now() - now,
      () => null,
    );
    asked = { at: now, took: Promise.race([took, late]) };
    return asked.took;
  };
}

/** GET /metrics: 404 for whoever may not know that there are any, 401 where a token is needed. */
export async function metricsAnswer(request: Request, metrics: Metrics<"portal">, gate: MetricsGate): Promise<Response> {
  const { headers } = request;
  const verdict = gate({
    authorization: headers.get("authorization"),
    address: headers.get(SOCKET_ADDRESS_HEADER) ?? "unknown",
    host: headers.get("host"),
    forwarded: FORWARDING_HEADERS.some((name) => headers.has(name)),
  });
  const common = { "cache-control": "no-store", "x-content-type-options": "nosniff" };
  if (verdict === "hidden") return new Response("Not found\n", { status: 404, headers: { ...common, "content-type": "text/plain" } });
  if (verdict === "unauthorized")
    return new Response("A token is needed.\n", {
      status: 401,
      headers: { ...common, "content-type": "text/plain", "www-authenticate": 'Bearer realm="metrics"' },
    });
  return new Response(await metrics.text(), { headers: { ...common, "content-type": metrics.contentType } });
}
