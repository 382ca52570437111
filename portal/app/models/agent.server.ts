import { type AgentSettings, agentSettings } from "@gpt-agent/core/agent-settings";
import type { Db } from "@gpt-agent/core/db";
import type { Database } from "@gpt-agent/core/db-types";
import { AppError } from "@gpt-agent/core/errors";
import { unwrap } from "~/models/result.server";

type AgentRow = Database["public"]["Tables"]["agents"]["Row"];

export type AgentSummary = Pick<AgentRow, "id" | "name" | "created_at"> & {
  publicId: string;
  status: "live" | "paused";
  settings: AgentSettings;
  sources: number;
  conversations: number;
  origins: string[];
};

const columns =
  "id, name, created_at, status, publicId:public_id, sources(count), conversations(count), agent_origins(origin), published:agent_versions!agents_published_version_fkey(settings)" as const;

type Selected = Pick<AgentRow, "id" | "name" | "created_at"> & {
  status: string;
  publicId: string;
  sources: { count: number }[];
  conversations: { count: number }[];
  agent_origins: { origin: string }[];
  published: { settings: unknown } | null;
};

const summary = (row: Selected): AgentSummary => ({
  id: row.id,
  name: row.name,
  created_at: row.created_at,
  publicId: row.publicId,
  status: row.status === "paused" ? "paused" : "live",
  settings: agentSettings.parse(row.published?.settings ?? {}),
  sources: row.sources[0]?.count ?? 0,
  conversations: row.conversations[0]?.count ?? 0,
  origins: row.agent_origins.map(({ origin }) => origin).sort(),
});

/** The organization's agents, newest first. */
export async function listAgents(db: Db, by: { orgId: string }): Promise<AgentSummary[]> {
  return unwrap(await db.from("agents").select(columns).eq("org_id", by.orgId).order("created_at", { ascending: false })).map(summary);
}

/** One agent of the organization with its published settings and allowed origins, or null. */
export async function findAgent(db: Db, by: { orgId: string; agentId: string }): Promise<AgentSummary | null> {
  const row = unwrap(await db.from("agents").select(columns).eq("org_id", by.orgId).eq("id", by.agentId).maybeSingle());
  return row && summary(row);
}

export type AgentChange = { orgId: string; agentId: string | null; name: string; settings: AgentSettings; origins: string[] };

/** Creates (agentId null) or changes an agent as a new published version. Returns its id. */
export async function saveAgent(db: Db, change: AgentChange): Promise<string> {
  const saved = await db.rpc("save_agent", {
    org: change.orgId,
    agent: change.agentId,
    agent_name: change.name,
    agent_settings: change.settings,
    origins: change.origins,
  });
  return unwrap(saved).id;
}

/** Pauses an agent or lets it talk again. */
export async function setAgentStatus(db: Db, change: { orgId: string; agentId: string; status: "live" | "paused" }): Promise<void> {
  const row = unwrap(
    await db
      .from("agents")
      .update({ status: change.status })
      .eq("org_id", change.orgId)
      .eq("id", change.agentId)
      .select("id")
      .maybeSingle(),
  );
  if (!row) throw new AppError("not_found", "There is no such agent.");
}

/** Deletes an agent with its knowledge and conversations. Throws "not_found" when the caller is no admin. */
export async function deleteAgent(db: Db, by: { orgId: string; agentId: string }): Promise<void> {
  const row = unwrap(await db.from("agents").delete().eq("org_id", by.orgId).eq("id", by.agentId).select("id").maybeSingle());
  if (!row) throw new AppError("not_found", "There is no such agent.");
}
