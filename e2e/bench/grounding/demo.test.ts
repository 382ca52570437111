// What a newcomer asks the demo's shop, of its real files, by the real search: the tables of a PDF and of a Word file among them.
import { readdir, readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { quotesLlm } from "../../../core/llm/quotes.ts";
import { startTestBackend, type TestBackend } from "../../../supabase/embedded/test-backend.ts";
import { chunk } from "../../../worker/ingest/chunk.ts";
import { extract } from "../../../worker/ingest/extract/extract.ts";
import { askShelf, type Shelf, shelveDocuments } from "./measure.ts";

const KNOWLEDGE = new URL("../../../supabase/embedded/demo/knowledge/", import.meta.url);
let backend: TestBackend;
let shelf: Shelf;

beforeAll(async () => {
  backend = await startTestBackend();
  const documents = (await readdir(KNOWLEDGE)).map(async (name) => {
    const document = await extract(await readFile(new URL(name, KNOWLEDGE)), name);
    return { text: document.text, title: document.title ?? name, chunks: chunk(document) };
  });
  shelf = await shelveDocuments(backend, "demo", await Promise.all(documents));
});
afterAll(() => backend?.close());

const said = async (question: string, after?: string) => {
  const language = /\p{Script=Cyrillic}/u.test(question) ? "ru" : "en";
  const { text } = await askShelf(
    shelf,
    { text: question, language, ...(after ? { after: [after, "…"] } : {}) },
    quotesLlm({ pauseMs: 0 }),
  );
  return text.split("\n\n").slice(1);
};

describe("the demo's shop", () => {
  test.each([
    ["How much does Basecamp weigh?", /^Model: Basecamp; .*Weight: 610 g/],
    ["How wide is the Cup?", /^Model: Cup; .*Height × width: 14 × 8 cm/],
    ["What does the spare press lid cost?", /^Part: Spare press lid; Fits: Cup; Price: €9/],
    ["How long does Kid stay cold?", /^Model: Kid; .*Stays cold: 8 h/],
    ["Сколько весит One 750?", /^Модель: One 750; .*Вес: 380 г/],
    ["Сколько часов Cup держит холод?", /^Модель: Cup; .*Держит холод: 10 ч/],
  ])("is asked %j and quotes the row that says it first, and no other row of its table", async (question, row) => {
    const quotes = await said(question);
    expect(quotes[0]).toMatch(row);
    expect(quotes.filter((quote) => quote.startsWith(quotes[0]!.slice(0, 6)))).toHaveLength(1);
  });

  test.each([
    ["And how much does it cost?", "How long does Kid stay cold?", /^Model: Kid; .*Price: €21/],
    ["А какая у неё высота?", "Сколько часов Cup держит холод?", /^Модель: Cup; .*Высота × ширина: 14 × 8 см/],
  ])("is asked %j after %j", async (question, before, row) => {
    expect(await said(question, before)).toEqual([expect.stringMatching(row)]);
  });

  test.each([
    ["Where are you?", /^Our shop and workshop are at Jezerska 14/],
    ["What is your address?", /^Our shop and workshop are at Jezerska 14/],
    ["How can I contact you?", /^The best way to contact us is to write to hello@tarn\.example/],
    ["What are your opening hours?", /^The shop is open Monday to Friday from 10:00 to 19:00/],
    ["What do you do?", /^Tarn is a small maker of steel bottles/],
    ["What are the prices?", /^\w+: .*; Price: €/],
    ["Где вы находитесь?", /Jezerska 14, Подгорица/],
    ["Как с вами связаться?", /^Связаться с нами проще всего по почте hello@tarn\.example/],
    ["График работы", /^Магазин работает с понедельника по пятницу с 10:00 до 19:00/],
    ["Чем вы занимаетесь?", /^«Тарн» — маленькая мастерская стальных бутылок/],
    ["Какие у вас цены?", /^\p{L}+: .*; Цена: \d+ €/u],
  ])("is asked %j, which has hardly a word of the documents", async (question, answer) => {
    expect((await said(question))[0]).toMatch(answer);
  });

  test("is asked where it is in the middle of a conversation, and answers for itself", async () => {
    expect((await said("And where are you?", "How long does Kid stay cold?"))[0]).toMatch(/Jezerska 14/);
  });
});
