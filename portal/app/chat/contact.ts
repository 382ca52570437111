import type { HandoffAnswer, LeadAnswer } from "@gpt-agent/core/chat-events";
import type { Db } from "@gpt-agent/core/db";
import { AppError } from "@gpt-agent/core/errors";
import { z } from "zod";
import type { VisitorIdentity } from "./chat.ts";
import { turnError } from "./turn-store.ts";

/** A visitor in a conversation of theirs, on a page; origin null for the portal's own pages. */
export type Visit = VisitorIdentity & {
  conversationId: string;
  origin: string | null;
  channel: "widget" | "playground";
  pageUrl?: string;
};

export type Lead = {
  name?: string;
  email?: string;
  phone?: string;
  message?: string;
  fields?: Record<string, string>;
  consent: boolean;
  /** What stood beside the box that was ticked. */
  consentText?: string;
};

const moment = z.string().transform((time) => new Date(time).toISOString());
const requested = z.object({ id: z.uuid(), state: z.enum(["requested", "accepted", "resolved"]), requestedAt: moment });
const captured = z.object({ id: z.uuid(), createdAt: moment });

const visitOf = (visit: Visit) => ({
  org: visit.orgId,
  agent: visit.agentId,
  visitor: visit.visitorId,
  page_origin: visit.origin,
  conversation: visit.conversationId,
  channel: visit.channel,
  page_url: visit.pageUrl ?? null,
});

/**
 * Records that a visitor asks for a person; a request that is open already stays the one. The conversation is made when there is none yet.
 * @throws AppError("unauthenticated" | "origin_not_allowed" | "unavailable")
 */
export async function requestHandoff(db: Db, visit: Visit, reason: string | null): Promise<HandoffAnswer> {
  const { data, error } = await db.rpc("request_handoff", { ...visitOf(visit), reason });
  if (error) throw turnError(error);
  return requested.parse(data);
}

/**
 * Keeps contact details that a visitor leaves, once for each key of a conversation.
 * @throws AppError("idempotency_mismatch") for another lead under the same key; ("conflict") when the conversation holds enough;
 *   ("unauthenticated" | "origin_not_allowed" | "unavailable")
 */
export async function captureLead(db: Db, visit: Visit, lead: Lead, once: { key: string; requestHash: string }): Promise<LeadAnswer> {
  const { data, error } = await db.rpc("capture_lead", {
    ...visitOf(visit),
    lead,
    idempotency_key: once.key,
    request_hash: once.requestHash,
  });
  if (error) throw turnError(error);
  return captured.parse(data);
}

/** Ends a visitor's own conversation; a new message opens it again. @throws AppError("not_found") */
export async function endConversation(db: Db, who: VisitorIdentity, conversationId: string): Promise<void> {
  const { data, error } = await db.rpc("end_conversation", { org: who.orgId, visitor: who.visitorId, conversation: conversationId });
  if (error) throw turnError(error);
  if (!data) throw new AppError("not_found", "There is no such conversation.");
}
