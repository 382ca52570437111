import { expect, test } from "vitest";
import { csvOf } from "./csv.ts";

const one = (value: string | null) => csvOf([[value]]).slice(1, -2);

test.each([
  ["=1+1", "'=1+1"],
  ['=HYPERLINK("http://evil.example")', `"'=HYPERLINK(""http://evil.example"")"`],
  ["+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"],
  ["-2+3+cmd", "'-2+3+cmd"],
  ["+44-20 7946", "'+44-20 7946"],
  ["@SUM(A1)", "'@SUM(A1)"],
  ["\t=1", "'\t=1"],
  ["\r=1", `"'\r=1"`],
])("T61: a formula is kept from running: %j", (value, written) => {
  expect(one(value)).toBe(written);
});

test.each([
  ["+79123456789", "+79123456789"],
  ["-5", "-5"],
  ["Анна", "Анна"],
  ["a@b.example", "a@b.example"],
  ["one, two", '"one, two"'],
  ["two\nlines", '"two\nlines"'],
  ['say "hi"', '"say ""hi"""'],
  [" x", '" x"'],
  [null, ""],
])("and what is none stays: %j", (value, written) => {
  expect(one(value)).toBe(written);
});

test("lines end as RFC 4180 says, and spreadsheets see that it is UTF-8", () => {
  expect(
    csvOf([
      ["a", "b"],
      ["1", null],
    ]),
  ).toBe("\ufeffa,b\r\n1,\r\n");
});
