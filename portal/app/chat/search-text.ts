import { smallTalk } from "@gpt-agent/core/llm/quotes-words";
import { stems } from "@gpt-agent/core/llm/stems";
import type { HistoryTurn } from "./prompt.ts";

/** Words that begin a question which goes on from the one before it. */
const GOES_ON =
  /^(and|but|or|so|also|then|what about|how about|what if|why|а|и|но|или|тогда|ещё|еще|также|а если|что насч[её]т|как насч[её]т|почему)(?![\p{L}\p{N}])/iu;
/** Words that stand for something said before. */
const POINTS_BACK =
  /(?<![\p{L}\p{N}])(it|its|they|them|their|this|that|these|those|he|she|him|her|one|ones|there|он|она|оно|они|его|её|ее|ей|им|ими|их|него|неё|нее|ней|них|нём|нем|это|этот|эта|эти|этого|этой|этих|этому|этим|тот|та|те|такой|такая|такое|такие|там|туда|оттуда)(?![\p{L}\p{N}])/iu;
/** A question with this many meaningful words of its own stands alone, even when it points back. */
const STANDS_ALONE = 6;
const LONGEST = 2_000;

/** Does a question stand words of its own for something said before ("How does that work?")? */
export const pointsBack = (question: string): boolean => POINTS_BACK.test(question);

/** Can a question only be understood with what was said before it? */
export function dependsOnHistory(question: string): boolean {
  const own = stems(question).size;
  if (own <= 1) return true;
  if (own >= STANDS_ALONE) return false;
  return GOES_ON.test(question.trim()) || POINTS_BACK.test(question);
}

/**
 * What to search the knowledge for. A question that leans on the conversation ("and how much does it cost?") takes along the
 * visitor's questions back to the one that named the subject, nearest first.
 */
export function searchText(question: string, history: HistoryTurn[]): string {
  if (smallTalk(question) || !dependsOnHistory(question)) return question;
  const leaned: string[] = [];
  const asked = history.filter((turn) => turn.author === "visitor" && !smallTalk(turn.text)).map((turn) => turn.text);
  for (const before of asked.reverse().slice(0, 3)) {
    leaned.push(before);
    if (!dependsOnHistory(before)) break;
  }
  return [question, ...leaned].join(" ").slice(0, LONGEST);
}
