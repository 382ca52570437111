import type { Db } from "@gpt-agent/core/db";
import type { Database } from "@gpt-agent/core/db-types";
import { AppError } from "@gpt-agent/core/errors";
import { unwrap } from "~/models/result.server";

type Tables = Database["public"]["Tables"];
export type WebhookEndpoint = Pick<
  Tables["webhook_endpoints"]["Row"],
  | "id"
  | "url"
  | "description"
  | "events"
  | "status"
  | "disabled_reason"
  | "previous_until"
  | "failing_since"
  | "last_success_at"
  | "created_at"
>;
const ENDPOINT = "id, url, description, events, status, disabled_reason, previous_until, failing_since, last_success_at, created_at";

export type WebhookDelivery = Pick<
  Tables["webhook_deliveries"]["Row"],
  "id" | "status" | "attempts" | "next_attempt_at" | "is_replay" | "created_at" | "ended_at"
> & { eventId: string; type: string };
export type WebhookAttempt = Omit<Tables["webhook_attempts"]["Row"], "org_id" | "delivery_id">;

type Owned = { orgId: string; endpointId: string };
const gone = () => new AppError("not_found", "There is no such endpoint.");

/** The organization's endpoints, newest first. */
export async function listEndpoints(db: Db, by: { orgId: string }): Promise<WebhookEndpoint[]> {
  return unwrap(await db.from("webhook_endpoints").select(ENDPOINT).eq("org_id", by.orgId).order("created_at", { ascending: false }));
}

export async function findEndpoint(db: Db, by: Owned): Promise<WebhookEndpoint | null> {
  return unwrap(await db.from("webhook_endpoints").select(ENDPOINT).eq("org_id", by.orgId).eq("id", by.endpointId).maybeSingle());
}

/** Adds an endpoint; its id is made by the caller, who has sealed the secret for it. */
export async function addEndpoint(
  db: Db,
  endpoint: Owned & { userId: string; url: string; description: string; events: string[]; sealedSecret: string },
): Promise<void> {
  const { error } = await db.from("webhook_endpoints").insert({
    id: endpoint.endpointId,
    org_id: endpoint.orgId,
    url: endpoint.url,
    description: endpoint.description,
    events: endpoint.events,
    sealed_secret: endpoint.sealedSecret,
    created_by: endpoint.userId,
  });
  if (error) unwrap({ data: null, error });
}

type Change = Partial<Pick<WebhookEndpoint, "url" | "description" | "events" | "status" | "disabled_reason" | "failing_since">>;

/** @throws AppError("not_found") for one that is not there */
export async function changeEndpoint(db: Db, by: Owned, change: Change): Promise<void> {
  const row = unwrap(
    await db.from("webhook_endpoints").update(change).eq("org_id", by.orgId).eq("id", by.endpointId).select("id").maybeSingle(),
  );
  if (!row) throw gone();
}

/** Switches an endpoint on again, with a clean slate, or off. */
export const switchEndpoint = (db: Db, by: Owned, on: boolean): Promise<void> =>
  changeEndpoint(
    db,
    by,
    on ? { status: "enabled", disabled_reason: null, failing_since: null } : { status: "disabled", disabled_reason: "by_hand" },
  );

/** Removes an endpoint with its deliveries. */
export async function removeEndpoint(db: Db, by: Owned): Promise<void> {
  const row = unwrap(await db.from("webhook_endpoints").delete().eq("org_id", by.orgId).eq("id", by.endpointId).select("id").maybeSingle());
  if (!row) throw gone();
}

/** Puts a new sealed secret in place; the old one signs along until the returned time. */
export async function rotateSecret(db: Db, by: Owned & { sealedSecret: string; overlapHours: number }): Promise<string> {
  return unwrap(
    await db.rpc("rotate_webhook_secret", {
      org: by.orgId,
      endpoint: by.endpointId,
      sealed: by.sealedSecret,
      overlap_hours: by.overlapHours,
    }),
  );
}

/** Sends the event webhook.test. Returns the delivery's id. */
export async function sendTest(db: Db, by: Owned): Promise<string> {
  return unwrap(await db.rpc("test_webhook", { org: by.orgId, endpoint: by.endpointId }));
}

/** Sends one delivery's event again, or those of a span of time. Returns how many. */
export async function replay(
  db: Db,
  by: Owned & ({ deliveryId: string } | { since: string; until: string; onlyFailed: boolean }),
): Promise<number> {
  const which = "deliveryId" in by ? { delivery: by.deliveryId } : { since: by.since, until: by.until, only_failed: by.onlyFailed };
  return unwrap(await db.rpc("replay_webhooks", { org: by.orgId, endpoint: by.endpointId, ...which }));
}

const PAGE = 25;

/** An endpoint's deliveries, newest first, 25 at a time before a moment; only those that failed on request. */
export async function listDeliveries(
  db: Db,
  by: Owned & { before: string | undefined; failed: boolean },
): Promise<{ deliveries: WebhookDelivery[]; next: string | null }> {
  let query = db
    .from("webhook_deliveries")
    .select("id, event_id, status, attempts, next_attempt_at, is_replay, created_at, ended_at")
    .eq("org_id", by.orgId)
    .eq("endpoint_id", by.endpointId)
    .order("created_at", { ascending: false })
    .limit(PAGE + 1);
  if (by.before) query = query.lt("created_at", by.before);
  if (by.failed) query = query.in("status", ["failed", "canceled"]);
  const rows = unwrap(await query);
  const events = unwrap(
    await db
      .from("webhook_events")
      .select("id, type")
      .eq("org_id", by.orgId)
      .in(
        "id",
        rows.map(({ event_id }) => event_id),
      ),
  );
  const types = new Map(events.map(({ id, type }) => [id, type]));
  const page = rows.slice(0, PAGE);
  return {
    deliveries: page.map(({ event_id, ...row }) => ({ ...row, eventId: event_id, type: types.get(event_id) ?? "" })),
    next: rows.length > PAGE ? (page.at(-1)?.created_at ?? null) : null,
  };
}

/** The attempts of one delivery of an endpoint, first to last; null when there is no such delivery. */
export async function listAttempts(db: Db, by: Owned & { deliveryId: string }): Promise<WebhookAttempt[] | null> {
  const delivery = unwrap(
    await db
      .from("webhook_deliveries")
      .select("id")
      .eq("org_id", by.orgId)
      .eq("endpoint_id", by.endpointId)
      .eq("id", by.deliveryId)
      .maybeSingle(),
  );
  if (!delivery) return null;
  return unwrap(
    await db
      .from("webhook_attempts")
      .select("attempt, started_at, duration_ms, status_code, failure, request_headers, request_body, response_body")
      .eq("org_id", by.orgId)
      .eq("delivery_id", by.deliveryId)
      .order("attempt"),
  );
}
