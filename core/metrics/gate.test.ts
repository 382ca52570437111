import { describe, expect, test } from "vitest";
import { type Asker, metricsGate } from "./gate.ts";

const local: Asker = { authorization: null, address: "127.0.0.1", host: "localhost:3000", forwarded: false };
const TOKEN = "a-token-of-sixteen-letters";

describe("without a token", () => {
  const gate = metricsGate({ appUrl: "http://localhost:3000" });
  test.each(["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])("a program at %s reads", (address) => {
    expect(gate({ ...local, address })).toBe("open");
  });
  test.each([
    ["another machine", { address: "10.0.0.7" }],
    ["an unknown address", { address: "unknown" }],
    ["an address that only looks like it", { address: "127.0.0.1.example.com" }],
    ["a proxy on the same machine", { forwarded: true }],
    ["a page whose name points at loopback", { host: "evil.example:3000" }],
    ["a request without a host", { host: null }],
    ["a token that nobody has set", { address: "10.0.0.7", authorization: "Bearer undefined" }],
  ])("nothing for %s", (_, asker) => {
    expect(gate({ ...local, ...asker })).toBe("hidden");
  });
  test("nothing at all once the platform has a public address: loopback may be its proxy", () => {
    expect(metricsGate({ appUrl: "https://portal.example.com" })(local)).toBe("hidden");
  });
});

describe("with a token", () => {
  const gate = metricsGate({ token: TOKEN, appUrl: "https://portal.example.com" });
  test("whoever has it reads, from anywhere", () => {
    expect(gate({ authorization: `Bearer ${TOKEN}`, address: "203.0.113.9", host: "portal.example.com", forwarded: true })).toBe("open");
  });
  test.each([null, "", "Bearer", `Bearer ${TOKEN} `, `Bearer ${TOKEN}x`, TOKEN, `Basic ${TOKEN}`, `bearer ${TOKEN.toUpperCase()}`])(
    "%s does not, not even from loopback",
    (authorization) => {
      expect(gate({ ...local, authorization })).toBe("unauthorized");
    },
  );
});
