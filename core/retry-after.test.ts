import { expect, test } from "vitest";
import { retryAfterSeconds } from "./retry-after.ts";

const now = Date.parse("2026-01-01T00:00:00Z");

test.each([
  ["120", 120],
  [" 120 ", 120],
  ["0.5", 0.5],
  ["0", 0],
  ["1000000000", 1e9],
  ["99999999999", 2 ** 31 - 1],
  ["9".repeat(400), 2 ** 31 - 1],
])("seconds: %s", (header, seconds) => {
  expect(retryAfterSeconds(header, now)).toBe(seconds);
});

test.each([
  ["Thu, 01 Jan 2026 00:01:00 GMT", 60],
  ["Thursday, 01-Jan-26 00:01:00 GMT", 60],
  ["Thu Jan  1 00:01:00 2026", 60],
  ["Fri, 31 Dec 9999 23:59:59 GMT", 2 ** 31 - 1],
  ["Wed, 31 Dec 2025 00:00:00 GMT", 0],
])("a date: %s", (header, seconds) => {
  expect(retryAfterSeconds(header, now)).toBe(seconds);
});

test.each([
  undefined,
  null,
  "",
  " ",
  "-5",
  "+5",
  "1e9",
  "0x10",
  "Infinity",
  "5, 10",
  "soon",
  "2030-01-01T00:00:00Z",
  "Thu, 99 Jan 2027 00:01:00 GMT",
])("asks for nothing: %s", (header) => {
  expect(retryAfterSeconds(header, now)).toBeUndefined();
});
