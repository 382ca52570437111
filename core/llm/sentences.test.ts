import { describe, expect, it } from "vitest";
import { splitSentences } from "./sentences.ts";

const texts = (text: string) => splitSentences(text).map((sentence) => sentence.text);

describe("splitting into sentences", () => {
  it.each([
    ["It works. It really does! Does it?", ["It works.", "It really does!", "Does it?"]],
    ["Version 2.1 costs $3.50 at example.com today. Buy it.", ["Version 2.1 costs $3.50 at example.com today.", "Buy it."]],
    ["Ask Dr. Smith, e.g. on Monday. He knows.", ["Ask Dr. Smith, e.g. on Monday.", "He knows."]],
    ["J. R. Tolkien wrote it. So they say.", ["J. R. Tolkien wrote it.", "So they say."]],
    ["Made by Acme Inc. The bottle is steel.", ["Made by Acme Inc.", "The bottle is steel."]],
    ['He said "Stop." Then he left.', ['He said "Stop."', "Then he left."]],
    ["Цена 350 руб. При заказе от 5000 руб. доставка бесплатна.", ["Цена 350 руб.", "При заказе от 5000 руб. доставка бесплатна."]],
    ["Офис в г. Москва. Открыт в 2019 г. Компания растёт.", ["Офис в г. Москва.", "Открыт в 2019 г.", "Компания растёт."]],
    ["А. С. Пушкин родился в 1799 г. в Москве. Он поэт.", ["А. С. Пушкин родился в 1799 г. в Москве.", "Он поэт."]],
    ["Сталь, пластик и т.д. подходят, т.е. годятся. Да…", ["Сталь, пластик и т.д. подходят, т.е. годятся.", "Да…"]],
    ["См. стр. 5 и рис. 2. Там всё.", ["См. стр. 5 и рис. 2.", "Там всё."]],
    ["Wrapped\nline goes on. Next one.", ["Wrapped\nline goes on.", "Next one."]],
    [
      "# Heading\nText follows here.\n\n- first item\n- second item\n1. one\n2. two",
      ["# Heading", "Text follows here.", "- first item", "- second item", "1. one", "2. two"],
    ],
    ["Prices.\nPart: Lid; Price: 5 €\nPart: Seal; Price: 2 €", ["Prices.", "Part: Lid; Price: 5 €", "Part: Seal; Price: 2 €"]],
    [
      "Телефон: +382 20 000 114\nЧасы: 10:00–19:00\nПочта: a@b.example",
      ["Телефон: +382 20 000 114", "Часы: 10:00–19:00", "Почта: a@b.example"],
    ],
    ["Two things to\nRemember: keep it\nclean and dry.", ["Two things to\nRemember: keep it\nclean and dry."]],
    ["", []],
    ["... !!! ???", []],
  ])("%j", (text, expected) => {
    expect(texts(text)).toEqual(expected);
  });

  it("gives offsets into the text itself", () => {
    const text = "  Первое предложение.   Second one, 3.5 kg!\n\nТретье?";
    for (const { start, end, text: sentence } of splitSentences(text)) expect(text.slice(start, end)).toBe(sentence);
  });

  it("survives 100,000 characters without a space", () => {
    expect(splitSentences("a.".repeat(50_000))).toHaveLength(1);
    expect(splitSentences("\n".repeat(100_000))).toHaveLength(0);
  });
});
