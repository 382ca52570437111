import { citedPassage, visitorConversation } from "@gpt-agent/core/chat-events";
import { z } from "zod";
import { feedbackRequest } from "../visitor-requests.ts";
import type { Operation } from "./operation.ts";
import { CONVERSATION_ID, MESSAGE_ID } from "./parameters.ts";
import { answerSchema, requestSchema } from "./schemas.ts";

const conversationExport = visitorConversation.omit({ running: true }).extend({ exportedAt: z.iso.datetime() });

export const conversationOperations: Operation[] = [
  {
    id: "getConversation",
    method: "get",
    path: "/api/v1/conversations/{conversationId}",
    tag: "Conversations",
    summary: "Read a conversation",
    access: { visitor: true },
    parameters: [CONVERSATION_ID],
    answers: {
      200: {
        description: "The conversation with its messages, oldest first.",
        content: [{ kind: "json", schema: answerSchema("VisitorConversation", visitorConversation) }],
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
    access: { visitor: true },
    parameters: [CONVERSATION_ID],
    answers: {
      200: {
        description: "The conversation as a JSON file.",
        content: [{ kind: "json", schema: answerSchema("ConversationExport", conversationExport) }],
      },
    },
    errors: ["not_found"],
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
    access: { visitor: true },
    parameters: [MESSAGE_ID, { in: "path", name: "index", description: "The citation's number.", schema: z.int().min(1).max(9_999) }],
    answers: {
      200: { description: "The quote and its passage.", content: [{ kind: "json", schema: answerSchema("CitedPassage", citedPassage) }] },
    },
    errors: ["not_found"],
  },
];
