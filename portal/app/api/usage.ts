import type { Db } from "@gpt-agent/core/db";
import { AppError } from "@gpt-agent/core/errors";
import { z } from "zod";
import { agentOfPath, publicIds } from "~/api/agents";
import { dayAfter, dayCursor, type Page, pageQuery } from "~/api/page";
import { unwrap } from "~/models/result.server";

const day = z.iso.date({ error: "must be a day, such as 2026-11-25" });
export const usageQuery = z.strictObject({ ...pageQuery, from: day.optional(), to: day.optional(), agent: z.string().max(64).optional() });

const count = z.int().min(0);
/** What one agent did on one day. */
export const usageRow = z.strictObject({
  day: z.iso.date().meta({ description: "In UTC." }),
  agent: z.string().meta({ description: "The agent's public id." }),
  conversations: count,
  answers: count,
  unanswered: count.meta({ description: "Answers that said the knowledge does not tell." }),
  promptTokens: count,
  completionTokens: count,
  costMicros: count.meta({ description: "Millionths of a US dollar." }),
});
export type UsageRow = z.infer<typeof usageRow>;

type Asked = z.output<typeof usageQuery> & { orgId: string };

/** A page of the organization's usage by day and agent, the newest day first. @throws AppError("invalid_request") for a bad cursor or span */
export async function usagePage(db: Db, { orgId, cursor, limit, from, to, agent }: Asked): Promise<Page<UsageRow>> {
  if (from && to && from > to) throw new AppError("invalid_request", "from: must not be after to.");
  const after = dayAfter(cursor);
  let query = db
    .from("usage_daily")
    .select("day, agent_id, conversations, answers, unanswered, prompt_tokens, completion_tokens, cost_micros")
    .eq("org_id", orgId);
  if (from) query = query.gte("day", from);
  if (to) query = query.lte("day", to);
  if (agent !== undefined) query = query.eq("agent_id", (await agentOfPath(db, { orgId, publicId: agent })).id);
  if (after) query = query.or(`day.lt.${after.day},and(day.eq.${after.day},agent_id.gt.${after.agentId})`);
  const rows = unwrap(
    await query
      .order("day", { ascending: false })
      .order("agent_id")
      .limit(limit + 1),
  );
  const agents = await publicIds(db, orgId);
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    data: shown.map((row) => ({
      day: row.day,
      agent: agents.get(row.agent_id) ?? row.agent_id,
      conversations: row.conversations,
      answers: row.answers,
      unanswered: row.unanswered,
      promptTokens: row.prompt_tokens,
      completionTokens: row.completion_tokens,
      costMicros: row.cost_micros,
    })),
    nextCursor: last && rows.length > limit ? dayCursor({ day: last.day, agentId: last.agent_id }) : null,
  };
}
