import { retryAfterSeconds } from "@gpt-agent/core/retry-after";

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** Seconds between the attempts: ten of them over 75 hours 35 minutes, as Standard Webhooks proposes. */
export const PAUSES = [5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR] as const;
/** Each pause is this much shorter or longer at most, so that a receiver that comes back does not get everything at once. */
const JITTER = 0.1;
/** No receiver can put a delivery off for longer than this, in seconds. */
const LONGEST_WAIT = 24 * HOUR;

/**
 * Seconds until the attempt after `attempt` (counted from 1), or null when that was the last.
 * @param retryAfter seconds that the receiver asked for; it can only make the wait longer
 * @param random in [0, 1)
 */
export function pauseAfter(attempt: number, retryAfter = 0, random = Math.random()): number | null {
  const pause = PAUSES[attempt - 1];
  if (pause === undefined) return null;
  return Math.max(pause * (1 - JITTER + 2 * JITTER * random), Math.min(retryAfter, LONGEST_WAIT));
}

/** Statuses at which a receiver's Retry-After counts. */
const BUSY = new Set([429, 502, 503, 504]);

/** The wait that a response asks for, in seconds; 0 for none. */
export const retryAfterOf = (status: number, header: string | undefined): number =>
  (BUSY.has(status) ? retryAfterSeconds(header) : undefined) ?? 0;
