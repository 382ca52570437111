import { describe, expect, it } from "vitest";
import { CitationWeaver } from "../../../portal/app/chat/citations.ts";
import { chunk } from "../../../worker/ingest/chunk.ts";
import { extract } from "../../../worker/ingest/extract/extract.ts";
import { longPdf, modelOfPage } from "../../../worker/ingest/test-documents.ts";

/** Reads a file as the worker does and lets a model cite, for a claim, the passage that holds it. */
async function cite(bytes: Uint8Array, name: string, claim: string, holds: string, url: string | null = null) {
  const document = await extract(bytes, name);
  const passages = chunk(document).map((piece, at) => ({
    index: at + 1,
    chunkId: `c${at}`,
    chunkHash: piece.contentHash,
    sourceId: "s",
    title: name,
    url,
    mediaType: null,
    page: piece.page,
    headings: piece.headingPath,
    text: piece.body,
    charStart: piece.charStart,
    score: 1,
  }));
  const weaver = new CitationWeaver(passages, "");
  weaver.push(`${claim} [${passages.find(({ text }) => text.includes(holds))!.index}].`);
  const citation = weaver.made[0]!.citation;
  expect(document.text.slice(citation.start, citation.end)).toBe(citation.quote);
  expect(citation.quote).toContain(holds);
  return citation;
}

describe("the place of a citation, from the file to the quote", () => {
  it("is the page of a PDF", async () => {
    const model = modelOfPage(3);
    expect(await cite(await longPdf(4, "en"), "long.pdf", `The model is ${model}`, model)).toMatchObject({ page: 3 });
  });

  it("is the path of headings in Markdown, with emoji and decomposed letters before it", async () => {
    const text = `# Guide 👩‍👩‍👧\n\nЧаи\u0306ник 🙂 e\u0301clair.\n\n## Delivery\n\n### Abroad\n\nTo Serbia it takes 7 days. 🚚 Й — чаи\u0306.\n`;
    const citation = await cite(Buffer.from(text), "guide.md", "It takes 7 days to Serbia", "To Serbia it takes 7 days.");
    expect(citation.headings).toEqual(expect.arrayContaining(["Delivery", "Abroad"]));
  });

  it("is a fragment that finds the words on a page", async () => {
    const html = "<html><body><main><h1>Shop</h1><p>Well-known: cups, plates &amp; bowls cost 5 €. Come by.</p></main></body></html>";
    const { url } = await cite(Buffer.from(html), "page.html", "Cups, plates and bowls cost 5 €", "cost 5 €", "https://a.example/p");
    const fragment = url!.split("#:~:text=")[1]!;
    expect(fragment).toMatch(/^[^-,&]+$/);
    expect("Well-known: cups, plates & bowls cost 5 €. Come by.").toContain(decodeURIComponent(fragment));
  });

  it("is the row of a table", async () => {
    const csv = "Model,Price\nFjord 2,249 €\nFjord 3,319 €\n";
    expect((await cite(Buffer.from(csv), "prices.csv", "The Fjord 3 costs 319 €", "319 €")).quote).not.toContain("249");
  });
});
