import { z } from "zod";
import { pageOf } from "~/api/page";
import { deliveriesQuery, deliveryAnswer, deliveryDetail, replayedAnswer, replayRange } from "~/api/webhook-deliveries";
import { endpointAnswer, endpointChange, newEndpoint, newEndpointAnswer, rotatedAnswer, rotation } from "~/api/webhook-endpoints";
import type { Operation, Parameter } from "./operation.ts";
import { IDEMPOTENCY_KEY, PAGE } from "./parameters.ts";
import { answerSchema, requestSchema } from "./schemas.ts";

const ENDPOINT_ID: Parameter = { in: "path", name: "endpointId", description: "The endpoint's id.", schema: z.uuid() };
const DELIVERY_ID: Parameter = { in: "path", name: "deliveryId", description: "The delivery's id.", schema: z.uuid() };
const PATH = "/api/v1/webhook-endpoints";
const access = { apiKey: "webhooks" } as const;
const tag = "Webhooks";

const working = {
  id: "0199e2a4-7c1e-7d3b-9a51-2f6f0b7f1c11",
  url: "https://example.com/hooks/agent",
  description: "Order system",
  events: ["conversation.started", "message.created"],
  status: "enabled",
  disabledReason: null,
  failingSince: null,
  lastSuccessAt: "2026-11-25T18:20:01+00:00",
  previousSecretUntil: null,
  createdAt: "2026-11-20T14:05:12+00:00",
};
const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw3E0x3pZ6m5A=";
const delivered = {
  id: "0199e2a5-0b12-7c44-8d1e-5a2b3c4d5e6f",
  eventId: "0199e2a5-0b10-7a21-b3c4-1d2e3f405162",
  type: "message.created",
  status: "delivered",
  attempts: 2,
  isReplay: false,
  createdAt: "2026-11-25T18:20:00+00:00",
  nextAttemptAt: null,
  endedAt: "2026-11-25T18:20:06+00:00",
};
const waiting = {
  ...delivered,
  type: "webhook.test",
  status: "pending",
  attempts: 0,
  nextAttemptAt: "2026-11-25T18:20:00+00:00",
  endedAt: null,
};
const headers = {
  "content-type": "application/json",
  "webhook-id": delivered.eventId,
  "webhook-timestamp": "1764094805",
  "webhook-signature": "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
};

const endpoint = answerSchema("WebhookEndpoint", endpointAnswer);
const delivery = answerSchema("WebhookDelivery", deliveryAnswer);
const replayed = answerSchema("WebhookReplayed", replayedAnswer);

export const webhookEndpointOperations: Operation[] = [
  {
    id: "listWebhookEndpoints",
    method: "get",
    path: PATH,
    tag,
    summary: "List webhook endpoints",
    description: "The newest first. Secrets are never shown again.",
    access,
    parameters: PAGE,
    answers: {
      200: {
        description: "A page of endpoints.",
        content: [
          { kind: "json", schema: answerSchema("WebhookEndpointPage", pageOf(endpoint)), example: { data: [working], nextCursor: null } },
        ],
      },
    },
    errors: ["invalid_request"],
  },
  {
    id: "createWebhookEndpoint",
    method: "post",
    path: PATH,
    tag,
    summary: "Add a webhook endpoint",
    description:
      "The address has to be https; whether it leads to the public internet is checked at each delivery. The `secret` is in this answer alone. An organization has up to 50 endpoints. Send an `Idempotency-Key` so that a repeated call adds nothing; it finds the same secret until that is rotated.",
    access,
    parameters: [IDEMPOTENCY_KEY],
    body: {
      kind: "json",
      schema: requestSchema("NewWebhookEndpoint", newEndpoint([])),
      example: { url: working.url, description: working.description, events: working.events },
    },
    answers: {
      201: {
        description: "It is told of what happens from now on.",
        content: [
          {
            kind: "json",
            schema: answerSchema("CreatedWebhookEndpoint", newEndpointAnswer),
            example: { ...working, lastSuccessAt: null, secret: SECRET },
          },
        ],
      },
    },
    errors: ["idempotency_mismatch", "conflict"],
  },
  {
    id: "getWebhookEndpoint",
    method: "get",
    path: `${PATH}/{endpointId}`,
    tag,
    summary: "Read a webhook endpoint",
    description: "What it is told, and whether it works: `failingSince` is set while nothing gets through.",
    access,
    parameters: [ENDPOINT_ID],
    answers: { 200: { description: "The endpoint.", content: [{ kind: "json", schema: endpoint, example: working }] } },
    errors: ["not_found"],
  },
  {
    id: "updateWebhookEndpoint",
    method: "patch",
    path: `${PATH}/{endpointId}`,
    tag,
    summary: "Change a webhook endpoint",
    description:
      "Only what is named changes. Disabled, it is sent nothing, and what happens meanwhile is not kept for it; enabled again, it begins with a clean slate.",
    access,
    parameters: [ENDPOINT_ID],
    body: {
      kind: "json",
      schema: requestSchema("WebhookEndpointChange", endpointChange([])),
      example: { events: ["message.created", "feedback.received"], status: "enabled" },
    },
    answers: { 200: { description: "The endpoint as it is now.", content: [{ kind: "json", schema: endpoint, example: working }] } },
    errors: ["not_found"],
  },
  {
    id: "deleteWebhookEndpoint",
    method: "delete",
    path: `${PATH}/{endpointId}`,
    tag,
    summary: "Delete a webhook endpoint",
    description: "Its deliveries go with it, and nothing more is sent.",
    access,
    parameters: [ENDPOINT_ID],
    answers: { 204: { description: "It is gone." } },
    errors: ["not_found"],
  },
  {
    id: "rotateWebhookSecret",
    method: "post",
    path: `${PATH}/{endpointId}/rotate-secret`,
    tag,
    summary: "Replace the signing secret",
    description: "Both secrets sign for `overlapHours` (0 to 168), so that nothing is lost while the receiver changes over.",
    access,
    parameters: [ENDPOINT_ID],
    body: { kind: "json", schema: requestSchema("WebhookSecretRotation", rotation), example: { overlapHours: 24 } },
    answers: {
      200: {
        description: "The new secret. It is in this answer alone.",
        content: [
          {
            kind: "json",
            schema: answerSchema("WebhookSecret", rotatedAnswer),
            example: { secret: SECRET, previousSecretUntil: "2026-11-26T18:20:00+00:00" },
          },
        ],
      },
    },
    errors: ["not_found"],
  },
  {
    id: "sendTestWebhook",
    method: "post",
    path: `${PATH}/{endpointId}/send-test`,
    tag,
    summary: "Send a test event",
    description: "The event `webhook.test`, whatever the endpoint listens to. Needs no body. Read the delivery to see what came back.",
    access,
    parameters: [ENDPOINT_ID],
    answers: { 202: { description: "It is on its way.", content: [{ kind: "json", schema: delivery, example: waiting }] } },
    errors: ["not_found", "conflict"],
  },
  {
    id: "listWebhookDeliveries",
    method: "get",
    path: `${PATH}/{endpointId}/deliveries`,
    tag,
    summary: "List an endpoint's deliveries",
    description: "The newest first, of the last 30 days.",
    access,
    parameters: [
      ENDPOINT_ID,
      ...PAGE,
      { in: "query", name: "status", description: "Only those in this state.", schema: deliveriesQuery.shape.status.unwrap() },
    ],
    answers: {
      200: {
        description: "A page of deliveries.",
        content: [
          {
            kind: "json",
            schema: answerSchema("WebhookDeliveryPage", pageOf(delivery)),
            example: { data: [delivered], nextCursor: null },
          },
        ],
      },
    },
    errors: ["not_found", "invalid_request"],
  },
  {
    id: "getWebhookDelivery",
    method: "get",
    path: `${PATH}/{endpointId}/deliveries/{deliveryId}`,
    tag,
    summary: "Read a delivery with its attempts",
    description: "Each attempt with the request as it was sent and the beginning of what came back.",
    access,
    parameters: [ENDPOINT_ID, DELIVERY_ID],
    answers: {
      200: {
        description: "The delivery.",
        content: [
          {
            kind: "json",
            schema: answerSchema("WebhookDeliveryLog", deliveryDetail),
            example: {
              ...delivered,
              log: [
                {
                  attempt: 1,
                  startedAt: "2026-11-25T18:20:00+00:00",
                  durationMs: 41,
                  statusCode: 503,
                  failure: "status",
                  requestHeaders: { ...headers, "webhook-timestamp": "1764094800" },
                  requestBody: '{"type":"message.created"}',
                  responseBody: "try later",
                },
                {
                  attempt: 2,
                  startedAt: "2026-11-25T18:20:05+00:00",
                  durationMs: 38,
                  statusCode: 204,
                  failure: null,
                  requestHeaders: headers,
                  requestBody: '{"type":"message.created"}',
                  responseBody: "",
                },
              ],
            },
          },
        ],
      },
    },
    errors: ["not_found"],
  },
  {
    id: "replayWebhookDelivery",
    method: "post",
    path: `${PATH}/{endpointId}/deliveries/{deliveryId}/replay`,
    tag,
    summary: "Send one event again",
    description: "Under the same `webhook-id`, whether it arrived or not. Refused while it is still on its way. Needs no body.",
    access,
    parameters: [ENDPOINT_ID, DELIVERY_ID],
    answers: { 202: { description: "It is on its way.", content: [{ kind: "json", schema: replayed, example: { count: 1 } }] } },
    errors: ["not_found", "conflict"],
  },
  {
    id: "replayWebhooks",
    method: "post",
    path: `${PATH}/{endpointId}/replay`,
    tag,
    summary: "Send the events of a span of time again",
    description:
      "Those that never arrived, or all with `only: all`; at most 1,000 a call, each under its own `webhook-id`. `until` is now unless given.",
    access,
    parameters: [ENDPOINT_ID],
    body: {
      kind: "json",
      schema: requestSchema("WebhookReplay", replayRange),
      example: { since: "2026-11-24T00:00:00Z", only: "failed" },
    },
    answers: { 202: { description: "They are on their way.", content: [{ kind: "json", schema: replayed, example: { count: 17 } }] } },
    errors: ["not_found", "conflict"],
  },
];
