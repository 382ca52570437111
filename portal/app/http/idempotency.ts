import { createHash } from "node:crypto";
import { AppError } from "@gpt-agent/core/errors";

/**
 * A request's Idempotency-Key, if it has one, with a hash of its body: the same key with another body is refused.
 * @param scope whose key it is: a visitor's or an API key's
 * @throws AppError("invalid_request") for a key that is not 1–255 printable ASCII characters
 */
export function idempotency(
  headers: Headers,
  scope: string,
  body: unknown,
): { scope: string; key: string; requestHash: string } | undefined {
  const key = headers.get("idempotency-key");
  if (key === null) return undefined;
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) throw new AppError("invalid_request", "Idempotency-Key: 1 to 255 printable characters.");
  return { scope, key, requestHash: createHash("sha256").update(JSON.stringify(body)).digest("hex") };
}
