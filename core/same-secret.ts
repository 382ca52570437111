import { createHash, timingSafeEqual } from "node:crypto";

const digest = (text: string) => createHash("sha256").update(text).digest();

/**
 * Compares a secret that came with a request to ours, in a time that tells neither where they differ nor how long ours is.
 * @returns false where either is empty or missing: nothing equals those
 */
export function sameSecret(given: string | null | undefined, ours: string | null | undefined): boolean {
  if (!given || !ours) return false;
  return timingSafeEqual(digest(given), digest(ours));
}
