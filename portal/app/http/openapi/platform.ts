import { z } from "zod";
import { healthReport } from "../health.ts";
import { problemBody } from "../problem.ts";
import type { Operation } from "./operation.ts";
import { answerSchema } from "./schemas.ts";

answerSchema("Problem", problemBody);
const health = answerSchema("Health", healthReport);

const receipt = answerSchema(
  "WebhookReceipt",
  z.object({ received: z.number().int().min(0).meta({ description: "How many of the events were new." }) }),
);

const checks = { database: "ok", queue: "ok", storage: "ok", llm: "ok" };
const healthy = { status: "ok", version: "0.1.0", checks };
const failing = { ...healthy, status: "failing", checks: { ...checks, database: "failing" } };

export const platformOperations: Operation[] = [
  {
    id: "getHealth",
    method: "get",
    path: "/api/health",
    tag: "Platform",
    summary: "Can visitors be served?",
    description: "For load balancers. With `?live=1` it says only that the process answers, and touches nothing.",
    access: {},
    parameters: [{ in: "query", name: "live", schema: z.string(), description: "Any value." }],
    answers: {
      200: { description: "Yes.", content: [{ kind: "json", schema: health, example: healthy }] },
      503: { description: "No: the database or storage fails.", content: [{ kind: "json", schema: health, example: failing }] },
    },
  },
  {
    id: "receiveWebhook",
    method: "post",
    path: "/api/webhooks/{connectionId}",
    tag: "Platform",
    summary: "What connected CRMs send",
    description:
      "For the CRMs that an organization has connected, not for programs of your own. Each is verified in its own scheme, on the raw bytes; an event that is sent twice is stored once and worked on later.",
    access: {},
    parameters: [
      {
        in: "path",
        name: "connectionId",
        description: "The connection's id, or the CRM's name where it sends everything of an app to one address.",
        schema: z.string().max(100),
      },
    ],
    body: { kind: "bytes", description: "As the CRM sends it, up to 256 KB." },
    errors: ["unauthenticated", "not_found", "rate_limited", "unavailable"],
    answers: {
      200: { description: "Stored.", content: [{ kind: "json", schema: receipt, example: { received: 2 } }] },
    },
  },
  {
    id: "receiveRemoval",
    method: "delete",
    path: "/api/webhooks/{connectionId}",
    tag: "Platform",
    summary: "A CRM tells that the platform's app was removed from an account",
    description:
      "For Pipedrive alone, which sends it to the sign-in's redirect address with the app's own id and secret. The account's connections are looked at anew; one that is not let in any more asks for a new sign-in.",
    access: {},
    parameters: [{ in: "path", name: "connectionId", description: "The CRM's name.", schema: z.string().max(100) }],
    body: { kind: "bytes", description: "As the CRM sends it." },
    errors: ["unauthenticated", "not_found", "rate_limited", "unavailable"],
    answers: {
      200: { description: "How many connections are looked at.", content: [{ kind: "json", schema: receipt, example: { received: 1 } }] },
    },
  },
  {
    id: "getOpenApi",
    method: "get",
    path: "/api/openapi.json",
    tag: "Platform",
    summary: "This document",
    description:
      "Made from the schemas that parse the requests. For code generators, API clients and anybody's tools; any page may read it.",
    access: {},
    parameters: [{ in: "header", name: "If-None-Match", schema: z.string(), description: "The ETag of a copy that is at hand." }],
    answers: {
      200: {
        description: "OpenAPI 3.1.",
        content: [
          { kind: "json", schema: answerSchema("OpenApiDocument", z.looseObject({ openapi: z.string() })), example: { openapi: "3.1.1" } },
        ],
      },
      304: { description: "The copy at hand is current." },
    },
  },
];
