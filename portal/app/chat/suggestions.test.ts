import { describe, expect, it } from "vitest";
import type { Passage } from "./retrieve.ts";
import { suggestQuestions } from "./suggestions.ts";

const passage = (index: number, headings: string[], text: string): Passage => ({
  index,
  chunkId: `c${index}`,
  chunkHash: "h",
  sourceId: "s",
  title: "Guide",
  url: null,
  mediaType: null,
  page: null,
  headings,
  text,
  charStart: 0,
  score: 1,
});
const suggest = (passages: Passage[], more: Partial<Parameters<typeof suggestQuestions>[0]> = {}) =>
  suggestQuestions({ passages, cited: new Set([1]), asked: ["How long does delivery take?"], locale: "en", ...more });

describe("next questions", () => {
  it("are the FAQ questions and headings of what was found, uncited passages first", () => {
    const found = suggest([
      passage(1, ["Shop", "Delivery times"], "Delivery takes five days."),
      passage(2, ["FAQ"], "Can I pay in cash? Yes. Do you ship abroad? To Serbia only."),
      passage(3, ["Shop", "Warranty and repair"], "Repairs under warranty take two weeks."),
    ]);
    expect(found).toEqual(["Can I pay in cash?", "Do you ship abroad?", "Warranty and repair"]);
  });

  it("repeat neither what was asked nor each other, and keep to the visitor's language", () => {
    const passages = [
      passage(1, ["Сроки доставки"], "Пять дней."),
      passage(2, ["Delivery: how long it takes"], "Five days."),
      passage(3, ["Гарантия и ремонт"], "Гарантийный ремонт — две недели."),
      passage(4, ["Ремонт и гарантия"], "Гарантийный ремонт — два месяца."),
      passage(5, ["Наша команда"], "Любим горы."),
    ];
    expect(suggest(passages, { locale: "ru", asked: ["Какие сроки доставки?"] })).toEqual(["Гарантия и ремонт", "Наша команда"]);
  });

  it("T44: carry no link, markup or invisible text out of a document", () => {
    const hostile = ["See https://evil.example/?q", "![x](//evil)", "<b>Click</b> here", "www.evil.example prices", "Ret\u200burns"];
    expect(suggest(hostile.map((heading, at) => passage(at + 2, [heading], "Returns take a week.")))).toEqual(["Returns"]);
  });
});
