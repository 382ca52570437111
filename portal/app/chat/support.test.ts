import { describe, expect, it } from "vitest";
import type { Passage } from "./retrieve.ts";
import { findSupport, readClaim, readPassage } from "./support.ts";

const passage = (text: string, headings: string[] = []): Passage => ({
  index: 1,
  chunkId: "c",
  chunkHash: "h",
  sourceId: "s",
  title: "Handbook",
  url: null,
  mediaType: null,
  page: null,
  headings,
  text,
  charStart: 0,
  score: 1,
});

function quoteFor(claim: string, text: string, question = "", headings: string[] = []): string | null {
  const found = findSupport(readClaim(claim, question), readPassage(passage(text, headings)));
  return found && text.slice(found.span.start, found.span.end);
}

const BOTTLE = "The bottle keeps drinks cold for 24 hours. It holds 0.75 litres. Wash the lid by hand.";
const DELIVERY =
  "Delivery to Germany takes 5–8 working days and costs 16 €. We cannot ship gas cartridges by post; they are sold in the shop.";
const ШКОЛА = "«Лингва» учит английскому и немецкому взрослых. Вечерние занятия идут с 18:30 до 20:30, курсы начинаются в январе.";

describe("the place that supports a claim", () => {
  it.each([
    ["It holds 0.75 litres.", BOTTLE, "It holds 0.75 litres."],
    ["It stays cold for 24 hours.", BOTTLE, "The bottle keeps drinks cold for 24 hours."],
    ["It holds 0.75 litres and the lid is washed by hand", BOTTLE, "It holds 0.75 litres. Wash the lid by hand."],
    ["No, gas cartridges cannot be shipped by post", DELIVERY, "We cannot ship gas cartridges by post; they are sold in the shop."],
    ["Курсы начинаются в январе", ШКОЛА, "Вечерние занятия идут с 18:30 до 20:30, курсы начинаются в январе."],
    ["Ten years", "All bottles come with a ten-year warranty.", "All bottles come with a ten-year warranty."],
  ])("%s", (claim, text, quote) => expect(quoteFor(claim, text)).toBe(quote));

  it.each([
    ["another number", "Delivery to Germany takes 5–9 working days", DELIVERY],
    ["a number of something else", "Delivery to Germany costs 16 dollars", DELIVERY],
    ["another unit", "The bottle keeps drinks cold for 24 minutes", BOTTLE],
    ["a number in words", "Delivery to Germany takes eleven working days", DELIVERY],
    ["another name", "Delivery to Norway takes 5–8 working days", DELIVERY],
    ["another month", "Курсы начинаются в июле", ШКОЛА],
    ["yes instead of no", "Yes, we ship gas cartridges by post", DELIVERY],
    ["no instead of yes", "The bottle does not keep drinks cold for 24 hours", BOTTLE],
    ["a sibling's figures", "The Fjord 3 costs 249 €", "Model: Fjord 2; Price: 249 €\nModel: Fjord 3; Price: 319 €"],
    ["nothing in common", "Penguins live in Antarctica", BOTTLE],
  ])("not with %s: %s", (_, claim, text) => expect(quoteFor(claim, text)).toBeNull());

  it("not for what a claim only echoes from the question", () => {
    expect(quoteFor("Да, мы учим японскому взрослых", ШКОЛА, "Вы учите японскому?")).toBeNull();
    expect(quoteFor("Да, мы учим немецкому взрослых", ШКОЛА, "Вы учите немецкому?")).toContain("немецкому");
  });

  it("reads a bare yes or no together with the question", () => {
    expect(quoteFor("No.", DELIVERY, "Do you ship gas cartridges by post?")).toContain("cannot ship");
    expect(quoteFor("Yes.", DELIVERY, "Do you ship gas cartridges by post?")).toBeNull();
  });

  it("is the sentence itself for a claim that repeats it, whatever it denies", () => {
    expect(quoteFor("- Not sold in Norway, no refunds.", "Open daily.\n- Not sold in Norway, no refunds.\nClosed.")).toBe(
      "- Not sold in Norway, no refunds.",
    );
  });

  it("is never the question of an FAQ alone", () => {
    expect(quoteFor("We repair torn tents", "Do you repair torn tents? Yes, for 25 €.")).toBe("Do you repair torn tents? Yes, for 25 €.");
  });

  it("across languages goes by numbers and names, and needs all of them", () => {
    expect(quoteFor("Сохраняет холод 24 часа", BOTTLE)).toBe("The bottle keeps drinks cold for 24 hours.");
    expect(quoteFor("Сохраняет холод 48 часов", BOTTLE)).toBeNull();
    expect(quoteFor("Крышку мыть руками", BOTTLE)).toBeNull();
  });

  it("cuts a quote that is too long after a word", () => {
    const quote = quoteFor("word end", `${"word ".repeat(300)}end`);
    expect(quote!.length).toBeLessThanOrEqual(600);
    expect(quote).toMatch(/word$/);
  });
});
