import type { Locale } from "@gpt-agent/core/locales";
import { ANSWER_WORDS } from "./answer-words.ts";
import { LoggedEvent } from "./run-log/run-log.ts";

/**
 * The events of a run that another portal may be writing. Should that portal be gone in the middle of it, the answer ends as an
 * interrupted one, and whoever reads it is told.
 * @param options.isLost asked when the events end without an end of the answer: is its log gone?
 */
export async function* orLost(
  events: AsyncIterable<LoggedEvent>,
  { isLost, locale, after }: { isLost(): Promise<boolean>; locale: Locale; after: number },
): AsyncGenerator<LoggedEvent> {
  let last = after;
  for await (const event of events) {
    last = event.seq;
    yield event;
    if (event.type === "finish") return;
  }
  if (!(await isLost())) return;
  yield LoggedEvent.of(last + 1, { type: "error", errorText: ANSWER_WORDS[locale].interrupted });
  yield LoggedEvent.of(last + 2, { type: "finish", finishReason: "error" });
}
