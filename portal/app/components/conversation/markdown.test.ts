import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, test } from "vitest";
import { AnswerText } from "./answer-text";
import { harmlessUrl, parseMarkdown } from "./markdown";

const html = (text: string, citations: number[] = []) =>
  renderToStaticMarkup(createElement(AnswerText, { text, anchor: "c", citations: new Set(citations) }));

describe("an answer's text", () => {
  test("paragraphs, lists, code, emphasis and markers", () => {
    expect(parseMarkdown("One\ntwo\n\n- a\n- b\n\n1. x\n2. y\n\n```\n<b>\n```").map(({ kind }) => kind)).toEqual([
      "paragraph",
      "list",
      "list",
      "code",
    ]);
    const out = html("Use **bold**, *soft* and `code` [1].", [1]);
    expect(out).toContain("<strong");
    expect(out).toContain("<em>soft</em>");
    expect(out).toContain("<code");
    expect(out).toContain('href="#c-1"');
  });

  test("a marker without a citation stays text", () => {
    expect(html("Say [7]", [1])).toContain("Say [7]");
    expect(html("Say [7]", [1])).not.toContain("href");
  });

  test("words_with_underscores and 2 * 3 * 4 are left alone", () => {
    expect(html("snake_case_name and 2 * 3 * 4")).not.toContain("<em>");
  });

  test.each([
    "javascript:alert(1)",
    "JAVASCRIPT:alert(1)",
    "java\tscript:alert(1)",
    "data:text/html,<script>1</script>",
    "vbscript:x",
    "file:///etc/passwd",
    "//evil.example",
    "/relative",
    "blob:https://x/1",
  ])("T47: %j is no link", (url) => {
    expect(harmlessUrl(url)).toBeNull();
    expect(html(`[x](${url})`)).not.toContain("href");
  });

  test("a link to the web opens apart and gives nothing away", () => {
    expect(html("[site](https://example.com/a)")).toContain('href="https://example.com/a" ');
    expect(html("[site](https://example.com/a)")).toContain('rel="noopener noreferrer nofollow"');
  });

  test.each([
    "![x](https://evil.example/p.png)",
    "![](https://evil.example/p.png)",
    '<img src="https://evil.example/p.png">',
    "<picture><source srcset=//evil.example/p></picture>",
  ])("T44: %s loads nothing", (text) => {
    const out = html(text);
    expect(out).not.toMatch(/<(img|picture|source|svg|iframe|link|style|script)\b/);
    expect(out).not.toMatch(/<[^>]*\s(src|srcset|style|on\w+)=/);
  });

  test.each([
    "<script>alert(1)</script>",
    '"><svg onload=alert(1)>',
    "<a href=javascript:alert(1)>x</a>",
    "&lt;b&gt;",
    "`<b>`",
    "**<b>x</b>**",
  ])("T47: %s is text", (text) => {
    const tags = [...html(text).matchAll(/<([a-z]+)/g)].map(([, tag]) => tag);
    expect(tags.every((tag) => ["div", "p", "strong", "code"].includes(tag ?? ""))).toBe(true);
  });

  test.each(["[", "*", "`", "![", "[a](", "_"])("a long run of %j is parsed in linear steps", (piece) => {
    const text = piece.repeat(50_000 / piece.length);
    expect(html(text).length).toBeGreaterThan(text.length / 2);
  });
});
