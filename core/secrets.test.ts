import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { parseEnv } from "./env.ts";
import { createSecretBox, SecretError } from "./secrets.ts";

const one = { id: "1", key: randomBytes(32) };
const two = { id: "2", key: randomBytes(32) };
const at = { orgId: "org-a", purpose: "agent_secrets", rowId: "row-1" };
const box = createSecretBox([one]);

const codeOf = (open: () => string) => {
  try {
    return open();
  } catch (error) {
    return error instanceof SecretError ? error.code : "no SecretError";
  }
};

describe("keys (security: Keys)", () => {
  test.each(["", "x", "Bearer abc", "пароль 🔑", "long ".repeat(2_000)])("what is sealed opens: %j", (plain) => {
    const sealed = box.seal(plain, at);
    expect(box.open(sealed, at)).toBe(plain);
    if (plain.length > 4) expect(sealed).not.toContain(Buffer.from(plain).toString("base64url").slice(0, 6));
  });

  test("every flipped bit is noticed", () => {
    const sealed = box.seal("s3cret", at);
    const bytes = Buffer.from(sealed.slice("v1.1.".length), "base64url");
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(codeOf(() => box.open(`v1.1.${flipped.toString("base64url")}`, at))).toBe("not_authentic");
    }
  });

  test("every changed character, and every truncation, is noticed", () => {
    const sealed = box.seal("s3cret", at);
    for (let index = 0; index < sealed.length; index++) {
      const changed = `${sealed.slice(0, index)}${sealed[index] === "A" ? "B" : "A"}${sealed.slice(index + 1)}`;
      expect(codeOf(() => box.open(changed, at))).toMatch(/^(malformed|unknown_key|not_authentic)$/);
      expect(codeOf(() => box.open(sealed.slice(0, index), at))).toMatch(/^(malformed|not_authentic)$/);
    }
    for (const nonsense of ["", "s3cret", "v1..", "v2.1.AAAA", `${sealed} `, `${sealed}=`, `${sealed}\n`]) {
      expect(codeOf(() => box.open(nonsense, at))).toBe("malformed");
    }
  });

  test("a secret moved to another row, organization or purpose does not open", () => {
    const sealed = box.seal("s3cret", at);
    for (const elsewhere of [{ orgId: "org-b" }, { rowId: "row-2" }, { purpose: "connections" }, { orgId: 'org-a","agent_secrets' }]) {
      expect(codeOf(() => box.open(sealed, { ...at, ...elsewhere }))).toBe("not_authentic");
    }
  });

  test("rotation: the first key seals, all open; a dropped or replaced one is named", () => {
    const old = box.seal("s3cret", at);
    const rotated = createSecretBox([two, one]);
    expect(rotated.open(old, at)).toBe("s3cret");
    expect([rotated.isStale(old), box.isStale(old)]).toEqual([true, false]);
    const fresh = rotated.seal("s3cret", at);
    expect(fresh).toMatch(/^v1\.2\./);
    expect(rotated.isStale(fresh)).toBe(false);
    // Rolled back before everything was sealed anew: what the old key sealed is still there, the rest says which key it needs.
    expect(box.open(old, at)).toBe("s3cret");
    expect(() => box.open(fresh, at)).toThrow(/"2", which ENCRYPTION_KEY no longer holds/);
    expect(codeOf(() => createSecretBox([{ id: "1", key: two.key }]).open(old, at))).toBe("not_authentic");
    expect(() => createSecretBox([])).toThrow(TypeError);
  });

  test("a nonce is never used twice", () => {
    const nonces = new Set<string>();
    for (let count = 0; count < 50_000; count++) nonces.add(box.seal("", at).slice(5, 21));
    expect(nonces.size).toBe(50_000);
  });

  test("a missing, short or misspelt ENCRYPTION_KEY stops the process before it serves", () => {
    for (const key of [undefined, "", "short", randomBytes(31).toString("base64"), `a b:${randomBytes(32).toString("base64")}`]) {
      expect(() => parseEnv("portal", { ENCRYPTION_KEY: key })).toThrow(/ENCRYPTION_KEY is (missing|malformed)/);
    }
  });
});
