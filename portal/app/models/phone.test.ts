import { expect, test } from "vitest";
import { normalizePhone } from "./phone.ts";

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
  ["+0 123", "en", "+0 123"],
  ["12345", "ru", "12345"],
] as const)("%s (%s) is %s", (typed, locale, number) => {
  expect(normalizePhone(typed, locale)).toBe(number);
});
