import { agentSettings } from "@gpt-agent/core/agent-settings";
import type { Db } from "@gpt-agent/core/db";
import { AppError, type ErrorCode } from "@gpt-agent/core/errors";
import { RESERVED_FOR_AN_ANSWER } from "@gpt-agent/core/limits";
import { pickLocale } from "@gpt-agent/core/locales";
import { z } from "zod";
import { ANSWER_WORDS } from "./answer-words.ts";
import type { Receipt } from "./draft.ts";
import type { PartialAnswer } from "./partial-saver.ts";

const HINTS: Record<string, [ErrorCode, string]> = {
  not_found: ["not_found", "There is no such agent, conversation or message."],
  origin_not_allowed: ["origin_not_allowed", "This site may not talk to the agent. Add its origin to the agent's allowed origins."],
  agent_paused: ["unavailable", "This agent is paused. Please come back later."],
  visitor_gone: ["unauthenticated", "This session is no longer valid. Open a new one."],
  identity_refused: ["unauthenticated", "The key that signed this identity token was revoked."],
  too_many_leads: ["conflict", "This conversation holds as many contact details as it can."],
  idempotency_mismatch: ["idempotency_mismatch", "This message id or Idempotency-Key was already used with other content."],
};

/** A database error of one of the chat functions as an AppError, by its hint. */
export function turnError(error: { message: string; hint?: string | null }): AppError {
  const [code, message] = HINTS[error.hint ?? ""] ?? ["unavailable", "The conversation could not be stored. Please try again."];
  return new AppError(code, message, {
    cause: error,
    ...(code === "unavailable" ? { retryAfter: error.hint === "agent_paused" ? 60 : 5 } : {}),
  });
}

const overLimit = z.object({ subject: z.string(), metric: z.string(), retryAfter: z.int().positive() });

/**
 * A used-up budget. Callers with an API key are told which one; visitors only that there are no more answers for now, in their
 * language: what an organization spends is nobody else's business. Who asks too often for a limit of their own is rate_limited.
 */
function overBudget(error: { message: string; details: string }, { channel, locale }: Pick<TurnRequest, "channel" | "locale">): AppError {
  const { subject, metric, retryAfter } = overLimit.parse(JSON.parse(error.details));
  const tooFast = ["requests_per_minute", "concurrent_runs"].includes(metric) && ["visitor", "api_key"].includes(subject);
  const message =
    channel === "api"
      ? `The limit of ${metric.replaceAll("_", " ")} (${subject.replace("_", " ")}) is used up. Try again in ${retryAfter} s.`
      : ANSWER_WORDS[pickLocale(locale)].overBudget;
  return new AppError(tooFast ? "rate_limited" : "over_budget", message, { cause: error, retryAfter });
}

const begun = z.object({
  runId: z.uuid(),
  messageId: z.uuid(),
  conversationId: z.uuid(),
  replayed: z.boolean(),
  status: z.enum(["running", "finished", "stopped", "failed"]),
  superseded: z.array(z.uuid()),
  agentName: z.string(),
  locale: z.string().nullable(),
  // A document from before a setting existed still answers, with the defaults.
  settings: z.unknown().transform((settings) => agentSettings.safeParse(settings).data ?? agentSettings.parse({})),
  agentVersionId: z.uuid().nullable(),
  question: z.string(),
  /** What was said before `history`, in short; null when the history is whole. */
  summary: z.string().nullable(),
  history: z.array(z.object({ id: z.uuid(), author: z.enum(["visitor", "agent", "operator"]), text: z.string() })),
});
export type BegunTurn = z.infer<typeof begun>;

export type TurnRequest = {
  orgId: string;
  agentId: string;
  /** null: an API call, which has a conversation of its own. */
  visitorId: string | null;
  /** Did an identity token open the visitor's session? */
  verified?: boolean;
  /** The page's origin, checked against the agent's list; null for the portal's own pages and API keys. */
  origin: string | null;
  conversationId: string;
  channel: "widget" | "playground" | "api";
  /** A message to answer, or the answer to write anew (null: the newest). */
  ask: { messageId: string; text: string } | { regenerate: string | null };
  /** What the browser asks for; the locale of the visitor's session goes before it. */
  locale?: string;
  pageUrl?: string;
  responder: "model" | "quotes";
  idempotency?: { scope: string; key: string; requestHash: string };
  /** The API key of an API call. */
  apiKeyId?: string;
  /** The most that the answer can use, set aside in the budgets until it has ended; by default RESERVED_FOR_AN_ANSWER of a model. */
  reserve?: { tokens: number; micros: number };
};

/**
 * Stores the question and begins the run that answers it; a repeated one finds the run it began before.
 * @throws AppError by what is wrong: not_found, origin_not_allowed, unauthenticated, idempotency_mismatch, over_budget, rate_limited, unavailable
 */
export async function beginTurn(db: Db, request: TurnRequest): Promise<BegunTurn> {
  const { ask } = request;
  const reserve = request.reserve ?? (request.responder === "model" ? RESERVED_FOR_AN_ANSWER : { tokens: 0, micros: 0 });
  const { data, error } = await db.rpc("begin_turn", {
    org: request.orgId,
    agent: request.agentId,
    visitor: request.visitorId,
    page_origin: request.origin,
    conversation: request.conversationId,
    channel: request.channel,
    message_id: "text" in ask ? ask.messageId : null,
    message_text: "text" in ask ? ask.text : "",
    regenerate: "regenerate" in ask,
    answer_id: "regenerate" in ask ? ask.regenerate : null,
    visitor_locale: request.locale ?? null,
    page_url: request.pageUrl ?? null,
    responder: request.responder,
    idempotency_scope: request.idempotency?.scope ?? null,
    idempotency_key: request.idempotency?.key ?? null,
    request_hash: request.idempotency?.requestHash ?? null,
    api_key: request.apiKeyId ?? null,
    reserve_tokens: reserve.tokens,
    reserve_micros: reserve.micros,
  });
  if (error) throw error.hint === "over_limit" ? overBudget(error, request) : turnError(error);
  return begun.parse(data);
}

/** Saves what answers have so far and renews their leases. Returns the runs that should not go on. */
export async function savePartialAnswers(db: Db, partials: PartialAnswer[]): Promise<string[]> {
  const { data, error } = await db.rpc("save_partial_answers", {
    saves: partials.map(({ orgId, runId, text }) => ({ org: orgId, run: runId, text })),
  });
  if (error) throw turnError(error);
  return data;
}

/** Stores the finished answer with its receipt. False when it was erased or ended meanwhile. */
export async function finishTurn(db: Db, orgId: string, runId: string, receipt: Receipt): Promise<boolean> {
  const { usage } = receipt;
  const { data, error } = await db.rpc("finish_turn", {
    org: orgId,
    run: runId,
    result: {
      status: receipt.status,
      outcome: receipt.outcome,
      responder: receipt.responder,
      text: receipt.text,
      parts: receipt.parts,
      question: receipt.question,
      model: usage.model,
      provider: usage.provider,
      promptHash: receipt.promptHash,
      promptTokens: usage.promptTokens,
      completionTokens: usage.completionTokens,
      cachedTokens: usage.cachedTokens,
      costMicros: usage.costMicros,
      retrievalMs: receipt.retrievalMs,
      firstTokenMs: receipt.firstTokenMs,
      totalMs: receipt.totalMs,
      errorCode: receipt.errorCode,
      attempts: receipt.attempts,
      visitorFacts: receipt.visitorFacts,
      searchText: receipt.searchText,
      title: receipt.title,
      summary: receipt.summary,
      actions: receipt.actions.map((action, at) => ({ ...action, position: at + 1 })),
      passages: receipt.passages.map((passage) => ({
        position: passage.index,
        chunkId: passage.chunkId,
        chunkHash: passage.chunkHash,
        score: passage.score,
        sourceId: passage.sourceId,
        title: passage.title,
        excerpt: passage.text.slice(0, 240),
        cited: receipt.citations.some((made) => made.passage.chunkId === passage.chunkId),
      })),
      citations: receipt.citations.map(({ citation, passage }) => ({
        ...citation,
        url: citation.url ?? null,
        page: citation.page ?? null,
        headings: citation.headings ?? [],
        chunkId: passage.chunkId,
        passage: passage.text,
      })),
    },
  });
  if (error) throw turnError(error);
  return data;
}

/** Ends the running answers of a conversation that no process writes any more. With `everything` also those whose lease still runs. */
export async function failLostRuns(db: Db, orgId: string, conversationId: string, everything: boolean): Promise<void> {
  const { error } = await db.rpc("fail_lost_runs", { org: orgId, conversation: conversationId, everything });
  if (error) throw turnError(error);
}
