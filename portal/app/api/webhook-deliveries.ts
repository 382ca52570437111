import type { Db } from "@gpt-agent/core/db";
import { AppError } from "@gpt-agent/core/errors";
import { z } from "zod";
import { idAfter, idPage, type Page, pageQuery } from "~/api/page";
import { moment, time } from "~/api/time";
import { readEndpointById } from "~/api/webhook-endpoints";
import { unwrap } from "~/models/result.server";
import { listAttempts, replay, sendTest } from "~/models/webhook.server";

const STATUSES = ["pending", "delivered", "failed", "canceled"] as const;
export const deliveriesQuery = z.strictObject({
  ...pageQuery,
  status: z.enum(STATUSES, { error: `must be one of ${STATUSES.join(", ")}` }).optional(),
});

/** One event on its way to one endpoint. */
export const deliveryAnswer = z.strictObject({
  id: z.uuid(),
  eventId: z.uuid().meta({ description: "Sent as `webhook-id`; a replay has that of the first time." }),
  type: z.string().meta({ examples: ["message.created"] }),
  status: z.enum(STATUSES),
  attempts: z.int().min(0),
  isReplay: z.boolean(),
  createdAt: time,
  nextAttemptAt: time.nullable(),
  endedAt: time.nullable(),
});
export type DeliveryAnswer = z.infer<typeof deliveryAnswer>;

const attempt = z.strictObject({
  attempt: z.int().min(1),
  startedAt: time,
  durationMs: z.int().min(0).nullable(),
  statusCode: z.int().nullable().meta({ description: "Null when there was no answer." }),
  failure: z
    .string()
    .nullable()
    .meta({ description: "Null for a success.", examples: ["status", "timeout", "unreachable"] }),
  requestHeaders: z.record(z.string(), z.string()),
  requestBody: z.string().nullable(),
  responseBody: z.string().nullable().meta({ description: "Up to 2,000 characters of the answer." }),
});
/** A delivery with its attempts, first to last. */
export const deliveryDetail = deliveryAnswer.extend({ log: z.array(attempt) });

/** Which events a replay sends. */
export const replayRange = z
  .strictObject({
    since: time,
    until: time.optional(),
    only: z.enum(["failed", "all"]).default("failed").meta({ description: "failed: those that never arrived." }),
  })
  .refine(({ since, until }) => !until || Date.parse(since) < Date.parse(until), { path: ["until"], error: "must be later than since" });
export const replayedAnswer = z.strictObject({
  count: z.int().min(0).meta({ description: "How many events are sent again; at most 1,000 a call." }),
});

type Owned = { orgId: string; endpointId: string };
type One = Owned & { deliveryId: string };
const notFound = () => new AppError("not_found", "This endpoint has no such delivery.");

const rowsOf = (db: Db, by: Owned) =>
  db
    .from("webhook_deliveries")
    .select("id, event_id, status, attempts, next_attempt_at, is_replay, created_at, ended_at")
    .eq("org_id", by.orgId)
    .eq("endpoint_id", by.endpointId);
type Row = NonNullable<Awaited<ReturnType<typeof rowsOf>>["data"]>[number];

/** Types of events by id. Asked for apart: Supabase Lite joins a composite foreign key by its first column alone. */
async function typesOf(db: Db, orgId: string, rows: Row[]): Promise<Map<string, string>> {
  const ids = [...new Set(rows.map(({ event_id }) => event_id))];
  if (ids.length === 0) return new Map();
  const found = unwrap(await db.from("webhook_events").select("id, type").eq("org_id", orgId).in("id", ids));
  return new Map(found.map(({ id, type }) => [id, type]));
}

const answer = (row: Row, types: Map<string, string>): DeliveryAnswer => ({
  id: row.id,
  eventId: row.event_id,
  type: types.get(row.event_id) ?? "",
  status: STATUSES.find((status) => status === row.status) ?? "failed",
  attempts: row.attempts,
  isReplay: row.is_replay,
  createdAt: moment(row.created_at),
  nextAttemptAt: row.next_attempt_at && moment(row.next_attempt_at),
  endedAt: row.ended_at && moment(row.ended_at),
});

/** A page of an endpoint's deliveries, newest first. @throws AppError("not_found") for an endpoint that is not there */
export async function deliveryPage(db: Db, by: Owned & z.output<typeof deliveriesQuery>): Promise<Page<DeliveryAnswer>> {
  await readEndpointById(db, by);
  const after = idAfter(by.cursor);
  let query = rowsOf(db, by);
  if (after) query = query.lt("id", after);
  if (by.status) query = query.eq("status", by.status);
  const rows = unwrap(await query.order("id", { ascending: false }).limit(by.limit + 1));
  const types = await typesOf(db, by.orgId, rows);
  return idPage(rows, by.limit, (row) => answer(row, types));
}

async function readDelivery(db: Db, by: One): Promise<DeliveryAnswer> {
  const row = unwrap(await rowsOf(db, by).eq("id", by.deliveryId).maybeSingle());
  if (!row) throw notFound();
  return answer(row, await typesOf(db, by.orgId, [row]));
}

const headers = z.record(z.string(), z.string()).catch({});

/** One delivery with what was sent and what came back. @throws AppError("not_found") */
export async function readDeliveryLog(db: Db, by: One): Promise<z.infer<typeof deliveryDetail>> {
  const delivery = await readDelivery(db, by);
  const attempts = await listAttempts(db, by);
  if (!attempts) throw notFound();
  return {
    ...delivery,
    log: attempts.map((row) => ({
      attempt: row.attempt,
      startedAt: moment(row.started_at),
      durationMs: row.duration_ms,
      statusCode: row.status_code,
      failure: row.failure,
      requestHeaders: headers.parse(row.request_headers),
      requestBody: row.request_body,
      responseBody: row.response_body,
    })),
  };
}

/** Sends the event webhook.test. @throws AppError("not_found" | "conflict") */
export async function testEndpoint(db: Db, by: Owned): Promise<DeliveryAnswer> {
  return readDelivery(db, { ...by, deliveryId: await sendTest(db, by) });
}

/** Sends one delivery's event again. @throws AppError("not_found" | "conflict") also while it is still on its way */
export async function replayDelivery(db: Db, by: One): Promise<{ count: number }> {
  await readDelivery(db, by);
  const count = await replay(db, by);
  if (count === 0) throw new AppError("conflict", "This delivery is still on its way.");
  return { count };
}

const HOUR_MS = 3_600_000;

/** Sends the events of a span of time again; the end is now unless given. @throws AppError("not_found" | "conflict") */
export async function replayMany(db: Db, by: Owned & z.output<typeof replayRange>): Promise<{ count: number }> {
  // A little past now: the database's clock need not be ours.
  const until = by.until ?? new Date(Date.now() + HOUR_MS).toISOString();
  const { orgId, endpointId, since } = by;
  return { count: await replay(db, { orgId, endpointId, since, until, onlyFailed: by.only === "failed" }) };
}
