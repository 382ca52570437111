import { AsyncLocalStorage } from "node:async_hooks";
import { randomUUID } from "node:crypto";

/**
 * What a piece of work is known by, from a visitor's request through the outbox to the last job that comes of it. It holds ids only, and
 * says nothing about who may do what.
 */
export type Correlation = {
  /** A UUID. People name it when they ask for help. */
  requestId: string;
  /** Whether the id is of our own making, so that no other request goes by it. */
  own?: boolean;
  /** The organization whose work it is, once that is known. */
  orgId?: string;
  /** Where a trace goes on: "trace id-span id-sampled", as the header sentry-trace has it; null without tracing. */
  trace: string | null;
  /** What goes with it, as the header baggage has it. */
  baggage: string | null;
};

const current = new AsyncLocalStorage<Correlation>();

/** What the running work is known by; undefined outside of any. */
export const correlation = (): Correlation | undefined => current.getStore();

/** Does `work`, and all that comes of it, under these ids. */
export const correlate = <T>(ids: Correlation, work: () => T): T => current.run(ids, work);

/** Says whose work the running work is. */
export function noteOrg(orgId: string): void {
  const ids = current.getStore();
  if (ids) ids.orgId = orgId;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const TRACE = /^[0-9a-f]{32}-[0-9a-f]{16}(-[01])?$/;
/** Printable ASCII: what a header may carry on. */
const BAGGAGE = /^[\x20-\x7e]{1,1000}$/;

/** The id that a header names, if it is a UUID in lower case and nothing else; otherwise a new one. */
export const requestIdFrom = (header: unknown): string => (typeof header === "string" && UUID.test(header) ? header : randomUUID());

/** Trace and baggage as they came from outside, or null where they are not what they should be. */
export function traceFrom(trace: unknown, baggage: unknown): Pick<Correlation, "trace" | "baggage"> {
  if (typeof trace !== "string" || !TRACE.test(trace)) return { trace: null, baggage: null };
  return { trace, baggage: typeof baggage === "string" && BAGGAGE.test(baggage) ? baggage : null };
}

/** The headers in which the database is told, so that what it puts into the outbox carries the same ids (migration correlation). */
export function correlationHeaders(ids = correlation()): Record<string, string> {
  if (!ids) return {};
  return {
    "x-request-id": ids.requestId,
    ...(ids.trace ? { "sentry-trace": ids.trace } : {}),
    ...(ids.trace && ids.baggage ? { baggage: ids.baggage } : {}),
  };
}
