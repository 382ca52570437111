import { describe, expect, it } from "vitest";
import { CitationWeaver, type WovenPiece } from "./citations.ts";
import type { Passage } from "./retrieve.ts";

const passage = (index: number, text: string, extra: Partial<Passage> = {}): Passage => ({
  index,
  chunkId: `chunk-${index}`,
  chunkHash: "h",
  sourceId: `source-${index}`,
  title: `Source ${index}`,
  url: null,
  mediaType: null,
  page: null,
  headings: [],
  text,
  charStart: 1000 * index,
  score: 1,
  ...extra,
});
const PASSAGES = [
  passage(1, "The bottle keeps drinks cold for 24 hours. It holds 0.75 litres. Wash the lid by hand."),
  passage(2, "Гарантия действует десять лет. Вмятины не входят в гарантию.", {
    url: "https://shop.example/warranty",
    page: 3,
    headings: ["Сервис"],
  }),
];

function weave(deltas: string[]) {
  const weaver = new CitationWeaver(PASSAGES, "question");
  const pieces: WovenPiece[] = [...deltas.flatMap((delta) => weaver.push(delta)), ...weaver.end()];
  return {
    text: pieces.map((piece) => (piece.type === "text" ? piece.text : "")).join(""),
    citations: weaver.made.map(({ citation }) => citation),
    pieces,
  };
}

const ANSWER =
  "It keeps drinks cold for 24 hours [1]. It holds 0.75 litres.[1] Гарантия — десять лет [2]. Dents are out [9]. Cold for 24 hours [1, 2].";
const WOVEN =
  "It keeps drinks cold for 24 hours [1]. It holds 0.75 litres.[2] Гарантия — десять лет [3]. Dents are out. Cold for 24 hours [1].";

describe("weaving citations into an answer", () => {
  it("numbers quotes as they come, reuses them, and drops markers of passages that do not exist", () => {
    const { text, citations } = weave([ANSWER]);
    expect(text).toBe(WOVEN);
    expect(citations.slice(0, 3).map(({ index, quote }) => [index, quote])).toEqual([
      [1, "The bottle keeps drinks cold for 24 hours."],
      [2, "It holds 0.75 litres."],
      [3, "Гарантия действует десять лет."],
    ]);
    expect(citations[2]).toMatchObject({ page: 3, headings: ["Сервис"], start: 2000, end: 2030 });
    expect(citations[2]?.url).toMatch(/^https:\/\/shop\.example\/warranty#:~:text=%D0%93/);
  });

  it("T43: gives the same wherever the stream is cut", () => {
    for (let at = 0; at <= ANSWER.length; at++) expect(weave([ANSWER.slice(0, at), ANSWER.slice(at)]).text).toBe(WOVEN);
    expect(weave([...ANSWER]).text).toBe(WOVEN);
  });

  it("sends a citation before the text that names it", () => {
    const { pieces } = weave([...ANSWER]);
    let known = 0;
    for (const piece of pieces) {
      if (piece.type === "citation") known = piece.citation.index;
      else for (const [, index] of piece.text.matchAll(/\[(\d+)\]/g)) expect(Number(index)).toBeLessThanOrEqual(known);
    }
  });

  it("quotes only what literally stands in the passage", () => {
    for (const { citation, passage: source } of new Set(
      weave([ANSWER]).pieces.flatMap((piece) => (piece.type === "citation" ? [piece] : [])),
    )) {
      expect(source.text.slice(citation.start - source.charStart, citation.end - source.charStart)).toBe(citation.quote);
    }
  });

  it("drops a marker whose passage does not support the claim", () => {
    const { text, citations } = weave(["Penguins live in Antarctica [1]. Пингвины живут в Антарктиде [2]."]);
    expect(text).toBe("Penguins live in Antarctica. Пингвины живут в Антарктиде.");
    expect(citations).toEqual([]);
  });

  it("leaves other brackets alone", () => {
    for (const text of ["array[0] = [a]", "[ ] todo", "see [the site]", "[12", "a [", "[[1]]x".replace("1", "x")])
      expect(weave([text]).text).toBe(text);
  });

  it("stays quick on hostile text", () => {
    expect(weave(["[1".repeat(20_000)]).citations).toEqual([]);
    expect(weave([" ".repeat(50_000)]).text.trim()).toBe("");
    expect(weave(Array.from({ length: 20_000 }, () => " [")).citations).toEqual([]);
  });
});
