import { SOURCE_FAILURES } from "@gpt-agent/core/source-failures";
import { describe, expect, test } from "vitest";
import { en } from "./en";
import { formatsIn } from "./formats";
import { pluralIn } from "./plural";
import { ru } from "./ru";

type Leaf = { path: string; value: unknown };
const leaves = (value: unknown, path = ""): Leaf[] =>
  typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([key, inner]) => leaves(inner, path ? `${path}.${key}` : key))
    : [{ path, value }];

const english = leaves(en);
const russian = new Map(leaves(ru).map(({ path, value }) => [path, value]));
/** Words that are the same in both languages on purpose. */
const SAME = new Set(["product", "conversations.api", "crm.tab", "crm.clouds.amocrm.global"]);

describe("dictionaries", () => {
  test("have exactly the same keys, of the same kind", () => {
    expect([...russian.keys()].sort()).toEqual(english.map(({ path }) => path).sort());
    for (const { path, value } of english) expect([path, typeof russian.get(path)]).toEqual([path, typeof value]);
  });

  test("hold no empty words", () => {
    for (const { path, value } of [...english, ...leaves(ru)])
      if (typeof value === "string") expect([path, value.trim() !== ""]).toEqual([path, true]);
  });

  test("Russian is written in Russian, with «ёлочки» and without English quotes", () => {
    for (const { path, value } of english) {
      const words = russian.get(path);
      if (typeof value !== "string" || typeof words !== "string") continue;
      if (!SAME.has(path) && /\p{Script=Latin}{3}/u.test(value) && !value.includes("example.com"))
        expect([path, /\p{Script=Cyrillic}/u.test(words)]).toEqual([path, true]);
      expect([path, /[“”]/.test(words)]).toEqual([path, false]);
    }
  });

  test("ё is written where it belongs", () => {
    const text = leaves(ru)
      .map(({ value }) => (typeof value === "string" ? value : ""))
      .join("\n");
    expect(text).not.toMatch(/\b(еще|прочтет|найдет|пришлем|темная|учетн)/iu);
  });

  test("every reason why a source failed has words", () => {
    for (const code of SOURCE_FAILURES) expect([code, Boolean(en.failures[code] && ru.failures[code])]).toEqual([code, true]);
  });
});

describe("plurals", () => {
  test.each([
    [1, "1 документ"],
    [2, "2 документа"],
    [5, "5 документов"],
    [11, "11 документов"],
    [21, "21 документ"],
    [104, "104 документа"],
  ])("Russian: %i", (n, words) => expect(ru.agents.documents(n)).toBe(words));

  test("English", () => {
    expect(en.agents.documents(1)).toBe("1 document");
    expect(en.agents.documents(1_204)).toBe("1,204 documents");
  });

  test("a language writes its own numbers", () => {
    expect(pluralIn("ru")(1_200, { one: "#", few: "#", many: "# штук", other: "#" })).toMatch(/^1\s200 штук$/);
  });
});

describe("formats", () => {
  const now = Date.parse("2026-11-22T12:00:00Z");
  test("relative time in both languages", () => {
    expect(formatsIn("en").ago("2026-11-22T11:55:00Z", now)).toBe("5 minutes ago");
    expect(formatsIn("ru").ago("2026-11-22T11:55:00Z", now)).toBe("5 минут назад");
    expect(formatsIn("ru").ago("2026-11-21T11:00:00Z", now)).toBe("вчера");
    expect(formatsIn("en").ago("2026-11-22T11:59:58Z", now)).toBe("now");
  });
  test("sizes and money", () => {
    expect(formatsIn("en").size(52_428_800)).toBe("50 MB");
    expect(formatsIn("ru").size(1_572_864)).toMatch(/^1,5\sМБ$/);
    expect(formatsIn("en").money(1_234)).toBe("$0.001234");
    expect(formatsIn("en").money(2_500_000)).toBe("$2.50");
  });
});
