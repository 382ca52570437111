import type { Db } from "@gpt-agent/core/db";
import type { Database } from "@gpt-agent/core/db-types";
import { AppError } from "@gpt-agent/core/errors";
import { unwrap } from "~/models/result.server";

type Row = Database["public"]["Tables"]["leads"]["Row"];
export type Lead = Pick<Row, "id" | "name" | "email" | "phone" | "message" | "consent" | "consent_text" | "page_url" | "created_at"> & {
  conversationId: string;
  agentId: string;
  fields: Record<string, string>;
};

const COLUMNS =
  "id, name, email, phone, message, consent, consent_text, page_url, created_at, fields, conversationId:conversation_id, agentId:agent_id" as const;

const leadOf = <R extends { fields: unknown }>(row: R) => ({ ...row, fields: (row.fields ?? {}) as Record<string, string> });

/** A page of the organization's leads, the newest first; `before` is the created_at of the page before. */
export async function listLeads(
  db: Db,
  by: { orgId: string; before?: string; limit: number },
): Promise<{ leads: (Lead & { agentName: string })[]; next: string | null }> {
  let query = db
    .from("leads")
    .select(COLUMNS)
    .eq("org_id", by.orgId)
    .order("created_at", { ascending: false })
    .limit(by.limit + 1);
  if (by.before) query = query.lt("created_at", by.before);
  const [rows, agents] = await Promise.all([query.then(unwrap), db.from("agents").select("id, name").eq("org_id", by.orgId).then(unwrap)]);
  const names = new Map(agents.map(({ id, name }) => [id, name]));
  return {
    leads: rows.slice(0, by.limit).map((row) => ({ ...leadOf(row), agentName: names.get(row.agentId) ?? "" })),
    next: rows.length > by.limit ? (rows[by.limit - 1]?.created_at ?? null) : null,
  };
}

/** The leads of one conversation, the newest first. */
export async function leadsOfConversation(db: Db, by: { orgId: string; conversationId: string }): Promise<Lead[]> {
  const rows = await db
    .from("leads")
    .select(COLUMNS)
    .eq("org_id", by.orgId)
    .eq("conversation_id", by.conversationId)
    .order("created_at", { ascending: false });
  return unwrap(rows).map(leadOf);
}

/** Erases a lead. Throws "not_found" when there is none, or the caller is no admin. */
export async function eraseLead(db: Db, by: { orgId: string; leadId: string }): Promise<void> {
  const row = unwrap(await db.from("leads").delete().eq("org_id", by.orgId).eq("id", by.leadId).select("id").maybeSingle());
  if (!row) throw new AppError("not_found", "There is no such lead.");
}
