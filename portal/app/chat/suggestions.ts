import { answersFrom } from "@gpt-agent/core/llm/best-sentences";
import { splitSentences } from "@gpt-agent/core/llm/sentences";
import { stems } from "@gpt-agent/core/llm/stems";
import { type Locale, localeOfText } from "@gpt-agent/core/locales";
import { addressesIn } from "./guard/addresses.ts";
import { speaksToModel } from "./guard/speaks-to-model.ts";
import { untrusted } from "./prompt.ts";
import type { Passage } from "./retrieve.ts";

const MOST = 3;
const LONGEST = 80;
/** Two texts that share this much of their words ask the same. */
const SAME = 0.6;

/** The headings and questions of a passage that could be asked about: its FAQ questions first, then its innermost heading. */
function topicsOf(passage: Passage): string[] {
  const questions = splitSentences(passage.text)
    .map(({ text }) => text.replace(/^([-*•#>]+|\d{1,2}[.)])\s*/, "").replace(/[*_`]/g, ""))
    .filter((text) => text.endsWith("?"));
  return [...questions, ...passage.headings.slice(-1)];
}

/** Nothing that a visitor should not be led to ask: an address, or an order to the model. */
const safe = (text: string) => addressesIn(text).length === 0 && !/https?:|www\./i.test(text) && !speaksToModel(text);

const overlap = (a: Set<string>, b: Set<string>): number => {
  const shared = [...a].filter((term) => b.has(term)).length;
  return shared / Math.max(1, a.size, b.size);
};

/**
 * Next questions that the knowledge can answer: subjects of the passages that were found but not cited, in the visitor's
 * language, none of them asked already, each of them answered by the passages at hand.
 */
export function suggestQuestions(from: { passages: Passage[]; cited: Set<number>; asked: string[]; locale: Locale }): string[] {
  const answer = answersFrom(from.passages);
  const taken = from.asked.map(stems);
  const chosen: string[] = [];
  const open = from.passages.filter(({ index }) => !from.cited.has(index));
  for (const passage of [...open, ...from.passages.filter(({ index }) => from.cited.has(index))]) {
    for (const topic of topicsOf(passage)) {
      const text = untrusted(topic).replace(/\s+/g, " ").trim();
      const terms = stems(text);
      const fits = text.length >= 4 && text.length <= LONGEST && terms.size > 0 && !/[<>[\]{}]/.test(text) && safe(text);
      if (!fits || localeOfText(text, from.locale) !== from.locale || taken.some((other) => overlap(terms, other) >= SAME)) continue;
      // What these passages do not answer by themselves is no promise to make.
      if (answer(text).length === 0) continue;
      taken.push(terms);
      chosen.push(text);
      if (chosen.length === MOST) return chosen;
    }
  }
  return chosen;
}
