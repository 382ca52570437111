import { type MessagePart, messagePart } from "@gpt-agent/core/chat-events";
import type { Db } from "@gpt-agent/core/db";
import type { Database } from "@gpt-agent/core/db-types";
import { z } from "zod";
import { waitingConversations } from "~/models/handoff.server";
import { unwrap } from "~/models/result.server";

type Tables = Database["public"]["Tables"];

type Agent = { id: string; name: string };

export type ConversationSummary = Pick<
  Tables["conversations"]["Row"],
  "id" | "channel" | "title" | "locale" | "message_count" | "last_message_at"
> & {
  visitorId: string | null;
  agent: Agent;
  ratings: { up: number; down: number };
  /** Who the visitor is, where that was verified. */
  visitor: VerifiedVisitor | null;
  /** The visitor waits for a person. */
  waiting: boolean;
};

/** What a customer's own server has said of a visitor. */
export type VerifiedVisitor = { externalId: string; name: string | null; email: string | null; phone: string | null };

// Related rows are asked for apart: Supabase Lite joins a composite foreign key by its first column alone.
const agentsById = async (db: Db, orgId: string): Promise<Map<string, Agent>> =>
  new Map(unwrap(await db.from("agents").select("id, name").eq("org_id", orgId)).map((agent) => [agent.id, agent]));

/** Ids in one query's address. */
const BATCH = 100;

async function inBatches<Row>(ids: string[], ask: (batch: string[]) => PromiseLike<Row[]>): Promise<Row[]> {
  const batches = Array.from({ length: Math.ceil(ids.length / BATCH) }, (_, n) => ids.slice(n * BATCH, (n + 1) * BATCH));
  return (await Promise.all(batches.map(ask))).flat();
}

/**
 * A page of conversations, the latest first; `before` is the last_message_at of the page before.
 * @param by agentId narrows to one agent, waiting to the conversations whose visitors wait for a person
 */
export async function listConversations(
  db: Db,
  by: { orgId: string; agentId?: string; before?: string; limit: number; waiting?: boolean },
): Promise<{ conversations: ConversationSummary[]; next: string | null }> {
  const waiting = await waitingConversations(db, by);
  if (by.waiting && waiting.length === 0) return { conversations: [], next: null };
  let query = db
    .from("conversations")
    .select("id, channel, title, locale, message_count, last_message_at, agent_id, visitorId:visitor_id")
    .eq("org_id", by.orgId)
    .gt("message_count", 0)
    .order("last_message_at", { ascending: false })
    .limit(by.limit + 1);
  if (by.agentId) query = query.eq("agent_id", by.agentId);
  if (by.before) query = query.lt("last_message_at", by.before);
  // As many as fit into an address.
  if (by.waiting) query = query.in("id", waiting.slice(0, BATCH));
  const rows = unwrap(await query);
  const page = rows.slice(0, by.limit);
  const [agents, visitors, ratings] = await Promise.all([
    agentsById(db, by.orgId),
    verifiedVisitors(
      db,
      by.orgId,
      page.flatMap(({ visitorId }) => visitorId ?? []),
    ),
    ratingsOf(
      db,
      by.orgId,
      page.map(({ id }) => id),
    ),
  ]);
  return {
    conversations: page.map(({ agent_id, ...row }) => ({
      ...row,
      agent: agents.get(agent_id) ?? { id: agent_id, name: "" },
      ratings: ratings.get(row.id) ?? { up: 0, down: 0 },
      visitor: visitors.get(row.visitorId ?? "") ?? null,
      waiting: waiting.includes(row.id),
    })),
    next: rows.length > by.limit ? (page.at(-1)?.last_message_at ?? null) : null,
  };
}

/** Those of some visitors who are verified, by their id. */
async function verifiedVisitors(db: Db, orgId: string, visitorIds: string[]): Promise<Map<string, VerifiedVisitor>> {
  const rows = await inBatches([...new Set(visitorIds)], (batch) =>
    db
      .from("visitors")
      .select("id, externalId:external_id, name, email, phone")
      .eq("org_id", orgId)
      .not("external_id", "is", null)
      .in("id", batch)
      .then(unwrap),
  );
  return new Map(rows.map(({ id, externalId, ...rest }) => [id, { externalId: externalId ?? "", ...rest }]));
}

/** How visitors rated the answers of each conversation. */
async function ratingsOf(db: Db, orgId: string, conversationIds: string[]): Promise<Map<string, { up: number; down: number }>> {
  const counts = new Map<string, { up: number; down: number }>();
  const answers = await inBatches(conversationIds, (batch) =>
    db.from("messages").select("id, conversation_id").eq("org_id", orgId).eq("author", "agent").in("conversation_id", batch).then(unwrap),
  );
  const conversationOf = new Map(answers.map((answer) => [answer.id, answer.conversation_id]));
  const feedback = await inBatches([...conversationOf.keys()], (batch) =>
    db.from("feedback").select("message_id, rating").eq("org_id", orgId).in("message_id", batch).then(unwrap),
  );
  for (const { message_id, rating } of feedback) {
    const id = conversationOf.get(message_id) ?? "";
    const count = counts.get(id) ?? { up: 0, down: 0 };
    counts.set(id, rating === "up" ? { ...count, up: count.up + 1 } : { ...count, down: count.down + 1 });
  }
  return counts;
}

/** How many conversations an agent has had. */
export async function countConversations(db: Db, by: { orgId: string; agentId: string }): Promise<number> {
  const answer = await db
    .from("conversations")
    .select("id", { count: "exact", head: true })
    .eq("org_id", by.orgId)
    .eq("agent_id", by.agentId)
    .gt("message_count", 0);
  unwrap(answer);
  return answer.count ?? 0;
}

/** What of a receipt is told beside its answer. */
export type ReceiptSummary = Pick<
  Tables["runs"]["Row"],
  | "id"
  | "responder"
  | "outcome"
  | "model"
  | "prompt_tokens"
  | "completion_tokens"
  | "cost_micros"
  | "retrieval_ms"
  | "first_token_ms"
  | "total_ms"
>;

export type ThreadMessage = {
  id: string;
  author: "visitor" | "agent" | "operator" | "system";
  status: string;
  createdAt: string;
  parts: MessagePart[];
  receipt: ReceiptSummary | null;
  rating: { rating: string; comment: string | null } | null;
};

export type Thread = Pick<Tables["conversations"]["Row"], "id" | "title" | "channel" | "locale" | "page_url" | "created_at"> & {
  visitorId: string | null;
  visitor: VerifiedVisitor | null;
  agent: { id: string; name: string };
  messages: ThreadMessage[];
};

const AUTHORS = ["visitor", "agent", "operator", "system"] as const;
const byMessage = <Row extends { message_id: string }>(rows: Row[]) => new Map(rows.map((row) => [row.message_id, row]));

/** One conversation with its messages, oldest first, each answer with its receipt and rating; null when not the org's. */
export async function findThread(db: Db, by: { orgId: string; conversationId: string }): Promise<Thread | null> {
  const conversation = unwrap(
    await db
      .from("conversations")
      .select("id, title, channel, locale, page_url, created_at, agent_id, visitorId:visitor_id")
      .eq("org_id", by.orgId)
      .eq("id", by.conversationId)
      .maybeSingle(),
  );
  if (!conversation) return null;
  const { agent_id, ...facts } = conversation;
  const [agents, visitors, messages, runs] = await Promise.all([
    agentsById(db, by.orgId),
    verifiedVisitors(db, by.orgId, facts.visitorId ? [facts.visitorId] : []),
    db
      .from("messages")
      .select("id, author, status, body, parts, created_at")
      .eq("org_id", by.orgId)
      .eq("conversation_id", by.conversationId)
      .order("created_at")
      .order("id")
      .limit(500)
      .then(unwrap),
    db
      .from("runs")
      .select(
        "message_id, id, responder, outcome, model, prompt_tokens, completion_tokens, cost_micros, retrieval_ms, first_token_ms, total_ms",
      )
      .eq("org_id", by.orgId)
      .eq("conversation_id", by.conversationId)
      .order("started_at")
      .then(unwrap),
  ]);
  const feedback = await inBatches(
    messages.filter(({ author }) => author === "agent").map(({ id }) => id),
    (batch) => db.from("feedback").select("message_id, rating, comment").eq("org_id", by.orgId).in("message_id", batch).then(unwrap),
  );
  const receipts = byMessage(runs);
  const ratings = byMessage(feedback);
  return {
    ...facts,
    visitor: visitors.get(facts.visitorId ?? "") ?? null,
    agent: agents.get(agent_id) ?? { id: agent_id, name: "" },
    messages: messages.map((row) => {
      // A part we no longer know is no reason to hide the rest: the plain text stands in.
      const parts = z.array(messagePart).safeParse(row.parts);
      return {
        id: row.id,
        author: AUTHORS.find((author) => author === row.author) ?? "system",
        status: row.status,
        createdAt: row.created_at,
        parts: parts.success ? parts.data : [{ type: "text", text: row.body }],
        receipt: receipts.get(row.id) ?? null,
        rating: ratings.get(row.id) ?? null,
      };
    }),
  };
}
