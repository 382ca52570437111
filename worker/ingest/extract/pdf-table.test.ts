import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { readPdf } from "./pdf.ts";
import { type Line, toLines } from "./pdf-lines.ts";
import { tableAt, tableRows } from "./pdf-table.ts";
import { textItem } from "./test-text-item.ts";

/** Rows of texts with the places where they begin, 20 points below each other; the first is bold. */
const page = (...rows: [number, string][][]) =>
  toLines(rows.flatMap((row, index) => row.map(([x, str]) => textItem(x, 700 - index * 20, str, index ? "regular" : "bold"))));
const HEAD: [number, string][] = [
  [50, "Part"],
  [150, "Colour"],
  [250, "Price"],
];
const LID: [number, string][] = [
  [50, "Lid"],
  [150, "Pine"],
  [250, "8 €"],
];
const inOneFont = (lines: Line[]): Line[] =>
  lines.map((line) => ({ ...line, cells: line.cells.map((cell) => ({ ...cell, font: "regular" })) }));
const read = (...rows: [number, string][][]) => {
  const lines = page(...rows);
  const table = tableAt(lines, 0);
  return { taken: table.length, rows: tableRows(table) };
};

describe("lines of a page's letters", () => {
  test("have cells where gaps are wide, and where narrow ones are gaps of the lines beside", () => {
    // "Weight" ends 8 points before "Stays hot": not much more than a word apart, but 18 are between the values.
    const lines = page(
      [
        [50, "Model"],
        [120, "Weight"],
        [158, "Stays hot"],
      ],
      [
        [50, "One 350"],
        [120, "240 g"],
        [163, "8 h"],
      ],
      [
        [50, "Cup"],
        [120, "190 g"],
        [163, "5 h"],
      ],
    );
    expect(lines.map(({ cells }) => cells.map(({ text }) => text))).toEqual([
      ["Model", "Weight", "Stays hot"],
      ["One 350", "240 g", "8 h"],
      ["Cup", "190 g", "5 h"],
    ]);
  });

  test("have cells by narrow gaps too, in lines that have a wide one", () => {
    const row = (a: string, b: string): [number, string][] => [
      [50, a],
      [97, b],
      [160, "8 h"],
    ];
    const lines = page(row("Volume12", "Size"), row("350 ml__", "18 cm"), row("500 ml__", "22 cm"));
    expect(lines.map(({ cells }) => cells.length)).toEqual([3, 3, 3]);
  });

  test("are one cell in prose, however loosely it is set", () => {
    const loose: [number, string][] = [
      [50, "Words"],
      [83, "that"],
      [111, "stand"],
      [144, "apart"],
    ];
    expect(page(loose, loose, loose).map(({ cells }) => cells.length)).toEqual([1, 1, 1]);
  });
});

describe("a table of a page", () => {
  test.each([
    [
      "en",
      "Model: Kid; Volume: 280 ml; Height × width: 16 × 6.5 cm; Weight: 205 g; Stays hot: not for hot drinks; Stays cold: 8 h; Price: €21 · 2,190 ₽",
    ],
    [
      "ru",
      "Модель: Kid; Объём: 280 мл; Высота × ширина: 16 × 6,5 см; Вес: 205 г; Держит тепло: не для горячего; Держит холод: 8 ч; Цена: 21 € · 2190 ₽",
    ],
  ])("is read from a file as a browser prints it, its columns close together (%s)", async (language, row) => {
    const file = new URL(`../../../supabase/embedded/demo/knowledge/product-handbook.${language}.pdf`, import.meta.url);
    const { text, blocks } = await readPdf(await readFile(file));
    expect(blocks.filter(({ kind }) => kind === "row").map(({ start, end }) => text.slice(start, end))).toContain(row);
  });

  test("is read where numbers stand at the right and headers in the middle", () => {
    expect(
      read(
        [
          [50, "Part"],
          [158, "Price"],
          [240, "Delivery time"],
        ],
        [
          [50, "Spare lid"],
          [168, "8 €"],
          [250, "2 days"],
        ],
        [
          [50, "Set of seals"],
          [158, "100 €"],
          [240, "5 to 12 days"],
        ],
      ).rows,
    ).toEqual(["Part: Spare lid; Price: 8 €; Delivery time: 2 days", "Part: Set of seals; Price: 100 €; Delivery time: 5 to 12 days"]);
  });

  test("may lack cells; what follows the lack is not told under its header", () => {
    expect(
      read(
        HEAD,
        LID,
        [
          [50, "Seal"],
          [250, "3 €"],
        ],
        [
          [50, "Boot"],
          [150, "Slate"],
          [250, "6 €"],
        ],
      ),
    ).toEqual({
      taken: 4,
      rows: ["Part: Lid; Colour: Pine; Price: 8 €", "Part: Seal; Price: 3 €", "Part: Boot; Colour: Slate; Price: 6 €"],
    });
  });

  test("may have no name for its first column", () => {
    expect(
      read(
        [
          [150, "Monday"],
          [250, "Saturday"],
        ],
        [
          [50, "Shop"],
          [150, "10–19"],
          [250, "10–16"],
        ],
        [
          [50, "Workshop"],
          [150, "10–17"],
          [250, "closed"],
        ],
      ).rows,
    ).toEqual(["Shop; Monday: 10–19; Saturday: 10–16", "Workshop; Monday: 10–17; Saturday: closed"]);
  });

  test("has no header where its first line is like the others: details of a contact, options of a command", () => {
    const lines = page(
      [
        [50, "Mail"],
        [150, "hello@tarn.example"],
      ],
      [
        [50, "Phone"],
        [150, "+382 20 000 114"],
      ],
      [
        [50, "Hours"],
        [150, "10:00 to 17:00"],
      ],
    );
    expect(tableRows(inOneFont(lines))).toEqual(["Mail: hello@tarn.example", "Phone: +382 20 000 114", "Hours: 10:00 to 17:00"]);
  });

  test("has a header in the font of the rows where it names a column of numbers", () => {
    const lines = page(HEAD, LID, [
      [50, "Seal"],
      [150, "white"],
      [250, "3 €"],
    ]);
    const plain = inOneFont(lines);
    expect(tableRows(plain)).toEqual(["Part: Lid; Colour: Pine; Price: 8 €", "Part: Seal; Colour: white; Price: 3 €"]);
    const words = plain.map((line) => ({ ...line, cells: line.cells.slice(0, 2) }));
    expect(tableRows(words)).toEqual(["Part: Colour", "Lid: Pine", "Seal: white"]);
  });

  test("stays as it reads where a value may belong to either of two headers", () => {
    expect(
      read(HEAD, LID, [
        [50, "Seal"],
        [150, "white or grey, sold in threes"],
      ]).rows,
    ).toEqual(["Part Colour Price", "Lid Pine 8 €", "Seal white or grey, sold in threes"]);
  });

  test("ends where the lines no longer stand in its columns", () => {
    expect(
      read(HEAD, LID, [
        [50, "Write to us."],
        [180, "We answer soon."],
      ]),
    ).toEqual({ taken: 2, rows: ["Part: Lid; Colour: Pine; Price: 8 €"] });
  });
});
