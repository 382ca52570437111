import { z } from "zod";
import { conversationId, toolCallId } from "../params.ts";
import type { Parameter } from "./operation.ts";

/** The parameters that several operations share. */
export const AGENT_ID: Parameter = {
  in: "path",
  name: "agentId",
  description: "The agent's public id, as in its snippet.",
  schema: z.string().regex(/^[a-z0-9][a-z0-9-]{2,63}$/),
};
export const CONVERSATION_ID: Parameter = {
  in: "path",
  name: "conversationId",
  description: "The id that the visitor's browser chose.",
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
