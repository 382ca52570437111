import type { AgentSettings } from "@gpt-agent/core/agent-settings";
import type { ChatEvent, MessagePart } from "@gpt-agent/core/chat-events";
import { type Llm, LlmError, type LlmFinish, type LlmPrompt, type LlmUsage } from "@gpt-agent/core/llm/llm";
import { smallTalk } from "@gpt-agent/core/llm/quotes-words";
import { stems } from "@gpt-agent/core/llm/stems";
import type { Locale } from "@gpt-agent/core/locales";
import type { Log } from "@gpt-agent/core/log";
import { ANSWER_WORDS } from "./answer-words.ts";
import { CitationWeaver, type MadeCitation, type WovenPiece } from "./citations.ts";
import { buildPrompt, fittingPassages, type HistoryTurn } from "./prompt.ts";
import type { Passage, RetrieveQuery } from "./retrieve.ts";

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
  history: HistoryTurn[];
  locale: Locale;
  extraInstructions?: string;
};

export type AnswerDeps = {
  retrieve(query: RetrieveQuery, signal: AbortSignal): Promise<Passage[]>;
  /** Writes answers; the built-in responder where no model is configured. */
  llm: Llm;
  /** Stands in when `llm` fails before its first word. */
  fallback: Llm;
  log: Log;
};

/** What an answer leaves behind: the message and its receipt. */
export type Receipt = {
  status: "finished" | "stopped" | "failed";
  outcome: "answered" | "unanswered" | "stopped" | "failed";
  responder: "model" | "quotes";
  usage: LlmUsage;
  text: string;
  parts: MessagePart[];
  passages: Passage[];
  citations: MadeCitation[];
  question: string;
  promptHash: string | null;
  errorCode: string | null;
  retrievalMs: number | null;
  firstTokenMs: number | null;
  totalMs: number;
};

const PASSAGE_LIMIT = 8;
const MAX_OUTPUT_TOKENS = 2_000;
const TEXT_ID = "text-1";
const NO_USAGE: LlmUsage = { model: null, provider: null, promptTokens: 0, completionTokens: 0, cachedTokens: 0, costMicros: 0 };

/** What to search for: a question of a word or two ("and delivery?") is about what was asked before it. */
function searchText(turn: Turn): string {
  if (stems(turn.question).size > 2) return turn.question;
  const before = turn.history.findLast((entry) => entry.author === "visitor")?.text ?? "";
  return `${turn.question} ${before}`.slice(0, 2_000);
}

/** The source that a citation names, once for each source, as the AI SDK's own parts. */
function sourceEvent({ citation, passage }: MadeCitation): ChatEvent {
  if (passage.url) return { type: "source-url", sourceId: passage.sourceId, url: passage.url, title: citation.title };
  return { type: "source-document", sourceId: passage.sourceId, mediaType: passage.mediaType ?? "text/plain", title: citation.title };
}

/** One answer in the making: collects what the receipt needs while the events go out. */
class Draft {
  readonly began = performance.now();
  private text = "";
  private textOpen = false;
  private readonly announced = new Set<string>();
  weaver = new CitationWeaver([], "");
  passages: Passage[] = [];
  retrievalMs: number | null = null;
  firstTokenMs: number | null = null;
  promptHash: string | null = null;
  usage = NO_USAGE;

  constructor(private readonly turn: Turn) {}

  /** Milliseconds since the answer began. */
  elapsed(): number {
    return Math.round(performance.now() - this.began);
  }

  *emit(pieces: WovenPiece[]): Generator<ChatEvent> {
    for (const piece of pieces) {
      if (piece.type === "citation") {
        const { sourceId, index } = piece.citation;
        if (!this.announced.has(sourceId)) {
          this.announced.add(sourceId);
          yield sourceEvent(piece);
        }
        yield { type: "data-citation", id: `citation-${index}`, data: piece.citation };
        continue;
      }
      if (!this.textOpen) {
        this.textOpen = true;
        this.firstTokenMs ??= this.elapsed();
        yield { type: "text-start", id: TEXT_ID };
      }
      this.text += piece.text;
      yield { type: "text-delta", id: TEXT_ID, delta: piece.text };
    }
  }

  *endText(): Generator<ChatEvent> {
    yield* this.emit(this.weaver.end());
    if (this.textOpen) yield { type: "text-end", id: TEXT_ID };
    this.textOpen = false;
  }

  receipt(end: Pick<Receipt, "status" | "outcome" | "responder" | "errorCode">, grounding?: MessagePart): Receipt {
    const citations = this.weaver.made;
    const parts: MessagePart[] = citations.map(({ citation }) => ({
      type: "data-citation",
      id: `citation-${citation.index}`,
      data: citation,
    }));
    if (this.text) parts.push({ type: "text", text: this.text });
    if (grounding) parts.push(grounding);
    return {
      ...end,
      usage: this.usage,
      text: this.text,
      parts,
      passages: this.passages,
      citations,
      question: this.turn.question,
      promptHash: this.promptHash,
      retrievalMs: this.retrievalMs,
      firstTokenMs: this.firstTokenMs,
      totalMs: this.elapsed(),
    };
  }

  get hasText(): boolean {
    return this.text.length > 0;
  }
}

/**
 * Answers a question: retrieve, prompt, respond. Yields the events of the run, `start` first and `finish` last, and returns the
 * receipt. Never throws: a stop, a failing model and a failing database all end in a designed state. Sees no Request.
 */
export async function* answer(turn: Turn, deps: AnswerDeps, signal: AbortSignal): AsyncGenerator<ChatEvent, Receipt> {
  const draft = new Draft(turn);
  const words = ANSWER_WORDS[turn.locale];
  let responder = deps.llm.responder;
  yield { type: "start", messageId: turn.messageId, messageMetadata: { conversationId: turn.conversationId, runId: turn.runId } };
  try {
    const chat = smallTalk(turn.question) !== null;
    if (!(chat && responder === "quotes")) {
      const query = { orgId: turn.orgId, agentId: turn.agentId, text: searchText(turn), limit: PASSAGE_LIMIT };
      draft.passages = fittingPassages(await deps.retrieve(query, signal));
      draft.retrievalMs = draft.elapsed();
    }
    const { messages, hash } = buildPrompt({ ...turn, instructions: turn.settings.instructions, passages: draft.passages });
    draft.promptHash = hash;
    const prompt: LlmPrompt = {
      messages,
      question: turn.question,
      passages: draft.passages,
      locale: turn.locale,
      models: turn.settings.model ? [turn.settings.model, ...turn.settings.fallbackModels] : [],
      temperature: turn.settings.temperature,
      maxOutputTokens: MAX_OUTPUT_TOKENS,
    };

    let end: { finishReason: LlmFinish; supported?: boolean } = { finishReason: "other" };
    async function* write(llm: Llm): AsyncGenerator<ChatEvent> {
      draft.weaver = new CitationWeaver(draft.passages, turn.question);
      for await (const part of llm.stream(prompt, signal)) {
        if (part.type === "delta") yield* draft.emit(draft.weaver.push(part.delta));
        else if (part.type === "end") {
          end = part;
          draft.usage = part.usage;
        }
      }
    }
    try {
      yield* write(deps.llm);
    } catch (error) {
      if (signal.aborted || draft.hasText || !(error instanceof LlmError)) throw error;
      deps.log.warn("the model failed, answering with quotes", { error, runId: turn.runId });
      responder = deps.fallback.responder;
      yield* write(deps.fallback);
    }
    yield* draft.endText();

    const supported = end.supported ?? (draft.weaver.made.length > 0 || chat);
    const fallback = responder !== deps.llm.responder;
    const grounding = { type: "data-grounding", data: { supported, responder, ...(fallback ? { fallback } : {}) } } as const;
    yield grounding;
    const { model, promptTokens, completionTokens, costMicros } = draft.usage;
    yield { type: "data-usage", transient: true, data: { model, promptTokens, completionTokens, costMicros } };
    yield { type: "finish", finishReason: end.finishReason };
    return draft.receipt(
      { status: "finished", outcome: supported ? "answered" : "unanswered", responder, errorCode: fallback ? "model_unavailable" : null },
      grounding,
    );
  } catch (error) {
    yield* draft.endText();
    if (signal.aborted) {
      yield { type: "abort", reason: "stopped" };
      yield { type: "finish", finishReason: "other" };
      return draft.receipt({ status: "stopped", outcome: "stopped", responder, errorCode: null });
    }
    deps.log.error("an answer failed", { error, runId: turn.runId, orgId: turn.orgId, agentId: turn.agentId });
    const failed = error instanceof LlmError ? words.failed : words.unavailable;
    yield { type: "error", errorText: draft.hasText ? words.interrupted : failed };
    yield { type: "finish", finishReason: "error" };
    return draft.receipt({
      status: "failed",
      outcome: "failed",
      responder,
      errorCode: error instanceof LlmError ? error.code : "internal",
    });
  }
}
