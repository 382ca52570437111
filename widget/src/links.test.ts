import { describe, expect, test } from "vitest";
import { linkHost, safeHref, splitTrailingPunctuation } from "./links.ts";

describe("links in answers", () => {
  test("T44: only http, https, mailto and tel may be linked to", () => {
    expect(safeHref("https://example.com/a?b#c")).toBe("https://example.com/a?b#c");
    expect(safeHref(" http://example.com ")).toBe("http://example.com/");
    expect(safeHref("mailto:tea@example.com")).toBe("mailto:tea@example.com");
    expect(safeHref("tel:+74951234567")).toBe("tel:+74951234567");
    for (const address of [
      "javascript:alert(1)",
      "JAVASCRIPT:alert(1)",
      "java\nscript:alert(1)",
      "\u0000javascript:alert(1)",
      "data:text/html,x",
      "vbscript:x",
      "blob:https://example.com/x",
      "file:///etc/passwd",
      "ftp://example.com",
      "//example.com",
      "/path",
      "example.com",
      "https://",
      "https://bank.example@evil.example/",
      "https://user:password@evil.example/",
      "",
    ])
      expect(safeHref(address), address).toBeNull();
  });

  test("a link's host is what one reads", () => {
    expect(linkHost("https://www.example.com/x")).toBe("example.com");
    expect(linkHost("mailto:tea%40shop@example.com")).toBe("tea@shop@example.com");
    expect(linkHost("tel:%zz")).toBe("%zz");
    // Look-alike letters show as what they are.
    expect(linkHost(safeHref("https://аррӏе.com/") ?? "")).toBe("xn--80ak6aa92e.com");
  });

  test("the sentence's punctuation is not part of the address", () => {
    expect(splitTrailingPunctuation("https://a.example/b).")).toEqual(["https://a.example/b", ")."]);
    expect(splitTrailingPunctuation("https://a.example/b_(c)")).toEqual(["https://a.example/b_(c)", ""]);
    expect(splitTrailingPunctuation("https://a.example/?q=1»,")).toEqual(["https://a.example/?q=1", "»,"]);
    expect(splitTrailingPunctuation("...")).toEqual(["", "..."]);
  });
});
