import { describe, expect, it } from "vitest";
import type { Passage } from "./retrieve.ts";
import { textFragment } from "./text-fragment.ts";

const passage = (text: string): Passage => ({
  index: 1,
  chunkId: "c",
  chunkHash: "h",
  sourceId: "s",
  title: "Page",
  url: null,
  mediaType: null,
  page: null,
  headings: [],
  text,
  charStart: 0,
  score: 1,
});
function fragment(text: string, quote: string, url = "https://a.example/p"): string {
  const start = text.indexOf(quote);
  const whole = passage(text);
  return decodeURIComponent(textFragment(url, { start, end: start + quote.length }, [whole], whole).split("#:~:text=")[1]!);
}

describe("text fragments", () => {
  it("escape what means something in them, and replace the address's own fragment", () => {
    const text = "one-two, three & four five";
    expect(textFragment("https://a.example/p?q=1#x", { start: 0, end: text.length }, [passage(text)], passage(text))).toBe(
      "https://a.example/p?q=1#:~:text=one%2Dtwo%2C%20three%20%26%20four%20five",
    );
  });

  it("name a long quote by its ends", () => {
    expect(fragment("a b c d e f g h i j k l m n", "a b c d e f g h i j k l m n")).toBe("a b c d e,j k l m n");
  });

  it("name a quote over several paragraphs by its ends, without what marks a list", () => {
    expect(fragment("First line.\n\n- second line of it", "First line.\n\n- second line of it")).toBe("First line.,second line of it");
  });

  it("give the words around a quote that is short or stands there twice", () => {
    expect(fragment("Do you ship abroad? Yes, we do. And so on.", "Yes, we do.")).toBe("you ship abroad?-,Yes, we do.,-And so on.");
    expect(fragment("The price is ten euros a day. For two the price is ten euros a day.", "price is ten euros a day")).toBe(
      "The-,price is ten euros a day,-. For two",
    );
  });

  it("search for the values of a table's row, as its headings stand elsewhere", () => {
    expect(fragment("Model: Fjord 3; People: 3; Price: 319 €", "Model: Fjord 3; People: 3; Price: 319 €")).toBe("Fjord 3,319 €");
  });
});
