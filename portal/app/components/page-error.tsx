import { isRouteErrorResponse, useRevalidator, useRouteError } from "@remix-run/react";
import { useText } from "~/i18n/text";
import { Button, ButtonLink } from "./button";
import { LostDrawing } from "./drawings";
import { EmptyState } from "./page";

/** What a person sees when a page cannot be shown: what happened, what was kept, what to do. */
export function PageError() {
  const t = useText();
  const error = useRouteError();
  const revalidator = useRevalidator();
  const status = isRouteErrorResponse(error) ? error.status : null;
  const offline =
    typeof navigator !== "undefined" &&
    (!navigator.onLine || (error instanceof TypeError && /fetch|network|load failed/i.test(error.message)));
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
  return (
    <div className="grid min-h-[70vh] place-items-center">
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
      </EmptyState>
    </div>
  );
}
