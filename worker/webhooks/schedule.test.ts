import { expect, test } from "vitest";
import { PAUSES, pauseAfter, retryAfterOf } from "./schedule.ts";

test("C6: ten attempts over 75 h 35 min, each pause within a tenth of its place", () => {
  expect(PAUSES.reduce<number>((sum, pause) => sum + pause, 0)).toBe(75 * 3600 + 35 * 60 + 5);
  for (const [at, pause] of PAUSES.entries()) {
    expect(pauseAfter(at + 1, 0, 0)).toBeCloseTo(pause * 0.9);
    expect(pauseAfter(at + 1, 0, 0.999999)).toBeCloseTo(pause * 1.1, 0);
  }
  expect(pauseAfter(10)).toBeNull();
});

test("a busy receiver can ask for more time, at most a day, never for less", () => {
  expect(pauseAfter(1, 600, 0.5)).toBe(600);
  expect(pauseAfter(3, 1, 0.5)).toBe(1800);
  expect(pauseAfter(1, 1e9, 0.5)).toBe(86_400);
  expect(retryAfterOf(429, "120")).toBe(120);
  expect(retryAfterOf(503, "soon")).toBe(0);
  expect(retryAfterOf(429, undefined)).toBe(0);
  expect(retryAfterOf(500, "120")).toBe(0);
});
