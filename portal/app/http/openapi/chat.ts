import { agentConfig, chatEvent, toolReply, visitorSession } from "@gpt-agent/core/chat-events";
import { z } from "zod";
import { chatRequest } from "../chat-request.ts";
import { sessionRequest } from "../visitor-requests.ts";
import type { Answer, Operation } from "./operation.ts";
import { AGENT_ID, CONVERSATION_ID, IDEMPOTENCY_KEY, TOOL_CALL_ID } from "./parameters.ts";
import { answerSchema, requestSchema } from "./schemas.ts";

const answerStream: Answer = {
  description: "The answer as it is written: the AI SDK's UI message stream v1.",
  headers: { "x-vercel-ai-ui-message-stream": "v1" },
  content: [
    {
      kind: "events",
      event: answerSchema("ChatEvent", chatEvent),
      description:
        "Each event has an id (`<run>:<number>`, to come back with as Last-Event-ID) and one ChatEvent as JSON in its data; [DONE] closes the stream. Comments keep the connection open.",
    },
  ],
};

const look = {
  id: "demo",
  name: "Bottle Helper",
  avatar: null,
  primaryColor: "#5b4fd6",
  theme: "auto",
  position: "bottom-right",
  texts: { en: { greeting: "Hello!", prompts: ["How long does delivery take?"] }, ru: { greeting: "", prompts: [] } },
  privacyUrl: "https://shop.example/privacy",
  handoff: true,
  lead: { fields: [{ name: "email", required: true }], consent: { en: "You may write to me.", ru: "Можно мне написать." } },
  status: "live",
};
const session = {
  token: "eyJhbGciOiJIUzI1NiJ9.…",
  expiresAt: "2026-11-24T09:12:44.000Z",
  visitorId: "0199e2a5-00f1-7b6a-9b3c-5d1e2f3a4b5c",
  conversations: [{ id: "conversation-1", title: "How long does delivery take?", lastMessageAt: "2026-11-24T08:12:46.000Z" }],
};

/** What the widget calls to talk: the agent's look, a session, a question, its stream. */
export const chatOperations: Operation[] = [
  {
    id: "getAgentConfig",
    method: "get",
    path: "/api/v1/agents/{agentId}/config",
    tag: "Visitor API",
    summary: "How an agent looks",
    description: "Texts and colours, nothing secret. Needs no session.",
    access: {},
    parameters: [AGENT_ID],
    answers: {
      200: { description: "Its look.", content: [{ kind: "json", schema: answerSchema("AgentConfig", agentConfig), example: look }] },
    },
    errors: ["not_found", "origin_not_allowed", "rate_limited", "unavailable"],
  },
  {
    id: "openSession",
    method: "post",
    path: "/api/v1/agents/{agentId}/sessions",
    tag: "Visitor API",
    summary: "Open a visitor's session",
    description:
      "The token lasts an hour and works from this page's origin alone. With an `identityToken` that your server signed, the visitor is the verified one it names, and the conversation that they have open goes on under that name. An agent may be set to talk to verified visitors alone: then a missing token is 401.",
    access: {},
    parameters: [AGENT_ID],
    body: { kind: "json", schema: requestSchema("SessionRequest", sessionRequest), example: { locale: "en-GB" } },
    answers: {
      201: {
        description: "The token, and the visitor's newest conversations.",
        content: [{ kind: "json", schema: answerSchema("VisitorSession", visitorSession), example: session }],
      },
    },
    errors: ["unauthenticated", "not_found", "origin_not_allowed", "rate_limited", "unavailable"],
  },
  {
    id: "chat",
    method: "post",
    path: "/api/v1/agents/{agentId}/chat",
    tag: "Visitor API",
    summary: "Ask, and read the answer as it is written",
    description:
      "What the AI SDK's `useChat` sends. Only the last message is read, and only when it is the visitor's; the history comes from the database. A question that was asked before (same message id, or `Idempotency-Key`) finds the answer that it began. The answer goes on when the connection is lost.",
    access: { visitor: true },
    parameters: [AGENT_ID, IDEMPOTENCY_KEY],
    body: {
      kind: "json",
      schema: requestSchema("ChatRequest", chatRequest),
      example: {
        id: "conversation-1",
        trigger: "submit-message",
        messages: [{ id: "message-1", role: "user", parts: [{ type: "text", text: "How long does delivery take?" }] }],
      },
    },
    answers: { 200: answerStream },
    errors: ["not_found", "idempotency_mismatch", "over_budget"],
  },
  {
    id: "resumeStream",
    method: "get",
    path: "/api/v1/chat/{conversationId}/stream",
    tag: "Visitor API",
    summary: "Come back to an answer that is being written",
    description: "From where `Last-Event-ID` says, or from its beginning: no event is missed and none comes twice.",
    access: { visitor: true },
    parameters: [
      CONVERSATION_ID,
      { in: "header", name: "Last-Event-ID", description: "The last event seen; the ones after it follow.", schema: z.string() },
    ],
    answers: { 200: answerStream, 204: { description: "No answer is being written." } },
    errors: ["not_found"],
  },
  {
    id: "stopAnswer",
    method: "post",
    path: "/api/v1/chat/{conversationId}/stop",
    tag: "Visitor API",
    summary: "Stop the answer",
    description: "Stops the model; what was written stays. Needs no body.",
    access: { visitor: true },
    parameters: [CONVERSATION_ID],
    answers: { 204: { description: "Nothing is being written any more." } },
    errors: ["not_found"],
  },
  {
    id: "replyToToolCall",
    method: "post",
    path: "/api/v1/chat/{conversationId}/tools/{toolCallId}",
    tag: "Visitor API",
    summary: "Answer a tool call",
    description:
      "An answer that called a tool may wait: for the visitor's consent (`approval: needed` in its `tool-input-available`), or for the result of a tool of the page. What comes too late is taken and changes nothing.",
    access: { visitor: true },
    parameters: [CONVERSATION_ID, TOOL_CALL_ID],
    body: { kind: "json", schema: requestSchema("ToolReply", toolReply), example: { approved: true } },
    answers: { 204: { description: "Passed on to the answer." } },
    errors: ["not_found"],
  },
];
