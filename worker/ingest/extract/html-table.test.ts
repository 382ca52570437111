import { describe, expect, test } from "vitest";
import { readHtml } from "./html.ts";

const read = (table: string) => {
  const { blocks, text } = readHtml(`<main><h1>Tarn</h1>${table}</main>`);
  return blocks.slice(1).map(({ start, end }) => text.slice(start, end));
};
const rows = (...cells: string[][]) => cells.map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join("")}</tr>`).join("");

describe("a table of a page", () => {
  test("of details has no header: a name stands before each value", () => {
    expect(read(`<table>${rows(["Phone", "+382 20 000 114"], ["Hours:", "10:00–19:00"], ["Mail", "hello@tarn.example"])}</table>`)).toEqual(
      ["Phone: +382 20 000 114", "Hours: 10:00–19:00", "Mail: hello@tarn.example"],
    );
    expect(read("<table><tr><th>Вес</th><td>240 г</td></tr><tr><th>Высота</th><td>18 см</td></tr></table>")).toEqual([
      "Вес: 240 г",
      "Высота: 18 см",
    ]);
  });

  test("has its columns' names in th, in thead, in bold, or in words above numbers", () => {
    const told = ["Part: Lid; Fits: One; Price: 8 €", "Part: Seal; Fits: Cup; Price: 3 €"];
    const body = rows(["Lid", "One", "8 €"], ["Seal", "Cup", "3 €"]);
    expect(read(`<table><tr><th>Part</th><th>Fits</th><th>Price</th></tr>${body}</table>`)).toEqual(told);
    expect(read(`<table><thead>${rows(["Part", "Fits", "Price"])}</thead><tbody>${body}</tbody></table>`)).toEqual(told);
    expect(read(`<table>${rows(["<p><b>Part</b></p>", "<strong>Fits</strong>", "<b>Pri</b><b>ce</b>"])}${body}</table>`)).toEqual(told);
    expect(read(`<table>${rows(["Part", "Fits", "Price"])}${body}</table>`)).toEqual(told);
    expect(read(`<table>${rows(["Part", "Fits", "Price"])}${body}${rows(["Boot", "", ""])}</table>`)).toEqual([...told, "Boot"]);
  });

  test("whose first row may be a value like the others keeps all as values", () => {
    expect(read(`<table>${rows(["Anna", "Lids", "Podgorica"], ["Boris", "Seals", "Bar"])}</table>`)).toEqual([
      "Anna; Lids; Podgorica",
      "Boris; Seals; Bar",
    ]);
  });

  test("tells what stands over several rows and columns in each of them", () => {
    expect(
      read(`<table>
        <tr><th rowspan=2>Model</th><th colspan=2>Price</th></tr><tr><th>shop</th><th>online</th></tr>
        <tr><td colspan=3>Bottles</td></tr>
        <tr><td rowspan=2>One</td><td>29 €</td><td>28 €</td></tr><tr><td>34 €</td><td>33 €</td></tr>
        <tr><td>Kid</td><td colspan=2>21 €</td></tr>
        <tr><td>Cup</td><td></td><td>22 €</td></tr></table>`),
    ).toEqual([
      "Bottles",
      "Model: One; Price shop: 29 €; Price online: 28 €",
      "Model: One; Price shop: 34 €; Price online: 33 €",
      "Model: Kid; Price shop: 21 €; Price online: 21 €",
      "Model: Cup; Price online: 22 €",
    ]);
  });

  test("keeps its caption, and names of rows and columns at once", () => {
    expect(
      read(`<table><caption>Opening hours</caption><tr><td></td><th>Weekdays</th><th>Saturday</th></tr>
        <tr><th>Shop</th><td>10–19</td><td>10–16</td></tr><tr><th>Workshop</th><td>10–17</td><td>closed</td></tr></table>`),
    ).toEqual(["Opening hours", "Shop; Weekdays: 10–19; Saturday: 10–16", "Workshop; Weekdays: 10–17; Saturday: closed"]);
  });

  test("is read without its hidden rows and cells", () => {
    const hidden = `<tr style="display:none"><td>Refund</td><td>1,000 €</td></tr><tbody hidden>${rows(["Refund", "2,000 €"])}</tbody>`;
    expect(read(`<table>${rows(["Phone", "114"], ["Fax", "115<span hidden>never</span>"])}${hidden}</table>`)).toEqual([
      "Phone: 114",
      "Fax: 115",
    ]);
  });

  test("of spans beyond reason costs no memory", () => {
    const wide = Array.from({ length: 3_000 }, () => "<tr><td colspan=1000 rowspan=65534>x</td><td colspan=1000>y</td></tr>").join("");
    expect(readHtml(`<table>${wide}</table>`).text).toContain("x y");
    const cell = (text: string) => `<td colspan=450 rowspan=1000>${text.repeat(900)}</td>`;
    const long = `<table><tr>${cell("a")}${cell("b")}</tr>${"<tr></tr>".repeat(999)}</table>`;
    expect(() => readHtml(long)).toThrow(expect.objectContaining({ code: "too_complex" }));
  });
});
