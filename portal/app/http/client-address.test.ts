import { describe, expect, it } from "vitest";
import { clientAddress } from "./client-address.ts";

const from = (headers: Record<string, string>, proxies: number) =>
  clientAddress(new Request("http://portal.example/", { headers }), proxies);

describe("the client's address (T32)", () => {
  it("is the socket's when no proxy is trusted, whatever the client claims", () => {
    expect(from({ "x-client-address": "10.1.1.1", "x-forwarded-for": "6.6.6.6", "x-real-ip": "6.6.6.6" }, 0)).toBe("10.1.1.1");
  });
  it("is the entry that the outermost trusted proxy wrote", () => {
    expect(from({ "x-client-address": "10.1.1.1", "x-forwarded-for": "6.6.6.6, 203.0.113.9" }, 1)).toBe("203.0.113.9");
    expect(from({ "x-client-address": "10.1.1.1", "x-forwarded-for": "6.6.6.6, 203.0.113.9, 10.0.0.2" }, 2)).toBe("203.0.113.9");
    expect(from({ "x-client-address": "10.1.1.1", "x-forwarded-for": "2001:db8::1" }, 1)).toBe("2001:db8::1");
  });
  it("is the socket's when the header is missing, short or nonsense", () => {
    for (const header of ["", "unknown", "1.2.3.4.5", "<script>"])
      expect(from({ "x-client-address": "10.1.1.1", "x-forwarded-for": header }, 1)).toBe("10.1.1.1");
    expect(from({ "x-client-address": "10.1.1.1", "x-forwarded-for": "6.6.6.6" }, 3)).toBe("10.1.1.1");
    expect(from({}, 0)).toBe("unknown");
  });
});
