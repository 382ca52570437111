import { type MessagePart, messagePart } from "@gpt-agent/core/chat-events";
import type { Db } from "@gpt-agent/core/db";
import type { Database } from "@gpt-agent/core/db-types";
import { z } from "zod";
import { unwrap } from "~/models/result.server";

type Tables = Database["public"]["Tables"];

export type ConversationSummary = Pick<
  Tables["conversations"]["Row"],
  "id" | "channel" | "title" | "locale" | "message_count" | "last_message_at"
> & {
  visitorId: string | null;
  agent: { id: string; name: string };
  ratings: { up: number; down: number };
};

/**
 * A page of conversations, the latest first; `before` is the last_message_at of the page before.
 * @param by agentId narrows to one agent
 */
export async function listConversations(
  db: Db,
  by: { orgId: string; agentId?: string; before?: string; limit: number },
): Promise<{ conversations: ConversationSummary[]; next: string | null }> {
  let query = db
    .from("conversations")
    .select(
      "id, channel, title, locale, message_count, last_message_at, visitorId:visitor_id, agent:agents!inner(id, name), messages(feedback(rating))",
    )
    .eq("org_id", by.orgId)
    .gt("message_count", 0)
    .order("last_message_at", { ascending: false })
    .limit(by.limit + 1);
  if (by.agentId) query = query.eq("agent_id", by.agentId);
  if (by.before) query = query.lt("last_message_at", by.before);
  const rows = unwrap(await query);
  const page = rows.slice(0, by.limit).map(({ messages, ...row }) => {
    const ratings = messages
      .flatMap(({ feedback }) => (Array.isArray(feedback) ? feedback : feedback ? [feedback] : []))
      .map(({ rating }) => rating);
    return {
      ...row,
      ratings: { up: ratings.filter((rating) => rating === "up").length, down: ratings.filter((rating) => rating === "down").length },
    };
  });
  return { conversations: page, next: rows.length > by.limit ? (page.at(-1)?.last_message_at ?? null) : null };
}

export type Receipt = Pick<
  Tables["runs"]["Row"],
  | "id"
  | "status"
  | "outcome"
  | "responder"
  | "model"
  | "prompt_tokens"
  | "completion_tokens"
  | "cost_micros"
  | "retrieval_ms"
  | "first_token_ms"
  | "total_ms"
  | "error_code"
>;

export type ThreadMessage = {
  id: string;
  author: "visitor" | "agent" | "operator" | "system";
  status: string;
  createdAt: string;
  parts: MessagePart[];
  receipt: Receipt | null;
  rating: { rating: string; comment: string | null } | null;
};

export type Thread = Pick<Tables["conversations"]["Row"], "id" | "title" | "channel" | "locale" | "page_url" | "created_at"> & {
  visitorId: string | null;
  agent: { id: string; name: string };
  messages: ThreadMessage[];
};

const AUTHORS = ["visitor", "agent", "operator", "system"] as const;
const one = <T>(value: T | T[] | null): T | null => (Array.isArray(value) ? (value[0] ?? null) : value);

/** One conversation with its messages, oldest first, each answer with its receipt and rating; null when not the org's. */
export async function findThread(db: Db, by: { orgId: string; conversationId: string }): Promise<Thread | null> {
  const conversation = unwrap(
    await db
      .from("conversations")
      .select("id, title, channel, locale, page_url, created_at, visitorId:visitor_id, agent:agents!inner(id, name)")
      .eq("org_id", by.orgId)
      .eq("id", by.conversationId)
      .maybeSingle(),
  );
  if (!conversation) return null;
  const messages = unwrap(
    await db
      .from("messages")
      .select(
        "id, author, status, body, parts, created_at, feedback(rating, comment), runs(id, status, outcome, responder, model, prompt_tokens, completion_tokens, cost_micros, retrieval_ms, first_token_ms, total_ms, error_code)",
      )
      .eq("org_id", by.orgId)
      .eq("conversation_id", by.conversationId)
      .order("created_at")
      .order("id")
      .limit(500),
  );
  return {
    ...conversation,
    messages: messages.map((row) => {
      // A part we no longer know is no reason to hide the rest: the plain text stands in.
      const parts = z.array(messagePart).safeParse(row.parts);
      return {
        id: row.id,
        author: AUTHORS.find((author) => author === row.author) ?? "system",
        status: row.status,
        createdAt: row.created_at,
        parts: parts.success ? parts.data : [{ type: "text", text: row.body }],
        receipt: one(row.runs),
        rating: one(row.feedback),
      };
    }),
  };
}
