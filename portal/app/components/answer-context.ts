import { createContext, useContext, useState } from "react";

/** How the pages report errors, where they do (portal/app/components/reports.ts). Public: it is in every page. */
export type PageReports = {
  dsn: string;
  environment: string;
  release: string;
  tracesSampleRate: number;
  replaySampleRate: number;
  /** The trace that the page's own answer belongs to. */
  trace: string | null;
  baggage: string | null;
  /** The organization that the page is about. */
  orgId: string | null;
};

/** What a page knows of the answer it came in: set while rendering on the server, read from the document in the browser. */
export const AnswerContext = createContext<{ requestId: string; reports: PageReports | null } | undefined>(undefined);

/** For the html element: attributes are left alone when React takes the document over. */
export function useAnswerAttributes(): { "data-request-id"?: string; "data-reports"?: string } {
  const answer = useContext(AnswerContext);
  if (!answer) return {};
  return { "data-request-id": answer.requestId, ...(answer.reports ? { "data-reports": JSON.stringify(answer.reports) } : {}) };
}

const pageData = (name: "requestId" | "reports") => (typeof document === "undefined" ? undefined : document.documentElement.dataset[name]);

/** The id by which support finds the request behind what is shown now. */
export function useRequestId(): string | undefined {
  const answer = useContext(AnswerContext);
  const [id] = useState(() => answer?.requestId ?? newestData() ?? pageData("requestId"));
  return id;
}

/** Whether the pages report errors here. */
export function useHasReports(): boolean {
  const answer = useContext(AnswerContext);
  return Boolean(answer?.reports ?? pageData("reports"));
}

const isRequest = ({ name }: PerformanceServerTiming) => name === "request";

/** What is shown now was answered a moment ago, in milliseconds: an older answer than that was to something else. */
const RECENT_MS = 60_000;

/**
 * The newest data that the portal answered with, which names its request in Server-Timing: scripts cannot read the headers of an answer that
 * Remix fetched. Undefined in browsers that keep no such timings.
 */
function newestData(): string | undefined {
  if (typeof document === "undefined") return undefined;
  const answers = performance.getEntriesByType("resource") as PerformanceResourceTiming[];
  const newest = answers
    .filter(({ startTime, serverTiming }) => performance.now() - startTime < RECENT_MS && serverTiming?.some(isRequest))
    .at(-1);
  return newest?.serverTiming.find(isRequest)?.description;
}
