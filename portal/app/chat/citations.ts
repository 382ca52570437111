import type { Citation } from "@gpt-agent/core/chat-events";
import { GrowingText } from "@gpt-agent/core/growing-text";
import { splitSentences } from "@gpt-agent/core/llm/sentences";
import type { Passage } from "./retrieve.ts";
import { type Claim, findSupport, type ReadPassage, readClaim, readPassage, type Support } from "./support.ts";
import { textFragment } from "./text-fragment.ts";
import { saysUnknown } from "./unknown.ts";

/** A citation with what the database keeps of it besides. */
export type MadeCitation = { citation: Citation; passage: Passage };

/** A claim whose marker names no passage that supports it may be supported by another: then it must be so this much. */
const SUPPORT_ELSEWHERE = 0.55;
/** The answer that cites nothing is given citations when each of its claims is supported this much. */
const SUPPORT_UNASKED = 0.65;
const MOST_UNASKED = 3;

export type WovenPiece = { type: "text"; text: string } | ({ type: "citation" } & MadeCitation);

const MARKER = /\[(0{0,3}[1-9]\d{0,2}(?:\s{0,3}[,;]\s{0,3}0{0,3}[1-9]\d{0,2}){0,9})\]/;
/** What a text may end with that can still become a marker. */
const OPEN_MARKER = /\[[\d,;\s[]*$/;
const MARKER_LENGTH = 64;

/** How much of the text before a marker is looked at for the claim. */
const CLAIM_WINDOW = 700;

/**
 * Turns the markers of a streamed answer, which number passages, into validated citations, numbered as they come. A marker becomes
 * a citation of the place in its passage that supports the claim before it; else of the passage that does; else it is dropped. So no
 * quote that is not literally in its passage can reach a visitor, and a text without its markers goes through as it is.
 */
export class CitationWeaver {
  readonly made: MadeCitation[] = [];
  /** How many claims lost their markers, as nothing supports them. */
  refused = 0;
  /** Where the last of them ends. */
  private refusedAt = -1;
  private readonly written = new GrowingText();
  /** Where in `written` the last marker ended, and the claim that it stood behind. */
  private marked = 0;
  private claim = "";
  /** What the claim being cited has been given so far. */
  private given = new Set<number>();
  private held = "";
  private read: ReadPassage[] | null = null;

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
      const after = this.held.slice(marker.index + marker[0].length);
      // A dropped marker takes the space before it along.
      const space = /[ \t]$/.test(before) ? before.slice(-1) : "";
      const text = before.slice(0, before.length - space.length);
      // "[[9]1]": what a dropped marker leaves around it may be a marker in turn.
      const open = OPEN_MARKER.exec(text.slice(-MARKER_LENGTH))?.[0] ?? "";
      this.write(text.slice(0, text.length - open.length), pieces);
      const indexes = this.cite(marker[1]!.split(/[,;]/).map(Number), pieces);
      if (indexes === null) this.held = open + after;
      else {
        this.write(open + (indexes.length > 0 ? space : "") + indexes.map((index) => `[${index}]`).join(""), pieces);
        this.marked = this.written.length;
        this.held = after;
      }
    }
    const certain = this.certainLength();
    this.write(this.held.slice(0, certain), pieces);
    this.held = this.held.slice(certain);
    return pieces;
  }

  /** Is the beginning of a marker held back? */
  get isUndecided(): boolean {
    return this.held.trim() !== "";
  }

  /** What was held back at the end of the answer; and citations for an answer without any whose every claim is supported. */
  end(): WovenPiece[] {
    const pieces: WovenPiece[] = [];
    this.write(this.held.trimEnd(), pieces);
    this.held = "";
    const indexes = this.made.length === 0 && this.refused === 0 ? this.citeUnasked(pieces) : [];
    if (indexes.length === 0) return pieces;
    const space = /\s$/.test(this.written.toString()) ? "" : " ";
    this.write(space + indexes.map((index) => `[${index}]`).join(""), pieces);
    return pieces;
  }

  /** How much of what is held cannot become (the space before) a marker any more. */
  private certainLength(): number {
    const tail = Math.max(0, this.held.length - MARKER_LENGTH);
    const open = OPEN_MARKER.exec(this.held.slice(tail));
    const end = open ? tail + open.index : this.held.length;
    return end > 0 && /[ \t]/.test(this.held[end - 1]!) ? end - 1 : end;
  }

  private write(text: string, pieces: WovenPiece[]): void {
    if (!text) return;
    this.written.append(text);
    const last = pieces.at(-1);
    if (last?.type === "text") last.text += text;
    else pieces.push({ type: "text", text });
  }

  /** The claim that a marker here stands behind: the last sentence since the marker before; that marker's own, right behind it. */
  private claimBefore(): string {
    const since = this.written.toString().slice(Math.max(this.marked, this.written.length - CLAIM_WINDOW));
    if (!/[\p{L}\p{N}]/u.test(since)) return this.claim;
    this.given = new Set();
    this.claim = splitSentences(since).at(-1)?.text ?? "";
    return this.claim;
  }

  /** The indexes of new citations for the claim just written; null when none of the passages named, nor another, supports it. */
  private cite(numbers: number[], pieces: WovenPiece[]): number[] | null {
    const said = this.claimBefore();
    if (saysUnknown(said)) return null;
    const claim = readClaim(said, this.question);
    const read = this.readPassages();
    const named = numbers.flatMap((number) => read.filter(({ passage }) => passage.index === number));
    const found = named.flatMap((one) => {
      const support = findSupport(claim, one);
      return support ? [{ ...support, passage: one.passage }] : [];
    });
    // Another passage in the claim's own language is better than one that words cannot be compared with.
    if (!found.some(({ passage }) => read.some((one) => one.passage === passage && one.cyrillic === claim.cyrillic))) {
      const other = this.best(claim, SUPPORT_ELSEWHERE);
      if (other) found.splice(0, found.length, other);
    }
    const at = this.written.length;
    if (found.length === 0) {
      if (this.given.size === 0 && this.refusedAt !== at) this.refused++;
      this.refusedAt = at;
      return null;
    }
    // The marker before this one was dropped, but the claim has one now.
    if (this.refusedAt === at && this.given.size === 0) this.refused--;
    const indexes = found
      .map((one) => this.make(one, pieces))
      .filter((index, place, all) => !this.given.has(index) && all.indexOf(index) === place);
    for (const index of indexes) this.given.add(index);
    return indexes;
  }

  /** The passage that supports a claim best. */
  private best(claim: Claim, least: number): (Support & { passage: Passage }) | null {
    let best: (Support & { passage: Passage }) | null = null;
    for (const one of this.readPassages()) {
      if (one.cyrillic !== claim.cyrillic) continue;
      const support = findSupport(claim, one, least);
      if (support && (!best || support.support > best.support)) best = { ...support, passage: one.passage };
    }
    return best;
  }

  /** Citations for an answer whose author forgot them: all of its claims are supported, or it gets none. */
  private citeUnasked(pieces: WovenPiece[]): number[] {
    const written = this.written.toString();
    const sentences = splitSentences(written);
    // An answer of thousands of sentences would hold up all others while each of them is read.
    if (this.passages.length === 0 || sentences.length > 4 * MOST_UNASKED || /```/.test(written)) return [];
    const claims: Claim[] = [];
    for (const { text } of sentences) {
      const claim = readClaim(text, this.question);
      if (!claim.few) claims.push(claim);
      if (claims.length > MOST_UNASKED) return [];
    }
    const found: (Support & { passage: Passage })[] = [];
    for (const claim of claims) {
      const support = this.best(claim, SUPPORT_UNASKED);
      if (!support) return [];
      found.push(support);
    }
    return [...new Set(found.map((one) => this.make(one, pieces)))];
  }

  private readPassages(): ReadPassage[] {
    this.read ??= this.passages.map(readPassage);
    return this.read;
  }

  /** The index under which a place is cited: a known one, or a new citation's. */
  private make({ span, passage }: Support & { passage: Passage }, pieces: WovenPiece[]): number {
    const start = passage.charStart + span.start;
    const end = passage.charStart + span.end;
    const known = this.made.find(
      ({ citation }) => citation.sourceId === passage.sourceId && citation.start === start && citation.end === end,
    );
    if (known) return known.citation.index;
    const quote = passage.text.slice(span.start, span.end);
    const citation: Citation = {
      index: this.made.length + 1,
      sourceId: passage.sourceId,
      title: passage.title,
      ...(passage.url
        ? {
            url: textFragment(
              passage.url,
              span,
              this.passages.filter(({ sourceId }) => sourceId === passage.sourceId),
              passage,
            ),
          }
        : {}),
      ...(passage.page ? { page: passage.page } : {}),
      ...(passage.headings.length > 0 ? { headings: passage.headings } : {}),
      quote,
      start,
      end,
    };
    this.made.push({ citation, passage });
    pieces.push({ type: "citation", citation, passage });
    return citation.index;
  }
}
