import type { Db } from "@gpt-agent/core/db";
import type { Log } from "@gpt-agent/core/log";
import { EgressError, type SafeFetch } from "@gpt-agent/core/safe-fetch";
import { type SecretBox, SecretError } from "@gpt-agent/core/secrets";
import { isAboutConversation, MAX_WEBHOOK_BYTES, webhookSecretPlace } from "@gpt-agent/core/webhook-events";
import { z } from "zod";
import { PermanentFailure } from "../queue/job-queue.ts";
import { pauseAfter, retryAfterOf } from "./schedule.ts";
import { signedHeaders } from "./sign.ts";

export type DeliveryDeps = { db: Db; log: Log; egress: SafeFetch; secretBox: SecretBox; appUrl: string };

/** For the whole exchange, in milliseconds. */
const TIMEOUT_MS = 15_000;
/** What is read of an answer, in bytes; less of it is kept for the delivery log. */
const MAX_ANSWER_BYTES = 64 * 1024;
const KEPT_ANSWER = 2_000;

const taken = z.object({
  attempt: z.number().int(),
  orgId: z.uuid(),
  endpointId: z.uuid(),
  url: z.string(),
  sealedSecret: z.string(),
  previousSecret: z.string().nullable(),
  eventId: z.uuid(),
  type: z.string(),
  orderingKey: z.string(),
  createdAt: z.string(),
  data: z.record(z.string(), z.unknown()),
});
type Taken = z.infer<typeof taken>;

type Ending = {
  ok: boolean;
  gone?: boolean;
  retryInSeconds: number | null;
  durationMs: number;
  statusCode: number | null;
  failure: string | null;
  requestHeaders: Record<string, string>;
  requestBody: string;
  responseBody: string | null;
};

/** The body, up to MAX_WEBHOOK_BYTES: what is too long goes, the link stays. */
export function bodyOf(
  { type, createdAt, data, orderingKey }: Pick<Taken, "type" | "createdAt" | "data" | "orderingKey">,
  appUrl: string,
): string {
  const url = isAboutConversation(type) ? { url: `${appUrl}/api/v1/conversations/${String(data.conversationId)}` } : {};
  const timestamp = new Date(createdAt).toISOString();
  const write = (given: Record<string, unknown>) => JSON.stringify({ type, timestamp, orderingKey, data: { ...given, ...url } });
  const whole = write(data);
  if (Buffer.byteLength(whole) <= MAX_WEBHOOK_BYTES) return whole;
  const short = Object.entries(data).map(([key, value]) => [key, typeof value === "string" ? value.slice(0, 500) : value]);
  return write({ ...Object.fromEntries(short), truncated: true });
}

/**
 * Makes one attempt of a delivery and writes down how it went; a failed one is tried again by the outbox. Nothing happens when the delivery
 * has ended, is not due, or is being tried elsewhere.
 * @throws PermanentFailure when the database holds something that cannot be read
 */
export async function deliver(deliveryId: string, deps: DeliveryDeps, signal: AbortSignal): Promise<void> {
  const { data, error } = await deps.db.rpc("begin_webhook_attempt", { delivery: deliveryId });
  if (error) throw error;
  if (data === null) return;
  const parsed = taken.safeParse(data);
  if (!parsed.success) throw new PermanentFailure(`A delivery is malformed: ${parsed.error.message}`);
  const ending = await attempt(parsed.data, deps, signal);
  const ended = await deps.db.rpc("end_webhook_attempt", { delivery: deliveryId, attempt: parsed.data.attempt, result: ending });
  if (ended.error) throw ended.error;
  const { endpointId, type, attempt: number } = parsed.data;
  deps.log.info("A webhook was sent", {
    endpointId,
    type,
    attempt: number,
    ok: ending.ok,
    status: ending.statusCode,
    failure: ending.failure,
  });
}

async function attempt(delivery: Taken, deps: DeliveryDeps, signal: AbortSignal): Promise<Ending> {
  const body = bodyOf(delivery, deps.appUrl);
  const began = performance.now();
  const ending: Ending = {
    ok: false,
    retryInSeconds: pauseAfter(delivery.attempt),
    durationMs: 0,
    statusCode: null,
    failure: null,
    requestHeaders: {},
    requestBody: body,
    responseBody: null,
  };
  try {
    const sealed = [delivery.sealedSecret, ...(delivery.previousSecret ? [delivery.previousSecret] : [])];
    const secrets = sealed.map((text) => deps.secretBox.open(text, webhookSecretPlace(delivery.orgId, delivery.endpointId)));
    ending.requestHeaders = {
      "content-type": "application/json",
      ...signedHeaders(delivery.eventId, Math.floor(Date.now() / 1000), body, secrets),
    };
    const response = await deps.egress(delivery.url, {
      method: "POST",
      headers: ending.requestHeaders,
      body,
      redirects: 0,
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_ANSWER_BYTES,
      signal,
    });
    const { status } = response;
    ending.statusCode = status;
    ending.responseBody = response.body.toString("utf8").replaceAll("\u0000", "").slice(0, KEPT_ANSWER);
    ending.ok = status >= 200 && status < 300;
    if (!ending.ok) {
      ending.gone = status === 410;
      ending.failure = ending.gone ? "gone" : "status";
      ending.retryInSeconds = pauseAfter(delivery.attempt, retryAfterOf(status, response.headers["retry-after"]));
    }
  } catch (error) {
    // Given back when the worker is going away: the attempt counts, as the endpoint may have heard it.
    if (error instanceof SecretError)
      deps.log.error("A webhook's secret cannot be opened", { endpointId: delivery.endpointId, code: error.code });
    ending.failure =
      error instanceof EgressError ? error.code : error instanceof SecretError ? "secret" : signal.aborted ? "interrupted" : "unreachable";
  }
  ending.durationMs = Math.round(performance.now() - began);
  return ending;
}
