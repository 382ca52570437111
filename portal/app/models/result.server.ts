import { AppError } from "@gpt-agent/core/errors";

type Failure = { code?: string; message: string; hint?: string | null };
type Result = { data: unknown; error: Failure | null };

/** Rules that functions of the database refuse by, and what to tell whoever ran into one. */
const REFUSALS: Record<string, string> = {
  disabled: "This endpoint is disabled. Enable it first.",
  too_many_endpoints: "The organization has 50 webhook endpoints already. Delete one that is no longer needed.",
};

/** The hint of the database's rule that refused, or null. */
export function refusedBy(error: AppError): string | null {
  const { hint } = (error.cause ?? {}) as Partial<Failure>;
  return hint && Object.hasOwn(REFUSALS, hint) ? hint : null;
}

/**
 * The data of a database answer. Throws AppError: "conflict" for a taken name or a rule that has a name of its own, "not_found" for a row that is not there
 * (or not the caller's), "forbidden" when a policy refuses, "invalid_request" for a broken rule, else "unavailable".
 */
export function unwrap<R extends Result>(result: R): Extract<R, { error: null }>["data"] {
  if (!result.error) return result.data;
  const { code = "", message } = result.error;
  const cause = Object.assign(new Error(message), result.error);
  const refusal = REFUSALS[result.error.hint ?? ""];
  if (code === "P0001" && refusal) throw new AppError("conflict", refusal, { cause });
  if (code === "23505") throw new AppError("conflict", "That is taken already.", { cause });
  if (code === "P0002") throw new AppError("not_found", "There is no such thing here.", { cause });
  if (code === "42501") throw new AppError("forbidden", "Your role does not allow this.", { cause });
  if (code.startsWith("23") || code.startsWith("22") || code === "P0001")
    throw new AppError("invalid_request", "The database refused this value.", { cause });
  throw new AppError("unavailable", "The database did not answer. Please try again.", { cause, retryAfter: 5 });
}
