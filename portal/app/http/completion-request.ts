import { AppError } from "@gpt-agent/core/errors";
import { z } from "zod";
import { questionText } from "./chat-request.ts";

const content = z.union([
  z.string(),
  z
    .array(z.object({ type: z.literal("text", { error: "only text is supported" }), text: z.string() }))
    .transform((parts) => parts.map(({ text }) => text).join("\n")),
]);

/**
 * OpenAI's request as far as an agent can honour it. Other parameters (temperature, tools, …) are accepted and not used: how
 * an agent answers is set on the agent. The model is the agent; where it runs is ours to say (T42).
 */
export const completionRequest = z.object({
  model: z.string().min(1).max(200),
  messages: z
    .array(
      z.discriminatedUnion("role", [
        z.object({ role: z.enum(["system", "developer"]), content }),
        z.object({ role: z.literal("user"), content }),
        z.object({ role: z.literal("assistant"), content: content.nullish() }),
      ]),
    )
    .min(1)
    .max(1_000),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().optional() }).nullish(),
  n: z.literal(1, { error: "only one choice is made" }).nullish(),
});
type CompletionMessages = z.infer<typeof completionRequest>["messages"];

const MAX_INSTRUCTIONS = 8_000;

/** The question (the last message), what was said before it, and the caller's own instructions. */
export function conversationOf(messages: CompletionMessages) {
  const last = messages.at(-1);
  if (last?.role !== "user") throw new AppError("invalid_request", "The last message must be the user's.");
  const history = messages.slice(0, -1).flatMap((message): { author: "visitor" | "agent"; text: string }[] => {
    if (message.role === "user") return [{ author: "visitor", text: message.content }];
    if (message.role === "assistant" && message.content) return [{ author: "agent", text: message.content }];
    return [];
  });
  const instructions = messages
    .flatMap(({ role, content: text }) => (role === "system" || role === "developer" ? [text] : []))
    .join("\n\n");
  if (instructions.length > MAX_INSTRUCTIONS)
    throw new AppError("too_large", `System messages may have up to ${MAX_INSTRUCTIONS} characters together.`);
  return { question: questionText(last.content), history, instructions };
}
