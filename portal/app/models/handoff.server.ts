import type { Db } from "@gpt-agent/core/db";
import { AppError } from "@gpt-agent/core/errors";
import { unwrap } from "~/models/result.server";

/** A visitor's open wish to talk to a person. */
export type OpenHandoff = { id: string; state: "requested" | "accepted"; reason: string | null; requestedAt: string };

/** The open request of a conversation, or null. */
export async function openHandoff(db: Db, by: { orgId: string; conversationId: string }): Promise<OpenHandoff | null> {
  const row = unwrap(
    await db
      .from("handoffs")
      .select("id, state, reason, requestedAt:requested_at")
      .eq("org_id", by.orgId)
      .eq("conversation_id", by.conversationId)
      .neq("state", "resolved")
      .maybeSingle(),
  );
  return row ? { ...row, state: row.state === "accepted" ? "accepted" : "requested" } : null;
}

/** Marks the open request of a conversation as handled. Throws "not_found" without one, or when the caller is no operator. */
export async function resolveHandoff(db: Db, by: { orgId: string; conversationId: string }): Promise<void> {
  const rows = unwrap(
    await db
      .from("handoffs")
      .update({ state: "resolved" })
      .eq("org_id", by.orgId)
      .eq("conversation_id", by.conversationId)
      .neq("state", "resolved")
      .select("id"),
  );
  if (rows.length === 0) throw new AppError("not_found", "Nobody waits in this conversation.");
}

/** The conversations of an organization (of one agent) whose visitors wait for a person, the latest request first; at most 200. */
export async function waitingConversations(db: Db, by: { orgId: string; agentId?: string }): Promise<string[]> {
  let query = db
    .from("handoffs")
    .select("conversation_id")
    .eq("org_id", by.orgId)
    .neq("state", "resolved")
    .order("requested_at", { ascending: false })
    .limit(200);
  if (by.agentId) query = query.eq("agent_id", by.agentId);
  return unwrap(await query).map(({ conversation_id }) => conversation_id);
}
