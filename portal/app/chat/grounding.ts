import { splitSentences } from "@gpt-agent/core/llm/sentences";
import { saysUnknown } from "./unknown.ts";

/** A model's answer as it was woven: its text with the markers that held, and how many claims cite something and could not. */
export type Woven = { text: string; citations: number; refused: number };

const MARKER = /\[\d+\]/;

/**
 * Is an answer held up by the documents? It cites at least one place that supports what it says, loses no more claims than it
 * keeps, and does not begin by saying that it does not know: what else such an answer quotes is an offer, not the answer.
 */
export function isGrounded({ text, citations, refused }: Woven): boolean {
  if (citations === 0 || refused > citations) return false;
  const first = text.search(MARKER);
  return !splitSentences(text.slice(0, first < 0 ? undefined : first)).some((sentence) => saysUnknown(sentence.text));
}

/** Does the answer itself tell the visitor that it does not know? Then nothing needs to be added to it. */
export const admitsUnknown = (text: string): boolean => splitSentences(text).some((sentence) => saysUnknown(sentence.text));
