import { CrmError } from "@gpt-agent/core/crm/crm-error";
import { crmHttp } from "@gpt-agent/core/crm/crm-http";
import { type CrmDeps, type CrmSession, MalformedConnection, openSession } from "@gpt-agent/core/crm/session";
import type { Turn } from "./with-connection.ts";

/**
 * Takes leave of a CRM: its webhooks are ended, our tokens revoked, and everything that was kept of it is erased, also when the CRM
 * is away in the end.
 * @throws what may succeed in another try
 */
export async function disconnect(connectionId: string, deps: CrmDeps, turn: Turn): Promise<void> {
  try {
    const session = await openSession(connectionId, deps, turn.signal);
    if (session?.connection.status !== "disconnecting") return;
    await takeLeave(session, deps, turn);
  } catch (error) {
    const unreadable = error instanceof MalformedConnection;
    if (turn.signal.aborted || (!turn.lastAttempt && !unreadable)) throw error;
    deps.log.warn("A CRM could not be told that it is disconnected", {
      connectionId,
      code: error instanceof CrmError ? error.code : unreadable ? "malformed" : "unexpected",
    });
  }
  const { error } = await deps.db.from("connections").delete().eq("id", connectionId).eq("status", "disconnecting");
  if (error) throw error;
}

async function takeLeave({ crm, call, connection, grants }: CrmSession, deps: CrmDeps, turn: Turn): Promise<void> {
  const steps: (() => Promise<void>)[] = [];
  const { inboundSubscription } = connection;
  if (inboundSubscription && crm.inbound?.unsubscribe) steps.push(() => crm.inbound!.unsubscribe!(call, inboundSubscription));
  const app = deps.crms.app(connection.crm, connection.cloud);
  const revoke = crm.oauth?.revoke;
  if (revoke && app && connection.cloud)
    steps.push(async () => {
      const grant = await grants.current();
      const http = crmHttp(deps.crmEgress, { signal: turn.signal, readError: crm.readError?.bind(crm) });
      if (grant.kind === "oauth") await revoke(http, { app, cloud: connection.cloud, grant });
    });
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      // A token that is not taken any more needs no revoking; what is refused once is refused again.
      if (!(error instanceof CrmError) || error.isPassing) throw error;
    }
  }
}
