import { WEBHOOK_DATA, WEBHOOK_TYPES, type WebhookType } from "@gpt-agent/core/webhook-events";
import { z } from "zod";
import { answerSchema, reference } from "./schemas.ts";

/** What each event tells, for the document. */
const SUMMARIES: Record<WebhookType, string> = {
  "conversation.started": "A conversation began",
  "conversation.ended": "A conversation has ended",
  "message.created": "A question was asked, or an answer has ended",
  "feedback.received": "A visitor rated an answer",
  "lead.captured": "A visitor left contact details",
  "handoff.requested": "A visitor asked for a person",
  "source.ready": "A document can be searched",
  "source.failed": "A document could not be read",
  "usage.threshold": "A limit came to 80 % or 100 %",
};

/** "message.created" is MessageCreatedEvent. */
const schemaName = (type: string) => `${type.replace(/(^|[._])(\w)/g, (_, _separator, letter: string) => letter.toUpperCase())}Event`;

const payloadOf = (type: WebhookType): z.ZodType =>
  answerSchema(
    schemaName(type),
    z.strictObject({
      type: z.literal(type),
      timestamp: z.iso.datetime(),
      /** Events of one thing share it; they may arrive in another order than they happened. */
      orderingKey: z.string(),
      data: WEBHOOK_DATA[type],
    }),
  );
const payloads = new Map(WEBHOOK_TYPES.map((type) => [type, payloadOf(type)]));

const header = (name: string, description: string) => ({ name, in: "header", required: true, description, schema: { type: "string" } });
const HEADERS = [
  header("webhook-id", "The event's id: an event can arrive twice, and a replay has the id of the first time."),
  header("webhook-timestamp", "When this attempt was made, in seconds since 1970. Refuse what is older than five minutes."),
  header("webhook-signature", "`v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`; several are separated by spaces."),
];

/** What endpoints are sent, as an OpenAPI document tells it (https://spec.openapis.org/oas/v3.1.1.html#oas-webhooks). */
export const webhooks = () =>
  Object.fromEntries(
    WEBHOOK_TYPES.map((type) => [
      type,
      {
        post: {
          operationId: `on${schemaName(type)}`,
          tags: ["Webhooks"],
          summary: SUMMARIES[type],
          parameters: HEADERS,
          requestBody: { required: true, content: { "application/json": { schema: reference(payloads.get(type)!) } } },
          responses: {
            "2XX": { description: "Heard. Anything else is tried again: ten attempts over about 75 hours." },
            "410": { description: "The endpoint is switched off." },
          },
        },
      },
    ]),
  );
