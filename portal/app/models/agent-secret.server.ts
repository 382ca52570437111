import type { Db } from "@gpt-agent/core/db";
import { unwrap } from "~/models/result.server";

/** A stored secret as its editors know it: never what is inside. */
export type SecretSummary = { id: string; lastFour: string };
export type SealedSecret = { id: string; name: string; sealed: string; lastFour: string };
type Of = { orgId: string; agentId: string };

/** A shorter secret would be half told by its end. */
const SHOWN_FROM = 12;

/** The end of a secret by which its owner recognizes it; nothing of a short one. */
export const lastFourOf = (secret: string): string => (secret.length >= SHOWN_FROM ? secret.slice(-4) : "");

/** The secrets that an agent's actions may name. Empty for those who may not edit the agent. */
export async function listSecrets(db: Db, by: Of): Promise<SecretSummary[]> {
  return unwrap(await db.from("agent_secrets").select("id, lastFour:last_four").eq("org_id", by.orgId).eq("agent_id", by.agentId));
}

/** Stores sealed secrets under their maker's name. @throws AppError "forbidden" when they are no editor */
export async function addSecrets(db: Db, by: Of & { userId: string }, secrets: SealedSecret[]): Promise<void> {
  if (secrets.length === 0) return;
  const rows = secrets.map(({ lastFour, ...secret }) => ({
    ...secret,
    last_four: lastFour,
    org_id: by.orgId,
    agent_id: by.agentId,
    created_by: by.userId,
  }));
  const { error } = await db.from("agent_secrets").insert(rows);
  if (error) unwrap({ data: null, error });
}

/** Removes secrets of an agent; those that are gone already do not matter. */
export async function removeSecrets(db: Db, by: Of, ids: string[]): Promise<void> {
  if (ids.length === 0) return;
  const { error } = await db.from("agent_secrets").delete().eq("org_id", by.orgId).eq("agent_id", by.agentId).in("id", ids);
  if (error) unwrap({ data: null, error });
}
