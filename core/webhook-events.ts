import { z } from "zod";
import type { SealedFor } from "./secrets.ts";

const time = z.iso.datetime({ offset: true });
const conversation = { conversationId: z.uuid() };

/**
 * What endpoints can be told, and the data that comes with each. The events are written by the database (migration webhooks); a
 * payload is `{type, timestamp, data}` as Standard Webhooks has it (https://www.standardwebhooks.com).
 */
export const WEBHOOK_DATA = {
  "conversation.started": z.strictObject({
    ...conversation,
    agentId: z.uuid(),
    channel: z.enum(["widget", "playground", "api"]),
    locale: z.string().nullable(),
    pageUrl: z.string().nullable(),
    url: z.url(),
  }),
  /** Nobody has written for half an hour, or the visitor ended it; a new message opens it again. */
  "conversation.ended": z.strictObject({
    ...conversation,
    agentId: z.uuid(),
    visitorId: z.uuid().nullable(),
    channel: z.enum(["widget", "playground", "api"]),
    messageCount: z.number().int().min(0),
    /** Questions that the knowledge held no answer to. */
    unanswered: z.number().int().min(0),
    /** From the first message to the last. */
    durationSeconds: z.number().int().min(0),
    endedBy: z.enum(["idle", "visitor"]),
    url: z.url(),
  }),
  /** A visitor's question as it is asked, an answer once it has ended. `text` holds up to 4,000 characters; the rest is at `url`. */
  "message.created": z.strictObject({
    ...conversation,
    messageId: z.uuid(),
    author: z.enum(["visitor", "agent", "operator"]),
    status: z.enum(["complete", "stopped", "failed"]),
    text: z.string().max(4_000),
    truncated: z.boolean(),
    url: z.url(),
  }),
  "feedback.received": z.strictObject({
    ...conversation,
    messageId: z.uuid(),
    rating: z.enum(["up", "down"]),
    comment: z.string().nullable(),
    url: z.url(),
  }),
  /** A visitor left contact details, in their own words: nothing in them is verified. */
  "lead.captured": z.strictObject({
    ...conversation,
    leadId: z.uuid(),
    agentId: z.uuid(),
    visitorId: z.uuid(),
    name: z.string().nullable(),
    email: z.string().nullable(),
    /** In E.164 where it can be read so. */
    phone: z.string().nullable(),
    message: z.string().nullable(),
    fields: z.record(z.string(), z.string()),
    consent: z.boolean(),
    pageUrl: z.string().nullable(),
    url: z.url(),
  }),
  /** A visitor asked for a person. */
  "handoff.requested": z.strictObject({
    ...conversation,
    handoffId: z.uuid(),
    agentId: z.uuid(),
    visitorId: z.uuid().nullable(),
    reason: z.string().nullable(),
    requestedAt: time,
    url: z.url(),
  }),
  "source.ready": z.strictObject({
    sourceId: z.uuid(),
    agentId: z.uuid(),
    kind: z.enum(["file", "page", "qa"]),
    title: z.string(),
    failure: z.null(),
  }),
  "source.failed": z.strictObject({
    sourceId: z.uuid(),
    agentId: z.uuid(),
    kind: z.enum(["file", "page", "qa"]),
    title: z.string(),
    failure: z.string().nullable(),
  }),
  /** A budget came to 80 % or 100 % of its limit; costs are micro-dollars. */
  "usage.threshold": z.strictObject({
    budgetId: z.uuid(),
    subject: z.enum(["organization", "agent", "api_key", "visitor"]),
    agentId: z.uuid().nullable(),
    apiKeyId: z.uuid().nullable(),
    metric: z.enum(["tokens_per_day", "tokens_per_month", "cost_per_day", "cost_per_month"]),
    threshold: z.union([z.literal(80), z.literal(100)]),
    limit: z.number().int(),
    used: z.number().int(),
    periodStart: time,
    periodEnd: time,
  }),
} as const;

export type WebhookType = keyof typeof WEBHOOK_DATA;
/** The events that an endpoint can choose. */
export const WEBHOOK_TYPES = Object.keys(WEBHOOK_DATA) as WebhookType[];
export const webhookType = z.enum(WEBHOOK_TYPES as [WebhookType, ...WebhookType[]]);

/** Events of what was said are erased with their conversation and shown there. */
export const isAboutConversation = (type: string): boolean => /^(conversation|message|feedback|lead|handoff)\./.test(type);

/** The largest body that is sent, in bytes. */
export const MAX_WEBHOOK_BYTES = 20 * 1024;
/** A secret signs along for this long after it was replaced, in hours. */
export const SECRET_OVERLAP_HOURS = 24;

/** Where an endpoint's signing secrets belong: what sealing binds them to. */
export const webhookSecretPlace = (orgId: string, endpointId: string): SealedFor => ({
  orgId,
  purpose: "webhook_endpoints",
  rowId: endpointId,
});
