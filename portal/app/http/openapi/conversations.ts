import { citedPassage, handoffAnswer, leadAnswer, visitorConversation } from "@gpt-agent/core/chat-events";
import { z } from "zod";
import { conversationAnswer, conversationDetail } from "~/api/conversations";
import { pageOf } from "~/api/page";
import { feedbackRequest, handoffRequest, leadRequest } from "../visitor-requests.ts";
import type { Operation } from "./operation.ts";
import { AGENT_FILTER, CONVERSATION_ID, IDEMPOTENCY_KEY, MESSAGE_ID, PAGE } from "./parameters.ts";
import { answerSchema, requestSchema } from "./schemas.ts";

const conversationExport = visitorConversation.omit({ running: true }).extend({ exportedAt: z.iso.datetime() });

const anyConversation = answerSchema(
  "AnyConversation",
  z.union([answerSchema("Conversation", conversationDetail), answerSchema("VisitorConversation", visitorConversation)]),
);

const listed = {
  id: "0199e2a5-01b7-7d42-a6de-8a44b3b0f5c2",
  agent: "demo",
  channel: "widget",
  title: "How long does delivery take?",
  locale: "en",
  visitorId: "0199e2a5-00f1-7b6a-9b3c-5d1e2f3a4b5c",
  messageCount: 2,
  createdAt: "2026-11-24T08:12:44+00:00",
  lastMessageAt: "2026-11-24T08:12:46+00:00",
};
const { messageCount: _count, lastMessageAt: _last, ...facts } = listed;
const conversation = {
  ...facts,
  pageUrl: "https://shop.example/delivery",
  messages: [
    {
      id: "0199e2a5-01b8-7c10-9f00-6b1a2c3d4e5f",
      author: "agent",
      status: "complete",
      createdAt: "2026-11-24T08:12:44+00:00",
      text: "Two to four working days [1].",
      citations: [
        {
          index: 1,
          sourceId: "0199e2a4-6b10-7aa2-8c55-0b7d5b1c2e90",
          title: "delivery-and-returns.en.md",
          quote: "Orders within the country take two to four working days.",
          start: 120,
          end: 176,
        },
      ],
      rating: { rating: "up", comment: null },
      receipt: {
        runId: "0199e2a5-01b9-7e21-8a3b-7c6d5e4f3a2b",
        outcome: "answered",
        model: "openai/gpt-5-mini",
        promptTokens: 1902,
        completionTokens: 14,
        costMicros: 503,
        retrievalMs: 12,
        firstTokenMs: 640,
        totalMs: 1320,
      },
    },
  ],
};

const exported = {
  exportedAt: "2026-11-24T08:20:00.000Z",
  id: "conversation-1",
  title: "How long does delivery take?",
  createdAt: "2026-11-24T08:12:44.000Z",
  lastMessageAt: "2026-11-24T08:12:46.000Z",
  handoff: null,
  hasLead: false,
  messages: [
    {
      id: "message-1",
      role: "user",
      parts: [{ type: "text", text: "How long does delivery take?" }],
      metadata: { createdAt: "2026-11-24T08:12:44.000Z", status: "complete", author: "visitor" },
    },
  ],
};
const cited = {
  ...conversation.messages[0]!.citations[0]!,
  passage: "Delivery times. Orders within the country take two to four working days.",
  quoteStart: 16,
};

export const conversationOperations: Operation[] = [
  {
    id: "listConversations",
    method: "get",
    path: "/api/v1/conversations",
    tag: "Conversations",
    summary: "List conversations",
    description: "The newest begun first, from every channel: websites, the playground, the API.",
    access: { apiKey: "read" },
    parameters: [AGENT_FILTER, ...PAGE],
    answers: {
      200: {
        description: "A page of conversations.",
        content: [
          {
            kind: "json",
            schema: answerSchema("ConversationPage", pageOf(answerSchema("ConversationSummary", conversationAnswer))),
            example: { data: [listed], nextCursor: null },
          },
        ],
      },
    },
    errors: ["invalid_request", "not_found"],
  },
  {
    id: "getConversation",
    method: "get",
    path: "/api/v1/conversations/{conversationId}",
    tag: "Conversations",
    summary: "Read a conversation",
    description: "An API key reads any of its organization, with receipts; a visitor reads one of their own, as the chat shows it.",
    access: { visitor: true, apiKey: "read" },
    parameters: [CONVERSATION_ID],
    answers: {
      200: {
        description: "The conversation with its messages, oldest first.",
        content: [{ kind: "json", schema: anyConversation, example: conversation }],
      },
    },
    errors: ["not_found"],
  },
  {
    id: "deleteConversation",
    method: "delete",
    path: "/api/v1/conversations/{conversationId}",
    tag: "Visitor API",
    summary: "Erase a conversation of one's own",
    description: "For good. An answer that is being written stops.",
    access: { visitor: true },
    parameters: [CONVERSATION_ID],
    answers: { 204: { description: "It is gone, with its messages." } },
    errors: ["not_found"],
  },
  {
    id: "exportConversation",
    method: "get",
    path: "/api/v1/conversations/{conversationId}/export",
    tag: "Visitor API",
    summary: "A copy of one's own conversation, as a file",
    description: "What the chat's menu offers for download.",
    access: { visitor: true },
    parameters: [CONVERSATION_ID],
    answers: {
      200: {
        description: "The conversation as a JSON file.",
        content: [{ kind: "json", schema: answerSchema("ConversationExport", conversationExport), example: exported }],
      },
    },
    errors: ["not_found"],
  },
  {
    id: "endConversation",
    method: "post",
    path: "/api/v1/conversations/{conversationId}/end",
    tag: "Visitor API",
    summary: "End a conversation of one's own",
    description:
      "Conversations also end by themselves when nobody has written for half an hour. A new message opens it again. Needs no body.",
    access: { visitor: true },
    parameters: [CONVERSATION_ID],
    answers: { 204: { description: "It has ended." } },
    errors: ["not_found"],
  },
  {
    id: "requestHandoff",
    method: "post",
    path: "/api/v1/conversations/{conversationId}/handoff",
    tag: "Visitor API",
    summary: "Ask for a person",
    description:
      "The organization is told; while the request is open, asking again changes nothing. `conflict` where the agent has nobody behind it. The conversation is made when there is none yet.",
    access: { visitor: true },
    parameters: [CONVERSATION_ID],
    body: {
      kind: "json",
      schema: requestSchema("HandoffRequest", handoffRequest),
      example: { reason: "I would like to change my order." },
    },
    answers: {
      200: {
        description: "The request, as it stands.",
        content: [
          {
            kind: "json",
            schema: answerSchema("Handoff", handoffAnswer),
            example: { id: "0199e2a5-01b9-7e21-8a3b-7c6d5e4f3a2b", state: "requested", requestedAt: "2026-11-24T08:13:00.000Z" },
          },
        ],
      },
    },
    errors: ["not_found", "conflict"],
  },
  {
    id: "leaveLead",
    method: "post",
    path: "/api/v1/conversations/{conversationId}/lead",
    tag: "Visitor API",
    summary: "Leave contact details",
    description:
      "What the agent asks for has to be there, and an e-mail address or a phone number at least. The same details, or the same `Idempotency-Key`, are kept once. `conflict` where the agent takes none.",
    access: { visitor: true },
    parameters: [CONVERSATION_ID, IDEMPOTENCY_KEY],
    body: {
      kind: "json",
      schema: requestSchema("LeadRequest", leadRequest),
      example: { name: "Anna", email: "anna@shop.example", phone: "+7 912 345-67-89", consent: true, locale: "en" },
    },
    answers: {
      201: {
        description: "They are kept.",
        content: [
          {
            kind: "json",
            schema: answerSchema("Lead", leadAnswer),
            example: { id: "0199e2a5-01b9-7e21-8a3b-7c6d5e4f3a2b", createdAt: "2026-11-24T08:13:20.000Z" },
          },
        ],
      },
    },
    errors: ["not_found", "conflict", "idempotency_mismatch"],
  },
  {
    id: "rateAnswer",
    method: "post",
    path: "/api/v1/messages/{messageId}/feedback",
    tag: "Visitor API",
    summary: "Rate an answer",
    description: "A second rating replaces the first.",
    access: { visitor: true },
    parameters: [MESSAGE_ID],
    body: {
      kind: "json",
      schema: requestSchema("FeedbackRequest", feedbackRequest),
      example: { rating: "up", comment: "Just what I needed." },
    },
    answers: { 204: { description: "The rating is kept." } },
    errors: ["not_found"],
  },
  {
    id: "getCitation",
    method: "get",
    path: "/api/v1/messages/{messageId}/citations/{index}",
    tag: "Visitor API",
    summary: "A quote inside the passage around it",
    description: "What opens when a visitor presses a citation. Kept with the answer, so it stays readable when the document changes.",
    access: { visitor: true },
    parameters: [MESSAGE_ID, { in: "path", name: "index", description: "The citation's number.", schema: z.int().min(1).max(9_999) }],
    answers: {
      200: {
        description: "The quote and its passage.",
        content: [{ kind: "json", schema: answerSchema("CitedPassage", citedPassage), example: cited }],
      },
    },
    errors: ["not_found"],
  },
];
