import type { CrmErrorCode } from "@gpt-agent/core/crm/crm-error";
import { AppError } from "@gpt-agent/core/errors";
import type { ErrorCode } from "~/i18n/error-codes";
import type { Connection } from "~/models/connection.server";
import type { ConnectForm } from "~/models/connection-form.server";
import { crms, limiter } from "~/services.server";
import { connectAccount, crmFailure, reconnectAccount } from "./crm-connect.server";
import { beginSignIn } from "./crm-sign-in.server";
import { attempt, type Refused, refused } from "./form.server";
import type { Member } from "./guards.server";

/** What a refusal of the CRM means for what was typed. */
const WORDS: Record<CrmErrorCode, ErrorCode> = {
  unauthorized: "crmRefused",
  forbidden: "crmForbidden",
  not_found: "crmAnswer",
  conflict: "crmAnswer",
  invalid: "crmToken",
  malformed: "crmAnswer",
  rate_limited: "crmAway",
  quota_exhausted: "crmAway",
  unavailable: "crmAway",
};

type Answer = { ok: true; url?: string; connectionId?: string; setCookie?: string } | Refused;

/**
 * Does what the form of connecting asks for: begins a sign-in, or takes a token. With `again`, for the account of that connection.
 * @returns where the browser goes, or which connection it is now; or what is wrong with what was typed
 */
export async function connectByForm(request: Request, member: Member, form: ConnectForm, again: Connection | null): Promise<Answer> {
  const [crm, cloud] = again ? [again.crm, again.cloud] : [form.crm, form.cloud];
  const adapter = crms.all().find(({ id }) => id === crm);
  if (!adapter?.clouds.includes(cloud)) return refused({ form: "invalid" });
  const { db, user, org } = member;
  const limited = await attempt(() => limiter.enforce(["crmAsk", org.id]));
  if (!limited.ok) return limited;
  if (form.intent === "sign-in") {
    if (adapter.oauth?.domain === "needed" && !form.domain) return refused({ domain: "required" });
    return asked("domain", async () => {
      const wish = { orgId: org.id, crm, cloud, domain: form.domain, connectionId: again?.id ?? null };
      return { ok: true, ...(await beginSignIn(request, db, wish)) };
    });
  }
  const { token } = adapter;
  if (!token) return refused({ form: "invalid" });
  if (token.asks === "token-and-domain" && !form.domain) return refused({ domain: "required" });
  return asked(token.asks === "token-and-domain" ? "domain" : "token", async () => {
    const grant = token.grantFrom({ token: form.token, domain: form.domain, cloud });
    if (!again) return { ok: true, connectionId: await connectAccount(db, { orgId: org.id, userId: user.id, crm, cloud, grant }) };
    const { same } = await reconnectAccount(db, { orgId: org.id, connectionId: again.id, crm, grant });
    return same ? { ok: true, connectionId: again.id } : refused({ token: "crmOtherAccount" });
  });
}

/** Work with a CRM whose refusal is a word beside a field. */
async function asked(field: "token" | "domain", work: () => Promise<Answer>): Promise<Answer> {
  const done = await attempt(async (): Promise<Answer> => {
    try {
      return await work();
    } catch (thrown) {
      if (thrown instanceof AppError) {
        if (thrown.code === "conflict") return refused({ form: "crmConnected" });
        throw thrown;
      }
      const { code } = crmFailure(thrown);
      return refused(code === "invalid" && field === "domain" ? { domain: "crmDomain" } : { token: WORDS[code] });
    }
  });
  return done.ok ? done.value : done;
}
