import { describe, expect, it } from "vitest";
import type { HistoryTurn } from "./prompt.ts";
import { searchText } from "./search-text.ts";

const said = (...texts: string[]): HistoryTurn[] => texts.map((text, at) => ({ author: at % 2 ? "agent" : "visitor", text }));
const DELIVERY = "How long does delivery to Serbia take?";
const КОФЕМОЛКА = "Есть ли у вас ручная кофемолка Zeta?";

describe("what is searched for", () => {
  it.each([
    ["And how much does it cost?", DELIVERY],
    ["what about weekends?", DELIVERY],
    ["And for Croatia?", DELIVERY],
    ["Can they bring it to my office?", DELIVERY],
    ["А сколько она стоит?", КОФЕМОЛКА],
    ["а гарантия?", КОФЕМОЛКА],
    ["Можно ли её вернуть, если не подошла?", КОФЕМОЛКА],
    ["И сколько ждать доставку?", КОФЕМОЛКА],
  ])("%s takes along the question that named the subject", (question, before) => {
    expect(searchText(question, said(before, "An answer [1]."))).toBe(`${question} ${before}`);
  });

  it.each(["Do you repair bicycles bought in another shop?", "Какие документы нужны для возврата товара почтой?", "Thanks!", "Спасибо"])(
    "%s stands alone",
    (question) => {
      expect(searchText(question, said(DELIVERY, "An answer."))).toBe(question);
    },
  );

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
    expect(searchText("How much is it?", history)).toBe(`How much is it? And by courier? ${DELIVERY}`);
  });

  it("has nothing to take along at the start", () => {
    expect(searchText("How much is it?", [])).toBe("How much is it?");
  });
});
