import { clientTool } from "@gpt-agent/core/chat-events";
import { AppError } from "@gpt-agent/core/errors";
import { MAX_MESSAGE_LENGTH } from "@gpt-agent/core/limits";
import { z } from "zod";
import { storable } from "~/api/storable-text";
import { conversationId } from "./params.ts";

/**
 * What the AI SDK's chat transport sends. Of `messages` only the last one is read, and only when it is the visitor's: the
 * history comes from the database, so nothing a client claims was said (or any role it claims) is believed.
 */
export const chatRequest = z.strictObject({
  id: conversationId,
  messages: z.array(z.unknown()).min(1).max(10_000),
  trigger: z.enum(["submit-message", "regenerate-message"]),
  messageId: z.string().max(100).optional(),
  /** Tools that the page runs when the model calls them; their schemas are told to the model and believed in nothing else. */
  clientTools: z.array(clientTool).max(16).optional(),
});
export type ChatRequest = z.infer<typeof chatRequest>;

const visitorMessage = z.object({
  id: z.string().min(1).max(100),
  role: z.literal("user", { error: "the last message must be the visitor's" }),
  parts: z
    .array(z.object({ type: z.literal("text", { error: "only text is supported" }), text: z.string() }))
    .min(1)
    .max(100),
});

/** A question's text. @throws AppError("invalid_request") when empty, ("too_large") when too long */
export function questionText(text: string): string {
  if (text.length > MAX_MESSAGE_LENGTH) throw new AppError("too_large", `A message may have up to ${MAX_MESSAGE_LENGTH} characters.`);
  const question = storable(text);
  if (!question) throw new AppError("invalid_request", "The message is empty.");
  return question;
}

/** What a request asks for: an answer to a new message, or an earlier answer written anew. */
export function askOf(request: ChatRequest): { messageId: string; text: string } | { regenerate: string | null } {
  if (request.trigger === "regenerate-message") {
    if (request.messageId === undefined) return { regenerate: null };
    const answer = z.uuid().safeParse(request.messageId);
    if (!answer.success) throw new AppError("not_found", "There is no such message.");
    return { regenerate: answer.data };
  }
  const message = visitorMessage.safeParse(request.messages.at(-1));
  if (!message.success) {
    const [issue] = message.error.issues;
    throw new AppError("invalid_request", `The last of messages: ${issue?.path.join(".")} ${issue?.message}`);
  }
  return { messageId: storable(message.data.id) || "0", text: questionText(message.data.parts.map((part) => part.text).join("\n")) };
}
