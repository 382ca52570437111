import type { CrmAccount, CrmCall, CrmCloud, CrmGrant, CrmId } from "@gpt-agent/core/crm/crm";
import { CrmError, type CrmErrorCode } from "@gpt-agent/core/crm/crm-error";
import { crmCall } from "@gpt-agent/core/crm/crm-http";
import { crmGrantPlace, DEFAULT_CRM_SETTINGS } from "@gpt-agent/core/crm/crm-settings";
import { defaultFields } from "@gpt-agent/core/crm/default-fields";
import type { Db } from "@gpt-agent/core/db";
import { addConnection, reauthorize } from "~/models/connection.server";
import { uuidV7 } from "~/models/uuid-v7.server";
import { crmEgress, crms, secretBox } from "~/services.server";

/** For everything that is asked of a CRM while somebody waits, in milliseconds. */
const TIMEOUT_MS = 20_000;

/** The way to an account with a grant that is not stored yet: nothing renews it, and no worker knows of it. */
export function callWith(crm: CrmId, grant: CrmGrant): CrmCall {
  return crmCall(crms.get(crm), crmEgress, {
    signal: AbortSignal.timeout(TIMEOUT_MS),
    grant: async () => grant,
    renew: () => Promise.reject(new CrmError("unauthorized", "The CRM does not take the token that it has just given")),
    admit: async () => {},
    slowDown: async () => {},
  });
}

/** Why a CRM did not do what we asked, for people; what took too long is out of reach. Rethrows what is no failure of a CRM. */
export function crmFailure(thrown: unknown): { code: CrmErrorCode; detail: string | null } {
  if (thrown instanceof CrmError) return { code: thrown.code, detail: thrown.detail };
  if (thrown instanceof DOMException && (thrown.name === "TimeoutError" || thrown.name === "AbortError"))
    return { code: "unavailable", detail: null };
  throw thrown;
}

/**
 * Connects the account that a grant opens. A new connection begins with name, e-mail and phone in its field map.
 * @returns the connection's id
 * @throws CrmError; AppError("conflict") for an account that is connected already
 */
export async function connectAccount(
  db: Db,
  by: { orgId: string; userId: string; crm: CrmId; cloud: CrmCloud; grant: CrmGrant },
): Promise<string> {
  const crm = crms.get(by.crm);
  const account = await crm.account(callWith(by.crm, by.grant));
  const connectionId = uuidV7();
  await addConnection(db, {
    orgId: by.orgId,
    connectionId,
    userId: by.userId,
    crm: by.crm,
    cloud: by.cloud,
    account,
    ...sealed(by.orgId, connectionId, by.grant),
    settings: { ...DEFAULT_CRM_SETTINGS, fields: defaultFields(by.crm) },
  });
  return connectionId;
}

/** Lets a connection in anew with another grant of the same account; the account, and whether it was the same. @throws CrmError */
export async function reconnectAccount(
  db: Db,
  by: { orgId: string; connectionId: string; crm: CrmId; grant: CrmGrant },
): Promise<{ account: CrmAccount; same: boolean }> {
  const account = await crms.get(by.crm).account(callWith(by.crm, by.grant));
  const { grantKind: kind, ...grant } = sealed(by.orgId, by.connectionId, by.grant);
  const same = await reauthorize(db, { orgId: by.orgId, connectionId: by.connectionId, accountId: account.externalId, kind, ...grant });
  return { account, same };
}

const sealed = (orgId: string, connectionId: string, grant: CrmGrant) => ({
  grantKind: grant.kind,
  sealedGrant: secretBox.seal(JSON.stringify(grant), crmGrantPlace(orgId, connectionId)),
  expiresAt: grant.expiresAt,
});
