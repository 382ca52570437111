/** Names of values that open something. Numbers under such a name (counts of tokens) are none. */
const SECRET_KEYS = /token|secret|passw|authorization|cookie|api[-_]?key|encryption|signature|credential|\bdsn\b/i;
/** Names under which people's words travel: messages, documents, what a database says of a row, what goes in and out of tools. */
const CONTENT_KEYS =
  /^(body|text|content|contents|prompt|question|answer|parts|messages|input|output|html|details|subject|payload|query|search)$/i;

/** What is masked inside any text, in this order. */
const SHAPES: [RegExp, string][] = [
  [/\b(authorization|proxy-authorization|x-api-key)(["']?\s*[:=]\s*)[^\n,}]+/gi, "$1$2[redacted]"],
  [/\b((?:set-)?cookie)(["']?\s*[:=]\s*)[^\n}]+/gi, "$1$2[redacted]"],
  [/\b(bearer|basic)\s+[\w.~+/=-]{6,}/gi, "$1 [redacted]"],
  // User, password, query and fragment of an address.
  [/\b(\w+:\/\/)[^\s@/"'<>]+@/g, "$1[redacted]@"],
  [/(\bhttps?:\/\/[^\s?#"'<>]+|(?<=^|[\s"'(])\/[\w.~%@:/$-]*)[?#][^\s"'<>)]+/g, "$1?[redacted]"],
  [/\b(sb_secret_\S+|sk-[\w-]{8,}|gap_live_\w+|whsec_[\w+/=-]+|eyJ[\w-]{8,}\.[\w-]+\.[\w-]+)/g, "[redacted]"],
  // Long runs of letters and digits: a key of whatever kind.
  [/(?<![\w/.-])(?=[\w-]*\d)(?=[\w-]*[a-z])[\w-]{40,}/gi, "[redacted]"],
  [/[\p{L}\p{N}._%+-]{1,64}@[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63})+/gu, "[email]"],
  [/(?<![\w.-])\+\d[\d ()-]{8,18}\d(?!\w)/g, "[phone]"],
];

/** The process's own secrets. */
const own = new Set<string>();

/** From now on masks these values wherever they stand: what we send to somebody may come back in their errors. Short ones are no secrets. */
export function neverTell(values: Iterable<string>): void {
  for (const value of values) if (value.length >= 12) own.add(value);
}

/** A text without secrets, e-mail addresses, phone numbers and the queries of addresses. */
export function redactText(text: string): string {
  let masked = text;
  for (const value of own) if (masked.includes(value)) masked = masked.replaceAll(value, "[redacted]");
  return SHAPES.reduce((rest, [shape, by]) => rest.replace(shape, by), masked);
}

/**
 * A copy of `value` for logs and reports: secrets masked by name and by shape, people's words by name, e-mail addresses, phone
 * numbers and queries of addresses wherever they stand. Depth and length are bounded.
 */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return redactText(value.length > 8_000 ? `${value.slice(0, 8_000)}…` : value);
  if (value instanceof Error) {
    return {
      name: value.name,
      message: redact(value.message),
      stack: redact(value.stack),
      cause: depth < 3 ? redact(value.cause, depth + 1) : undefined,
    };
  }
  if (value === null || typeof value !== "object") return value;
  if (depth >= 6) return "[deep]";
  if (Array.isArray(value)) return value.slice(0, 100).map((item) => redact(item, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, redactNamed(key, item, depth)]));
}

function redactNamed(key: string, item: unknown, depth: number): unknown {
  const tells = item !== null && item !== "" && (typeof item === "string" || typeof item === "object");
  if (tells && SECRET_KEYS.test(key)) return "[redacted]";
  if (tells && CONTENT_KEYS.test(key)) return "[content]";
  return redact(item, depth + 1);
}
