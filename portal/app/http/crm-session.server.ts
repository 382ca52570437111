import { CrmError } from "@gpt-agent/core/crm/crm-error";
import { Postponed } from "@gpt-agent/core/crm/postponed";
import { type CrmSession, detailOf, openSession } from "@gpt-agent/core/crm/session";
import { AppError } from "@gpt-agent/core/errors";
import { crmEgress, crms, env, limiter, log, secretBox, service } from "~/services.server";
import { crmFailure } from "./crm-connect.server";

/** For everything that is asked of a CRM while somebody waits, in milliseconds. */
const TIMEOUT_MS = 20_000;

/** What came of asking a CRM: an answer, or why there is none, in words' code and the CRM's own. */
export type Asked<T> = { ok: true; value: T } | { ok: false; code: string; detail: string | null };

/**
 * Asks a CRM something for somebody who waits: with the connection's own grant, which is refreshed where it must be, within its account's limits.
 * The caller has made sure that the connection is theirs to ask.
 * @throws AppError("not_found") for one that is gone; ("rate_limited") for an organization that asks too often
 */
export async function askCrm<T>(by: { orgId: string; connectionId: string }, work: (session: CrmSession) => Promise<T>): Promise<Asked<T>> {
  await limiter.enforce(["crmAsk", by.orgId]);
  let session: CrmSession | null = null;
  try {
    const deps = { db: service, log, crmEgress, secretBox, crms, appUrl: env.APP_URL };
    session = await openSession(by.connectionId, deps, AbortSignal.timeout(TIMEOUT_MS));
    if (session?.connection.orgId !== by.orgId) throw new AppError("not_found", "There is no such connection.");
    return { ok: true, value: await work(session) };
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown;
    if (thrown instanceof Postponed) return { ok: false, code: "rate_limited", detail: null };
    const { code } = crmFailure(thrown);
    return { ok: false, code, detail: thrown instanceof CrmError ? detailOf(thrown, session?.grants.secrets()) : null };
  }
}
