import { describe, expect, test } from "vitest";
import { chooseLocale, strings } from "./strings.ts";

describe("the widget's words", () => {
  test("the language is the first wish that we speak", () => {
    expect(chooseLocale(undefined, "ru-RU", "en")).toBe("ru");
    expect(chooseLocale(null, "", "EN-gb")).toBe("en");
    expect(chooseLocale("de", "fr", "ru")).toBe("ru");
    expect(chooseLocale("de")).toBe("en");
  });

  test("Russian counts as Russian does", () => {
    const words = [1, 2, 5, 11, 21, 22, 112].map((count) => strings.ru.tooLong(count).match(/знак\S*(?=\.)/)?.[0]);
    expect(words).toEqual(["знак", "знака", "знаков", "знаков", "знак", "знака", "знаков"]);
  });

  test("a wait is told in its largest fitting unit", () => {
    expect([1, 59, 60, 61, 3_600, 5_400, 5_401, 80_000].map((seconds) => strings.en.retryIn(seconds).replace("Try again in ", ""))).toEqual(
      ["1 s", "59 s", "1 min", "2 min", "60 min", "90 min", "2 h", "23 h"],
    );
  });

  test("no text is missing, left over from the other language, or the same by mistake", () => {
    const flat = (words: object): [string, string][] =>
      Object.entries(words).flatMap(([key, value]) =>
        typeof value === "object" ? flat(value) : [[key, typeof value === "function" ? value(3) : String(value)]],
      );
    const russian = new Map(flat(strings.ru));
    for (const [key, english] of flat(strings.en)) {
      expect(russian.get(key), key).toBeTruthy();
      if (key === "language") continue;
      expect(english, key).not.toMatch(/[а-яё]/i);
      expect(russian.get(key), key).toMatch(/[а-яё]/i);
    }
  });
});
