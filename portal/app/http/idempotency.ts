import { createHash } from "node:crypto";
import { AppError } from "@gpt-agent/core/errors";

/** A request's Idempotency-Key, or null. @throws AppError("invalid_request") for one that is not 1–255 printable ASCII characters */
export function idempotencyKey(headers: Headers): string | null {
  const key = headers.get("idempotency-key");
  if (key !== null && !/^[\x21-\x7e]{1,255}$/.test(key))
    throw new AppError("invalid_request", "Idempotency-Key: 1 to 255 printable characters.");
  return key;
}

/** A parsed body's hash, 64 hexadecimal digits. */
export const requestHash = (body: unknown): string => createHash("sha256").update(JSON.stringify(body)).digest("hex");

/**
 * A request's Idempotency-Key, if it has one, with a hash of its body: the same key with another body is refused.
 * @param scope whose key it is: a visitor's or an API key's
 * @throws AppError("invalid_request") as idempotencyKey does
 */
export function idempotency(
  headers: Headers,
  scope: string,
  body: unknown,
): { scope: string; key: string; requestHash: string } | undefined {
  const key = idempotencyKey(headers);
  if (key === null) return undefined;
  return { scope, key, requestHash: requestHash(body) };
}

/** The refusal of a key that came with another request before. */
export const idempotencyMismatch = () => new AppError("idempotency_mismatch", "This Idempotency-Key was used for another request.");
