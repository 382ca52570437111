import { expect, test } from "vitest";
import { normalizePhone, phoneDigits, phoneSearch, samePhone } from "./phones.ts";

test("one number however it is written", () => {
  for (const written of ["+7 916 123-45-67", "8 (916) 123-45-67", "89161234567", "7 916 1234567", "+79161234567", "007 916 123 45 67"]) {
    expect(samePhone(written, "+79161234567"), written).toBe(true);
    expect(phoneSearch(written), written).toBe("9161234567");
    expect(phoneDigits(normalizePhone(written, "ru")), written).toBe(phoneDigits(written));
  }
});

test("a number of another country that begins with 8 stays what it is", () => {
  // +81 is Japan, +86 China: with a plus, or 00, they are no Russian 8.
  expect(phoneDigits("+81 90 1234 5678")).toBe("819012345678");
  expect(phoneDigits("+86 10 1234 567")).toBe("86101234567");
  expect(phoneDigits("0086 10 1234 567")).toBe("86101234567");
  expect(samePhone("+86 10 1234 567", "76101234567")).toBe(false);
});

test("what is too short to be a number matches nothing", () => {
  expect(phoneDigits("12-34")).toBe("");
  expect(phoneDigits("00 12345")).toBe("");
  expect(samePhone("", "")).toBe(false);
  expect(samePhone("ext. 12", "12")).toBe(false);
});

test.each([
  ["+7 (912) 345-67-89", "en", "+79123456789"],
  ["8 912 345-67-89", "en", "+79123456789"],
  ["8 (495) 123-45-67", "ru", "+74951234567"],
  ["912 345 67 89", "ru", "+79123456789"],
  ["79123456789", "ru", "+79123456789"],
  ["+44 20 7946 0958", "en", "+442079460958"],
  ["0044 20 7946 0958", "en", "+442079460958"],
  ["+1.415.555.2671", "en", "+14155552671"],
  // What names no country stays as it was typed.
  ["020  7946 0958", "en", "020 7946 0958"],
  ["912 345 67 89", "en", "912 345 67 89"],
  ["79123456789", "en", "79123456789"],
  ["+0 123", "en", "+0 123"],
  ["00", "ru", "00"],
  ["12345", "ru", "12345"],
] as const)("%s (%s) is %s", (typed, locale, number) => {
  expect(normalizePhone(typed, locale)).toBe(number);
});
