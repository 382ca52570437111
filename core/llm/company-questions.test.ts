import { describe, expect, test } from "vitest";
import { companyQuestion, givingFirst, searchWords } from "./company-questions.ts";
import { quantities } from "./quantities.ts";

describe("a question to the company itself", () => {
  test.each([
    ["Where are you?", "place"],
    ["where is your office located", "place"],
    ["What's your address?", "place"],
    ["How do I get to you?", "place"],
    ["Где вы находитесь?", "place"],
    ["Как до вас добраться?", "place"],
    ["Как найти ваш магазин?", "place"],
    ["Где ваш офис?", "place"],
    ["Подскажите, пожалуйста, ваш адрес", "place"],
    ["How can I contact you?", "contact"],
    ["What is your e-mail address?", "contact"],
    ["Как с вами связаться?", "contact"],
    ["телефон", "contact"],
    ["When are you open?", "hours"],
    ["opening hours", "hours"],
    ["Какой у вас график работы?", "hours"],
    ["До скольки вы работаете?", "hours"],
    ["What do you sell?", "offer"],
    ["Чем занимается ваша компания?", "offer"],
    ["What are the prices?", "prices"],
    ["How much does it cost?", "prices"],
    ["Сколько стоит?", "prices"],
    ["Цены", "prices"],
  ])("%s asks for the %s", (question, subject) => {
    expect(companyQuestion(question)?.subject).toBe(subject);
  });

  test.each([
    "Where are you shipping from?",
    "Where is the serial number?",
    "How do I change my address?",
    "How much is the Fjord 5?",
    "When is the warehouse in Moscow open?",
    "Can I change my e-mail?",
    "How many hours does the battery last?",
    "What do you do with my data?",
    "Где мой заказ?",
    "Где?",
    "Где это?",
    "Как найти?",
    "How many hours?",
    "Какое расписание?",
    "Сколько стоит доставка в Сербию?",
    "Когда вы работаете с возвратами?",
    "Thanks",
    "",
  ])("%j asks for something else", (question) => {
    expect(companyQuestion(question)).toBeNull();
    expect(searchWords(question)).toBe("");
  });

  test("takes no longer to tell, however often it repeats itself", () => {
    const started = performance.now();
    expect(companyQuestion("are where is do does what ".repeat(20_000))).toBeNull();
    // A thousand times what it takes: only a backtracking expression is slower.
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});

describe("what answers it", () => {
  test.each([
    ["Where are you?", "Our shop is at Jezerska 14, Podgorica.", "We deliver to Serbia in 3 days."],
    ["Where are you?", "Come to 12 Baker Street.", "The order is at risk on 2 January."],
    ["Где вы?", "Мы находимся в Подгорице.", "Напишите адрес доставки."],
    ["Где вы?", "Ждём вас: ул. Пушкина, 5.", "Где бы вы ни были, мы доставим."],
    ["How can I contact you?", "Write to hello@tarn.example.", "Contact the carrier."],
    ["Ваш телефон?", "Звоните: +382 20 000 114.", "Телефон можно зарядить за 2 часа."],
    ["When are you open?", "We are open from 10:00 to 19:00.", "Press the lid to open it."],
    ["График работы", "По воскресеньям магазин закрыт.", "Гарантия работает 10 лет."],
    ["What do you sell?", "We sell bottles.", "Gift cards cannot be sold."],
    ["Чем вы занимаетесь?", "Мы делаем бутылки.", "Бутылки с гравировкой мы делаем дольше."],
    ["What are the prices?", "Model: Kid; Price: €21", "The price is final."],
  ])("%s: %s; not: %s", (question, answer, other) => {
    const { given } = companyQuestion(question)!;
    expect([answer, other].map((text) => given(text, quantities(text)))).toEqual([true, false]);
  });

  test("comes first: in the language of the question, then where there is most of it; other questions keep the order", () => {
    const texts = [
      "Nothing.",
      "Пожалуйста, пишите нам на a@b.example.",
      "Write to a@b.example.",
      "Write to a@b.example. Call +1 555 000 0000.",
    ];
    const passages = texts.map((body) => ({ body, heading_path: ["About"] }));
    const order = (question: string) => givingFirst(question, passages).map((passage) => passages.indexOf(passage));
    expect(order("How can I contact you?")).toEqual([3, 2, 1, 0]);
    expect(order("Как с вами связаться?")).toEqual([1, 3, 2, 0]);
    expect(order("What is a bottle?")).toEqual([0, 1, 2, 3]);
  });

  test("is searched for by more words in the question's language than in the other", () => {
    expect(searchWords("Where are you?")).toMatch(/^address .* адрес \S+$/);
    expect(searchWords("Где вы?")).toMatch(/^адрес .* address \S+$/);
  });
});
