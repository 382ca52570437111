import type { CrmAnswer } from "./crm.ts";

export type CrmErrorCode =
  /** The token is no longer taken: somebody must sign in again. */
  | "unauthorized"
  /** The token lacks a permission, or the account's plan the API. */
  | "forbidden"
  /** Too many requests; try again after `retryAfterMs`. */
  | "rate_limited"
  /** The account's daily budget is used up. */
  | "quota_exhausted"
  | "not_found"
  /** A record of this kind is there already. */
  | "conflict"
  /** The CRM does not take what we sent; `detail` says what it said, shortened. */
  | "invalid"
  /** The CRM is out of reach, or failed. */
  | "unavailable"
  /** The CRM answered something that we cannot read. */
  | "malformed";

/** Why a CRM did not do what we asked. The message is in English, for our logs; people are shown the code's words. */
export class CrmError extends Error {
  override name = "CrmError";
  readonly code: CrmErrorCode;
  /** Milliseconds after which another try makes sense, where the CRM says. */
  readonly retryAfterMs: number | null;
  /** The CRM's own words, at most 300 characters: never a token, as they are shown to admins. */
  readonly detail: string | null;
  constructor(
    code: CrmErrorCode,
    message: string,
    options: { cause?: unknown; retryAfterMs?: number | null; detail?: string | null } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.retryAfterMs = options.retryAfterMs ?? null;
    this.detail = options.detail?.replace(/\s+/g, " ").trim().slice(0, 300) || null;
  }
  /** Whether the same request may succeed later without anybody's doing. */
  get isPassing(): boolean {
    return this.code === "rate_limited" || this.code === "quota_exhausted" || this.code === "unavailable";
  }
}

const BY_STATUS: Record<number, CrmErrorCode> = {
  401: "unauthorized",
  402: "forbidden",
  403: "forbidden",
  404: "not_found",
  408: "unavailable",
  409: "conflict",
  410: "not_found",
  423: "unavailable",
  429: "rate_limited",
};

/** The error of an answer that is not a 2xx, by its status (RFC 9110 §15). */
export function errorOfStatus(answer: CrmAnswer, retryAfterMs: number | null): CrmError {
  const code = BY_STATUS[answer.status] ?? (answer.status >= 500 ? "unavailable" : "invalid");
  return new CrmError(code, `The CRM answered ${answer.status}`, { retryAfterMs, detail: wordsOf(answer.body) });
}

/** The sentence in an error's body, wherever CRMs put it. */
function wordsOf(body: unknown): string | null {
  const one = Array.isArray(body) ? body[0] : body;
  if (!one || typeof one !== "object") return null;
  for (const key of ["error_description", "message", "detail", "title", "error", "error_info"]) {
    const value = (one as Record<string, unknown>)[key];
    if (typeof value === "string" && value) return value;
  }
  return null;
}
