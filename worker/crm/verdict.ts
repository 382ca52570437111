import { CrmError, type CrmErrorCode } from "@gpt-agent/core/crm/crm-error";
import { RefreshLost } from "@gpt-agent/core/crm/grant-keeper";
import { Postponed } from "@gpt-agent/core/crm/postponed";
import { detailOf } from "@gpt-agent/core/crm/session";

/** What a failure means for a piece of work. */
export type Verdict =
  /** It goes on later, and nothing has failed. */
  | { kind: "postponed"; waitMs: number; code: CrmErrorCode | null; detail: string | null }
  /** It waits until somebody signs in anew. */
  | { kind: "stopped"; code: "unauthorized" | "refresh_lost"; detail: string | null }
  /** The CRM does not take it, however often it is asked. */
  | { kind: "refused"; code: CrmErrorCode; detail: string | null }
  /** Another try may help ... */
  | { kind: "retry"; code: string; detail: string | null }
  /** ... but this was the last one. */
  | { kind: "given_up"; code: string; detail: string | null };

/** Where a CRM says no when to come back, in milliseconds: after 429, and for a day's budget. */
const RATE_LIMITED_MS = 10_000;
const EXHAUSTED_MS = 3_600_000;
const REFUSALS: ReadonlySet<CrmErrorCode> = new Set(["forbidden", "not_found", "invalid"]);

/** @param secrets what must not be repeated in the detail */
export function verdictOf(error: unknown, { lastAttempt }: { lastAttempt: boolean }, secrets: string[]): Verdict {
  if (error instanceof Postponed) return { kind: "postponed", waitMs: error.waitMs, code: null, detail: null };
  const again = lastAttempt ? "given_up" : "retry";
  if (!(error instanceof CrmError)) return { kind: again, code: "unexpected", detail: null };
  const detail = detailOf(error, secrets);
  const { code, retryAfterMs } = error;
  if (code === "unauthorized") return { kind: "stopped", code: error instanceof RefreshLost ? "refresh_lost" : code, detail };
  if (code === "rate_limited") return { kind: "postponed", waitMs: retryAfterMs ?? RATE_LIMITED_MS, code: null, detail: null };
  if (code === "quota_exhausted") return { kind: "postponed", waitMs: retryAfterMs ?? EXHAUSTED_MS, code, detail };
  return { kind: REFUSALS.has(code) ? "refused" : again, code, detail };
}
