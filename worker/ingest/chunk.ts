import { createHash } from "node:crypto";
import type { Block, Document } from "./document.ts";

/** A passage of a document: `body` is exactly characters [charStart, charEnd) of its text. */
export type Chunk = {
  position: number;
  headingPath: string[];
  /** The page of its first character, counted from 1. */
  page: number | null;
  charStart: number;
  charEnd: number;
  body: string;
  contentHash: string;
};

/** Characters a chunk aims at: some 150 words, a few paragraphs or one thought. */
export const TARGET_LENGTH = 1_000;
/** No chunk is longer. */
export const MAX_LENGTH = 1_400;

type Span = { start: number; end: number; page?: number };

/**
 * Cuts a document into passages: whole paragraphs where they fit, else whole sentences; rows of tables stay whole; what
 * stands under different headings is never mixed. A heading with nothing under it is a passage of its own; other
 * headings are in the path alone.
 *
 * Passages do not overlap: on articles of XQuAD an overlap of 150 characters moved hit@5 by +0.8 points in English and
 * +1.0 in Russian, hit@1 by +1.0 and -0.8, for an eighth more text, and the same sentence would be cited twice.
 */
export function chunk(document: Document): Chunk[] {
  const { text, blocks } = document;
  const chunks: Chunk[] = [];
  const emit = (spans: Span[], headingPath: string[]) => {
    const [first, last] = [spans[0], spans.at(-1)];
    if (!first || !last) return;
    const body = text.slice(first.start, last.end);
    chunks.push({
      position: chunks.length,
      headingPath,
      page: first.page ?? null,
      charStart: first.start,
      charEnd: last.end,
      body,
      contentHash: createHash("sha256").update(body).digest("hex"),
    });
  };
  for (const section of sections(blocks)) {
    const spans = section.blocks.flatMap((block) => split(text, block));
    for (const group of groups(spans)) emit(group, section.headings);
  }
  return chunks;
}

type Section = { headings: string[]; blocks: Block[] };

/** Runs of blocks under the same heading; a heading without any is a run of itself. */
function sections(blocks: Block[]): Section[] {
  const found: Section[] = [];
  blocks.forEach((block, index) => {
    if (block.kind === "heading") {
      const next = blocks[index + 1];
      const leads = next && next.headings.length > block.headings.length;
      found.push({ headings: block.headings, blocks: leads ? [] : [block] });
    } else {
      const current = found.at(-1);
      if (current && current.blocks.at(-1)?.kind !== "heading" && blocks[index - 1]?.kind !== "heading") current.blocks.push(block);
      else found.push({ headings: block.headings, blocks: [block] });
    }
  });
  return found;
}

/** Puts neighbours together up to the target length; a small rest joins the group before it where it fits. */
function groups(spans: Span[]): Span[][] {
  const found: Span[][] = [];
  let start = 0;
  for (const span of spans) {
    const group = found.at(-1);
    const isSmall = group !== undefined && group.at(-1)!.end - start < TARGET_LENGTH * 0.6;
    if (group && span.end - start <= (isSmall ? MAX_LENGTH : TARGET_LENGTH)) group.push(span);
    else {
      found.push([span]);
      start = span.start;
    }
  }
  const [before, last] = found.slice(-2);
  if (before && last && last.at(-1)!.end - before[0]!.start <= MAX_LENGTH) {
    before.push(...last);
    found.pop();
  }
  return found;
}

/** A block as spans of at most MAX_LENGTH, cut evenly between sentences, else between words, else anywhere. */
function split(text: string, block: Block): Span[] {
  const { start, end, page } = block;
  const length = end - start;
  if (length <= (block.kind === "row" ? MAX_LENGTH : TARGET_LENGTH)) return [{ start, end, page }];
  const even = Math.ceil(length / Math.ceil(length / TARGET_LENGTH));
  const spans: Span[] = [];
  let from = start;
  let to = start;
  for (const piece of pieces(text, start, end)) {
    // Whichever is nearer to an even part: with this sentence or without it.
    if (to > from && piece - from > even && (piece - from > MAX_LENGTH || piece - from - even > even - (to - from))) {
      spans.push(trimmed(text, from, to, page));
      from = to;
    }
    to = piece;
  }
  spans.push(trimmed(text, from, end, page));
  return spans.filter((span) => span.end > span.start);
}

const SENTENCE_END = /[.!?…]["'»”)\]]*\s+(?=["'«“([]?[\p{Lu}\p{N}—–-])|\n+/gu;

/** Where a block may be cut: ends of its sentences, and within those that are too long. */
function* pieces(text: string, start: number, end: number): Generator<number> {
  let from = start;
  SENTENCE_END.lastIndex = 0;
  for (const match of text.slice(start, end).matchAll(SENTENCE_END)) {
    const to = start + match.index + match[0].length;
    yield* withinSentence(text, from, to);
    from = to;
  }
  yield* withinSentence(text, from, end);
}

function* withinSentence(text: string, start: number, end: number): Generator<number> {
  let from = start;
  while (end - from > TARGET_LENGTH) {
    const space = text.lastIndexOf(" ", from + TARGET_LENGTH);
    let cut = space > from + TARGET_LENGTH / 2 ? space + 1 : from + TARGET_LENGTH;
    // Never between the halves of a character.
    if (/[\ud800-\udbff]/.test(text[cut - 1]!)) cut--;
    yield cut;
    from = cut;
  }
  if (end > from) yield end;
}

/** A span without white space at its ends. */
function trimmed(text: string, from: number, to: number, page: number | undefined): Span {
  let [start, end] = [from, to];
  while (start < end && /\s/.test(text[start]!)) start++;
  while (end > start && /\s/.test(text[end - 1]!)) end--;
  return { start, end, page };
}
