import type { CrmAnswer } from "./crm.ts";
import { CrmError, type CrmErrorCode } from "./crm-error.ts";

/** Codes in the bodies of errors, in lower case (_includes/system-errors, settings/oauth/error-codes, limits), and how long each lasts, in ms. */
const CODES: Record<string, [CrmErrorCode, number?]> = {
  // The bucket of 50 leaks two a second: after five there is room for ten.
  query_limit_exceeded: ["rate_limited", 5_000],
  // One method has run for 480 s within 10 minutes.
  operation_time_limit: ["rate_limited", 60_000],
  expired_token: ["unauthorized"],
  invalid_token: ["unauthorized"],
  no_auth_found: ["unauthorized"],
  invalid_credentials: ["unauthorized"],
  invalid_grant: ["unauthorized"],
  invalid_client: ["unauthorized"],
  portal_deleted: ["unauthorized"],
  application_not_found: ["unauthorized"],
  // 401 by status, yet no other token would help: the plan, the scope, a block by hand.
  access_denied: ["forbidden"],
  insufficient_scope: ["forbidden"],
  invalid_scope: ["forbidden"],
  user_access_error: ["forbidden"],
  overload_limit: ["forbidden"],
  payment_required: ["forbidden"],
  wrong_auth_type: ["forbidden"],
  allowed_only_intranet_user: ["forbidden"],
  // 404 by status, yet it is the method that is missing (for want of a scope), not a record.
  error_method_not_found: ["forbidden"],
  not_found: ["not_found"],
  owner_not_found: ["not_found"],
  internal_server_error: ["unavailable"],
  error_unexpected_answer: ["unavailable"],
};

/** What an error's code means, whichever status it came with. */
export function errorOfCode(code: string, description: unknown): CrmError {
  const known = code.toLowerCase().replace(/\s/g, "_");
  const [kind, retryAfterMs] = Object.hasOwn(CODES, known) ? CODES[known]! : (["invalid"] as const);
  const detail = typeof description === "string" && description ? description : code;
  return new CrmError(kind, `Bitrix24 answered ${code.slice(0, 60)}`, { retryAfterMs: retryAfterMs ?? null, detail });
}

/** The error in an answer's body; null leaves it to the status. */
export function readError({ status, body }: CrmAnswer): CrmError | null {
  // An account that has moved answers with a redirect: signing in again, or refreshing, tells where it is now (settings/how-to-call-rest-api/change-domen).
  if (status >= 300 && status < 400) return new CrmError("unauthorized", "The account's address has changed");
  if (!body || typeof body !== "object" || !("error" in body)) return null;
  const { error } = body;
  const code = typeof error === "string" ? error : typeof error === "number" ? String(error) : "";
  // A failure of the server's is passing, whatever it says.
  if (status >= 500 && code.toLowerCase() !== "query_limit_exceeded") return null;
  if (!code && status >= 400) return null;
  return code ? errorOfCode(code, (body as { error_description?: unknown }).error_description) : null;
}
