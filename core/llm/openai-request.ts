import type OpenAI from "openai";
import type { LlmMessage, LlmTool } from "./llm.ts";

/** One turn in OpenAI's shape (platform.openai.com/docs/api-reference/chat). */
export function toOpenAiMessage(message: LlmMessage): OpenAI.ChatCompletionMessageParam {
  if (message.role === "tool") return { role: "tool", tool_call_id: message.toolCallId, content: message.content };
  if (message.role !== "assistant" || !message.toolCalls?.length) return { role: message.role, content: message.content };
  return {
    role: "assistant",
    content: message.content || null,
    tool_calls: message.toolCalls.map(({ id, name, input }) => ({
      id,
      type: "function",
      function: { name, arguments: JSON.stringify(input ?? {}) },
    })),
  };
}

/** A tool in OpenAI's shape. */
export const toOpenAiTool = ({ name, description, parameters }: LlmTool): OpenAI.ChatCompletionTool => ({
  type: "function",
  function: { name, description, parameters },
});
