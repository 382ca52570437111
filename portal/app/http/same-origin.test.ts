import { describe, expect, test } from "vitest";
import { isCrossSite } from "./same-origin";

const ask = (method: string, headers: Record<string, string>) =>
  isCrossSite({ method, headers: new Headers({ host: "portal.example", ...headers }) });

describe("T30: requests that another site's page sent", () => {
  test.each(["POST", "PUT", "PATCH", "DELETE", "post"])("%s from elsewhere is refused", (method) => {
    expect(ask(method, { "sec-fetch-site": "cross-site" })).toBe(true);
    expect(ask(method, { "sec-fetch-site": "same-site", origin: "https://portal.example" })).toBe(true);
    expect(ask(method, { "sec-fetch-site": "none" })).toBe(true);
    expect(ask(method, { origin: "https://evil.example" })).toBe(true);
    expect(ask(method, { origin: "https://portal.example.evil.example" })).toBe(true);
    expect(ask(method, { origin: "https://portal.example:8443" })).toBe(true);
    expect(ask(method, { origin: "null" })).toBe(true);
    expect(ask(method, { origin: "portal.example" })).toBe(true);
  });

  test("a request that names no sender is refused", () => {
    expect(ask("POST", {})).toBe(true);
  });

  test("what the browser says itself outweighs a header that may be missing or stale", () => {
    expect(ask("POST", { "sec-fetch-site": "cross-site", origin: "https://portal.example" })).toBe(true);
  });

  test("our own pages pass", () => {
    expect(ask("POST", { "sec-fetch-site": "same-origin" })).toBe(false);
    expect(ask("PUT", { origin: "https://portal.example" })).toBe(false);
    // A proxy ended TLS: the page's scheme differs from what we see, its host does not.
    expect(ask("POST", { origin: "http://PORTAL.example" })).toBe(false);
  });

  test("reading is free", () => {
    expect(ask("GET", { "sec-fetch-site": "cross-site" })).toBe(false);
    expect(ask("HEAD", {})).toBe(false);
  });
});
