import { describe, expect, it } from "vitest";
import { askedBefore, leans } from "./follow-up.ts";
import type { HistoryTurn } from "./prompt.ts";

const said = (...texts: string[]): HistoryTurn[] => texts.map((text, at) => ({ author: at % 2 ? "agent" : "visitor", text }));
const DELIVERY = "How long does delivery to Serbia take?";
const КОФЕМОЛКА = "Есть ли у вас ручная кофемолка Zeta?";

describe("what a question takes along from those before it", () => {
  it.each([
    ["And how much does it cost?", DELIVERY],
    ["what about weekends?", DELIVERY],
    ["And for Croatia?", DELIVERY],
    ["Can they bring it to my office?", DELIVERY],
    ["А сколько она стоит?", КОФЕМОЛКА],
    ["а гарантия?", КОФЕМОЛКА],
    ["Гарантия?", КОФЕМОЛКА],
    ["Можно ли её вернуть, если не подошла?", КОФЕМОЛКА],
    ["И сколько ждать доставку?", КОФЕМОЛКА],
  ])("%s takes along the question that named the subject", (question, before) => {
    expect(askedBefore(question, said(before, "An answer [1]."))).toBe(before);
  });

  it.each([
    "Is there a pharmacy in the building?",
    "Do you repair bicycles bought in another shop?",
    "Какие документы нужны для возврата товара почтой?",
    "Thanks!",
    "Спасибо",
  ])("%s stands alone", (question) => {
    expect(askedBefore(question, said(DELIVERY, "An answer."))).toBe("");
  });

  it("goes back over further follow-ups to the subject, past pleasantries, and no further", () => {
    const history = said(
      "What payment methods are there?",
      "Cards.",
      DELIVERY,
      "Five days.",
      "thanks",
      "Welcome!",
      "And by courier?",
      "Two days.",
    );
    expect(askedBefore("How much is it?", history)).toBe(`And by courier? ${DELIVERY}`);
  });

  it("has nothing to take along at the start", () => {
    expect(askedBefore("How much is it?", [])).toBe("");
  });

  it("ends at a question that names something, though it may itself lean on another", () => {
    expect(askedBefore("а на гравировку?", said(DELIVERY, "Five days.", "Какая гарантия?", "Ten years."))).toBe("Какая гарантия?");
  });

  it.each([
    ["Какая гарантия?", "maybe"],
    ["warranty", "maybe"],
    ["And the warranty?", "yes"],
    ["How much?", "yes"],
    ["How long is the warranty on bottles?", "no"],
    ["Where are you?", "no"],
    ["А как с вами связаться?", "no"],
    ["How much is it?", "yes"],
    ["Where is it?", "yes"],
  ] as const)("%s leans on them: %s", (question, answer) => {
    expect(leans(question)).toBe(answer);
  });
});
