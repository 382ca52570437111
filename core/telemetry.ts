import { type Correlation, correlate } from "./correlation.ts";

/** Errors and traces, for those who run the platform. What leaves holds ids, never names or words of people (core/sentry-scrub.ts). */
export type Telemetry = {
  /**
   * Reports an error.
   * @param message the log's line about it
   * @param fields the log's fields: the error, and ids
   */
  report(message: string, fields: Record<string, unknown>): void;
  /**
   * Does a piece of work (a request, a try of a job) under its ids, as one step of the trace that `from` names or of a new one.
   * @param what.name a route or a job, never an address: there are only so many
   */
  step<T>(what: { name: string; op: "http.server" | "queue.process" }, from: Correlation, work: () => T): T;
  /** Sends what still waits, for two seconds at most. */
  close(): Promise<void>;
};

/** Without a DSN nothing is reported, and nothing of an SDK is loaded. */
export const silentTelemetry: Telemetry = {
  report() {},
  step: (_what, from, work) => correlate(from, work),
  close: async () => {},
};
