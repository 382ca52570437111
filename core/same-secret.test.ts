import { expect, test } from "vitest";
import { sameSecret } from "./same-secret.ts";

test("only the very same text is the same secret", () => {
  expect(sameSecret("sb_secret_ключ", "sb_secret_ключ")).toBe(true);
  for (const given of ["sb_secret_клюЧ", "sb_secret_ключ ", "sb_secret_клю", "sb_secret_ключ0", "SB_SECRET_КЛЮЧ"])
    expect(sameSecret(given, "sb_secret_ключ"), given).toBe(false);
});

test("nothing equals a secret that is empty or missing, not even another such", () => {
  for (const ours of ["", null, undefined]) for (const given of ["", null, undefined, "x"]) expect(sameSecret(given, ours)).toBe(false);
  for (const given of ["", null, undefined]) expect(sameSecret(given, "x")).toBe(false);
});
