import { describe, expect, test } from "vitest";
import { toLines } from "./pdf-lines.ts";
import { wrappedTable } from "./pdf-wrapped-table.ts";
import { textItem } from "./test-text-item.ts";

/** A page of lines with their places, as a file has them; those of the first `bold` items bold. */
const page = (bold: number, ...lines: [x: number, y: number, text: string][]) =>
  toLines(lines.map(([x, y, str], index) => textItem(x, y, str, index < bold ? "bold" : "regular")));
const HEAD: [number, number, string][] = [
  [50, 700, "Service"],
  [150, 700, "What it is"],
  [300, 700, "Price"],
];

describe("a table whose cells have several lines", () => {
  test("is read cell by cell, the names of its rows at the middle of their lines", () => {
    const lines = page(
      3,
      ...HEAD,
      [50, 673, "Haircut"],
      [150, 680, "Wash, cut with scissors"],
      [150, 667, "and a coffee"],
      [295, 673, "1,500 ₽"],
      [50, 640, "Beard"],
      [150, 640, "Cut"],
      [300, 640, "900 ₽"],
      [50, 610, "Book by telephone or on our website, at any time of the day."],
    );
    expect(wrappedTable(lines, 0)).toEqual({
      taken: lines.length - 1,
      rows: [
        "Service: Haircut; What it is: Wash, cut with scissors and a coffee; Price: 1,500 ₽",
        "Service: Beard; What it is: Cut; Price: 900 ₽",
      ],
    });
  });

  test("is read line by line too, and without the cells that are missing", () => {
    const lines = page(
      3,
      ...HEAD,
      [50, 680, "Haircut"],
      [150, 680, "Wash, cut with"],
      [300, 680, "1,500 ₽"],
      [150, 667, "scissors and a coffee"],
      [50, 640, "Beard"],
      [300, 640, "900 ₽"],
    );
    expect(wrappedTable(lines, 0)?.rows).toEqual([
      "Service: Haircut; What it is: Wash, cut with scissors and a coffee; Price: 1,500 ₽",
      "Service: Beard; Price: 900 ₽",
    ]);
  });

  test("ends above a short line that belongs to no row", () => {
    const lines = page(3, ...HEAD, [50, 680, "Beard"], [150, 680, "Cut"], [300, 680, "900 ₽"], [50, 640, "Thanks!"]);
    expect(wrappedTable(lines, 0)?.taken).toBe(lines.length - 1);
  });

  test("is none without a first line that is known to name its columns, or with a line under two of them", () => {
    const rows: [number, number, string][] = [
      [50, 680, "Anna"],
      [150, 680, "Cuts hair"],
      [150, 667, "and beards"],
      [300, 680, "Podgorica"],
    ];
    expect(wrappedTable(page(0, ...HEAD, ...rows), 0)).toBeNull();
    expect(wrappedTable(page(3, ...HEAD, [50, 680, "A line of prose that goes on below all of them."]), 0)).toBeNull();
  });
});
