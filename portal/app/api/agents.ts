import { agentSettings } from "@gpt-agent/core/agent-settings";
import type { Db } from "@gpt-agent/core/db";
import { AppError } from "@gpt-agent/core/errors";
import { z } from "zod";
import { idAfter, idPage, type Page } from "~/api/page";
import { moment, time } from "~/api/time";
import { publicAgentId } from "~/http/params";
import { listOrigins } from "~/models/agent.server";
import { unwrap } from "~/models/result.server";

/** An agent as API keys see it. Its instructions stay in the portal. */
export const agentAnswer = z.strictObject({
  id: z.string().meta({ description: "The public id, as in the snippet and in `model: agent:<id>`." }),
  name: z.string(),
  status: z.enum(["live", "paused"]),
  model: z.string().nullable().meta({ description: "The model that writes; null for the platform's default." }),
  createdAt: time,
  updatedAt: time,
});
export type AgentAnswer = z.infer<typeof agentAnswer>;

/** One agent, with the pages that may show it. */
export const agentDetail = agentAnswer.extend({
  origins: z.array(z.string()).meta({ description: "Origins whose pages may talk to it. Empty: none may." }),
});
export type AgentDetail = z.infer<typeof agentDetail>;

const columns = "id, public_id, name, status, published_version_id, created_at, updated_at" as const;
type Row = {
  id: string;
  public_id: string;
  name: string;
  status: string;
  published_version_id: string | null;
  created_at: string;
  updated_at: string;
};

/** The models of agents, by the id of their published settings. */
async function modelsOf(db: Db, orgId: string, rows: Row[]): Promise<Map<string, string | null>> {
  const ids = rows.flatMap((row) => row.published_version_id ?? []);
  if (ids.length === 0) return new Map();
  const versions = unwrap(await db.from("agent_versions").select("id, settings").eq("org_id", orgId).in("id", ids));
  return new Map(versions.map(({ id, settings }) => [id, agentSettings.safeParse(settings).data?.model ?? null]));
}

const answer = (row: Row, models: Map<string, string | null>): AgentAnswer => ({
  id: row.public_id,
  name: row.name,
  status: row.status === "paused" ? "paused" : "live",
  model: models.get(row.published_version_id ?? "") ?? null,
  createdAt: moment(row.created_at),
  updatedAt: moment(row.updated_at),
});

/** A page of the organization's agents, newest first. */
export async function agentPage(db: Db, by: { orgId: string; cursor?: string; limit: number }): Promise<Page<AgentAnswer>> {
  const after = idAfter(by.cursor);
  let query = db.from("agents").select(columns).eq("org_id", by.orgId);
  if (after) query = query.lt("id", after);
  const rows = unwrap(await query.order("id", { ascending: false }).limit(by.limit + 1));
  const models = await modelsOf(db, by.orgId, rows.slice(0, by.limit));
  return idPage(rows, by.limit, (row) => answer(row, models));
}

async function findRow(db: Db, by: { orgId: string; publicId: string | undefined }): Promise<Row> {
  const row = publicAgentId.safeParse(by.publicId).success
    ? unwrap(await db.from("agents").select(columns).eq("org_id", by.orgId).eq("public_id", by.publicId!).maybeSingle())
    : null;
  if (!row) throw new AppError("not_found", "There is no such agent. GET /api/v1/agents lists yours.");
  return row;
}

/** The agent of the organization that a path names. @throws AppError("not_found"), also for another organization's */
export const agentOfPath = (db: Db, by: { orgId: string; publicId: string | undefined }): Promise<{ id: string }> => findRow(db, by);

/** One agent by its public id. @throws AppError("not_found") */
export async function readAgent(db: Db, by: { orgId: string; publicId: string | undefined }): Promise<AgentDetail> {
  const row = await findRow(db, by);
  const [models, origins] = await Promise.all([modelsOf(db, by.orgId, [row]), listOrigins(db, { orgId: by.orgId, agentId: row.id })]);
  return { ...answer(row, models), origins };
}

/** Agents' public ids by the ids of their rows. */
export async function publicIds(db: Db, orgId: string): Promise<Map<string, string>> {
  const rows = unwrap(await db.from("agents").select("id, public_id").eq("org_id", orgId));
  return new Map(rows.map((row) => [row.id, row.public_id]));
}
