import { describe, expect, it } from "vitest";
import { createApiKey, hashApiKey, parseApiKey } from "./api-key.ts";

describe("API keys", () => {
  it("D1: have the documented shape and pass their own checksum", () => {
    for (let i = 0; i < 50; i++) {
      const { key, hash, lastFour } = createApiKey();
      expect(key).toMatch(/^gap_live_[0-9A-Za-z]{40}$/);
      expect(parseApiKey(` ${key}\n`)).toBe(key);
      expect(hash).toBe(hashApiKey(key));
      expect(hash).toMatch(/^[0-9a-f]{64}$/);
      expect(key.endsWith(lastFour)).toBe(true);
    }
  });

  it("never repeat", () => {
    expect(new Set(Array.from({ length: 1000 }, () => createApiKey().key)).size).toBe(1000);
  });

  it("D5: any single changed character is refused", () => {
    const { key } = createApiKey();
    for (let at = 9; at < key.length; at++) {
      const other = key[at] === "x" ? "y" : "x";
      expect(parseApiKey(key.slice(0, at) + other + key.slice(at + 1))).toBeNull();
    }
  });

  it("D5: foreign shapes are refused", () => {
    const { key } = createApiKey();
    for (const text of ["", "gap_live_", "sk-abc", key.slice(1), `${key}0`, key.toUpperCase(), key.replace("live", "test"), `${key}'--`]) {
      expect(parseApiKey(text)).toBeNull();
    }
  });
});
