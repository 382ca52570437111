import { z } from "zod";
import { DEFAULT_ROWS, MAX_ROWS } from "~/api/page";
import { conversationId, publicAgentId, toolCallId } from "../params.ts";
import type { Parameter } from "./operation.ts";

/** The parameters that several operations share. */
export const AGENT_ID: Parameter = {
  in: "path",
  name: "agentId",
  description: "The agent's public id, as in its snippet.",
  schema: publicAgentId,
};
export const CONVERSATION_ID: Parameter = {
  in: "path",
  name: "conversationId",
  description: "The id that the visitor's browser chose; for API keys, the id as it is listed.",
  schema: conversationId,
};
export const TOOL_CALL_ID: Parameter = { in: "path", name: "toolCallId", description: "As the stream told it.", schema: toolCallId };
export const MESSAGE_ID: Parameter = { in: "path", name: "messageId", description: "The answer's id.", schema: z.uuid() };
export const IDEMPOTENCY_KEY: Parameter = {
  in: "header",
  name: "Idempotency-Key",
  description: "1 to 255 printable characters. The same key and body again finds what the first call began.",
  schema: z.string().regex(/^[\x21-\x7e]{1,255}$/),
};
export const SOURCE_ID: Parameter = { in: "path", name: "sourceId", description: "The source's id.", schema: z.uuid() };
export const AGENT_FILTER: Parameter = {
  in: "query",
  name: "agent",
  description: "Only this agent, by its public id.",
  schema: AGENT_ID.schema,
};
/** Where a page begins, and how long it is. */
export const PAGE: Parameter[] = [
  { in: "query", name: "cursor", description: "The `nextCursor` of the page before.", schema: z.string().min(1).max(200) },
  { in: "query", name: "limit", description: "Rows of a page.", schema: z.int().min(1).max(MAX_ROWS).default(DEFAULT_ROWS) },
];
