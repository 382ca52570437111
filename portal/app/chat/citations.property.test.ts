import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CitationWeaver, type WovenPiece } from "./citations.ts";
import type { Passage } from "./retrieve.ts";

/** Words with everything that moves offsets: emoji, combining marks, decomposed й, other scripts, quotation marks. */
const word = fc.constantFrom(
  "bottle",
  "holds",
  "cold",
  "24",
  "hours",
  "12 €",
  "гарантия",
  "десять",
  "лет",
  "чаи\u0306ник",
  "🙂",
  "👩‍👩‍👧",
  "e\u0301clair",
  "«Fjord 3»",
  "not",
  "не",
  "[x]",
  "a.b",
); // prettier-ignore
const sentence = fc.array(word, { minLength: 1, maxLength: 7 }).map((words) => `${words.join(" ")}.`);
const body = fc.array(sentence, { minLength: 1, maxLength: 5 }).map((sentences) => sentences.join(" "));
const passages = fc.array(fc.tuple(body, fc.nat(5_000)), { maxLength: 4 }).map((bodies) =>
  bodies.map(
    ([text, charStart], at): Passage => ({
      index: at + 1,
      chunkId: `c${at}`,
      chunkHash: "h",
      sourceId: `s${at}`,
      title: "T",
      url: null,
      mediaType: null,
      page: null,
      headings: [],
      text,
      charStart,
      score: 1,
    }),
  ),
);
const marker = fc.constantFrom(
  "[1]",
  "[2]",
  "[1][2]",
  "[1, 2]",
  "[0]",
  "[999]",
  "[01]",
  "[[1]]",
  "[[9]1]",
  "[1",
  "1]",
  "[",
  "]",
  "[-1]",
  "[1.5]",
  "[1;9]",
  "[ 1]",
  "[1\u200b]",
); // prettier-ignore
const answer = fc.array(
  fc.oneof({ weight: 3, arbitrary: sentence }, { weight: 2, arbitrary: marker }, fc.constant(" "), fc.constant("\n\n")),
  {
    maxLength: 14,
  },
);

const MARKER = /[ \t]?\[0{0,3}[1-9]\d{0,2}(?:\s{0,3}[,;]\s{0,3}0{0,3}[1-9]\d{0,2}){0,9}\]/;
/** A text without its markers, those that appear where one was taken out, and blanks, of which a dropped marker takes one along. */
function bare(text: string): string {
  let rest = text.replace(/[ \t]/g, "");
  while (MARKER.test(rest)) rest = rest.replace(MARKER, "");
  return rest.trimEnd();
}

function weave(known: Passage[], deltas: string[]): { pieces: WovenPiece[]; text: string } {
  const weaver = new CitationWeaver(known, "How long does the bottle keep drinks cold?");
  const pieces = [...deltas.flatMap((delta) => weaver.push(delta)), ...weaver.end()];
  return { pieces, text: pieces.map((piece) => (piece.type === "text" ? piece.text : "")).join("") };
}

describe("whatever a model writes about whatever passages", () => {
  it("no quote that is not literally at its place in its passage reaches a visitor", () => {
    fc.assert(
      fc.property(passages, answer, (known, parts) => {
        for (const piece of weave(known, parts).pieces) {
          if (piece.type !== "citation") continue;
          const { citation, passage } = piece;
          expect(known).toContain(passage);
          expect(passage.text.slice(citation.start - passage.charStart, citation.end - passage.charStart)).toBe(citation.quote);
          expect(() => encodeURIComponent(citation.quote)).not.toThrow();
          expect(citation.quote).not.toBe("");
        }
      }),
      { numRuns: 300 },
    );
  });

  it("every marker that a visitor sees names a citation that came before it", () => {
    fc.assert(
      fc.property(passages, answer, (known, parts) => {
        let made = 0;
        for (const piece of weave(known, parts).pieces) {
          if (piece.type === "citation") made = piece.citation.index;
          else for (const [, index] of piece.text.matchAll(/\[(\d{1,3})\]/g)) expect(Number(index)).toBeLessThanOrEqual(made);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("the text without markers goes through byte for byte, and the same wherever the stream is cut", () => {
    fc.assert(
      fc.property(passages, answer, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 }), (known, parts, sizes) => {
        const whole = parts.join("");
        const deltas: string[] = [];
        for (let at = 0, turn = 0; at < whole.length; turn++) {
          const size = sizes[turn % sizes.length]!;
          deltas.push(whole.slice(at, at + size));
          at += size;
        }
        const { text } = weave(known, deltas);
        expect(bare(text)).toBe(bare(whole));
        expect(text).toBe(weave(known, [whole]).text);
      }),
      { numRuns: 300 },
    );
  });
});
