import { describe, expect, test } from "vitest";
import { DocumentBuilder } from "../document.ts";
import { layOut } from "./pdf-layout.ts";
import type { Line } from "./pdf-lines.ts";

const line = (y: number, text: string | [number, string][], { size = 10, x = 50, end = 500 } = {}): Line => {
  const cells = (typeof text === "string" ? [[x, text] as [number, string]] : text).map(([at, each]) => ({
    x: at,
    end: at + each.length * 5,
    font: "regular",
    text: each,
  }));
  return { cells, x: cells[0]!.x, y, size, end };
};
const outline = (...pages: Line[][]) => {
  const builder = new DocumentBuilder();
  layOut(pages, builder);
  const { blocks, text } = builder.finish("pdf");
  return blocks.map(({ kind, page, headings, start, end }) => [kind, page, headings.join(" > "), text.slice(start, end)]);
};

describe("lines of a page", () => {
  test("become headings by their size and paragraphs by their gaps", () => {
    const page = [
      line(700, "Гарантия", { size: 16, end: 130 }),
      line(680, "Гарантия действует два года со дня"),
      line(668, "покупки.", { end: 100 }),
      line(640, "Второй абзац начинается здесь и"),
      line(628, "кончается тут.", { end: 120 }),
    ];
    expect(outline(page)).toEqual([
      ["heading", 1, "", "Гарантия"],
      ["paragraph", 1, "Гарантия", "Гарантия действует два года со дня покупки."],
      ["paragraph", 1, "Гарантия", "Второй абзац начинается здесь и кончается тут."],
    ]);
  });

  test("of two columns go on where their own column ends, not at the page's edge", () => {
    const left = [
      "Boats are rented by the hour or by",
      "the day. A deposit is taken in cash.",
      "It is returned when the boat comes",
      "back clean and whole. Dogs are",
    ];
    const right = [
      "welcome in canoes, and not in any",
      "rowing boat. A red flag on the mast",
      "tells from afar that the jetty is now",
      "closed, and why. The forecast hangs",
    ];
    const page = [
      ...left.map((text, at) => line(700 - at * 12, text, { x: 50, end: 240 })),
      ...right.map((text, at) => line(700 - at * 12, text, { x: 300, end: 490 })),
    ];
    const twice = outline(page, page);
    expect(twice.map(([, , , text]) => text)).toEqual([
      expect.not.stringContaining("\n"),
      ...Array.from({ length: twice.length - 1 }, () => expect.not.stringContaining("\n")),
    ]);
  });

  test("a sentence goes on over the page; its page is that of its first letter", () => {
    expect(outline([line(100, "Заказ приходит в")], [line(700, "течение недели.")])).toEqual([
      ["paragraph", 1, "", "Заказ приходит в течение недели."],
    ]);
  });

  test("running heads and page numbers go, a last line that happens to repeat stays", () => {
    const page = (number: number) => [
      line(800, "Каталог"),
      line(700, `Текст ${"один два три".split(" ")[number - 1]}.`),
      line(688, "Звоните нам."),
      line(30, `Стр. ${number}`),
    ];
    expect(outline(page(1), page(2), page(3)).map(([, , , text]) => text)).toEqual([
      "Текст один. Звоните нам.",
      "Текст два. Звоните нам.",
      "Текст три. Звоните нам.",
    ]);
  });

  test("items begin anew; a dash in the middle of a sentence does not", () => {
    const page = [
      line(700, "Открыто в субботу"),
      line(688, "— с 10 до 16."),
      line(676, "• первый пункт", { end: 200 }),
      line(664, "• второй пункт", { end: 200 }),
    ];
    expect(outline(page).map(([, , , text]) => text)).toEqual(["Открыто в субботу — с 10 до 16.", "• первый пункт", "• второй пункт"]);
  });

  test("a table whose cells stand under its headers becomes rows; any other keeps its words in order", () => {
    const sure = [
      line(700, [
        [50, "Деталь"],
        [200, "Цена"],
        [300, "Срок"],
      ]),
      line(680, [
        [50, "Крышка"],
        [200, "8 €"],
        [300, "2 дня"],
      ]),
    ];
    expect(outline(sure)).toEqual([["row", 1, "", "Деталь: Крышка; Цена: 8 €; Срок: 2 дня"]]);
    const unsure = [
      line(700, [
        [50, "Деталь"],
        [200, "Цена Вес"],
        [300, "Срок"],
      ]),
      line(680, [
        [50, "Крышка 8 €"],
        [250, "20 г"],
        [300, "2 дня"],
      ]),
    ];
    expect(outline(unsure).map(([, , , text]) => text)).toEqual(["Деталь Цена Вес Срок", "Крышка 8 € 20 г 2 дня"]);
  });

  test("hyphens: a word's own is kept, a parted word is made whole", () => {
    expect(
      outline(
        [line(700, "Seals are food-"), line(688, "grade silicone.")].concat(
          Array.from({ length: 60 }, (_, i) => line(676 - i * 12, "and more")),
        ),
      ).at(0)![3],
    ).toContain("food-grade");
    expect(outline([line(700, "Гаран-"), line(688, "тия дей-"), line(676, "ствует.")]).at(0)![3]).toBe("Гарантия действует.");
  });
});
