import { companyQuestion } from "@gpt-agent/core/llm/company-questions";
import { smallTalk } from "@gpt-agent/core/llm/quotes-words";
import { stems } from "@gpt-agent/core/llm/stems";
import type { HistoryTurn } from "./prompt.ts";

/** Words that begin a question which goes on from the one before it. */
const GOES_ON =
  /^(and|but|or|so|also|then|what about|how about|what if|why|а|и|но|или|тогда|ещё|еще|также|а если|что насч[её]т|как насч[её]т|почему)(?![\p{L}\p{N}])/iu;
/** Words that stand for something said before. */
const POINTS_BACK =
  /(?<![\p{L}\p{N}])(it|its|they|them|their|this|that|these|those|he|she|him|her|one|ones|(?<!(?:is|are|was|were) )there(?! (?:is|are|was|were))|он|она|оно|они|его|её|ее|ей|им|ими|их|него|неё|нее|ней|них|нём|нем|это|этот|эта|эти|этого|этой|этих|этому|этим|тот|та|те|такой|такая|такое|такие|там|туда|оттуда)(?![\p{L}\p{N}])/iu;
/** A question with this many meaningful words of its own stands alone, even when it points back. */
const STANDS_ALONE = 6;
const LONGEST = 2_000;

/** Does a question stand words of its own for something said before ("How does that work?")? */
export const pointsBack = (question: string): boolean => POINTS_BACK.test(question);

/**
 * Does a question lean on what was said before it ("and how much does it cost?")? One that names a single thing ("which warranty?") may do so,
 * or begin something new: only the documents can tell.
 */
export function leans(question: string): "yes" | "maybe" | "no" {
  // "Where are you?" has no word that says what it is about, and is about the company. A price may be of what was spoken of.
  const company = companyQuestion(question)?.subject;
  if (company && company !== "prices") return "no";
  const own = stems(question).size;
  if (own === 0) return "yes";
  if (own < STANDS_ALONE && (GOES_ON.test(question.trim()) || POINTS_BACK.test(question))) return "yes";
  return own === 1 ? "maybe" : "no";
}

/** What the visitor asked before, as far as a question leans on it: back to the question that named the subject, nearest first. */
export function askedBefore(question: string, history: HistoryTurn[]): string {
  if (smallTalk(question) || leans(question) === "no") return "";
  const taken: string[] = [];
  const asked = history.filter((turn) => turn.author === "visitor" && !smallTalk(turn.text)).map((turn) => turn.text);
  for (const before of asked.reverse().slice(0, 3)) {
    taken.push(before);
    if (leans(before) !== "yes") break;
  }
  return taken.join(" ").slice(0, LONGEST);
}
