import { stem, term } from "./stems.ts";

/** What a text names: words that are names, and names with a number ("fjord 3"), which stand for one thing among several. */
export type Names = { words: Set<string>; models: Set<string> };

const WORD = /[\p{L}\p{N}]+(?:[-’'][\p{L}\p{N}]+)*/gu;
const QUOTED = /[«“"][^»”"\n]{1,60}[»”"]/gu;
const SENTENCE_START = /(^|[.!?…:;]["»”)]*\s+|\n\s*)(?:[-*•–—#>]+\s*|\d{1,2}[.)]\s+)?["«“*_([]*$/u;
/** Written with a capital wherever they stand in English, and names of nothing. */
const NO_NAMES = new Set(["i", "i'm", "i’m", "i'd", "i'll", "i've", "ok", "faq", "вы", "вас", "вам", "ваш", "ваша", "ваше", "ваши"]);

/** Looks like a name wherever it stands: API, QuickBooks, iOS, S7, 1С. */
const isMarked = (word: string) =>
  /\p{Lu}.*\p{Lu}/u.test(word) || /^\p{Ll}+\p{Lu}/u.test(word) || (/\p{L}/u.test(word) && /\p{N}/u.test(word));

/** The pairs of a word and the whole number right behind it ("Fjord 3"), as "<term> <number>". */
export function numbered(text: string): Set<string> {
  const found = new Set<string>();
  for (const [, word, number] of text
    .normalize("NFC")
    .matchAll(/(?<![\p{L}\p{N}])([\p{L}\p{N}]+)[»”"]?\s(?=(\d{1,5})(?![\d:.,]*\d|\s?[%€$£₽]))/gu)) {
    found.add(`${term(word!) ?? stem(word!)} ${number}`);
  }
  return found;
}

/** The names of a text, by their capitals, quotation marks and digits. The first word of a sentence counts only where it is clear. */
export function names(text: string): Names {
  const whole = text.normalize("NFC");
  const words = new Set<string>();
  const models = new Set<string>();
  const quoted = [...whole.matchAll(QUOTED)].map((match) => [match.index, match.index + match[0].length] as const);
  const pairs = numbered(whole);
  for (const match of whole.matchAll(WORD)) {
    const word = match[0];
    if (!/\p{Lu}/u.test(word) || NO_NAMES.has(word.toLowerCase())) continue;
    const known = term(word);
    if (!known) continue;
    const number = /^[»”"]?\s(\d{1,5})(?![\d:])/.exec(whole.slice(match.index + word.length))?.[1];
    const isModel = number !== undefined && pairs.has(`${known} ${number}`);
    const inQuotes = quoted.some(([from, to]) => match.index > from && match.index < to);
    const opens = SENTENCE_START.test(whole.slice(Math.max(0, match.index - 12), match.index));
    if (opens && !isMarked(word) && !inQuotes && !isModel) continue;
    for (const part of word.split(/[-’']/)) {
      const one = term(part);
      if (one && /\p{Lu}/u.test(part)) words.add(one);
    }
    if (isModel) models.add(`${known} ${number}`);
  }
  return { words, models };
}
