import { RESERVED_FOR_AN_ANSWER } from "@gpt-agent/core/limits";
import { describe, expect, test } from "vitest";
import { columnsOf, parseLimit, typedLimit, whoField, whoOf } from "./budget.ts";

describe("a limit as it is typed", () => {
  test.each([
    ["requests_per_minute", "60", 60],
    ["requests_per_minute", " 1 000 ", 1_000],
    ["tokens_per_month", "1,000,000", 1_000_000],
    ["tokens_per_month", "1\u00a0000\u202f000", 1_000_000],
    ["cost_per_month", "25", 25_000_000],
    ["cost_per_month", "$ 0.50", 500_000],
    ["cost_per_day", "0,5", 500_000],
    ["cost_per_day", "1,234.56", 1_234_560_000],
    ["requests_per_minute", "0", "limitWhole"],
    ["requests_per_minute", "1.5", "limitWhole"],
    ["concurrent_runs", "-3", "limitWhole"],
    ["concurrent_runs", "many", "limitWhole"],
    ["concurrent_runs", "1e3", "limitWhole"],
    ["cost_per_day", "0", "limitAmount"],
    ["cost_per_day", "free", "limitAmount"],
    ["tokens_per_day", "9".repeat(25), "limitTooLarge"],
    ["cost_per_day", "9".repeat(25), "limitTooLarge"],
  ] as const)("%s: %j", (metric, typed, expected) => expect(parseLimit(metric, typed)).toBe(expected));

  test("below what one answer sets aside it would let nothing through, and is refused", () => {
    expect(parseLimit("tokens_per_day", String(RESERVED_FOR_AN_ANSWER.tokens - 1))).toBe("limitTokens");
    expect(parseLimit("tokens_per_month", String(RESERVED_FOR_AN_ANSWER.tokens))).toBe(RESERVED_FOR_AN_ANSWER.tokens);
    expect(parseLimit("cost_per_month", typedLimit("cost_per_month", RESERVED_FOR_AN_ANSWER.micros - 1))).toBe("limitCost");
    expect(parseLimit("cost_per_day", typedLimit("cost_per_day", RESERVED_FOR_AN_ANSWER.micros))).toBe(RESERVED_FOR_AN_ANSWER.micros);
  });

  test("reads back what it writes", () => {
    for (const micros of [50_000, 123_456, 9_999_999, 1_000_000_000_000]) {
      expect(parseLimit("cost_per_month", typedLimit("cost_per_month", micros))).toBe(micros);
    }
  });
});

describe("whom a limit is for", () => {
  const id = "0190b7c2-1111-7222-8333-444455556666";
  const agent = { id, name: "Helper" };
  test.each([
    ["organization", { eachVisitor: false, agent: null, apiKey: null }, { agent_id: null, api_key_id: null, each_visitor: false }],
    ["visitor", { eachVisitor: true, agent: null, apiKey: null }, { agent_id: null, api_key_id: null, each_visitor: true }],
    [`agent:${id}`, { eachVisitor: false, agent, apiKey: null }, { agent_id: id, api_key_id: null, each_visitor: false }],
    [`visitor:${id}`, { eachVisitor: true, agent, apiKey: null }, { agent_id: id, api_key_id: null, each_visitor: true }],
    [`key:${id}`, { eachVisitor: false, agent: null, apiKey: agent }, { agent_id: null, api_key_id: id, each_visitor: false }],
  ])("%s", (who, subject, columns) => {
    expect(whoOf(subject)).toBe(who);
    expect(columnsOf(whoField.parse(who))).toEqual(columns);
  });

  test.each(["", "org", "agent:", "agent:1", `${"key:"}${id}x`, `organization:${id}`])("not %j", (who) =>
    expect(whoField.safeParse(who).success).toBe(false),
  );
});
