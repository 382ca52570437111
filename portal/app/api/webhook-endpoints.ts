import { createHash } from "node:crypto";
import type { Db } from "@gpt-agent/core/db";
import { AppError } from "@gpt-agent/core/errors";
import type { SecretBox } from "@gpt-agent/core/secrets";
import { SECRET_OVERLAP_HOURS, webhookSecretPlace, webhookType } from "@gpt-agent/core/webhook-events";
import { z } from "zod";
import { idAfter, idPage, type Page, pageQuery } from "~/api/page";
import { moment, time } from "~/api/time";
import { idempotencyMismatch } from "~/http/idempotency";
import { readJson } from "~/http/json-body";
import { en } from "~/i18n/en";
import { isErrorCode } from "~/i18n/error-codes";
import { unwrap } from "~/models/result.server";
import { uuidV7 } from "~/models/uuid-v7.server";
import { changeEndpoint, findEndpoint, rotateSecret, switchEndpoint, type WebhookEndpoint } from "~/models/webhook.server";
import { endpointRules, freshSecret } from "~/models/webhook-form.server";

export const endpointsQuery = z.strictObject(pageQuery);

const REASONS = ["by_hand", "gone", "failing"] as const;
const STATUSES = ["enabled", "disabled"] as const;

/** An address that is told of chosen events. */
export const endpointAnswer = z.strictObject({
  id: z.uuid(),
  url: z.string(),
  description: z.string(),
  events: z.array(webhookType),
  status: z.enum(STATUSES),
  disabledReason: z
    .enum(REASONS)
    .nullable()
    .meta({ description: "by_hand; gone: it answered 410; failing: nothing got through for three days." }),
  failingSince: time.nullable(),
  lastSuccessAt: time.nullable(),
  previousSecretUntil: time.nullable().meta({ description: "Until then the secret before the present one signs along." }),
  createdAt: time,
});
export type EndpointAnswer = z.infer<typeof endpointAnswer>;

const secret = z.string().meta({ description: "What requests are signed with. It is in this answer alone: keep it." });
/** A new endpoint, with its secret. */
export const newEndpointAnswer = endpointAnswer.extend({ secret });
export type NewEndpointAnswer = z.infer<typeof newEndpointAnswer>;
export const rotatedAnswer = z.strictObject({ secret, previousSecretUntil: time });

/** What an endpoint is made of. @param allowed origins that need not be https (EGRESS_ALLOW) */
export function newEndpoint(allowed: string[]) {
  const { url, description, events } = endpointRules(allowed);
  return z.strictObject({ url, description: description.default(""), events });
}
export type NewEndpoint = z.output<ReturnType<typeof newEndpoint>>;

/** What may be changed of it, at least one thing. */
export const endpointChange = (allowed: string[]) =>
  z
    .strictObject({ ...endpointRules(allowed), status: z.enum(STATUSES) })
    .partial()
    .refine((change) => Object.keys(change).length > 0, { error: "names nothing to change" });

export const rotation = z.strictObject({ overlapHours: z.int().min(0).max(168).default(SECRET_OVERLAP_HOURS) });

/** The rules are the form's, and so are their names for what is wrong. */
const wordOf = (message: string): string => (isErrorCode(message) ? en.errors[message] : message);
export const readEndpointBody = <S extends z.ZodType>(request: Request, schema: S): Promise<z.output<S>> =>
  readJson(request, schema, { wordOf });

type Owned = { orgId: string; endpointId: string };

const answer = (row: WebhookEndpoint): EndpointAnswer => ({
  id: row.id,
  url: row.url,
  description: row.description,
  events: row.events.flatMap((type) => webhookType.safeParse(type).data ?? []),
  status: row.status === "enabled" ? "enabled" : "disabled",
  disabledReason: REASONS.find((reason) => reason === row.disabled_reason) ?? null,
  failingSince: row.failing_since && moment(row.failing_since),
  lastSuccessAt: row.last_success_at && moment(row.last_success_at),
  previousSecretUntil: row.previous_until && moment(row.previous_until),
  createdAt: moment(row.created_at),
});

/** A page of the organization's endpoints, newest first. */
export async function endpointPage(db: Db, by: { orgId: string } & z.output<typeof endpointsQuery>): Promise<Page<EndpointAnswer>> {
  const after = idAfter(by.cursor);
  let query = db
    .from("webhook_endpoints")
    .select("id, url, description, events, status, disabled_reason, previous_until, failing_since, last_success_at, created_at")
    .eq("org_id", by.orgId);
  if (after) query = query.lt("id", after);
  return idPage(unwrap(await query.order("id", { ascending: false }).limit(by.limit + 1)), by.limit, answer);
}

/** @throws AppError("not_found") */
export async function readEndpointById(db: Db, by: Owned): Promise<EndpointAnswer> {
  const row = await findEndpoint(db, by);
  if (!row) throw new AppError("not_found", "There is no such endpoint.");
  return answer(row);
}

/** Changes what is named, and switches on (with a clean slate) or off where that is another state. @throws AppError("not_found") */
export async function updateEndpoint(
  db: Db,
  by: Owned,
  { status, ...change }: z.output<ReturnType<typeof endpointChange>>,
): Promise<EndpointAnswer> {
  const before = await readEndpointById(db, by);
  if (Object.keys(change).length > 0) await changeEndpoint(db, by, change);
  if (status && status !== before.status) await switchEndpoint(db, by, status === "enabled");
  return readEndpointById(db, by);
}

/** Puts a new secret in place. @throws AppError("not_found") */
export async function rotateEndpointSecret(
  db: Db,
  box: SecretBox,
  by: Owned & z.output<typeof rotation>,
): Promise<z.infer<typeof rotatedAnswer>> {
  const { secret: fresh, sealedSecret } = freshSecret(box, by);
  return { secret: fresh, previousSecretUntil: moment(await rotateSecret(db, { ...by, sealedSecret })) };
}

/**
 * Adds an endpoint. The same Idempotency-Key and body again finds what the first call added, with the same secret while that is in use:
 * whoever lost the first answer would have an endpoint that cannot be checked.
 * @throws AppError("idempotency_mismatch" | "conflict")
 */
export async function addEndpointForKey(
  db: Db,
  box: SecretBox,
  by: { orgId: string; keyId: string; idempotencyKey: string | null },
  endpoint: NewEndpoint,
): Promise<NewEndpointAnswer> {
  const made = uuidV7();
  const fresh = freshSecret(box, { orgId: by.orgId, endpointId: made });
  const added = await db.rpc("add_endpoint_for_key", {
    org: by.orgId,
    api_key: by.keyId,
    endpoint: made,
    endpoint_url: endpoint.url,
    endpoint_description: endpoint.description,
    endpoint_events: endpoint.events,
    sealed: fresh.sealedSecret,
    idempotency_key: by.idempotencyKey,
    request_hash: createHash("sha256")
      .update(JSON.stringify([endpoint.url, endpoint.description, endpoint.events]))
      .digest("hex"),
  });
  if (added.error?.hint === "idempotency_mismatch") throw idempotencyMismatch();
  const owned = { orgId: by.orgId, endpointId: unwrap(added) };
  const row = await findEndpoint(db, owned);
  if (!row) throw new AppError("conflict", "The endpoint that this Idempotency-Key added has been deleted. Use a new key to add it again.");
  return { ...answer(row), secret: owned.endpointId === made ? fresh.secret : await firstSecret(db, box, owned, row) };
}

async function firstSecret(db: Db, box: SecretBox, by: Owned, row: WebhookEndpoint): Promise<string> {
  if (row.previous_until) throw new AppError("conflict", "The secret of this endpoint has been changed since. Rotate it to get a new one.");
  const sealed = unwrap(
    await db.from("webhook_endpoints").select("sealed_secret").eq("org_id", by.orgId).eq("id", by.endpointId).maybeSingle(),
  );
  if (!sealed) throw new AppError("conflict", "The endpoint has just been deleted.");
  return box.open(sealed.sealed_secret, webhookSecretPlace(by.orgId, by.endpointId));
}
