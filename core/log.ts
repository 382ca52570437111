import pino, { type Logger } from "pino";
import { correlation } from "./correlation.ts";
import { redact } from "./redact.ts";

export type Log = {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
  /** A log that adds `fields` (ids of org, agent, job) to every line. */
  with(fields: Record<string, unknown>): Log;
};

export type LogLevel = "debug" | "info" | "warn" | "error";

/** Looked up with each line: tests and supervisors put their own in place. */
const streams = () =>
  pino.multistream(
    [
      { level: "debug", stream: { write: (line: string) => process.stdout.write(line) } },
      { level: "error", stream: { write: (line: string) => process.stderr.write(line) } },
    ],
    { dedupe: true },
  );

/**
 * Writes one JSON object a line to stdout (errors to stderr), with the ids of the request and organization that it is about, secrets and people's words masked.
 * @param heard is told of errors as well, whatever the level: the line, and the fields as they are, unmasked
 */
export function createLog(
  level: LogLevel,
  base: Record<string, unknown> = {},
  heard?: (message: string, fields: Record<string, unknown>) => void,
): Log {
  const lines = pino(
    {
      level,
      base: null,
      messageKey: "message",
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      mixin: () => {
        const { requestId, orgId } = correlation() ?? {};
        return { requestId, orgId };
      },
    },
    streams(),
  );
  return over(lines, base, heard);
}

function over(lines: Logger, base: Record<string, unknown>, heard?: (message: string, fields: Record<string, unknown>) => void): Log {
  const write =
    (at: LogLevel) =>
    (message: string, fields: Record<string, unknown> = {}) => {
      if (at === "error") heard?.(message, { ...base, ...fields });
      if (lines.isLevelEnabled(at)) lines[at](redact({ ...base, ...fields }) as object, redact(message) as string);
    };
  return {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    with: (fields) => over(lines, { ...base, ...fields }, heard),
  };
}
