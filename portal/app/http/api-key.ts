import { createHash, randomInt } from "node:crypto";
import { crc32 } from "node:zlib";

/**
 * API keys look like `gap_live_` + 34 random base62 characters (~202 bits) + 6 base62 characters of CRC-32, so that a
 * typo or a scanner's false find is refused without asking the database. Only the SHA-256 is ever stored.
 */
const PREFIX = "gap_live_";
const RANDOM_LENGTH = 34;
const CHECK_LENGTH = 6;
const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const SHAPE = new RegExp(`^${PREFIX}[0-9A-Za-z]{${RANDOM_LENGTH + CHECK_LENGTH}}$`);

const checksum = (text: string): string => {
  let rest = crc32(text);
  let digits = "";
  for (let i = 0; i < CHECK_LENGTH; i++) {
    digits = ALPHABET[rest % 62] + digits;
    rest = Math.floor(rest / 62);
  }
  return digits;
};

export type CreatedApiKey = {
  /** The key itself: shown to its maker once, never stored. */
  key: string;
  /** api_keys.key_hash */
  hash: string;
  /** api_keys.last_four */
  lastFour: string;
};

/** A new random API key with what the database keeps of it. */
export function createApiKey(): CreatedApiKey {
  const random = Array.from({ length: RANDOM_LENGTH }, () => ALPHABET[randomInt(62)]).join("");
  const body = PREFIX + random;
  const key = body + checksum(body);
  return { key, hash: hashApiKey(key), lastFour: key.slice(-4) };
}

/** The hex SHA-256 under which a key is stored. A fast hash is enough for 202 random bits (ASVS 6.5.2). */
export const hashApiKey = (key: string): string => createHash("sha256").update(key).digest("hex");

/** The text as a well-formed key (shape and checksum), or null. Says nothing about whether the key exists. */
export function parseApiKey(text: string): string | null {
  const key = text.trim();
  if (!SHAPE.test(key)) return null;
  return checksum(key.slice(0, -CHECK_LENGTH)) === key.slice(-CHECK_LENGTH) ? key : null;
}
