import { describe, expect, it } from "vitest";
import type { Locale } from "../locales.ts";
import { bestSentences } from "./best-sentences.ts";
import type { LlmPart, LlmPassage, LlmPrompt } from "./llm.ts";
import { quotesLlm } from "./quotes.ts";
import { smallTalk } from "./quotes-words.ts";

const passage = (index: number, text: string, title = "Handbook", headings: string[] = []): LlmPassage => ({
  index,
  title,
  headings,
  text,
});
const KNOWLEDGE = [
  passage(1, "Orders ship within two days. Delivery to Serbia takes five to seven days. Express delivery is not offered.", "Delivery"),
  passage(2, "The bottle keeps drinks cold for 24 hours. Wash the lid by hand; the body may go into the dishwasher.", "Care"),
  passage(3, "Гарантия на бутылку — десять лет. Она не распространяется на вмятины. Для возврата нужен чек.", "Гарантия"),
];

async function answer(
  question: string,
  passages: LlmPassage[],
  locale: Locale = "en",
  fallback = false,
): Promise<{ text: string; end: LlmPart | undefined }> {
  const prompt: LlmPrompt = { messages: [], question, passages, locale, models: [], temperature: 0, maxOutputTokens: 1 };
  let text = "";
  let end: LlmPart | undefined;
  const hear = (part: LlmPart) => {
    if (part.type === "delta") text += part.delta;
    else end = part;
  };
  await quotesLlm({ fallback }).stream(prompt, hear, new AbortController().signal);
  return { text, end };
}

describe("the quoting responder", () => {
  it.each([
    ["How long does delivery to Serbia take?", "Delivery to Serbia takes five to seven days. [1]"],
    ["Can I wash the bottle in a dishwasher?", "the body may go into the dishwasher. [2]"],
    ["Какая гарантия на бутылку?", "Гарантия на бутылку — десять лет. [3]"],
    ["действует ли гарантия на вмятины", "Она не распространяется на вмятины. [3]"],
  ])("quotes the sentence that answers: %s", async (question, quote) => {
    const { text, end } = await answer(question, KNOWLEDGE);
    expect(text).toContain(quote);
    expect(end).toMatchObject({ type: "end", finishReason: "stop", supported: true });
  });

  it.each([
    ["Who is the president of France?", "en", /couldn't find/],
    ["Сколько стоит аренда велосипеда в Токио?", "ru", /не нашлось/],
    ["???", "ru", /не нашлось/],
  ] as const)("says so when the knowledge holds no answer: %s", async (question, locale, words) => {
    const { text, end } = await answer(question, KNOWLEDGE, locale);
    expect(text).toMatch(words);
    expect(text).not.toContain("[");
    expect(end).toMatchObject({ supported: false });
  });

  it("of a question with what it leans on, the question's own words, numbers and kind count first", () => {
    const shop = [
      passage(
        1,
        "Delivery to Moscow costs 490 roubles. Orders leave our warehouse in Moscow. From 6,000 roubles delivery is free.",
        "Delivery",
      ),
      passage(2, "The Fjord 2 tent weighs 2.1 kg. The Fjord 3 tent weighs 2.9 kg.", "Tents"),
    ];
    const said = (question: string, before: string) => bestSentences(question, shop, before).map(({ text }) => text);
    expect(said("And is it free?", "How much is delivery to Moscow?")).toEqual(["From 6,000 roubles delivery is free."]);
    expect(said("And the Fjord 3?", "How much does the Fjord 2 weigh?")).toEqual(["The Fjord 3 tent weighs 2.9 kg."]);
    expect(said("And to Tokyo?", "How much is delivery to Moscow?")).toEqual([]);
  });

  it("quotes the rows of a table that hold the thing asked about, each in a paragraph of its own", async () => {
    const rows = [
      "Model: Cup; Volume: 300 ml; Weight: 190 g; Price: €22",
      "Model: Kid; Volume: 280 ml; Weight: 205 g; Price: €21",
      "Model: Basecamp; Volume: 1.2 l; Weight: 610 g; Price: €46",
    ];
    const range = [passage(1, rows.join("\n"), "The range")];
    const said = (question: string, before = "") => bestSentences(question, range, before).map(({ text }) => text);
    expect(said("How much does Basecamp weigh?")).toEqual([rows[2]]);
    expect(said("And how much does it cost?", "What is the weight of the Kid?")).toEqual([rows[1]]);
    expect((await answer("What do Cup and Kid cost?", range)).text).toContain(`${rows[0]} [1]\n\n${rows[1]} [1]`);
  });

  it("says that a model is unavailable when it stands in for one", async () => {
    expect((await answer("How long does delivery to Serbia take?", KNOWLEDGE, "en", true)).text).toMatch(
      /^The assistant's model is unavailable/,
    );
    expect((await answer("Who is the president of France?", KNOWLEDGE, "ru", true)).text).toMatch(/^Языковая модель сейчас недоступна/);
  });

  it("answers with what follows a heading or the question of an FAQ, not with these", async () => {
    const faq = [passage(1, "# Warranty\nTen years.\n\nCan I return a bottle? Yes, within 30 days. How to return it: fill in the form.")];
    const { text } = await answer("Can I return a bottle?", faq);
    expect(text).toMatch(/^Here is what the documents say:\n\nYes, within 30 days\. \[1\]/);
    expect(text).not.toContain("Can I return");
    expect((await answer("warranty", faq)).text).toContain("Ten years. [1]");
  });

  it("quotes at most four sentences, each once", () => {
    const many = [
      passage(1, Array.from({ length: 12 }, (_, i) => `Delivery number ${i} to Serbia is fine.`).join(" ")),
      passage(2, "Delivery number 1 to Serbia is fine."),
    ];
    const chosen = bestSentences("delivery to Serbia", many);
    expect(chosen.length).toBeLessThanOrEqual(4);
    expect(new Set(chosen.map(({ text }) => text)).size).toBe(chosen.length);
  });

  it("stops at once when aborted", async () => {
    const controller = new AbortController();
    const prompt: LlmPrompt = {
      messages: [],
      question: "delivery to Serbia",
      passages: KNOWLEDGE,
      locale: "en",
      models: [],
      temperature: 0,
      maxOutputTokens: 1,
    };
    const hear = (part: LlmPart) => void (part.type === "delta" && controller.abort(new Error("enough")));
    await expect(quotesLlm().stream(prompt, hear, controller.signal)).rejects.toThrow("enough");
  });
});

describe("pleasantries", () => {
  it.each(["hi", "Hello!", "hey there", "Добрый день!", "привет)", "Здравствуйте."])("%s is a hello", (text) =>
    expect(smallTalk(text)).toBe("hello"),
  );
  it.each(["thanks", "Thank you so much!", "Спасибо большое", "ok thanks"])("%s is thanks", (text) =>
    expect(smallTalk(text)).toBe("thanks"),
  );
  it.each(["hi, what is the warranty?", "спасибо, а доставка?", "", "hiking boots", "доставка"])("%s is a question", (text) =>
    expect(smallTalk(text)).toBeNull(),
  );
});
