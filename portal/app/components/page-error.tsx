import { isRouteErrorResponse, useRevalidator, useRouteError } from "@remix-run/react";
import { useEffect, useState } from "react";
import { useText } from "~/i18n/text";
import { useHasReports, useRequestId } from "./answer-context";
import { Button, ButtonLink } from "./button";
import { LostDrawing } from "./drawings";
import { EmptyState } from "./page";
import { ReportForm } from "./report-form";
import { reportPageError } from "./reports";

/** What a person sees when a page cannot be shown: what happened, what was kept, what to do. */
export function PageError() {
  const t = useText();
  const error = useRouteError();
  const revalidator = useRevalidator();
  const requestId = useRequestId();
  const hasReports = useHasReports();
  const status = isRouteErrorResponse(error) ? error.status : null;
  const offline =
    typeof navigator !== "undefined" &&
    (!navigator.onLine || (error instanceof TypeError && /fetch|network|load failed/i.test(error.message)));
  // What broke in the browser is reported from there; the server's own errors go by the request's id.
  const [eventId, setEventId] = useState<string | null>(null);
  useEffect(() => setEventId(offline || isRouteErrorResponse(error) ? null : reportPageError(error)), [error, offline]);
  const words = t.pageErrors;
  const [title, text, again] =
    status === 404
      ? [words.notFoundTitle, words.notFoundText, false]
      : status === 403
        ? [words.forbiddenTitle, words.forbiddenText, false]
        : status === 429
          ? [words.tooManyTitle, words.tooManyText, true]
          : offline
            ? [words.offlineTitle, words.offlineText, true]
            : [words.serverTitle, words.serverText, true];
  const ours = !offline && (status === null || status >= 500);
  return (
    <div className="grid min-h-[70vh] place-content-center justify-items-center">
      <EmptyState
        drawing={<LostDrawing />}
        title={title}
        heading="h1"
        action={
          <div className="flex flex-wrap justify-center gap-2">
            {again && (
              <Button look="primary" busy={revalidator.state === "loading"} onClick={() => revalidator.revalidate()}>
                {t.common.retry}
              </Button>
            )}
            <ButtonLink to="/" look={again ? "secondary" : "primary"} reloadDocument={again || undefined}>
              {words.home}
            </ButtonLink>
          </div>
        }
      >
        {text}
        {ours && requestId && (
          <span className="mt-3 block text-sm" suppressHydrationWarning>
            {t.report.number(requestId)}
          </span>
        )}
      </EmptyState>
      {ours && hasReports && <ReportForm eventId={eventId ?? requestId?.replaceAll("-", "")} />}
    </div>
  );
}
