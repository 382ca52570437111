import type { Locale } from "@gpt-agent/core/locales";
import { ANSWER_WORDS } from "./answer-words.ts";
import { LoggedEvent } from "./run-log/run-log.ts";
import type { Telling } from "./telling.ts";

/**
 * The events of a run that another portal may be writing. Should that portal be gone in the middle of it, the answer ends as an
 * interrupted one, and whoever reads it is told.
 * @param options.isLost asked when the events end without an end of the answer: is its log gone?
 */
export function orLost(
  events: Telling<LoggedEvent>,
  { isLost, locale, after }: { isLost(): Promise<boolean>; locale: Locale; after: number },
): Telling<LoggedEvent> {
  return async (hear) => {
    let last = after;
    let finished = false;
    await events((event) => {
      last = event.seq;
      finished = event.type === "finish";
      return hear(event);
    });
    if (finished || !(await isLost())) return;
    await hear(LoggedEvent.of(last + 1, { type: "error", errorText: ANSWER_WORDS[locale].interrupted }));
    await hear(LoggedEvent.of(last + 2, { type: "finish", finishReason: "error" }));
  };
}
