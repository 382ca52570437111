import { beforeAll, describe, expect, it } from "vitest";
import { type GroundingRow, measureGrounding, passagesOf, RESPONDERS, type Responder, type Shelf, type Verdict } from "./measure.ts";
import { LANGUAGES, SPLITS } from "./questions.ts";

/** The questions that rules were tuned on, with whole documents in place of a search: a guard, not the figures of docs/GROUNDING.md. */
const MOST: Record<Responder, Pick<GroundingRow, "falseUnknown" | "falseAnswer" | "wrongAnswer" | "wrongCitation" | "inventionTrusted">> = {
  quotes: { falseUnknown: 0.17, falseAnswer: 0.17, wrongAnswer: 0.09, wrongCitation: 0, inventionTrusted: 0 },
  model: { falseUnknown: 0.14, falseAnswer: 0.06, wrongAnswer: 0.06, wrongCitation: 0.03, inventionTrusted: 0.06 },
};

/** An agent that finds all of what it knows, in the language that is asked in. */
function wholeShelf(company: string): Shelf {
  const texts = new Map<string, string>();
  const known = LANGUAGES.map((language) => {
    const { text, title, chunks } = passagesOf(company, language);
    texts.set(`${company}.${language}`, text);
    return chunks.map((piece, at) => ({
      index: at + 1,
      chunkId: `${language}-${at}`,
      chunkHash: piece.contentHash,
      sourceId: `${company}.${language}`,
      title,
      url: null,
      mediaType: null,
      page: null,
      headings: piece.headingPath,
      text: piece.body,
      charStart: piece.charStart,
      score: 1,
    }));
  });
  return { texts, find: async (text) => known[/\p{Script=Cyrillic}/u.test(text) ? 1 : 0]! };
}

describe.each(RESPONDERS)("grounding of %s", (responder) => {
  let measured: { rows: GroundingRow[]; verdicts: Verdict[] };
  beforeAll(async () => {
    measured = await measureGrounding(new Map(SPLITS.dev.map((company) => [company, wholeShelf(company)])), "dev", responder);
  }, 180_000);

  it("keeps within its bounds", () => {
    for (const row of measured.rows)
      for (const [figure, most] of Object.entries(MOST[responder]))
        expect(row[figure as keyof GroundingRow], `${row.language} ${figure}`).toBeLessThanOrEqual(most);
  });

  it("quotes nothing that is not literally at its place in its document", () => {
    expect(measured.verdicts.flatMap(({ wrongCitations }) => wrongCitations.filter((wrong) => wrong.startsWith("not literal")))).toEqual(
      [],
    );
    expect(measured.rows.every(({ citations, smallTalk }) => citations > 20 && smallTalk === 1)).toBe(true);
  });
});
