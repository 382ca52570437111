import { AppError } from "@gpt-agent/core/errors";
import { z } from "zod";

const PATIENCE_MS = 5_000;
const header = z.object({ dsn: z.string().max(500) });
/** What pages send; nothing else is passed on. */
const TYPES = ["event", "transaction", "feedback", "replay_event", "replay_recording"];
const MAX_ITEMS = 20;

/**
 * Where pages hand in their envelopes (https://develop.sentry.dev/sdk/data-model/envelopes/). They go on to the one project that the operator
 * has named, whatever an envelope says; one that is meant for another is refused.
 * @returns passes an envelope on; false when that did not work. @throws AppError("invalid_request") for what is none of ours
 */
export function envelopeDoor(dsn: string): (bytes: Uint8Array) => Promise<boolean> {
  const { origin, pathname, username } = new URL(dsn);
  const [, prefix, project] = /^(.*)\/(\d+)$/.exec(pathname)!;
  const to = `${origin}${prefix}/api/${project}/envelope/?sentry_key=${username}&sentry_version=7`;
  return async (bytes) => {
    checkEnvelope(bytes, dsn);
    try {
      const answer = await fetch(to, {
        method: "POST",
        body: bytes as BodyInit,
        headers: { "content-type": "application/x-sentry-envelope" },
        redirect: "error",
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      await answer.body?.cancel();
      return answer.ok || answer.status === 429;
    } catch {
      return false;
    }
  };
}

/** @throws AppError("invalid_request") */
export function checkEnvelope(bytes: Uint8Array, dsn: string): void {
  const refuse = (cause?: unknown) => new AppError("invalid_request", "This is no report of this portal's pages.", { cause });
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const line = () => {
    const end = buffer.indexOf(10, at);
    const text = buffer.subarray(at, end < 0 ? buffer.length : end).toString("utf8");
    at = end < 0 ? buffer.length : end + 1;
    return text;
  };
  try {
    if (header.parse(JSON.parse(line())).dsn !== dsn) throw refuse();
    let items = 0;
    while (at < buffer.length) {
      const text = line();
      if (text === "") continue;
      const { type, length } = z
        .object({ type: z.enum(TYPES as [string, ...string[]]), length: z.int().min(0).optional() })
        .parse(JSON.parse(text));
      if (++items > MAX_ITEMS || (type && length !== undefined && at + length > buffer.length)) throw refuse();
      if (length === undefined) line();
      else at += length;
    }
    if (items === 0) throw refuse();
  } catch (error) {
    throw error instanceof AppError ? error : refuse(error);
  }
}
