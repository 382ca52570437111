import { describe, expect, it } from "vitest";
import type { HistoryTurn } from "./prompt.ts";
import type { Passage } from "./retrieve.ts";
import { declineReply, isDeclined, isOffTopic, saysDecline, type Topics, topicRules } from "./topics.ts";

const topics = (over: Partial<Topics>): Topics => ({ only: [], never: [], reply: { en: "", ru: "" }, ...over });
const passage = (text: string): Passage => ({
  index: 1,
  chunkId: "c",
  chunkHash: "h",
  sourceId: "s",
  title: "Doc",
  url: null,
  mediaType: null,
  page: null,
  headings: [],
  text,
  charStart: 0,
  score: 1,
});
const said = (text: string): HistoryTurn => ({ author: "visitor", text });

describe("subjects that are declined", () => {
  const never = topics({ never: ["politics, elections", "medical advice", "политика", "цены конкурентов"] });
  it.each([
    "What do you think about politics?",
    "Which political party is best?",
    "Who wins the next election?",
    "Can you give me advice on a medical matter?",
    "Что вы думаете о политике?",
    "Расскажи про политическую обстановку",
    "А какие цены у конкурента?",
  ])("declines %s", (question) => expect(isDeclined(never, question, [])).toBe(true));

  it.each([
    "How long is the warranty?",
    "Do you have any advice on bottles?",
    "Сколько стоит доставка?",
    "Какие у вас цены?",
    "What is your privacy policy?",
    "Hello!",
    "Спасибо",
  ])("answers %s", (question) => expect(isDeclined(never, question, [])).toBe(false));

  it("understands a question that points back, and lets a new one pass", () => {
    const history = [said("What do you think about politics?")];
    expect(isDeclined(never, "And why is that?", history)).toBe(true);
    expect(isDeclined(never, "Delivery?", history)).toBe(false);
    expect(isDeclined(never, "А почему это так?", [said("Что с политикой?")])).toBe(true);
    expect(isDeclined(never, "Thanks!", history)).toBe(false);
  });
});

describe("the only subjects", () => {
  const only = topics({ only: ["bottles", "delivery and returns", "бутылки", "доставка"] });
  const known = [passage("Delivery and returns take three days.")];
  it("answers what names one, or what is found under one", () => {
    expect(isOffTopic(only, "Which bottles keep tea hot?", [], [])).toBe(false);
    expect(isOffTopic(only, "How many days do I have to wait?", [], known)).toBe(false);
    expect(isOffTopic(only, "Сколько стоит доставка?", [], [])).toBe(false);
    expect(isOffTopic(only, "Hi!", [], [])).toBe(false);
  });
  it("declines what does neither", () => {
    expect(isOffTopic(only, "Who won the world cup in 1998?", [], known)).toBe(true);
    expect(isOffTopic(only, "Напиши стихотворение о весне", [], [])).toBe(true);
  });
  it("takes a follow-up with what was asked before", () => {
    expect(isOffTopic(only, "And is it free?", [said("How is delivery to Berlin?")], [])).toBe(false);
  });
  it("does not compare words of two languages", () => {
    expect(isOffTopic(topics({ only: ["bottles"] }), "Сколько стоит ваза?", [], [])).toBe(false);
    expect(isOffTopic(topics({}), "Anything", [], [])).toBe(false);
  });
});

describe("declining", () => {
  it("says the company's words in the visitor's language, or ours", () => {
    const own = topics({ never: ["politics"], reply: { en: "Only bottles here.", ru: "" } });
    expect(declineReply(own, "en")).toBe("Only bottles here.");
    expect(declineReply(own, "ru")).toMatch(/^На эту тему/);
    expect(topicRules(own, "en").join("\n")).toContain("Decline whatever concerns: politics.");
    expect(topicRules(own, "en").join("\n")).toContain("Only bottles here.");
    expect(topicRules(topics({}), "en")).toEqual([]);
  });
  it("is recognised when a model does it", () => {
    const own = topics({ never: ["politics"], reply: { en: "Only bottles here.", ru: "" } });
    expect(saysDecline("**Only bottles here.** Anything else?", own, "en")).toBe(true);
    expect(saysDecline("Only bottles of steel.", own, "en")).toBe(false);
    expect(saysDecline("That is outside of what I can talk about here.", topics({}), "en")).toBe(false);
  });
});
