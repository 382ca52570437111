import { describe, expect, test } from "vitest";
import { parseRows, readCsv } from "./csv.ts";

const text = (content: string) => readCsv(content).text;

describe("tables", () => {
  test.each([",", ";", "\t", "|"])("delimiter %j is found by itself", (delimiter) => {
    const content = [
      ["Название", "Цена", "Описание"],
      ["Чайник", "3990", "Кипятит за 4 минуты, тихо"],
      ["Тостер", "2490", "Два отделения"],
    ]
      .map((row) => row.map((cell) => (cell.includes(delimiter) ? `"${cell}"` : cell)).join(delimiter))
      .join("\n");
    expect(text(content)).toBe(
      "Название: Чайник; Цена: 3990; Описание: Кипятит за 4 минуты, тихо\nНазвание: Тостер; Цена: 2490; Описание: Два отделения",
    );
  });

  test("every row is a block of its own", () => {
    const { blocks, text: whole } = readCsv("a,b\nx,y\nz,w\n");
    expect(blocks.map(({ kind, start, end }) => [kind, whole.slice(start, end)])).toEqual([
      ["row", "a: x; b: y"],
      ["row", "a: z; b: w"],
    ]);
  });

  test("a table without a header keeps its first row", () => {
    expect(text("1,2\n3,4")).toBe("1; 2\n3; 4");
  });

  test("quotes: doubled, with line ends, at the end of the file", () => {
    expect([...parseRows('"a ""b""","x\ny"\n"c","d"', ",")]).toEqual([
      ['a "b"', "x y"],
      ["c", "d"],
    ]);
  });

  test("a quote that is never closed is text, and the rows after it survive", () => {
    const rows = [...parseRows('name,note\nkettle,"unclosed\ntoaster,"fine"\nmixer,"ok"\n', ",")];
    expect(rows).toEqual([
      ["name", "note"],
      ["kettle", '"unclosed'],
      ["toaster", "fine"],
      ["mixer", "ok"],
    ]);
  });

  test("CR alone ends lines; sep= names the delimiter; short and long rows are kept", () => {
    expect(text("sep=;\rИмя;Город\rАнна;Тверь\rОлег\rИра;Омск;ещё")).toBe(
      "Имя: Анна; Город: Тверь\nИмя: Олег\nИмя: Ира; Город: Омск; 3: ещё",
    );
  });

  test("a header alone is text", () => {
    expect(text("name,price")).toBe("name; price");
  });

  test("10,000 columns are refused", () => {
    expect(() => readCsv(`${"a,".repeat(10_000)}\n`)).toThrow(expect.objectContaining({ code: "too_complex" }));
  });

  test("nothing but delimiters has no text", () => {
    expect(() => readCsv(",,,\n,,,\n")).toThrow(expect.objectContaining({ code: "no_text" }));
  });
});
