import { describe, expect, test } from "vitest";
import { plain, readMarkdown } from "./markdown.ts";

const outline = (content: string) => {
  const { blocks, text } = readMarkdown(content);
  return blocks.map(({ kind, headings, start, end }) => [kind, headings.join(" > "), text.slice(start, end)]);
};

describe("Markdown", () => {
  test("headings make the path", () => {
    expect(outline("# Guide\nIntro\n## Возврат\nСрок — 30 дней.\n### Чек\nНужен.\n## Доставка ##\nБесплатно.")).toEqual([
      ["heading", "", "Guide"],
      ["paragraph", "Guide", "Intro"],
      ["heading", "Guide", "Возврат"],
      ["paragraph", "Guide > Возврат", "Срок — 30 дней."],
      ["heading", "Guide > Возврат", "Чек"],
      ["paragraph", "Guide > Возврат > Чек", "Нужен."],
      ["heading", "Guide", "Доставка"],
      ["paragraph", "Guide > Доставка", "Бесплатно."],
    ]);
  });

  test("headings underlined, rules, and a # that is no heading", () => {
    expect(outline("Title\n=====\n\nPart\n---\n\n#hashtag\n\n***\n\nend")).toEqual([
      ["heading", "", "Title"],
      ["heading", "Title", "Part"],
      ["paragraph", "Title > Part", "#hashtag"],
      ["paragraph", "Title > Part", "end"],
    ]);
  });

  test("tables become rows that say what their cells mean", () => {
    expect(outline("| Модель | Цена |\n|:--|--:|\n| Чайник **S** | 3 990 ₽ |\n| a \\| b | |\n\nпосле")).toEqual([
      ["row", "", "Модель: Чайник S; Цена: 3 990 ₽"],
      ["row", "", "Модель: a | b"],
      ["paragraph", "", "после"],
    ]);
  });

  test("the front matter gives the title and nothing else", () => {
    const document = readMarkdown('---\ntitle: "Гарантия"\nsecret: x\n---\n\nТекст');
    expect(document.title).toBe("Гарантия");
    expect(document.text).toBe("Текст");
    expect(readMarkdown("---\nnot closed").text).toBe("not closed");
    expect(readMarkdown("# Первый\n\n## Второй").title).toBe("Первый");
  });

  test("code is kept as it is, comments are dropped", () => {
    expect(outline("a <!-- hidden\nnote --> b\n\n```js\nconst x = 1; // # no heading\n```\nc")).toEqual([
      ["paragraph", "", "a  b"],
      ["paragraph", "", "const x = 1; // # no heading"],
      ["paragraph", "", "c"],
    ]);
    expect(readMarkdown("~~~\nnever closed").text).toBe("never closed");
  });

  test.each([
    ["**bold** and *it* and ~~gone~~ and `code`", "bold and it and gone and code"],
    ["2 * 3 * 4 and snake_case_name and __init__", "2 * 3 * 4 and snake_case_name and init"],
    ["see [the page](https://example.com/a) or [here](/local) or ![pic](x.png)", "see the page (https://example.com/a) or here or pic"],
    ["[a@b.ru](mailto:a@b.ru), [ссылка][1], <https://e.com>", "a@b.ru, ссылка, https://e.com"],
    ["\\*not\\* emphasis, a &lt; b &amp; c", "*not* emphasis, a < b & c"],
    ["<b>bold</b><br/> 3 < 4", "bold 3 < 4"],
  ])("%s", (line, expected) => {
    expect(plain(line)).toBe(expected);
  });

  test.each(["[", "*", "`", "_", "#", "|", "<", "!", "> ", "- ", "[]("])("a megabyte of %j ends", (piece) => {
    const content = piece.repeat(Math.ceil(1_000_000 / piece.length));
    try {
      readMarkdown(content);
    } catch (error) {
      expect(error).toMatchObject({ code: expect.stringMatching(/no_text|too_complex/) });
    }
  });

  test("a front matter bomb is not expanded", () => {
    const bomb = `---\na: &a [x,x,x]\n${"b: &b [*a,*a,*a]\n".repeat(1000)}---\ntext`;
    expect(readMarkdown(bomb).text).toBe("text");
  });
});
