/** The closed set of error codes and the HTTP status each one has. */
export const ERROR_STATUS = {
  invalid_request: 400,
  unauthenticated: 401,
  forbidden: 403,
  origin_not_allowed: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  too_large: 413,
  unsupported_media_type: 415,
  idempotency_mismatch: 422,
  rate_limited: 429,
  over_budget: 429,
  internal: 500,
  upstream_failed: 502,
  unavailable: 503,
} as const;

export type ErrorCode = keyof typeof ERROR_STATUS;

/**
 * An error that a person or a program outside may be told about. `message` is in English, safe to show, and says what to
 * do; the cause is for our logs alone.
 */
export class AppError extends Error {
  readonly code: ErrorCode;
  /** Seconds after which a retry makes sense; 429 and 503 carry it as Retry-After. */
  readonly retryAfter?: number;
  constructor(code: ErrorCode, message: string, options: { cause?: unknown; retryAfter?: number } = {}) {
    super(message, { cause: options.cause });
    this.name = "AppError";
    this.code = code;
    this.retryAfter = options.retryAfter;
  }
  get status(): number {
    return ERROR_STATUS[this.code];
  }
}

/** Any thrown value as an AppError: ours stay as they are, all others become `internal` without their words. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  return new AppError("internal", "Something went wrong on our side. Please try again.", { cause: error });
}
