import type { Citation } from "@gpt-agent/core/chat-events";
import { splitSentences } from "@gpt-agent/core/llm/sentences";
import { stems } from "@gpt-agent/core/llm/stems";
import type { Passage } from "./retrieve.ts";

/** Characters [start, end) of a passage's text. */
export type Span = { start: number; end: number };
/** A citation with what the database keeps of it besides. */
export type MadeCitation = { citation: Citation; passage: Passage };

/** A claim must share this much of its words with the sentence that supports it. */
const MIN_SUPPORT = 0.25;
/** Below this, the sentence's neighbour may be taken in too. */
const WELL_SUPPORTED = 0.6;
const MAX_QUOTE_LENGTH = 600;

const share = (of: Set<string>, inside: Set<string>): number => {
  if (of.size === 0) return 0;
  let shared = 0;
  for (const term of of) if (inside.has(term)) shared++;
  return shared / of.size;
};

const isCyrillic = (text: string) => (text.match(/\p{Script=Cyrillic}/gu)?.length ?? 0) > (text.match(/\p{Script=Latin}/gu)?.length ?? 0);

/** A span no longer than a quote may be, cut after a word. */
function clip(text: string, span: Span): Span {
  if (span.end - span.start <= MAX_QUOTE_LENGTH) return span;
  const cut = text.slice(span.start, span.start + MAX_QUOTE_LENGTH).search(/\s\S*$/);
  return { start: span.start, end: span.start + (cut > 0 ? cut : MAX_QUOTE_LENGTH) };
}

/**
 * Where a passage supports a claim: the sentence (or two neighbours) that share most with it; null when none does.
 * Across languages words cannot be compared, so the numbers and names that both share decide, else the passage's start.
 */
export function supportingSpan(claim: string, question: string, passage: Passage): Span | null {
  const sentences = splitSentences(passage.text);
  const first = sentences[0];
  if (!first) return null;
  const claimed = stems(claim);
  const asked = stems(question);
  const scored = sentences.map((sentence) => {
    const own = stems(sentence.text);
    const support = share(claimed, own);
    return { sentence, own, support, score: support + 0.3 * share(asked, own) - sentence.text.length / 50_000 };
  });
  const best = scored.reduce((a, b) => (b.score > a.score ? b : a));
  const foreign = isCyrillic(claim) !== isCyrillic(passage.text);
  if (best.support < MIN_SUPPORT && !(foreign && best.score > 0)) return foreign ? clip(passage.text, first) : null;

  let span: Span = best.sentence;
  if (best.support < WELL_SUPPORTED) {
    const at = scored.indexOf(best);
    const better = [scored[at - 1], scored[at + 1]].flatMap((neighbour) => {
      if (!neighbour) return [];
      const both = { start: Math.min(span.start, neighbour.sentence.start), end: Math.max(span.end, neighbour.sentence.end) };
      return both.end - both.start <= MAX_QUOTE_LENGTH ? [{ both, support: share(claimed, new Set([...best.own, ...neighbour.own])) }] : [];
    });
    const widest = better.sort((a, b) => b.support - a.support)[0];
    if (widest && widest.support >= best.support + 0.2) span = widest.both;
  }
  return clip(passage.text, span);
}

/** A page's address that scrolls to a quote (https://wicg.github.io/scroll-to-text-fragment). */
export function textFragment(url: string, quote: string): string {
  const encode = (text: string) => encodeURIComponent(text).replaceAll("-", "%2D");
  const words = quote.split(/\s+/).filter(Boolean);
  const fragment =
    words.length <= 12 ? encode(words.join(" ")) : `${encode(words.slice(0, 5).join(" "))},${encode(words.slice(-5).join(" "))}`;
  return `${url.split("#")[0]}#:~:text=${fragment}`;
}

export type WovenPiece = { type: "text"; text: string } | ({ type: "citation" } & MadeCitation);

const MARKER = /\[([1-9]\d{0,2}(?:\s{0,3}[,;]\s{0,3}[1-9]\d{0,2}){0,9})\]/;
/** What a text may end with that can still become a marker. */
const OPEN_MARKER = /^\[[\d,;\s]{0,60}$/;
const MARKER_LENGTH = 64;

/** How much of the text before a marker is looked at for the claim. */
const CLAIM_WINDOW = 700;

/**
 * Turns the markers of a streamed answer, which number passages, into validated citations, numbered as they come. A marker
 * whose passage does not exist or does not support the claim before it is dropped, so no quote that is not literally in its
 * passage can reach a visitor.
 */
export class CitationWeaver {
  readonly made: MadeCitation[] = [];
  private written = "";
  private held = "";

  constructor(
    private readonly passages: Passage[],
    private readonly question: string,
  ) {}

  /** The text and citations that are certain after this delta; a citation comes just before the text that names it. */
  push(delta: string): WovenPiece[] {
    this.held += delta;
    const pieces: WovenPiece[] = [];
    for (let marker = MARKER.exec(this.held); marker; marker = MARKER.exec(this.held)) {
      const before = this.held.slice(0, marker.index);
      this.held = this.held.slice(marker.index + marker[0].length);
      // A dropped marker takes the space before it along.
      const space = /[ \t]$/.test(before) ? before.slice(-1) : "";
      this.write(before.slice(0, before.length - space.length), pieces);
      const indexes = new Set(marker[1]!.split(/[,;]/).flatMap((number) => this.cite(Number(number), pieces)));
      if (indexes.size > 0) this.write(space + [...indexes].map((index) => `[${index}]`).join(""), pieces);
    }
    const certain = this.certainLength();
    this.write(this.held.slice(0, certain), pieces);
    this.held = this.held.slice(certain);
    return pieces;
  }

  /** What was held back at the end of the answer. */
  end(): WovenPiece[] {
    const pieces: WovenPiece[] = [];
    this.write(this.held.trimEnd(), pieces);
    this.held = "";
    return pieces;
  }

  /** How much of what is held cannot become (the space before) a marker any more. */
  private certainLength(): number {
    const tail = Math.max(0, this.held.length - MARKER_LENGTH);
    const bracket = this.held.lastIndexOf("[");
    const end = bracket >= tail && OPEN_MARKER.test(this.held.slice(bracket)) ? bracket : this.held.length;
    return end > 0 && /[ \t]/.test(this.held[end - 1]!) ? end - 1 : end;
  }

  private write(text: string, pieces: WovenPiece[]): void {
    if (!text) return;
    this.written += text;
    const last = pieces.at(-1);
    if (last?.type === "text") last.text += text;
    else pieces.push({ type: "text", text });
  }

  /** The index under which a passage is cited for the claim just written, or nothing. */
  private cite(number: number, pieces: WovenPiece[]): number[] {
    const passage = this.passages.find((candidate) => candidate.index === number);
    const claim = splitSentences(this.written.slice(-CLAIM_WINDOW).replace(/[ \t]?\[\d+\]/g, "")).at(-1)?.text ?? "";
    const span = passage && supportingSpan(claim, this.question, passage);
    if (!passage || !span) return [];
    const start = passage.charStart + span.start;
    const end = passage.charStart + span.end;
    const known = this.made.find(
      ({ citation }) => citation.sourceId === passage.sourceId && citation.start === start && citation.end === end,
    );
    if (known) return [known.citation.index];
    const quote = passage.text.slice(span.start, span.end);
    const citation: Citation = {
      index: this.made.length + 1,
      sourceId: passage.sourceId,
      title: passage.title,
      ...(passage.url ? { url: textFragment(passage.url, quote) } : {}),
      ...(passage.page ? { page: passage.page } : {}),
      ...(passage.headings.length > 0 ? { headings: passage.headings } : {}),
      quote,
      start,
      end,
    };
    this.made.push({ citation, passage });
    pieces.push({ type: "citation", citation, passage });
    return [citation.index];
  }
}
