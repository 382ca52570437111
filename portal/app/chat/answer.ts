import type { AgentSettings } from "@gpt-agent/core/agent-settings";
import type { ChatEvent, ClientTool, MessagePart } from "@gpt-agent/core/chat-events";
import { bestSentences } from "@gpt-agent/core/llm/best-sentences";
import type { Gather } from "@gpt-agent/core/llm/gather";
import {
  type Llm,
  LlmError,
  type LlmFinish,
  type LlmMessage,
  type LlmPart,
  type LlmPrompt,
  type LlmToolCall,
  type LlmUsage,
} from "@gpt-agent/core/llm/llm";
import { smallTalk } from "@gpt-agent/core/llm/quotes-words";
import type { Locale } from "@gpt-agent/core/locales";
import type { Log } from "@gpt-agent/core/log";
import { ANSWER_WORDS } from "./answer-words.ts";
import { contextBudget } from "./context-budget.ts";
import { Draft, type Receipt } from "./draft.ts";
import { askedBefore, leans } from "./follow-up.ts";
import { admitsUnknown, isGrounded } from "./grounding.ts";
import { GUARD_WORDS } from "./guard/guard-words.ts";
import { OutputGuard } from "./guard/output-guard.ts";
import { buildPrompt, fittingPassages, type HistoryTurn, RULES, untrusted } from "./prompt.ts";
import type { Replies } from "./replies.ts";
import { type Passage, type RetrieveQuery, searchTextOf } from "./retrieve.ts";
import { suggestQuestions } from "./suggestions.ts";
import { type SummaryInTheMaking, soon, summariseHistory } from "./summary.ts";
import { titleOf } from "./title.ts";
import { type Actions, ToolSession } from "./tool-session.ts";
import { declineReply, isDeclined, isOffTopic, saysDecline, topicRules } from "./topics.ts";
import { tellsFact, type VisitorFact } from "./visitor-facts.ts";
import type { WordPace } from "./word-pace.ts";

/** A question that is to be answered, with all that belongs to it. */
export type Turn = {
  orgId: string;
  agentId: string;
  agentName: string;
  settings: AgentSettings;
  runId: string;
  messageId: string;
  /** The conversation's id as its owner knows it. */
  conversationId: string;
  question: string;
  /** What was said before, oldest first, as far as `summary` does not hold it. */
  history: HistoryTurn[];
  summary: string | null;
  /** What is known of the visitor and may be told to them. */
  facts: VisitorFact[];
  locale: Locale;
  clientTools: ClientTool[];
  /** Is there a visitor who can be asked for consent? */
  attended: boolean;
  extraInstructions?: string;
};

export type AnswerDeps = {
  retrieve(query: RetrieveQuery, signal: AbortSignal): Promise<Passage[]>;
  /** Writes answers; the built-in responder where no model is configured. */
  llm: Llm;
  /** Stands in when `llm` fails before its first word. */
  fallback: Llm;
  actions: Actions | null;
  pace: WordPace;
  log: Log;
};

const PASSAGE_LIMIT = 8;
/** A model may call tools this many times in a row; then it has to answer. */
const MAX_TOOL_STEPS = 5;

type End = { finishReason: LlmFinish; supported?: boolean; declined?: boolean };
/** Is told each event of an answer as it comes about. */
export type Tell = (event: ChatEvent) => void;
type Making = { draft: Draft; tools: ToolSession; guard: OutputGuard; pace: WordPace; tell: Tell };
type Heard = { said: string; calls: LlmToolCall[]; end: End };

/**
 * Hears a responder out: its words go to the draft, and so do who answered, who failed, and what was used until the end, a failure
 * or an abort. It is cut off where the guard withholds the answer. @throws what the responder failed with, once its words are written
 */
async function hearOut(llm: Llm, prompt: LlmPrompt, { draft, guard, pace }: Making, signal: AbortSignal): Promise<Heard> {
  const enough = new AbortController();
  const heard: Heard = { said: "", calls: [], end: { finishReason: "other" } };
  let usedSoFar: (() => LlmUsage) | null = null;
  let failure: { error: unknown } | null = null;
  const write = (text: string) => {
    try {
      if (!guard.withheld) draft.write(text);
    } catch (error) {
      failure ??= { error };
    }
    if (failure || guard.withheld) enough.abort();
  };
  const gather: Gather = (take) =>
    pace.gather((pieces) => {
      take(pieces);
      return draft.isUndecided;
    });
  const hear = (part: LlmPart) => {
    if (part.type === "delta") {
      // Only tool calls are given it again; an answer of hundreds of words would hold each of them once more.
      if (prompt.tools?.length) heard.said += part.delta;
      write(part.delta);
    } else if (part.type === "tool-call") heard.calls.push(part.call);
    else if (part.type === "begin") {
      draft.tried(part.attempts);
      usedSoFar = part.usage;
    } else {
      usedSoFar = null;
      draft.spend(part.usage);
      heard.end = part;
    }
  };
  await llm.stream({ ...prompt, gather }, hear, AbortSignal.any([signal, enough.signal])).catch((error: unknown) => {
    if (error instanceof LlmError) {
      usedSoFar = null;
      draft.tried(error.attempts);
      if (error.usage) draft.spend(error.usage);
    }
    failure ??= { error };
  });
  const used = usedSoFar as (() => LlmUsage) | null;
  if (used) draft.spend(used());
  const failed = failure as { error: unknown } | null;
  if (failed && !guard.withheld) throw failed.error;
  return heard;
}

/** Lets a responder write, running the tools it calls, until it has answered. Returns how it ended. */
async function respond(llm: Llm, prompt: LlmPrompt, making: Making, signal: AbortSignal): Promise<End> {
  const { draft, tools, guard } = making;
  const messages: LlmMessage[] = [...prompt.messages];
  for (let step = 0; ; step++) {
    const offered = step < MAX_TOOL_STEPS ? tools.tools : [];
    // A model that failed in an earlier step of this answer is not waited for again.
    const models = prompt.models.filter((model) => !draft.attempts.some((failed) => failed.model === model));
    const request = { ...prompt, messages, models, ...(offered.length > 0 ? { tools: offered } : {}) };
    const { said, calls, end } = await hearOut(llm, request, making, signal);
    if (!guard.withheld) draft.endText();
    if (guard.withheld) {
      draft.say(GUARD_WORDS[prompt.locale].withheld);
      draft.endText();
      return { finishReason: "content-filter", declined: true };
    }
    if (calls.length === 0 || offered.length === 0) return end;
    messages.push({ role: "assistant", content: said, toolCalls: calls });
    for (const call of calls) messages.push({ role: "tool", toolCallId: call.id, content: await runTool(call, making, signal) });
  }
}

/** One tool call: its events, and the part of it that the message keeps. Returns what the model reads, marked as the data it is. */
async function runTool(call: LlmToolCall, { draft, tools, guard, tell }: Making, signal: AbortSignal): Promise<string> {
  const refusal = guard.refuseInput(call.input);
  if (refusal) return refusal;
  const steps = tools.call(call, signal);
  for (;;) {
    const step = await steps.next();
    if (step.done) {
      guard.allow(step.value);
      return untrusted(step.value);
    }
    if (step.value.type === "dynamic-tool") draft.keep(step.value);
    else tell(step.value);
  }
}

/** Tells the end of an answer that came about: its grounding, next questions, and what it has cost. Returns what the message keeps of it. */
function close(
  turn: Turn,
  { draft, tell }: Making,
  { supported, responder, fallback, finishReason, declined }: { supported: boolean; responder: Llm["responder"]; fallback: boolean } & End,
): MessagePart[] {
  // The text has been read already: what nothing holds up is said so, plainly and beside it.
  const notice = supported || admitsUnknown(draft.text) || responder === "quotes" ? null : ANSWER_WORDS[turn.locale].unsupported;
  const more: Extract<MessagePart, { type: "data-grounding" | "data-suggestions" }>[] = declined
    ? []
    : [{ type: "data-grounding", data: { supported, responder, ...(fallback ? { fallback } : {}), ...(notice ? { notice } : {}) } }];
  if (!declined && turn.settings.suggestions && draft.passages.length > 0) {
    const questions = suggestQuestions({
      passages: draft.passages,
      cited: new Set(draft.citations.map(({ passage }) => passage.index)),
      asked: [turn.question, ...turn.history.map(({ text }) => text)],
      locale: turn.locale,
    });
    if (questions.length > 0) more.push({ type: "data-suggestions", data: { questions } });
  }
  for (const part of more) tell(part);
  const { model, promptTokens, completionTokens, costMicros } = draft.usage;
  tell({ type: "data-usage", transient: true, data: { model, promptTokens, completionTokens, costMicros } });
  tell({ type: "finish", finishReason });
  return more;
}

/** An answer in the making: what it has said so far, and the receipt of its end. */
export type Answering = { text(): string; receipt: Promise<Receipt> };

/**
 * Answers a question: retrieve, prompt, respond. Tells the events of the run, `start` first and `finish` last; then comes the
 * receipt. It never rejects: a stop, a failing model and a failing database all end in a designed state. Sees no Request.
 * @param replies brings what tool calls wait for: a visitor's consent, a result from their page
 */
export function answer(turn: Turn, deps: AnswerDeps, replies: Replies, tell: Tell, signal: AbortSignal): Answering {
  const { instructions, topics } = turn.settings;
  const guard = new OutputGuard({
    ...turn,
    rules: RULES,
    instructions: [instructions, turn.extraInstructions ?? ""],
    sayable: [declineReply(topics, turn.locale)],
  });
  const draft = new Draft(turn.question, guard, tell);
  const tools = new ToolSession(turn, deps.actions, replies);
  const making: Making = { draft, tools, guard, pace: deps.pace, tell };
  return { text: () => draft.text, receipt: makeAnswer(turn, deps, making, signal) };
}

/** Brings an answer about, and returns its receipt. Never throws. */
async function makeAnswer(turn: Turn, deps: AnswerDeps, making: Making, signal: AbortSignal): Promise<Receipt> {
  const { draft, tools, guard, tell } = making;
  const { instructions, topics } = turn.settings;
  const words = ANSWER_WORDS[turn.locale];
  let responder = deps.llm.responder;
  const receipt = (
    end: Pick<Receipt, "status" | "outcome" | "errorCode">,
    more: MessagePart[] = [],
    madeSummary: Receipt["summary"] = null,
  ): Receipt => ({
    ...end,
    responder,
    usage: draft.usage,
    attempts: draft.attempts,
    text: draft.text,
    parts: draft.parts(more),
    passages: draft.passages,
    citations: draft.citations,
    actions: tools.used,
    question: turn.question,
    searchText: draft.searchText,
    promptHash: draft.promptHash,
    visitorFacts: draft.visitorFacts,
    title: turn.history.some(({ author, text }) => author === "visitor" && !smallTalk(text)) ? null : titleOf(turn.question),
    summary: madeSummary,
    retrievalMs: draft.retrievalMs,
    firstTokenMs: draft.firstTokenMs,
    totalMs: draft.elapsed(),
  });

  let summary: SummaryInTheMaking | null = null;
  /** The summary that was made beside the answer; paid for whatever became of it. */
  const settleSummary = async (): Promise<Receipt["summary"]> => {
    const ended = await soon(summary);
    if (ended) draft.spend({ ...ended.usage, model: draft.usage.model, provider: draft.usage.provider });
    return ended?.made ?? null;
  };

  tell({ type: "start", messageId: turn.messageId, messageMetadata: { conversationId: turn.conversationId, runId: turn.runId } });
  try {
    const chat = smallTalk(turn.question) !== null;
    const { model, fallbackModels, temperature } = turn.settings;
    const models = model ? [model, ...fallbackModels] : fallbackModels;
    const budget = contextBudget(deps.llm.contextTokens?.(models), {
      texts: [instructions, ...topicRules(topics, turn.locale), turn.extraInstructions, turn.summary, turn.question],
      tools: tools.tools,
    });
    let before = askedBefore(turn.question, turn.history);
    let passages: Passage[] = [];
    let offTopic = isDeclined(topics, turn.question, turn.history);
    if (!offTopic && !(chat && responder === "quotes")) {
      const find = async (text: string) => {
        draft.searchText = searchTextOf(text);
        const found = await deps.retrieve(
          { orgId: turn.orgId, agentId: turn.agentId, text, question: turn.question, limit: PASSAGE_LIMIT },
          signal,
        );
        return fittingPassages(found, budget.passages);
      };
      if (before && leans(turn.question) === "maybe") {
        passages = await find(turn.question);
        if (bestSentences(turn.question, passages).length > 0) before = "";
      }
      if (before || passages.length === 0) passages = await find([turn.question, before].filter(Boolean).join(" "));
      draft.retrievalMs = draft.elapsed();
      offTopic = isOffTopic(topics, turn.question, turn.history, passages);
    }
    if (offTopic) {
      responder = "quotes";
      draft.say(declineReply(topics, turn.locale));
      draft.endText();
      tell({ type: "finish", finishReason: "stop" });
      return receipt({ status: "finished", outcome: "declined", errorCode: null });
    }
    const canCallPerson = turn.attended && turn.settings.handoff.enabled;
    const { messages, hash } = buildPrompt({ ...turn, instructions, topics, passages, historyTokens: budget.history, canCallPerson });
    draft.promptHash = hash;
    const prompt: LlmPrompt = {
      messages,
      question: turn.question,
      before,
      passages,
      locale: turn.locale,
      canCallPerson,
      models,
      temperature,
      maxOutputTokens: budget.output,
    };
    if (deps.llm.responder === "model") {
      draft.visitorFacts = turn.facts.map(({ value: _, ...fact }) => fact);
      summary = summariseHistory(turn, { llm: deps.llm, models, budget: budget.history }, signal);
    }

    let end: End;
    try {
      draft.begin(passages);
      end = await respond(deps.llm, prompt, making, signal);
    } catch (error) {
      if (signal.aborted || draft.hasText || !(error instanceof LlmError)) throw error;
      deps.log.warn("the model failed, answering with quotes", { error, runId: turn.runId });
      responder = deps.fallback.responder;
      draft.begin(passages);
      end = await respond(deps.fallback, prompt, making, signal);
    }
    end.declined ||= saysDecline(draft.text, topics, turn.locale);
    const supported = end.supported ?? (tools.succeeded || chat || isGrounded(draft.woven) || tellsFact(draft.text, turn.facts));
    const fallback = responder !== deps.llm.responder;
    const made = await settleSummary();
    const more = close(turn, making, { ...end, supported, responder, fallback });
    return receipt(
      {
        status: "finished",
        outcome: end.declined ? "declined" : supported ? "answered" : "unanswered",
        errorCode: guard.withheld ? "withheld" : fallback ? "model_unavailable" : null,
      },
      more,
      made,
    );
  } catch (error) {
    draft.endText();
    summary?.giveUp();
    await settleSummary();
    if (signal.aborted) {
      tell({ type: "abort", reason: "stopped" });
      tell({ type: "finish", finishReason: "other" });
      return receipt({ status: "stopped", outcome: "stopped", errorCode: null });
    }
    deps.log.error("an answer failed", { error, runId: turn.runId, orgId: turn.orgId, agentId: turn.agentId });
    const failed = error instanceof LlmError ? words.failed : words.unavailable;
    tell({ type: "error", errorText: draft.hasText ? words.interrupted : failed });
    tell({ type: "finish", finishReason: "error" });
    return receipt({ status: "failed", outcome: "failed", errorCode: error instanceof LlmError ? error.code : "internal" });
  }
}
