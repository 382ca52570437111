import { z } from "zod";
import type { Db } from "../db.ts";
import type { Log } from "../log.ts";
import type { SafeFetch } from "../safe-fetch.ts";
import type { SecretBox } from "../secrets.ts";
import { CRM_IDS, type Crm, type CrmCall } from "./crm.ts";
import type { CrmError } from "./crm-error.ts";
import { crmCall } from "./crm-http.ts";
import { crmSettings } from "./crm-settings.ts";
import type { Crms } from "./crms.ts";
import { GrantKeeper } from "./grant-keeper.ts";
import { AccountQuota } from "./quota.ts";

export type CrmDeps = { db: Db; log: Log; crmEgress: SafeFetch; secretBox: SecretBox; crms: Crms; appUrl: string };

/** A connection as `open_connection` gives it. */
export const openConnection = z.strictObject({
  orgId: z.uuid(),
  crm: z.enum(CRM_IDS),
  cloud: z.enum(["global", "ru"]),
  accountId: z.string(),
  status: z.enum(["ok", "unauthorized", "failing", "paused", "disconnecting"]),
  sealedGrant: z.string(),
  generation: z.number().int(),
  expiresAt: z.string().nullable(),
  refreshing: z.boolean().nullable(),
  lostRefresh: z.boolean(),
  sealedInboundSecret: z.string().nullable(),
  inboundSubscription: z.string().nullable(),
  settings: crmSettings,
});
export type OpenConnection = z.infer<typeof openConnection>;

/** The database holds a connection that cannot be read: no other try helps. */
export class MalformedConnection extends Error {
  override name = "MalformedConnection";
}

/** @returns null when the connection is gone. @throws MalformedConnection */
export async function readConnection(db: Db, connectionId: string): Promise<OpenConnection | null> {
  const { data, error } = await db.rpc("open_connection", { connection: connectionId });
  if (error) throw error;
  if (data === null) return null;
  const parsed = openConnection.safeParse(data);
  if (!parsed.success) throw new MalformedConnection(`A connection is malformed: ${parsed.error.message}`);
  return parsed.data;
}

/** A connection that is spoken for. */
export type CrmSession = {
  id: string;
  connection: OpenConnection;
  crm: Crm;
  /** Waits for the account's limits, refreshes the token. @throws CrmError, and Postponed when the limits are too far off */
  call: CrmCall;
  grants: GrantKeeper;
};

/**
 * Speaks for a connection: its grant is opened, refreshed before it runs out and when it is refused, its account's limits are kept.
 * @returns null when the connection is gone
 * @throws MalformedConnection
 */
export async function openSession(connectionId: string, deps: CrmDeps, signal: AbortSignal): Promise<CrmSession | null> {
  const connection = await readConnection(deps.db, connectionId);
  if (!connection) return null;
  const crm = deps.crms.get(connection.crm);
  const grants = new GrantKeeper(connectionId, connection, crm, deps, signal);
  const quota = new AccountQuota(deps.db, crm, connection.accountId, signal);
  const call = crmCall(crm, deps.crmEgress, {
    signal,
    grant: () => grants.current(),
    renew: (refused) => grants.renew(refused),
    admit: (cost) => quota.admit(cost),
    slowDown: (forMs) => quota.slowDown(forMs),
  });
  return { id: connectionId, connection, crm, call, grants };
}

/** A CRM error's own words as they may be kept and shown: nothing in them that could be a token. */
export function detailOf(error: CrmError, secrets: string[] = []): string | null {
  let text = error.detail;
  if (!text) return null;
  for (const secret of secrets) if (secret.length >= 6) text = text.replaceAll(secret, "…");
  // Whatever the sender repeats of what we sent: no word of a message is as long.
  return text.replace(/[\w.~+/=-]{24,}/g, "…") || null;
}
