import { describe, expect, it } from "vitest";
import { clientAddress, type TrustedProxies } from "./client-address.ts";

const from = (headers: Record<string, string>, proxies: TrustedProxies) =>
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
  it("is what the last known proxy was told, where proxies are known by their addresses", () => {
    const known = ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"];
    const via = (socket: string, forwarded: string) => from({ "x-client-address": socket, "x-forwarded-for": forwarded }, known);
    expect(via("10.1.1.1", "203.0.113.9")).toBe("203.0.113.9");
    expect(via("::ffff:10.1.1.1", "203.0.113.9")).toBe("203.0.113.9");
    expect(via("2001:db8::1", "6.6.6.6, 203.0.113.9, 192.0.2.7, 10.9.9.9")).toBe("203.0.113.9");
    // Who is no proxy of ours is believed in nothing.
    expect(via("203.0.113.5", "6.6.6.6")).toBe("203.0.113.5");
    expect(via("192.0.2.8", "6.6.6.6")).toBe("192.0.2.8");
    expect(via("10.1.1.1", "6.6.6.6, 203.0.113.9")).toBe("203.0.113.9");
    // A caller inside, with no header or with nonsense in it.
    expect(via("10.1.1.1", "")).toBe("10.1.1.1");
    expect(via("10.1.1.1", "6.6.6.6, <script>")).toBe("10.1.1.1");
    expect(via("10.1.1.1", "10.2.2.2")).toBe("10.2.2.2");
    expect(from({ "x-forwarded-for": "6.6.6.6" }, known)).toBe("unknown");
  });
});
