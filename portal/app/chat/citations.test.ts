import { describe, expect, it } from "vitest";
import { CitationWeaver, supportingSpan, textFragment, type WovenPiece } from "./citations.ts";
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
  "It keeps drinks cold for 24 hours [1]. It holds 0.75 litres.[2] Гарантия — десять лет [3]. Dents are out. Cold for 24 hours [1][3].";

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

describe("the span that supports a claim", () => {
  it("takes in a neighbour when the claim needs both", () => {
    const span = supportingSpan("It holds 0.75 litres and the lid is to be washed by hand", "", PASSAGES[0]!);
    expect(span && PASSAGES[0]!.text.slice(span.start, span.end)).toBe("It holds 0.75 litres. Wash the lid by hand.");
  });

  it("across languages goes by shared numbers and names, else by the start", () => {
    const hours = supportingSpan("Сохраняет холод 24 часа", "", PASSAGES[0]!);
    expect(hours && PASSAGES[0]!.text.slice(hours.start, hours.end)).toContain("24 hours");
    const start = supportingSpan("Крышку мыть руками", "", PASSAGES[0]!);
    expect(start && PASSAGES[0]!.text.slice(start.start, start.end)).toBe("The bottle keeps drinks cold for 24 hours.");
  });

  it("cuts a quote that is too long after a word", () => {
    const long = passage(1, `${"word ".repeat(300)}end`);
    const span = supportingSpan("word end", "", long);
    expect(span!.end - span!.start).toBeLessThanOrEqual(600);
    expect(long.text.slice(span!.start, span!.end)).toMatch(/word$/);
  });
});

describe("text fragments", () => {
  it.each([
    ["https://a.example/p#x", "one-two, three & four", "https://a.example/p#:~:text=one%2Dtwo%2C%20three%20%26%20four"],
    ["https://a.example/", "a b c d e f g h i j k l m n", "https://a.example/#:~:text=a%20b%20c%20d%20e,j%20k%20l%20m%20n"],
  ])("%s", (url, quote, expected) => expect(textFragment(url, quote)).toBe(expected));
});
