const SECRET_KEYS = /token|secret|password|authorization|cookie|api[-_]?key|encryption/i;
const SECRET_VALUES = /\b(sb_secret_\S+|sk-[\w-]{8,}|gap_live_\w+|eyJ[\w-]{8,}\.[\w-]+\.[\w-]+)/g;

/** A copy of `value` in which secrets are masked, by key and by shape. Depth is bounded. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return value.replace(SECRET_VALUES, "[redacted]");
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
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, SECRET_KEYS.test(key) && item ? "[redacted]" : redact(item, depth + 1)]),
  );
}

export type Log = {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
  /** A log that adds `fields` (ids of request, org, agent, job) to every line. */
  with(fields: Record<string, unknown>): Log;
};

const LEVELS = { debug: 10, info: 20, warn: 30, error: 40 } as const;
export type LogLevel = keyof typeof LEVELS;

/** Writes one JSON object a line to stdout (errors to stderr), secrets masked. */
export function createLog(level: LogLevel, base: Record<string, unknown> = {}): Log {
  const write =
    (at: LogLevel) =>
    (message: string, fields: Record<string, unknown> = {}) => {
      if (LEVELS[at] < LEVELS[level]) return;
      const line = JSON.stringify({ time: new Date().toISOString(), level: at, ...base, message, ...(redact(fields) as object) });
      (at === "error" ? process.stderr : process.stdout).write(`${line}\n`);
    };
  return {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    with: (fields) => createLog(level, { ...base, ...fields }),
  };
}
