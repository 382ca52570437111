import { randomBytes } from "node:crypto";
import { CrmError } from "@gpt-agent/core/crm/crm-error";
import { crmInboundPlace } from "@gpt-agent/core/crm/crm-settings";
import type { CrmDeps, CrmSession } from "@gpt-agent/core/crm/session";
import { type Turn, withConnection } from "./with-connection.ts";

/** Where a CRM sends a connection's changes. */
export const inboundUrl = (appUrl: string, connectionId: string): string => `${appUrl.replace(/\/+$/, "")}/api/webhooks/${connectionId}`;

/**
 * Sets a connection up: checks that it leads to the account it was made for, asks the CRM to send its changes where it can be asked, and takes
 * up what waits. Runs again after each sign-in and resumption.
 */
export async function setUpConnection(connectionId: string, deps: CrmDeps, turn: Turn): Promise<void> {
  await withConnection(
    {
      connectionId,
      job: { name: "crm.setup", payload: { connectionId } },
      async run(session) {
        if (session.connection.status === "paused" || session.connection.status === "disconnecting") return;
        await checkAccount(session, deps);
        await subscribe(session, deps);
        const { error } = await deps.db.rpc("wake_connection", { connection: connectionId });
        if (error) throw error;
      },
    },
    deps,
    turn,
  );
}

async function checkAccount({ id, connection, crm, call }: CrmSession, { db }: CrmDeps): Promise<void> {
  const account = await crm.account(call);
  if (account.externalId !== connection.accountId) throw new CrmError("unauthorized", "The token belongs to another account");
  const { error } = await db
    .from("connections")
    .update({ account_name: account.name.slice(0, 200), account_url: account.url && account.url.length <= 500 ? account.url : null })
    .eq("org_id", connection.orgId)
    .eq("id", id);
  if (error) throw error;
}

/** Webhooks are a convenience: where they cannot be had, contacts are polled. */
async function subscribe({ id, connection, crm, call }: CrmSession, deps: CrmDeps): Promise<void> {
  if (!crm.inbound?.subscribe || crm.inbound.address !== "connection" || connection.inboundSubscription || !connection.settings.pull)
    return;
  const place = crmInboundPlace(connection.orgId, id);
  const save = async (columns: { sealed_inbound_secret?: string; inbound_subscription?: string }) => {
    const { error } = await deps.db.from("connections").update(columns).eq("org_id", connection.orgId).eq("id", id);
    if (error) throw error;
  };
  let secret: string;
  if (connection.sealedInboundSecret) secret = deps.secretBox.open(connection.sealedInboundSecret, place);
  else {
    secret = randomBytes(32).toString("hex");
    // Before it is given away: what comes in at once is verified with it.
    await save({ sealed_inbound_secret: deps.secretBox.seal(secret, place) });
  }
  try {
    await save({ inbound_subscription: await crm.inbound.subscribe(call, { url: inboundUrl(deps.appUrl, id), secret }) });
  } catch (error) {
    if (!(error instanceof CrmError) || error.isPassing || error.code === "unauthorized") throw error;
    deps.log.warn("A CRM sends no webhooks; its contacts are polled", { connectionId: id, crm: crm.id, code: error.code });
  }
}
