import { AppError } from "@gpt-agent/core/errors";
import { z } from "zod";

const notFound = () => new AppError("not_found", "There is no such thing here.");

/** A UUID from a path. Anything else is 404 and reaches no query (T33). */
export function uuidOr404(value: string | undefined): string {
  const parsed = z.uuid().safeParse(value);
  if (!parsed.success) throw notFound();
  return parsed.data;
}

/** A conversation's id as its browser chose it: up to 100 characters. */
export function conversationParam(value: string | undefined): string {
  const parsed = conversationId.safeParse(value);
  if (!parsed.success) throw notFound();
  return parsed.data;
}
export const conversationId = z.string().regex(/^[\w.:-]{1,100}$/, { error: "must be 1 to 100 letters, digits or . : _ -" });

/** An agent's public id, as in its snippet. */
export const publicAgentId = z.string().regex(/^[a-z0-9][a-z0-9-]{2,63}$/);

/** A tool call's id as the stream told it. */
export function toolCallParam(value: string | undefined): string {
  const parsed = toolCallId.safeParse(value);
  if (!parsed.success) throw notFound();
  return parsed.data;
}
export const toolCallId = z.string().regex(/^call-[0-9a-f-]{36}$/);

/** A citation's number. */
export function indexOr404(value: string | undefined): number {
  if (!/^[1-9]\d{0,3}$/.test(value ?? "")) throw notFound();
  return Number(value);
}
