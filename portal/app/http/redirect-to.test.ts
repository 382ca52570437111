import { describe, expect, test } from "vitest";
import { safeRedirect } from "./redirect-to";

const HOSTILE = [
  "//evil.example",
  "///evil.example",
  "////evil.example",
  "/\\evil.example",
  "\\\\evil.example",
  "/\\/evil.example",
  "/%2f/evil.example",
  "/%2F%2Fevil.example",
  "/%5cevil.example",
  "/%5C%5Cevil.example",
  "/\t/evil.example",
  "/\n/evil.example",
  "/\r\n/evil.example",
  "/%09/evil.example",
  "/%0a/evil.example",
  "/%0d%0aSet-Cookie:x=1",
  "/ /evil.example",
  "/.//evil.example",
  "/..//evil.example",
  "/a/..//evil.example",
  "/%2e%2e//evil.example",
  "https://evil.example",
  "https:evil.example",
  "https:/evil.example",
  "http:\\\\evil.example",
  "HTTPS://EVIL.example",
  "javascript:alert(1)",
  "JaVaScRiPt:alert(1)",
  " javascript:alert(1)",
  "java\nscript:alert(1)",
  "data:text/html,<script>alert(1)</script>",
  "vbscript:x",
  "blob:https://evil.example/1",
  "user:pass@evil.example",
  "https://portal.invalid@evil.example",
  "//user@evil.example/",
  "evil.example",
  ".evil.example",
  "?next=//evil.example",
  "#//evil.example",
  "/\u0000evil",
  "/%E0%A4%A",
  "",
  null,
  undefined,
  42,
  {},
  ["/orgs"],
  `/${"a".repeat(3_000)}`,
];

describe("T31: where to go after signing in", () => {
  test.each(HOSTILE)("%j is refused", (to) => {
    expect(safeRedirect(to, "/fallback")).toBe("/fallback");
  });

  test.each(HOSTILE.filter((to) => typeof to === "string"))("%j, as a browser would follow it, stays on this site", (to) => {
    expect(new URL(safeRedirect(to), "https://ours.example").origin).toBe("https://ours.example");
  });

  test.each([
    ["/", "/"],
    ["/orgs/north/agents?before=2026#top", "/orgs/north/agents?before=2026#top"],
    ["/orgs/%D1%81%D0%B5%D0%B2%D0%B5%D1%80", "/orgs/%D1%81%D0%B5%D0%B2%D0%B5%D1%80"],
    ["/login?redirectTo=//evil.example", "/login?redirectTo=//evil.example"],
    ["/a/../orgs", "/orgs"],
  ])("%s is a path of ours", (to, goes) => {
    expect(safeRedirect(to, "/fallback")).toBe(goes);
  });
});
