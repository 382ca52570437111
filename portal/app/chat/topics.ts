import type { AgentSettings } from "@gpt-agent/core/agent-settings";
import { smallTalk } from "@gpt-agent/core/llm/quotes-words";
import { stems } from "@gpt-agent/core/llm/stems";
import { type Locale, localeOfText } from "@gpt-agent/core/locales";
import { pointsBack } from "./follow-up.ts";
import { GUARD_WORDS } from "./guard/guard-words.ts";
import type { HistoryTurn } from "./prompt.ts";
import type { Passage } from "./retrieve.ts";

export type Topics = AgentSettings["topics"];

/** Forms of a word that the stemmer leaves apart ("политика", "политический") share a beginning of this length and share. */
const BEGINNING = 6;
const ALIKE = 0.8;

function sameWord(a: string, b: string): boolean {
  if (a === b) return true;
  const shorter = Math.min(a.length, b.length);
  let same = 0;
  while (same < shorter && a[same] === b[same]) same++;
  return same >= BEGINNING && same >= shorter * ALIKE;
}

const holds = (text: ReadonlySet<string>, word: string) => [...text].some((own) => sameWord(word, own));

/** Is a text about a subject? When it holds all of the subject's words, in any form. A line may name several, parted by commas. */
const isAbout = (text: ReadonlySet<string>, topic: string): boolean =>
  topic.split(/[,;/]/).some((subject) => {
    const words = [...stems(subject)];
    return words.length > 0 && words.every((word) => holds(text, word));
  });

/** Does a text touch a subject? When it holds any of its words. */
const touches = (text: ReadonlySet<string>, topic: string): boolean => [...stems(topic)].some((word) => holds(text, word));

/** A question with the one before it, where it can only be understood so ("And how does that work?"). */
function inContext(question: string, history: HistoryTurn[]): Set<string> {
  const own = stems(question);
  if (own.size > 0 && !pointsBack(question)) return own;
  const before = history.findLast(({ author, text }) => author === "visitor" && !smallTalk(text))?.text ?? "";
  return new Set([...own, ...stems(before)]);
}

/** Is the question about a subject that the agent declines? Known before anything is looked up. */
export function isDeclined(topics: Topics, question: string, history: HistoryTurn[]): boolean {
  if (topics.never.length === 0 || smallTalk(question)) return false;
  const asked = inContext(question, history);
  return topics.never.some((topic) => isAbout(asked, topic));
}

/**
 * Is the question outside of the only subjects the agent answers about? Neither it nor what was found for it names one of them.
 * Only judged where the subjects are written in the question's language: words of two languages cannot be compared, and the model
 * is told the subjects as well.
 */
export function isOffTopic(topics: Topics, question: string, history: HistoryTurn[], passages: Passage[]): boolean {
  if (smallTalk(question)) return false;
  const language = localeOfText(question, "en");
  const comparable = topics.only.filter((topic) => localeOfText(topic, language) === language);
  if (comparable.length === 0) return false;
  const asked = inContext(question, history);
  const found = passages.map((passage) => stems([passage.title, ...passage.headings, passage.text].join("\n")));
  const related = found.filter((terms) => [...asked].some((term) => terms.has(term)));
  return ![asked, ...related].some((terms) => comparable.some((topic) => touches(terms, topic)));
}

/** What the agent says instead of an answer. */
export const declineReply = (topics: Topics, locale: Locale): string => topics.reply[locale].trim() || GUARD_WORDS[locale].declined;

/** Did a model decline in the words it was given? */
export function saysDecline(answer: string, topics: Topics, locale: Locale): boolean {
  if (topics.only.length + topics.never.length === 0) return false;
  const plain = (text: string) =>
    text
      .replace(/[^\p{L}\p{N}]+/gu, " ")
      .trim()
      .toLowerCase();
  return plain(answer).startsWith(plain(declineReply(topics, locale)));
}

/** The subjects as the model is told of them; empty when there are no rules. */
export function topicRules(topics: Topics, locale: Locale): string[] {
  const { only, never } = topics;
  if (only.length + never.length === 0) return [];
  const list = (lines: string[]) => lines.map((line) => line.replace(/\s+/g, " ")).join("; ");
  return [
    "",
    "Subjects, set by the company; greetings and thanks are always fine:",
    ...(only.length > 0 ? [`Answer only what concerns: ${list(only)}.`] : []),
    ...(never.length > 0 ? [`Decline whatever concerns: ${list(never)}.`] : []),
    `To decline, say exactly this and nothing more: ${declineReply(topics, locale)}`,
  ];
}
