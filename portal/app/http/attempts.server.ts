import { clientAddress } from "~/http/client-address";
import { env, limiter } from "~/services.server";

/**
 * Counts an attempt to sign in, sign up or ask for a reset mail, per client address and per account (T34).
 * Throws AppError("rate_limited") when there were too many.
 */
export async function limitAttempts(request: Request, kind: "login" | "signup" | "reset", email: string): Promise<void> {
  const address = clientAddress(request, env.TRUSTED_PROXIES);
  const account = email.toLowerCase();
  if (kind === "signup") return limiter.enforce(["signupAddress", address]);
  if (kind === "login") return limiter.enforce(["loginAddress", address], ["loginAccount", account]);
  return limiter.enforce(["resetAddress", address], ["resetAccount", account]);
}
