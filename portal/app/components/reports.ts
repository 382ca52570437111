// Errors of the portal's pages, where the operator wants to hear of them. Without a DSN this does nothing; with one, the SDK comes
// once the page stands, in a file of its own, and what went wrong before is told then.
import type { PageReports } from "./answer-context";

type Sdk = typeof import("../reports.client");

/** Errors that came before the SDK. */
let early: { error: unknown; id: string }[] | null = null;
let sdk: Promise<Sdk> | null = null;

const newId = () => crypto.randomUUID().replaceAll("-", "");
const seen = new WeakMap<Error, string>();

/** Called once, as the page starts. */
export function watchPage(): void {
  const text = document.documentElement.dataset.reports;
  if (!text) return;
  early = [];
  const keep = (event: ErrorEvent | PromiseRejectionEvent) => reportPageError("reason" in event ? event.reason : event.error);
  addEventListener("error", keep);
  addEventListener("unhandledrejection", keep);
  const start = () => {
    sdk = import("../reports.client").then((loaded) => {
      loaded.start(JSON.parse(text) as PageReports);
      for (const { error, id } of early ?? []) loaded.report(error, id);
      early = null;
      return loaded;
    });
    // Without it the page goes on as well.
    sdk.catch(() => {});
  };
  "requestIdleCallback" in globalThis ? requestIdleCallback(start, { timeout: 4_000 }) : setTimeout(start, 1_000);
}

/**
 * Reports an error of ours, once. What the server has thrown comes here without its words, and was reported there.
 * @returns the report's id, or null where nothing is reported
 */
export function reportPageError(error: unknown): string | null {
  if (!document.documentElement.dataset.reports || !(error instanceof Error)) return null;
  if (error.message === "Unexpected Server Error") return null;
  const known = seen.get(error);
  if (known) return known;
  const id = newId();
  seen.set(error, id);
  if (early) early.push({ error, id });
  else void sdk?.then((loaded) => loaded.report(error, id));
  return id;
}

/**
 * Sends what a person writes about an error.
 * @param eventId the report that it is about: of this page, or the request's id without dashes
 * @throws when the reports cannot be reached
 */
export async function sendFeedback(message: string, eventId: string | undefined): Promise<void> {
  if (!sdk) throw new Error("Reports are off");
  await (await sdk).feedback(message, eventId);
}
