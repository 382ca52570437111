import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { correlate, correlation, correlationHeaders, requestIdFrom, traceFrom } from "./correlation.ts";

describe("a request's id", () => {
  test("is taken from outside only as a UUID in lower case", () => {
    const id = randomUUID();
    expect(requestIdFrom(id)).toBe(id);
    const foreign = [
      id.toUpperCase(),
      `${id} `,
      `${id}\n`,
      `${id}, ${id}`,
      `{${id}}`,
      id.replaceAll("-", ""),
      "1",
      "",
      "../../etc",
      "<b>",
      [id],
      null,
    ];
    for (const header of [...foreign, undefined]) {
      const made = requestIdFrom(header);
      expect(made).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      expect(made).not.toBe(id);
    }
  });

  test("a trace is taken as it should be or not at all", () => {
    const trace = `${"a".repeat(32)}-${"b".repeat(16)}-1`;
    expect(traceFrom(trace, "sentry-release=1,other=2")).toEqual({ trace, baggage: "sentry-release=1,other=2" });
    expect(traceFrom(trace.slice(0, -2), null)).toEqual({ trace: trace.slice(0, -2), baggage: null });
    expect(traceFrom(trace, "ы")).toEqual({ trace, baggage: null });
    expect(traceFrom(trace, "x".repeat(1_001))).toEqual({ trace, baggage: null });
    for (const bad of [`${trace}\n`, trace.toUpperCase(), `${trace}2`, "", "0", null, undefined, [trace]])
      expect(traceFrom(bad, "a=b")).toEqual({ trace: null, baggage: null });
  });

  test("follows the work into what it calls, and nothing else", async () => {
    const ids = { requestId: randomUUID(), trace: null, baggage: "a=b" };
    expect(correlationHeaders()).toEqual({});
    await correlate(ids, async () => {
      await Promise.resolve();
      expect(correlation()).toBe(ids);
      // Without a trace its baggage says nothing.
      expect(correlationHeaders()).toEqual({ "x-request-id": ids.requestId });
    });
    expect(correlation()).toBeUndefined();
  });
});
