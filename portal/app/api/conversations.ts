import { citation } from "@gpt-agent/core/chat-events";
import type { Db } from "@gpt-agent/core/db";
import { AppError } from "@gpt-agent/core/errors";
import { z } from "zod";
import { agentOfPath, publicIds } from "~/api/agents";
import { idAfter, idPage, type Page, pageQuery } from "~/api/page";
import { moment, time } from "~/api/time";
import { findThread, type ReceiptSummary, type ThreadMessage } from "~/models/conversation.server";
import { unwrap } from "~/models/result.server";

export const conversationsQuery = z.strictObject({ ...pageQuery, agent: z.string().max(64).optional() });

const count = z.int().min(0);
const CHANNELS = ["widget", "playground", "api"] as const;

/** A conversation in a list. */
export const conversationAnswer = z.strictObject({
  id: z.uuid(),
  agent: z.string().meta({ description: "The agent's public id." }),
  channel: z.enum(CHANNELS),
  title: z.string().nullable(),
  locale: z.string().nullable(),
  visitorId: z.uuid().nullable(),
  messageCount: count,
  createdAt: time,
  lastMessageAt: time,
});
export type ConversationAnswer = z.infer<typeof conversationAnswer>;

const receiptAnswer = z.strictObject({
  runId: z.uuid(),
  outcome: z.enum(["answered", "unanswered", "declined", "stopped", "failed"]).nullable(),
  model: z.string().nullable().meta({ description: "Null for answers without a model." }),
  promptTokens: count,
  completionTokens: count,
  costMicros: count,
  retrievalMs: count.nullable(),
  firstTokenMs: count.nullable(),
  totalMs: count.nullable(),
});

const messageAnswer = z.strictObject({
  id: z.uuid(),
  author: z.enum(["visitor", "agent", "operator", "system"]),
  status: z.enum(["streaming", "complete", "stopped", "failed"]),
  createdAt: time,
  text: z
    .string()
    .meta({ description: "Markers such as [1] name citations by index; texts around a tool call are paragraphs of their own." }),
  citations: z.array(citation),
  rating: z.strictObject({ rating: z.enum(["up", "down"]), comment: z.string().nullable() }).nullable(),
  receipt: receiptAnswer.nullable().meta({ description: "What the answer took; null for messages of people." }),
});

/** One conversation with its messages, for an API key. */
export const conversationDetail = z.strictObject({
  id: z.uuid(),
  agent: z.string(),
  channel: z.enum(CHANNELS),
  title: z.string().nullable(),
  locale: z.string().nullable(),
  visitorId: z.uuid().nullable(),
  pageUrl: z.string().nullable(),
  createdAt: time,
  messages: z.array(messageAnswer).meta({ description: "The oldest first, up to 500." }),
});
export type ConversationDetail = z.infer<typeof conversationDetail>;

const channelOf = (channel: string) => CHANNELS.find((known) => known === channel) ?? "api";

/** A page of the organization's conversations, the newest begun first; `agent` narrows to one by its public id. */
export async function conversationPage(
  db: Db,
  by: z.output<typeof conversationsQuery> & { orgId: string },
): Promise<Page<ConversationAnswer>> {
  const after = idAfter(by.cursor);
  let query = db
    .from("conversations")
    .select("id, agent_id, channel, title, locale, visitor_id, message_count, created_at, last_message_at")
    .eq("org_id", by.orgId)
    .gt("message_count", 0);
  if (by.agent !== undefined) query = query.eq("agent_id", (await agentOfPath(db, { orgId: by.orgId, publicId: by.agent })).id);
  if (after) query = query.lt("id", after);
  const rows = unwrap(await query.order("id", { ascending: false }).limit(by.limit + 1));
  const agents = await publicIds(db, by.orgId);
  return idPage(rows, by.limit, (row) => ({
    id: row.id,
    agent: agents.get(row.agent_id) ?? "",
    channel: channelOf(row.channel),
    title: row.title,
    locale: row.locale,
    visitorId: row.visitor_id,
    messageCount: row.message_count,
    createdAt: moment(row.created_at),
    lastMessageAt: moment(row.last_message_at),
  }));
}

const outcome = receiptAnswer.shape.outcome.catch(null);
const rating = messageAnswer.shape.rating.catch(null);
const status = messageAnswer.shape.status.catch("complete");

const receipt = (run: ReceiptSummary): z.infer<typeof receiptAnswer> => ({
  runId: run.id,
  outcome: outcome.parse(run.outcome),
  model: run.model,
  promptTokens: run.prompt_tokens,
  completionTokens: run.completion_tokens,
  costMicros: run.cost_micros,
  retrievalMs: run.retrieval_ms,
  firstTokenMs: run.first_token_ms,
  totalMs: run.total_ms,
});

const message = (row: ThreadMessage): z.infer<typeof messageAnswer> => ({
  id: row.id,
  author: row.author,
  status: status.parse(row.status),
  createdAt: moment(row.createdAt),
  text: row.parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n\n"),
  citations: row.parts.flatMap((part) => (part.type === "data-citation" ? [part.data] : [])),
  rating: rating.parse(row.rating && { rating: row.rating.rating, comment: row.rating.comment }),
  receipt: row.receipt && receipt(row.receipt),
});

/** One conversation of the organization with its messages. @throws AppError("not_found"), also for another organization's */
export async function readConversation(db: Db, by: { orgId: string; conversationId: string }): Promise<ConversationDetail> {
  const id = z.uuid().safeParse(by.conversationId);
  const thread = id.success ? await findThread(db, { orgId: by.orgId, conversationId: id.data }) : null;
  if (!thread) throw new AppError("not_found", "There is no such conversation.");
  const agents = await publicIds(db, by.orgId);
  return {
    id: thread.id,
    agent: agents.get(thread.agent.id) ?? "",
    channel: channelOf(thread.channel),
    title: thread.title,
    locale: thread.locale,
    visitorId: thread.visitorId,
    pageUrl: thread.page_url,
    createdAt: moment(thread.created_at),
    messages: thread.messages.map(message),
  };
}
