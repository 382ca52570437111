import { z } from "zod";
import { handoffEntry } from "~/api/handoffs";
import { leadEntry } from "~/api/leads";
import { pageOf } from "~/api/page";
import type { Operation } from "./operation.ts";
import { AGENT_FILTER, PAGE } from "./parameters.ts";
import { answerSchema } from "./schemas.ts";

const lead = {
  id: "0199e2a5-01b9-7e21-8a3b-7c6d5e4f3a2b",
  agent: "demo",
  conversationId: "0199e2a5-01b7-7d42-a6de-8a44b3b0f5c2",
  visitorId: "0199e2a5-00f1-7b6a-9b3c-5d1e2f3a4b5c",
  name: "Anna",
  email: "anna@shop.example",
  phone: "+79123456789",
  message: "Engraving for forty bottles, please.",
  fields: {},
  consent: true,
  consentText: "You may write to me about my question.",
  pageUrl: "https://shop.example/engraving",
  createdAt: "2026-11-24T08:13:20+00:00",
};
const handoff = {
  id: "0199e2a5-01ba-7f32-9b4c-8d7e6f5a4b3c",
  agent: "demo",
  conversationId: "0199e2a5-01b7-7d42-a6de-8a44b3b0f5c2",
  state: "requested",
  reason: "I would like to change my order.",
  requestedAt: "2026-11-24T08:13:00+00:00",
  resolvedAt: null,
};

/** What visitors left of themselves, for programs that have no CRM to look into. */
export const contactOperations: Operation[] = [
  {
    id: "listLeads",
    method: "get",
    path: "/api/v1/leads",
    tag: "Leads and people",
    summary: "List leads",
    description: "Contact details that visitors left, the newest first. A lead that was erased is in no list.",
    access: { apiKey: "read" },
    parameters: [AGENT_FILTER, ...PAGE],
    answers: {
      200: {
        description: "A page of leads.",
        content: [
          {
            kind: "json",
            schema: answerSchema("LeadPage", pageOf(answerSchema("LeadEntry", leadEntry))),
            example: { data: [lead], nextCursor: null },
          },
        ],
      },
    },
    errors: ["invalid_request", "not_found"],
  },
  {
    id: "listHandoffs",
    method: "get",
    path: "/api/v1/handoffs",
    tag: "Leads and people",
    summary: "List wishes for a person",
    description: "Who asked for a person, the newest first. `requested` ones wait.",
    access: { apiKey: "read" },
    parameters: [
      AGENT_FILTER,
      { in: "query", name: "state", description: "Only those that stand so.", schema: z.enum(handoffEntry.shape.state.options) },
      ...PAGE,
    ],
    answers: {
      200: {
        description: "A page of wishes.",
        content: [
          {
            kind: "json",
            schema: answerSchema("HandoffPage", pageOf(answerSchema("HandoffEntry", handoffEntry))),
            example: { data: [handoff], nextCursor: null },
          },
        ],
      },
    },
    errors: ["invalid_request", "not_found"],
  },
];
