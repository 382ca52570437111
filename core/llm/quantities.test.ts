import { describe, expect, it } from "vitest";
import { dates, quantities, sameQuantity } from "./quantities.ts";

const read = (text: string) => quantities(text).map(({ number, unit }) => (unit ? `${number} ${unit}` : String(number)));

describe("numbers in a text", () => {
  it.each([
    ["It costs $29 or 1 990 ₽, not €6.90.", ["29 money $", "1990 money ₽", "6.9 money €"]],
    ["Delivery takes 5–8 working days.", ["5 minutes", "8 minutes"]],
    ["От 3 до 7 рабочих дней, 2400\u00a0руб.", ["3", "7 minutes", "2400 money ₽"]],
    ["a ten-year warranty, 4,000 mm, 1,5 %", ["10 months", "4000 millimetres", "1.5 percent"]],
    ["Десятилетняя гарантия, два года", ["10 months", "2 months"]],
    ["from 10:00 to 6:30 pm, 3 pm", ["10 clock", "18.3 clock", "15 clock"]],
    ["level B2, groups of five", ["2", "5"]],
    ["no numbers here", []],
  ])("%s", (text, expected) => expect(read(text)).toEqual(expected));

  it.each([
    ["60 minutes", "1 hour"],
    ["two weeks", "14 дней"],
    ["24 months", "два года"],
    ["18", "18:00"],
    ["500 grams", "0.5 kg"],
    ["7.5 %", "7,5 процента"],
  ])("%s can be %s", (a, b) => expect(sameQuantity(quantities(a)[0]!, quantities(b)[0]!)).toBe(true));

  it.each([
    ["12 €", "12 hours"],
    ["12 €", "$12"],
    ["5 days", "5 weeks"],
    ["7", "8"],
    ["£8", "up to 8"],
  ])("%s is not %s", (a, b) => expect(sameQuantity(quantities(a)[0]!, quantities(b)[0]!)).toBe(false));

  it("knows months and weekdays in both languages, and words that only look like them", () => {
    expect(dates("On Fridays in July")).toEqual(dates("В июле по пятницам"));
    expect(dates("You may march on")).toEqual(new Set());
    expect(dates("in May")).toEqual(dates("в мае"));
  });
});
