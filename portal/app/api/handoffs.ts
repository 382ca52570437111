import type { Db } from "@gpt-agent/core/db";
import { z } from "zod";
import { agentOfPath, publicIds } from "~/api/agents";
import { idAfter, idPage, type Page, pageQuery } from "~/api/page";
import { moment, time } from "~/api/time";
import { unwrap } from "~/models/result.server";

const STATES = ["requested", "accepted", "resolved"] as const;

export const handoffsQuery = z.strictObject({ ...pageQuery, agent: z.string().max(64).optional(), state: z.enum(STATES).optional() });

/** A visitor's wish for a person, in a list. */
export const handoffEntry = z.strictObject({
  id: z.uuid(),
  agent: z.string().meta({ description: "The agent's public id." }),
  conversationId: z.uuid(),
  state: z.enum(STATES),
  reason: z.string().nullable().meta({ description: "In the visitor's words." }),
  requestedAt: time,
  resolvedAt: time.nullable(),
});
export type HandoffEntry = z.infer<typeof handoffEntry>;

const state = handoffEntry.shape.state.catch("requested");

/** A page of the organization's wishes for a person, the newest first; `agent` narrows to one by its public id, `state` to those that stand so. */
export async function handoffPage(db: Db, by: z.output<typeof handoffsQuery> & { orgId: string }): Promise<Page<HandoffEntry>> {
  const after = idAfter(by.cursor);
  let query = db.from("handoffs").select("id, agent_id, conversation_id, state, reason, requested_at, resolved_at").eq("org_id", by.orgId);
  if (by.agent !== undefined) query = query.eq("agent_id", (await agentOfPath(db, { orgId: by.orgId, publicId: by.agent })).id);
  if (by.state !== undefined) query = query.eq("state", by.state);
  if (after) query = query.lt("id", after);
  const rows = unwrap(await query.order("id", { ascending: false }).limit(by.limit + 1));
  const agents = await publicIds(db, by.orgId);
  return idPage(rows, by.limit, (row) => ({
    id: row.id,
    agent: agents.get(row.agent_id) ?? "",
    conversationId: row.conversation_id,
    state: state.parse(row.state),
    reason: row.reason,
    requestedAt: moment(row.requested_at),
    resolvedAt: row.resolved_at && moment(row.resolved_at),
  }));
}
