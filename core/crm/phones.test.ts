import { expect, test } from "vitest";
import { phoneDigits, phoneSearch, samePhone } from "./phones.ts";

test("one number however it is written", () => {
  for (const written of ["+7 916 123-45-67", "8 (916) 123-45-67", "89161234567", "7 916 1234567", "+79161234567"]) {
    expect(samePhone(written, "+79161234567"), written).toBe(true);
    expect(phoneSearch(written), written).toBe("9161234567");
  }
});

test("a number of another country that begins with 8 stays what it is", () => {
  // +81 is Japan, +86 China: with a plus they are no Russian 8.
  expect(phoneDigits("+81 90 1234 5678")).toBe("819012345678");
  expect(phoneDigits("+86 10 1234 567")).toBe("86101234567");
  expect(samePhone("+86 10 1234 567", "76101234567")).toBe(false);
});

test("what is too short to be a number matches nothing", () => {
  expect(phoneDigits("12-34")).toBe("");
  expect(samePhone("", "")).toBe(false);
  expect(samePhone("ext. 12", "12")).toBe(false);
});
