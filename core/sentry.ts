import type * as Sentry from "@sentry/node";
import { type Correlation, correlate, correlation } from "./correlation.ts";
import { scrubEvent } from "./sentry-scrub.ts";
import type { Telemetry } from "./telemetry.ts";

/** What is used of the SDK. */
export type SentrySdk = Pick<
  typeof Sentry,
  | "captureException"
  | "continueTrace"
  | "startNewTrace"
  | "startSpan"
  | "getTraceData"
  | "flush"
  | "dedupeIntegration"
  | "linkedErrorsIntegration"
  | "onUncaughtExceptionIntegration"
> & { init(options: Sentry.NodeOptions): unknown };

type Options = {
  dsn: string;
  environment: string;
  release: string;
  /** Of the traces that begin here, the share that is kept, 0 to 1. */
  tracesSampleRate: number;
  /** "portal" or "worker". */
  process: string;
};

const FLUSH_MS = 2_000;

/**
 * Sentry behind our port. Nothing is instrumented: a request or a try of a job is one span, an error is reported where the log has a line of
 * the level error. So nothing of it stands on the way of a token, and nothing is reported twice.
 */
export function openSentry(sdk: SentrySdk, { process, ...options }: Options): Telemetry {
  sdk.init({
    ...options,
    sendDefaultPii: false,
    includeServerName: false,
    registerEsmLoaderHooks: false,
    sendClientReports: false,
    maxBreadcrumbs: 0,
    // Given as a function: what an SDK would add by itself is left out.
    integrations: () => [sdk.dedupeIntegration(), sdk.linkedErrorsIntegration(), sdk.onUncaughtExceptionIntegration()],
    beforeSend: scrubEvent,
    beforeSendTransaction: scrubEvent,
  });
  return {
    report(message, { error, ...fields }) {
      const about = correlation();
      const tags = { process, requestId: about?.requestId, orgId: about?.orgId, ...fields } as Record<string, string | undefined>;
      const hint = { captureContext: { tags }, ...eventIdOf(about) };
      sdk.captureException(thrown(error, message, fields.code), hint as Parameters<SentrySdk["captureException"]>[1]);
    },
    step(what, from, work) {
      const run = () =>
        sdk.startSpan(
          { ...what, forceTransaction: true, attributes: { "sentry.source": what.op === "http.server" ? "route" : "task" } },
          () => {
            const { "sentry-trace": trace = null, baggage = null } = sdk.getTraceData();
            return correlate({ ...from, trace, baggage }, work);
          },
        );
      return from.trace ? sdk.continueTrace({ sentryTrace: from.trace, baggage: from.baggage ?? undefined }, run) : sdk.startNewTrace(run);
    },
    close: async () => void (await sdk.flush(FLUSH_MS)),
  };
}

/** Requests whose first error has gone out under the id that people are shown. */
const named = new WeakSet<Correlation>();

/** The first error of a request goes by the request's own id, so that what a person then writes about it can be tied to it. */
function eventIdOf(about: Correlation | undefined): { event_id?: string } {
  if (!about?.own || named.has(about)) return {};
  named.add(about);
  return { event_id: about.requestId.replaceAll("-", "") };
}

/** What was thrown as an error with a stack; errors of the database are plain objects. */
function thrown(error: unknown, message: string, code: unknown): Error {
  if (error instanceof Error) return error;
  const { message: words, code: own } = (error ?? {}) as { message?: unknown; code?: unknown };
  const text = [typeof words === "string" ? words : typeof error === "string" ? error : null, own ?? code].filter(Boolean).join(" ");
  return Object.assign(new Error(text ? `${message}: ${text}` : message), { name: "ReportedProblem" });
}
