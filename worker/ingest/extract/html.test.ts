import { describe, expect, test } from "vitest";
import { readHtml } from "./html.ts";

const outline = (content: string) => {
  const { blocks, text } = readHtml(content);
  return blocks.map(({ kind, headings, start, end }) => [kind, headings.join(" > "), text.slice(start, end)]);
};

describe("web pages", () => {
  test("headings, paragraphs, lists and tables; navigation and scripts go", () => {
    const page = `<!doctype html><html lang="ru"><head><title> Доставка  </title><style>p{}</style></head><body>
      <nav><a href="/">Главная</a></nav>
      <main><h1>Доставка</h1><p>Привозим <b>бесплатно</b><br>по Москве.</p>
      <h2>Сроки</h2><ul><li>Москва — 1 день</li><li>Тверь — 2 дня</li></ul>
      <table><tr><th>Город</th><th>Цена</th></tr><tr><td>Тула</td><td>300 ₽</td></tr></table>
      <script>alert("x")</script></main><footer>© 2026</footer></body></html>`;
    expect(readHtml(page).title).toBe("Доставка");
    expect(outline(page)).toEqual([
      ["heading", "", "Доставка"],
      ["paragraph", "Доставка", "Привозим бесплатно\nпо Москве."],
      ["heading", "Доставка", "Сроки"],
      ["paragraph", "Доставка > Сроки", "• Москва — 1 день"],
      ["paragraph", "Доставка > Сроки", "• Тверь — 2 дня"],
      ["row", "Доставка > Сроки", "Город: Тула; Цена: 300 ₽"],
    ]);
  });

  test("lines end where the page ends them, not where its source does; but in preformatted text", () => {
    const page = "<body><p>Delivery is\n  free\tof charge<br>\n in Podgorica.</p><pre>one\n  two</pre></body>";
    expect(outline(page).map(([, , text]) => text)).toEqual(["Delivery is free of charge\nin Podgorica.", "one\n  two"]);
  });

  test("a heading's link to itself is not read", () => {
    const page =
      '<body><h2>C#<a href="#c">#</a></h2><p>See <a href="#c">C#</a>.</p><h2><a href="#d" class="anchor">§</a>Delivery</h2><p>Free.</p>';
    expect(outline(page).map(([, , text]) => text)).toEqual(["C#", "See C#.", "Delivery", "Free."]);
  });

  test("hidden text is not read", () => {
    const page = `<body><p>Seen</p><p hidden>a</p><div style="display: none">b</div><span style="font-size:0">c</span>
      <p aria-hidden="true">d</p><template>e</template><!-- f --><noscript>g</noscript></body>`;
    expect(readHtml(page).text).toBe("Seen");
  });

  test("a fragment without html or body", () => {
    expect(outline("<h2>Part</h2>text <em>here</em>")).toEqual([
      ["heading", "", "Part"],
      ["paragraph", "Part", "text here"],
    ]);
  });

  test("the main text of a long page, without what stands around it", () => {
    const words = "The warranty of the kettle lasts for twenty-four months, counted from the day of purchase. ".repeat(6);
    const page = `<body><div class="sidebar">${'<p><a href="/1">Links to other pages of the shop</a></p>'.repeat(20)}</div>
      <div class="article"><h1>Warranty</h1><p>${words}</p><h2>Returns</h2><p>${words}</p><p>${words}</p></div></body>`;
    const { text } = readHtml(page);
    expect(text).toContain("twenty-four months");
    expect(text).not.toContain("Links");
  });

  test("a table that only lays out the page is read as a page", () => {
    expect(readHtml("<table><tr><td><h1>One</h1><p>text</p></td><td><table><tr><td>x</td></tr></table></td></tr></table>").text).toBe(
      "One\n\ntext\n\nx",
    );
  });

  test("100,000 nested elements are refused, and tags that close nothing are not counted", () => {
    expect(() => readHtml(`<body>${"<div>".repeat(100_000)}x`)).toThrow(expect.objectContaining({ code: "too_complex" }));
    expect(readHtml(`<body>${"<p>para<br>".repeat(3_000)}</body>`).blocks.length).toBe(3_000);
  });

  test("nothing but markup has no text", () => {
    expect(() => readHtml("<html><body><img src=x><script>1</script></body></html>")).toThrow(expect.objectContaining({ code: "no_text" }));
  });
});
