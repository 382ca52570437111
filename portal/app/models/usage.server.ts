import type { Db } from "@gpt-agent/core/db";
import { unwrap } from "~/models/result.server";
import type { UsageRow } from "./usage";

/** Rows in one answer of the API (max_rows of supabase/config.toml). */
const PAGE = 1_000;

/** Every row of a query, page by page: what the API cuts off would be missing from sums without a word. */
async function everyRow<Row>(page: (from: number, to: number) => PromiseLike<Row[]>): Promise<Row[]> {
  const rows: Row[] = [];
  for (;;) {
    const more = await page(rows.length, rows.length + PAGE - 1);
    rows.push(...more);
    if (more.length < PAGE) return rows;
  }
}

type Span = { orgId: string; from: string; until: string };

/** What each agent used on each UTC day from `from` to `until` (both included); `of` is the agent's id. */
export async function usageByAgent(db: Db, by: Span): Promise<UsageRow[]> {
  const rows = await everyRow((from, to) =>
    db
      .from("usage_daily")
      .select("day, agent_id, answers, unanswered, prompt_tokens, completion_tokens, cost_micros")
      .eq("org_id", by.orgId)
      .gte("day", by.from)
      .lte("day", by.until)
      .order("day")
      .order("agent_id")
      .range(from, to)
      .then(unwrap),
  );
  return rows.map((row) => ({
    day: row.day,
    of: row.agent_id,
    answers: row.answers,
    unanswered: row.unanswered,
    promptTokens: row.prompt_tokens,
    completionTokens: row.completion_tokens,
    costMicros: row.cost_micros,
  }));
}

/** The same by model, all agents together; "quotes" are answers without a model. Nobody counts what went unanswered by model. */
export async function usageByModel(db: Db, by: Span): Promise<UsageRow[]> {
  const rows = await everyRow((from, to) =>
    db
      .from("usage_by_model")
      .select("day, model, answers, prompt_tokens, completion_tokens, cost_micros")
      .eq("org_id", by.orgId)
      .gte("day", by.from)
      .lte("day", by.until)
      .order("day")
      .order("agent_id")
      .order("model")
      .range(from, to)
      .then(unwrap),
  );
  return rows.map((row) => ({
    day: row.day,
    of: row.model,
    answers: row.answers,
    unanswered: 0,
    promptTokens: row.prompt_tokens,
    completionTokens: row.completion_tokens,
    costMicros: row.cost_micros,
  }));
}
