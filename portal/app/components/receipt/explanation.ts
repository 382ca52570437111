import type { Dictionary } from "~/i18n/en";
import type { Receipt } from "~/models/receipt";

type Words = Dictionary["receipt"];
type Told = Pick<Receipt, "status" | "outcome" | "errorCode" | "attempts" | "citations"> & {
  passages: { cited: boolean }[];
  actions: { outcome: string }[];
};

/** The reason behind an error code, in words that go into a sentence. */
export const reasonOf = (words: Words, code: string): string => (words.reasons as Record<string, string>)[code] ?? words.otherReason(code);

/** An answer's making in plain sentences: what it rests on, and what went wrong on the way. */
export function explain(words: Words, receipt: Told): string[] {
  const tried = receipt.attempts.map(({ model, error }) => words.attemptText(model, reasonOf(words, error)));
  if (receipt.status === "running") return [words.running];
  if (receipt.outcome === "stopped") return [...tried, words.stoppedText];
  if (receipt.outcome === "failed") return [...tried, words.failedText(reasonOf(words, receipt.errorCode ?? "internal"))];
  const fallback = receipt.errorCode === "model_unavailable" ? [words.fallbackText] : [];
  return [...tried, ...fallback, ...restsOn(words, receipt)];
}

function restsOn(words: Words, { outcome, errorCode, passages, citations, actions }: Told): string[] {
  const found = passages.length;
  if (outcome === "declined") return [errorCode === "withheld" ? words.declinedWithheld : words.declinedTopic];
  if (outcome === "unanswered") return [found > 0 ? words.unansweredFound(found) : words.unansweredNothing];
  const byAction = actions.some((action) => action.outcome === "ok") ? [words.answeredByAction] : [];
  const cited = passages.filter((passage) => passage.cited).length;
  if (citations > 0) return [words.answeredFrom(cited, found), words.claims(citations), ...byAction];
  return byAction.length > 0 ? byAction : [words.answeredFreely];
}
