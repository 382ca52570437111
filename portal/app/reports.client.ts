import { redactText } from "@gpt-agent/core/redact";
import { scrubEvent, withoutNames } from "@gpt-agent/core/sentry-scrub";
import {
  addIntegration,
  BrowserClient,
  browserTracingIntegration,
  captureException,
  captureFeedback,
  dedupeIntegration,
  defaultStackParser,
  flush,
  getCurrentScope,
  linkedErrorsIntegration,
  makeFetchTransport,
  startBrowserTracingPageLoadSpan,
} from "@sentry/remix";
import type { PageReports } from "./components/answer-context";

/** The way in, at the portal itself (routes/reports.ts): pages may connect to nothing else. */
const TUNNEL = "/reports";
const FLUSH_MS = 3_000;

type Transport = typeof makeFetchTransport;

/** Recordings go as they were made: masked, but with the addresses of pages, out of which queries and names of organizations are taken here. */
const transport: Transport = (options) => {
  const inner = makeFetchTransport(options);
  const clean = (item: unknown[]) => {
    const [header, payload] = item as [{ type: string; length?: number }, unknown];
    if (header.type !== "replay_recording" || typeof payload !== "string") return item;
    const masked = withoutNames(payload.replace(/("(?:https?:\/\/|\/)[^"?#\\]*)[?#](?:[^"\\]|\\.)*"/g, '$1"'));
    // The header says how long it is: one that says otherwise is refused on the way in.
    return [{ ...header, length: new TextEncoder().encode(masked).length }, masked];
  };
  return {
    ...inner,
    send: ([header, items]) => inner.send([header, items.map((item) => clean(item as unknown[]))] as Parameters<typeof inner.send>[0]),
  };
};

/** Starts the SDK, with as little of it as does the work: no listeners on what people do, no breadcrumbs, no sessions. */
export function start({ dsn, environment, release, tracesSampleRate, replaySampleRate, trace, baggage, orgId }: PageReports): void {
  const client = new BrowserClient({
    dsn,
    environment,
    release,
    tunnel: TUNNEL,
    tracesSampleRate,
    replaysOnErrorSampleRate: 1,
    replaysSessionSampleRate: 0,
    sendDefaultPii: false,
    sendClientReports: false,
    maxBreadcrumbs: 0,
    stackParser: defaultStackParser,
    transport,
    tracePropagationTargets: [location.origin],
    integrations: [
      dedupeIntegration(),
      linkedErrorsIntegration(),
      browserTracingIntegration({ instrumentPageLoad: false, instrumentNavigation: false }),
    ],
    beforeSend: scrubEvent,
    beforeSendTransaction: scrubEvent,
  });
  getCurrentScope().setClient(client);
  getCurrentScope().setTags({ process: "browser", ...(orgId ? { orgId } : {}) });
  client.init();
  client.addEventProcessor(scrubEvent);
  // The page's load is a step of the trace in which the server made it.
  if (trace)
    startBrowserTracingPageLoadSpan(client, { name: "pageload", op: "pageload" }, { sentryTrace: trace, baggage: baggage ?? undefined });
  // Who is not among those whose errors are recorded does not load the recorder either.
  if (Math.random() < replaySampleRate) void import("./replay.client").then(({ replay }) => addIntegration(replay()));
}

/** Sends an error under an id of ours. */
export const report = (error: unknown, id: string): void => void captureException(error, { event_id: id });

/** Sends what somebody writes about an error. @throws when it does not get through in time */
export async function feedback(message: string, associatedEventId: string | undefined): Promise<void> {
  captureFeedback({ message: redactText(message), source: "error-page", ...(associatedEventId ? { associatedEventId } : {}) });
  if (!(await flush(FLUSH_MS))) throw new Error("The report did not get through");
}
