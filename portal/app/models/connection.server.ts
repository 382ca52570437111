import type { CrmCloud, CrmId } from "@gpt-agent/core/crm/crm";
import { type CrmSettings, crmSettings, DEFAULT_CRM_SETTINGS } from "@gpt-agent/core/crm/crm-settings";
import type { Db } from "@gpt-agent/core/db";
import type { Database, Json } from "@gpt-agent/core/db-types";
import { AppError } from "@gpt-agent/core/errors";
import { z } from "zod";
import { unwrap } from "~/models/result.server";

type Tables = Database["public"]["Tables"];
type Row = Tables["connections"]["Row"];

const CONNECTION =
  "id, crm, cloud, name, account_id, account_name, account_url, status, grant_kind, inbound_subscription, settings, last_push_at, last_pull_at, last_event_at, error_code, error_detail, failing_since, created_at";

export type ConnectionStatus = "ok" | "unauthorized" | "failing" | "paused" | "disconnecting";

/** A connection as people see it: nothing that is sealed. */
export type Connection = Pick<
  Row,
  | "id"
  | "name"
  | "account_id"
  | "account_name"
  | "account_url"
  | "inbound_subscription"
  | "last_push_at"
  | "last_pull_at"
  | "last_event_at"
  | "error_code"
  | "error_detail"
  | "failing_since"
  | "created_at"
> & { crm: CrmId; cloud: CrmCloud; status: ConnectionStatus; grant_kind: "oauth" | "token"; settings: CrmSettings };

type Owned = { orgId: string; connectionId: string };
const gone = () => new AppError("not_found", "There is no such connection.");

/** Settings that an older version of ours wrote are read as far as they hold; what is new stands as in a new connection. */
export function readSettings(stored: unknown): CrmSettings {
  const whole = crmSettings.safeParse(stored);
  if (whole.success) return whole.data;
  const known = crmSettings.safeParse({ ...DEFAULT_CRM_SETTINGS, ...(z.record(z.string(), z.unknown()).safeParse(stored).data ?? {}) });
  return known.success ? known.data : DEFAULT_CRM_SETTINGS;
}

const connectionOf = (row: Pick<Row, keyof Connection>): Connection => ({ ...row, settings: readSettings(row.settings) }) as Connection;

/** The organization's connections, oldest first. */
export async function listConnections(db: Db, by: { orgId: string }): Promise<Connection[]> {
  return unwrap(await db.from("connections").select(CONNECTION).eq("org_id", by.orgId).order("created_at")).map(connectionOf);
}

export async function findConnection(db: Db, by: Owned): Promise<Connection | null> {
  const row = unwrap(await db.from("connections").select(CONNECTION).eq("org_id", by.orgId).eq("id", by.connectionId).maybeSingle());
  return row && connectionOf(row);
}

/** Adds a connection; its id is made by the caller, who has sealed its secrets for it. @throws AppError("conflict") for an account that is connected */
export async function addConnection(
  db: Db,
  added: Owned & {
    userId: string;
    crm: CrmId;
    cloud: CrmCloud;
    account: { externalId: string; name: string; url: string | null };
    grantKind: "oauth" | "token";
    sealedGrant: string;
    expiresAt: string | null;
    settings: CrmSettings;
  },
): Promise<void> {
  const { error } = await db.from("connections").insert({
    id: added.connectionId,
    org_id: added.orgId,
    crm: added.crm,
    cloud: added.cloud,
    name: (added.account.name.trim() || added.account.externalId).slice(0, 120),
    account_id: added.account.externalId,
    account_name: added.account.name.slice(0, 200),
    account_url: added.account.url && added.account.url.length <= 500 ? added.account.url : null,
    grant_kind: added.grantKind,
    sealed_grant: added.sealedGrant,
    grant_expires_at: added.expiresAt,
    settings: added.settings as unknown as Json,
    created_by: added.userId,
  });
  if (error) unwrap({ data: null, error });
}

/** @throws AppError("not_found") for one that is not there */
export async function changeConnection(db: Db, by: Owned, change: { name?: string; settings?: CrmSettings }): Promise<void> {
  const { settings, ...rest } = change;
  const row = unwrap(
    await db
      .from("connections")
      .update({ ...rest, ...(settings ? { settings: settings as unknown as Json } : {}) })
      .eq("org_id", by.orgId)
      .eq("id", by.connectionId)
      .select("id")
      .maybeSingle(),
  );
  if (!row) throw gone();
}

/** Puts another grant of the same account in place; false for another account. */
export async function reauthorize(
  db: Db,
  by: Owned & { accountId: string; kind: "oauth" | "token"; sealedGrant: string; expiresAt: string | null },
): Promise<boolean> {
  return unwrap(
    await db.rpc("reauthorize_connection", {
      org: by.orgId,
      connection: by.connectionId,
      account: by.accountId,
      kind: by.kind,
      sealed: by.sealedGrant,
      expires: by.expiresAt,
    }),
  );
}

/** Stops, resumes or takes leave of a connection; false when it was so already. */
export async function steer(db: Db, by: Owned, wish: "pause" | "resume" | "disconnect"): Promise<boolean> {
  return unwrap(await db.rpc("change_connection", { org: by.orgId, connection: by.connectionId, wish }));
}
