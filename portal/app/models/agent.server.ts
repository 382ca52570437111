import { type AgentSettings, agentSettings } from "@gpt-agent/core/agent-settings";
import type { Db } from "@gpt-agent/core/db";
import type { Database } from "@gpt-agent/core/db-types";
import { AppError } from "@gpt-agent/core/errors";
import { unwrap } from "~/models/result.server";

type AgentRow = Database["public"]["Tables"]["agents"]["Row"];

export type AgentSummary = Pick<AgentRow, "id" | "name"> & {
  publicId: string;
  status: "live" | "paused";
  settings: AgentSettings;
};

const columns = "id, name, status, publicId:public_id, published_version_id" as const;
type Selected = Pick<AgentRow, "id" | "name" | "status" | "published_version_id"> & { publicId: string };

/** Agents with their published settings. Asked for apart: Supabase Lite joins a composite foreign key by its first column alone. */
async function withSettings(db: Db, orgId: string, rows: Selected[]): Promise<AgentSummary[]> {
  const ids = rows.flatMap((row) => row.published_version_id ?? []);
  const versions = ids.length ? unwrap(await db.from("agent_versions").select("id, settings").eq("org_id", orgId).in("id", ids)) : [];
  const settings = new Map(versions.map((version) => [version.id, version.settings]));
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    publicId: row.publicId,
    status: row.status === "paused" ? "paused" : "live",
    settings: agentSettings.parse(settings.get(row.published_version_id ?? "") ?? {}),
  }));
}

/** The organization's agents, newest first, each with the number of its documents. */
export async function listAgents(db: Db, by: { orgId: string }): Promise<(AgentSummary & { sources: number })[]> {
  const [rows, sources] = await Promise.all([
    db.from("agents").select(columns).eq("org_id", by.orgId).order("created_at", { ascending: false }).order("id").then(unwrap),
    db.from("sources").select("agent_id").eq("org_id", by.orgId).limit(10_000).then(unwrap),
  ]);
  const agents = await withSettings(db, by.orgId, rows);
  return agents.map((agent) => ({ ...agent, sources: sources.filter((source) => source.agent_id === agent.id).length }));
}

/** One agent of the organization with its published settings, or null. */
export async function findAgent(db: Db, by: { orgId: string; agentId: string }): Promise<AgentSummary | null> {
  const row = unwrap(await db.from("agents").select(columns).eq("org_id", by.orgId).eq("id", by.agentId).maybeSingle());
  return row ? ((await withSettings(db, by.orgId, [row]))[0] ?? null) : null;
}

/** The origins whose pages may talk to an agent, in alphabetical order. */
export async function listOrigins(db: Db, by: { orgId: string; agentId: string }): Promise<string[]> {
  const rows = unwrap(await db.from("agent_origins").select("origin").eq("org_id", by.orgId).eq("agent_id", by.agentId).order("origin"));
  return rows.map(({ origin }) => origin);
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

const MAX_ATTEMPTS = 5;

/**
 * Changes a part of an agent's settings as a new published version; what others change at the same time stays.
 * @param change makes the new settings from those that stand; asked again when they have changed meanwhile
 * @throws AppError "not_found" also when the caller is no editor; "unavailable" when others are quicker time and again
 */
export async function changeSettings(
  db: Db,
  by: { orgId: string; agentId: string },
  change: (current: AgentSettings) => AgentSettings,
): Promise<AgentSettings> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const row = unwrap(await db.from("agents").select(columns).eq("org_id", by.orgId).eq("id", by.agentId).maybeSingle());
    const [agent] = row ? await withSettings(db, by.orgId, [row]) : [];
    if (!row || !agent) throw new AppError("not_found", "There is no such agent.");
    const settings = change(agent.settings);
    const saved = await db.rpc("change_agent_settings", {
      org: by.orgId,
      agent: by.agentId,
      base: row.published_version_id,
      agent_settings: settings,
    });
    // Null, whatever the generated type says: another version has been published since we looked.
    if (unwrap(saved) as string | null) return settings;
  }
  throw new AppError("unavailable", "Others keep changing these settings. Please try again.", { retryAfter: 1 });
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
