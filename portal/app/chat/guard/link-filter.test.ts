import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AddressBook } from "./addresses.ts";
import { LinkFilter } from "./link-filter.ts";

const book = new AddressBook();
book.add(
  "Track it at https://post.example/track?id=7 or (https://shop.example/help). See www.shop.example/faq, shop.example/sizes.",
  "Write to help@shop.example or call +7 (495) 123-45-67. Сайт: https://магазин.рф/доставка",
);

/** The text through the filter, in deltas of `size` characters. */
function through(text: string, size = text.length || 1): string {
  const filter = new LinkFilter(book, "‹gone›");
  let out = "";
  for (let at = 0; at < text.length; at += size) out += filter.push(text.slice(at, at + size));
  return out + filter.end();
}

const SAME = [
  "Plain prose passes, with dots... and 3.14, i.e. v2.1. A file README.md/docs and Node.js/Express. a < b, x<5, и/или, т.д./т.п.",
  "It takes 3–5 days [1][2]. See [words] and a[i](b), list[0]. Note: data: the rest. Время: 10:30. C:/path",
  "Go to https://shop.example/help, or https://post.example/track?id=7. (https://shop.example/help)",
  '**https://shop.example/help** and [help](https://shop.example/help) [t](https://shop.example/help "Title").',
  "www.shop.example/faq; shop.example/sizes; <https://shop.example/help>; https://www.shop.example/faq/",
  "[mail](mailto:help@shop.example) [call](tel:+74951234567) help@shop.example",
  "[сайт](https://магазин.рф/доставка) [1]: Руководство",
  "Отлично! Да. Нет!? [1]",
];

const CHANGED: [string, string][] = [
  ["![cat](https://evil.example/c.png)", "cat"],
  ["Hi![1] ![x](https://shop.example/help)", "Hi! [1] [x](https://shop.example/help)"],
  ["![a][r]\n\n[r]: https://evil.example/?q=1", "! [a][r]\n\n[r] ‹gone›"],
  ["[r]: https://shop.example/help", "[r] https://shop.example/help"],
  ["[r]: https&colon;//evil", "[r] https&colon;//evil"],
  ["[click](https://evil.example/a)", "click"],
  ['[click](https://evil.example/a "t)") on', "click on"],
  ["[click]( <https://evil.example/a b> ) on", "click on"],
  ["[click](//evil.example) [click](\\\\evil.example) [c](/local?x) [c](&#104;ttps://e.example) []()", "click click c c "],
  ["[click](javascript:alert(1)) [d](data:text/html,x) [v](vbscript:x)", "click d v"],
  ["[https://evil.example](https://shop.example/help)", "[‹gone›](https://shop.example/help)"],
  ["[a [b](https://evil.example) c](https://evil.example)", "[a b c]"],
  ["[![a](https://evil.example/i.png)](https://evil.example)", "[a]"],
  ["https://evil.example/?d=1. Next", "‹gone›. Next"],
  ["(https://evil.example/?d=1) http:evil.example https:\\\\evil.example", "(‹gone›) ‹gone› ‹gone›"],
  ["https://shop.example/help?q=secret https://shop.example/help#x https://shop.example/", "‹gone› ‹gone› ‹gone›"],
  ["https://shop.example@evil.example/help https://shop.example.evil.example/help", "‹gone› ‹gone›"],
  ["https://shор.example/help", "‹gone›"],
  ["www.evil.example/x evil.example/x?y=1 EVIL.EXAMPLE/x", "‹gone› ‹gone› ‹gone›"],
  ["ｈｔｔｐｓ：／／ｅｖｉｌ．ｅｘａｍｐｌｅ／ｘ", "‹gone›"],
  ["<https://evil.example/x> <a@evil.example> <javascript:alert(1)>", "‹gone› ‹gone› ‹gone›"],
  ['<img src=https://evil.example/x.png> <a href="https://evil.example">text</a> a<br>b', " text a b"],
  ["<svg><image href='//evil.example/x'/></svg> <picture><source srcset='x'></picture>", " "],
  ['<img\nsrc="https://evil.example/x">', '‹img\nsrc="‹gone›">'],
  ["<x-y onclick=z> List<String> <!-- c --> <?php", "‹x-y onclick=z> List‹String> ‹!-- c --> ‹?php"],
  ["![evil.example/](<a b>c", "evil.example/ c"],
  ["]:![ script:!](", "]  script:!"],
  ["]:www.](\n<script:![", "]:www.] ‹script:! ["],
  ["![evil.example/](<SECRET", "evil.example/ ‹SECRET"],
  ["][](https://evil.example)(//evil.example/x) x]<b>(//evil.example/x)", "] (//‹gone›) x] (//‹gone›)"],
  ["<[img](https://evil.example) src=x> !<b>[x](https://shop.example/help)", "< img src=x> ! [x](https://shop.example/help)"],
  ["https<b></b>://localhost/x evil.ex<i>ample/x <b>bold</b>. <b>bold</b>, a<br>b", "https ://localhost/x evil.ex ample/x bold. bold, a b"],
  ["[m](mailto:help@shop.example?body=secret) [m](mailto:a@evil.example)", "m m"],
];

describe("links", () => {
  it.each(SAME)("leaves %j as it is, wherever it is cut", (text) => {
    for (let size = 1; size <= text.length; size++) expect(through(text, size)).toBe(text);
  });

  it.each(CHANGED)("F1: %j becomes %j, wherever it is cut", (text, expected) => {
    // A word that goes out before a dot follows it may be a host's.
    expect(through(text)).toBe(expected);
    for (let size = 1; size <= text.length; size++) expect(through(text, size).replace(/\b(?:evil?|ev?) (?=‹gone›)/gi, "")).toBe(expected);
  });

  it("F1: no cut of a foreign address lets more of it out than its first word", () => {
    const text = "See https://evil.example/steal?d=SECRET now";
    for (let cut = 0; cut <= text.length; cut++)
      for (let other = cut; other <= text.length; other += 3) {
        const filter = new LinkFilter(book, "‹gone›");
        const out = filter.push(text.slice(0, cut)) + filter.push(text.slice(cut, other)) + filter.push(text.slice(other)) + filter.end();
        expect(out).toBe("See ‹gone› now");
      }
  });

  it("passes prose at once and holds only what may become a link", () => {
    const filter = new LinkFilter(book, "‹gone›");
    expect(filter.push("The warranty covers leaks")).toBe("The warranty covers leaks");
    expect(filter.push(" and lids.")).toBe(" and lids");
    expect(filter.push(" It lasts ten years, ")).toBe(". It lasts ten years, ");
    expect(filter.push("h")).toBe("");
    expect(filter.push("owever [1")).toBe("however ");
    expect(filter.push("] yes")).toBe("[1] yes");
  });

  it("F1: whatever is made of the pieces of links, no picture, tag or foreign address comes out", () => {
    const piece = fc.constantFrom(
      "![",
      "[",
      "]",
      "](",
      "(",
      ")",
      "]:",
      "<",
      ">",
      "!",
      " ",
      "\n",
      "x",
      "https:",
      "//",
      "/",
      "\\",
      "evil.example",
      ".",
      "www.",
      "img src=",
      "&",
      '"',
      "'",
      "?q=",
      "java",
      "script:",
      "ht",
      "tps",
      "http",
      "[1]",
      "<a href=",
      "<b>",
      "[a](//e)",
      "[](//e)",
      "https://shop.example/help",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
        const filter = new LinkFilter(book, "‹gone›");
        const out = pieces.map((text) => filter.push(text)).join("") + filter.end();
        // Something stays in its place: what stood on both sides of it does not stand together.
        const rest = out.replaceAll("https://shop.example/help", "·");
        expect(rest).not.toMatch(
          /!\[|<[a-z/!?]|(?<![a-z])https?:[/\\]|(?<![a-z])www\.\w|evil\.example[/?#][^\s)\]]|\]\([^)\s]*evil|\]:\s*[a-z/\\&]\S*[:/&\\]\S/i,
        );
      }),
      { numRuns: 2_000 },
    );
  });

  it("passes everyday prose as it would find it to be by looking for links", () => {
    const piece = fc.constantFrom(
      " ",
      "\n",
      ". ",
      ".",
      ", ",
      "?",
      ": ",
      ":",
      "!",
      " (and",
      ")",
      "the",
      " with",
      " h",
      "tt",
      "ps",
      " www",
      "-",
      " — ",
      "Да",
      " сайт",
      "рф",
      " 3",
      " evil",
      "example",
      "/x",
      "[1]",
      " [x]",
      "(https://shop.example/help)",
      "<b>",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const [filter, thorough] = [new LinkFilter(book, "‹gone›"), new LinkFilter(book, "‹gone›")];
        Object.assign(thorough, { prose: () => null });
        for (const text of pieces) {
          expect(filter.push(text)).toBe(thorough.push(text));
          expect(filter.isUndecided).toBe(thorough.isUndecided);
        }
        expect(filter.end()).toBe(thorough.end());
      }),
      { numRuns: 5_000 },
    );
  });

  it("takes time that grows with the length of the text alone", () => {
    const cpu = (text: string) => {
      const before = process.cpuUsage();
      through(text, 7);
      through(text);
      return process.cpuUsage(before).user / 1_000;
    };
    for (const unit of ["word ", "[", "](", "![", "<a", "a.b", "https:/", "[x](", "]: a:", "w", "((((", '"', "data:a", "x.y/"]) {
      const [short, long] = [cpu(unit.repeat(500)), cpu(unit.repeat(4_000))];
      expect(long, unit).toBeLessThan(16 * short + 150);
    }
  });
});
