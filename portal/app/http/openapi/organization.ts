import { z } from "zod";
import { auditEntry } from "~/api/audit-log";
import { pageOf } from "~/api/page";
import { usageRow } from "~/api/usage";
import type { Operation } from "./operation.ts";
import { AGENT_FILTER, PAGE } from "./parameters.ts";
import { answerSchema } from "./schemas.ts";

const day = z.iso.date();

export const organizationOperations: Operation[] = [
  {
    id: "listUsage",
    method: "get",
    path: "/api/v1/usage",
    tag: "Organization",
    summary: "Usage by day and agent",
    description: "The newest day first, in UTC. Days on which nothing happened have no row. An answer counts on the day on which it ended.",
    access: { apiKey: "read" },
    parameters: [
      { in: "query", name: "from", description: "The first day.", schema: day },
      { in: "query", name: "to", description: "The last day.", schema: day },
      AGENT_FILTER,
      ...PAGE,
    ],
    answers: {
      200: {
        description: "A page of days.",
        content: [
          {
            kind: "json",
            schema: answerSchema("UsagePage", pageOf(answerSchema("Usage", usageRow))),
            example: {
              data: [
                {
                  day: "2026-11-24",
                  agent: "demo",
                  conversations: 41,
                  answers: 96,
                  unanswered: 7,
                  promptTokens: 182400,
                  completionTokens: 20110,
                  costMicros: 91230,
                },
              ],
              nextCursor: null,
            },
          },
        ],
      },
    },
    errors: ["invalid_request", "not_found"],
  },
  {
    id: "listAuditLog",
    method: "get",
    path: "/api/v1/audit-log",
    tag: "Organization",
    summary: "Who did what",
    description:
      "The newest first; nothing in it is ever changed. It names members, and in the portal only admins see it: keys need the scope `audit`, which nothing else asks for.",
    access: { apiKey: "audit" },
    parameters: PAGE,
    answers: {
      200: {
        description: "A page of the audit log.",
        content: [
          {
            kind: "json",
            schema: answerSchema("AuditLogPage", pageOf(answerSchema("AuditEntry", auditEntry))),
            example: {
              data: [
                {
                  id: "0199e2a4-9a01-7f10-b1a2-2c6d1d0a7b33",
                  at: "2026-11-24T08:12:44+00:00",
                  actorId: "5f0c6f0e-8f2a-4d63-9a2e-0d3b8f1f5c77",
                  action: "memberships.update",
                  subjectType: "memberships",
                  subjectId: "7a1d2c3b-4e5f-4a6b-8c7d-9e0f1a2b3c4d",
                  detail: { role: "editor", role_before: "viewer", changed: ["role"] },
                },
              ],
              nextCursor: null,
            },
          },
        ],
      },
    },
    errors: ["invalid_request"],
  },
];
