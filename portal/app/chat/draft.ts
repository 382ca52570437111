import type { ChatEvent, MessagePart } from "@gpt-agent/core/chat-events";
import { GrowingText } from "@gpt-agent/core/growing-text";
import type { LlmAttempt, LlmUsage } from "@gpt-agent/core/llm/llm";
import { addUsage, NO_USAGE } from "@gpt-agent/core/llm/usage";
import { CitationWeaver, type MadeCitation, type WovenPiece } from "./citations.ts";
import type { Woven } from "./grounding.ts";
import type { OutputGuard } from "./guard/output-guard.ts";
import type { Passage } from "./retrieve.ts";
import type { UsedTool } from "./tool-session.ts";
import type { VisitorFact } from "./visitor-facts.ts";

/** What an answer leaves behind: the message and its receipt. */
export type Receipt = {
  status: "finished" | "stopped" | "failed";
  /** declined: on purpose; the subject is not the agent's, or the answer gave away what it must not. */
  outcome: "answered" | "unanswered" | "declined" | "stopped" | "failed";
  responder: "model" | "quotes";
  usage: LlmUsage;
  /** The models that were asked and did not answer, in that order. */
  attempts: LlmAttempt[];
  text: string;
  parts: MessagePart[];
  passages: Passage[];
  citations: MadeCitation[];
  actions: UsedTool[];
  question: string;
  /** What the knowledge was searched for; null when it was not. */
  searchText: string | null;
  promptHash: string | null;
  /** What a model was told of the visitor: names of fields, never values, which are the CRM's to keep and to erase. */
  visitorFacts: Omit<VisitorFact, "value">[];
  errorCode: string | null;
  /** The conversation's title, when this question gives it one. */
  title: string | null;
  /** What was said before, in short, up to and including a message. */
  summary: { text: string; until: string } | null;
  retrievalMs: number | null;
  firstTokenMs: number | null;
  totalMs: number;
};

/** The source that a citation names, once for each source, as the AI SDK's own parts. */
function sourceEvent({ citation, passage }: MadeCitation): ChatEvent {
  if (passage.url) return { type: "source-url", sourceId: passage.sourceId, url: passage.url, title: citation.title };
  return { type: "source-document", sourceId: passage.sourceId, mediaType: passage.mediaType ?? "text/plain", title: citation.title };
}

/** One answer in the making: collects what the receipt needs while the events go out. */
export class Draft {
  readonly began = performance.now();
  /** Texts and tool calls in the order they came. */
  private readonly told: (GrowingText | Extract<MessagePart, { type: "dynamic-tool" }>)[] = [];
  private openText: GrowingText | null = null;
  private texts = 0;
  private readonly announced = new Set<string>();
  private weaver = new CitationWeaver([], "");
  passages: Passage[] = [];
  searchText: string | null = null;
  retrievalMs: number | null = null;
  firstTokenMs: number | null = null;
  promptHash: string | null = null;
  visitorFacts: Receipt["visitorFacts"] = [];
  usage = NO_USAGE;
  readonly attempts: LlmAttempt[] = [];

  /** @param tell is told each event as it comes about */
  constructor(
    private readonly question: string,
    private readonly guard: OutputGuard,
    private readonly tell: (event: ChatEvent) => void,
  ) {}

  /** Milliseconds since the answer began. */
  elapsed(): number {
    return Math.round(performance.now() - this.began);
  }

  /** A responder begins to write from these passages. */
  begin(passages: Passage[]): void {
    this.passages = passages;
    this.guard.end();
    this.guard.allowPassages(passages);
    this.weaver = new CitationWeaver(passages, this.question);
  }

  spend(usage: LlmUsage): void {
    this.usage = addUsage(this.usage, usage);
  }

  /** Notes models that failed; one that failed in an earlier step as well is noted once. */
  tried(attempts: LlmAttempt[]): void {
    this.attempts.push(...attempts.filter(({ model }) => !this.attempts.some((before) => before.model === model)));
  }

  write(delta: string): void {
    this.emit(this.weaver.push(delta));
  }

  /** Is an end of it kept back, as only what follows decides what may leave of it? */
  get isUndecided(): boolean {
    return this.weaver.isUndecided || this.guard.isUndecided;
  }

  /** Says something of our own, as a paragraph of its own. */
  say(words: string): void {
    this.add(this.openText?.length ? `\n\n${words}` : words);
  }

  /** A finished tool call: it stands between the texts around it. */
  keep(part: Extract<MessagePart, { type: "dynamic-tool" }>): void {
    this.told.push(part);
  }

  endText(): void {
    this.emit(this.weaver.end());
    this.add(this.guard.end());
    if (this.openText) this.tell({ type: "text-end", id: this.textId });
    this.openText = null;
  }

  get citations(): MadeCitation[] {
    return this.weaver.made;
  }

  get text(): string {
    return this.told.flatMap((part) => (part instanceof GrowingText ? part.toString() : [])).join("\n\n");
  }

  /** The answer so far, as its grounding is judged by. */
  get woven(): Woven {
    return { text: this.text, citations: this.citations.length, refused: this.weaver.refused };
  }

  get hasText(): boolean {
    return this.texts > 0;
  }

  /** All that the message keeps: citations, then texts and tools as they came, then `more`. */
  parts(more: MessagePart[]): MessagePart[] {
    const cited = this.citations.map(
      ({ citation }): MessagePart => ({ type: "data-citation", id: `citation-${citation.index}`, data: citation }),
    );
    const told = this.told.map((part): MessagePart => (part instanceof GrowingText ? { type: "text", text: part.toString() } : part));
    return [...cited, ...told, ...more];
  }

  private get textId(): string {
    return `text-${this.texts}`;
  }

  private emit(pieces: WovenPiece[]): void {
    for (const piece of pieces) {
      if (piece.type === "citation") {
        const { sourceId, index } = piece.citation;
        if (!this.announced.has(sourceId)) {
          this.announced.add(sourceId);
          this.tell(sourceEvent(piece));
        }
        this.tell({ type: "data-citation", id: `citation-${index}`, data: piece.citation });
      } else this.add(this.guard.push(piece.text));
    }
  }

  /** Adds to the text what may leave. */
  private add(text: string): void {
    if (!text) return;
    if (!this.openText) {
      this.openText = new GrowingText();
      this.told.push(this.openText);
      this.texts++;
      this.firstTokenMs ??= this.elapsed();
      this.tell({ type: "text-start", id: this.textId });
    }
    this.openText.append(text);
    this.tell({ type: "text-delta", id: this.textId, delta: text });
  }
}
