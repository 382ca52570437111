import { isCyrillic } from "../locales.ts";
import { asksSame, type CompanyQuestion, companyQuestion } from "./company-questions.ts";
import { Kept } from "./kept.ts";
import type { LlmPassage } from "./llm.ts";
import { names, numbered } from "./names.ts";
import { dates, type Quantity, quantities } from "./quantities.ts";
import { splitSentences } from "./sentences.ts";
import { plainQuestion, stem, stems } from "./stems.ts";
import { type RowTerms, rowsAskedFor, tableRow } from "./table-rows.ts";

/** A sentence that may answer a question, with how well it does. */
export type Candidate = {
  passage: LlmPassage;
  place: number;
  text: string;
  found: Set<string>;
  score: number;
  coverage: number;
  /** The heading, or the question of an FAQ, that it stands below. */
  below: string;
  /** Set for a row of a table: of the question's terms those that stand in its values. */
  row: RowTerms | null;
};

/** At least this share of the question's weight must be found around the best sentence (docs/GROUNDING.md has what that gives). */
const MIN_COVERAGE = 0.47;
/** Less is enough for each further term above two that the sentence itself holds, up to eight: long questions paraphrase more. */
const LESS_FOR_EACH = 0.03;
const MAX_SENTENCES = 4;
/** Further sentences must be at least this good, compared to the best. */
const GOOD_ENOUGH = 0.75;
const MAX_SENTENCE_LENGTH = 600;
/** What the rest of a passage says counts, but less: for the order of sentences, and for whether there is an answer at all. */
const NEARBY_SCORE = 0.4;
const NEARBY_COVERAGE = 0.5;
/** A name weighs this much more than another word: what is not said about it answers nothing. */
const NAME_WEIGHT = 2;
/** What a question asks for (a price, a time) weighs as much as a word that every other passage holds. */
const KIND_WEIGHT = 1.2;
/** A name with a number, a month or a weekday. */
const MODEL_WEIGHT = 3;
/** A word of the question itself weighs this much more than one that it takes along from a question before. */
const OWN_WEIGHT = 2;
/** What is missing for each name of the question that the documents never mention. */
const UNKNOWN_NAME = 0.75;
/** Added to the whole of a question's weight, so that one common word is not enough for a short one. */
const SMOOTHING = 0.3;
const OTHER_LANGUAGE = 0.85;

/** Kinds of answers: how a question asks for one, and whether a sentence gives one. */
const KINDS: readonly { name: string; asked: RegExp; given(text: string, numbers: Quantity[]): boolean }[] = [
  {
    name: "=price",
    asked: /\bhow much (is|are|do|does|did|will|would|for)\b(?!.*\bweigh)|(?<!\p{L})сколько\s(\p{L}+\s){0,2}сто[ия]т(?!\p{L})/iu,
    given: (_, numbers) => numbers.some(({ unit }) => unit?.startsWith("money")),
  },
  {
    name: "=time",
    asked:
      /\b(how (long|many (minutes|hours|days|weeks|months|years)|often|soon|fast|quickly)|when|what time|until when)\b|(?<!\p{L})(когда|до скольки|во сколько|со скольки|как (долго|часто|быстро|скоро)|за сколько|сколько (времени|ждать|длится|идет|идёт|занимает)|сколько (минут|дней|часов|недель|месяцев|лет))(?!\p{L})/iu,
    given: (text, numbers) => numbers.some(({ unit }) => unit !== null && /^(minutes|months|clock)$/.test(unit)) || dates(text).size > 0,
  },
  {
    name: "=count",
    asked:
      /\bhow many\b(?! (minutes|hours|days|weeks|months|years))|(?<!\p{L})сколько\s(?!сто[ия]т|времени|ждать|длится|ид[её]т|занимает|вес|минут|час|дн|недел|месяц|лет)/iu,
    given: (_, numbers) => numbers.some(({ unit }) => unit === null),
  },
  {
    name: "=weigh",
    asked: /\b(weighs?|weight|heavy)\b|(?<!\p{L})(весит|весят|вес|тяж[её]л\p{L}*)(?!\p{L})/iu,
    given: (_, numbers) => numbers.some(({ unit }) => unit === "grams"),
  },
  { name: "=phone", asked: /\bphone\b|телефон/iu, given: (text) => /\d[\d\s()–-]{5,}\d/.test(text) },
];

/** A question's terms and how telling each is; `own` are those that it does not take along from a question before. */
type Asked = { own: Set<string>; weights: Map<string, number>; whole: number; trust: number; models: Set<string>; cyrillic: boolean };
type Read = {
  passage: LlmPassage;
  head: Set<string>;
  terms: Set<string>;
  sentences: { text: string; terms: Set<string>; lead: boolean; below: string; row: RowTerms | null }[];
};

/** A heading or a question of an FAQ: it says what the next sentence is about, and answers nothing itself. */
export const isLead = (text: string) => /[?:]["»”*_]*$|^#{1,6}\s/.test(text);

/** What is inside of addresses says nothing. */
const ADDRESS = /\S+@\S+|https?:\S+/g;
const datesOf = (text: string) => [...dates(text)].map((date) => `=date ${date}`);

/** All that is matched in a text: its words, its names with numbers, and the kinds of answers it gives. */
function matter(text: string): Set<string> {
  const plain = text.replace(ADDRESS, " ");
  const numbers = quantities(plain);
  const kinds = KINDS.filter((kind) => kind.given(plain, numbers)).map(({ name }) => name);
  return new Set([...stems(plain), ...numbered(plain), ...datesOf(plain), ...kinds]);
}

/** The terms of passages that were asked about of late: the same few answer most of the questions. */
const known = new Kept<Omit<Read, "passage">>(1_000);

const read = (passage: LlmPassage): Read => ({
  passage,
  ...known.get([passage.title, ...passage.headings, "", passage.text].join("\n"), () => readText(passage)),
});

function readText({ title, headings, text: whole }: LlmPassage): Omit<Read, "passage"> {
  const texts = splitSentences(whole).map(({ text }) => text);
  const sentences = texts.map((text, at) => {
    const before = texts[at - 1] ?? headings.at(-1) ?? "";
    const lead = isLead(before) ? stems(before) : [];
    const below = texts.slice(0, at).findLast(isLead) ?? headings.at(-1) ?? title;
    const row = tableRow(text);
    return {
      text,
      terms: new Set([...matter(text), ...lead]),
      lead: isLead(text),
      below,
      row: row && { table: `${title}\n${row.table}`, terms: new Set([...stems(row.values), ...numbered(row.values)]) },
    };
  });
  const head = stems([title, ...headings].join(" "));
  return { head, sentences, terms: new Set([...head, ...sentences.flatMap(({ terms }) => [...terms])]) };
}

/** Do two words differ by one letter only, or by an ending? Then one may be the other, mistyped. */
function isNear(a: string, b: string): boolean {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  if (short.length < 5 || long.length - short.length > 3 || short[0] !== long[0]) return false;
  if (long.startsWith(short)) return true;
  let at = 0;
  while (short[at] === long[at] && at < short.length) at++;
  const swapped = short[at] === long[at + 1] && short[at + 1] === long[at] && short.slice(at + 2) === long.slice(at + 2);
  return swapped || short.slice(at) === long.slice(at + 1) || short.slice(at + 1) === long.slice(at + 1);
}

/** Words of the question that no passage holds, but for a letter, as the passages write them. */
function corrected(term: string, passages: Read[]): string {
  if (term.length < 5 || term.startsWith("=") || passages.some(({ terms }) => terms.has(term))) return term;
  for (const { passage } of passages)
    for (const [word] of passage.text.matchAll(/\p{L}{5,}/gu))
      if (isNear(term, stem(word))) return stems(word).values().next().value ?? term;
  return term;
}

/**
 * What is asked, and how telling each of its terms is: those that few passages hold weigh more; those that none holds weigh most, so
 * that a question about something else is noticed.
 */
function weigh(question: string, before: string, passages: Read[]): Asked {
  const own = stems(question);
  const ownNames = names(question);
  const named = before ? names(`${question}\n${before}`) : ownNames;
  const ownDays = datesOf(question);
  // Of what the question says itself, what was said before is not asked any more: "And the Fjord 3?" after "How heavy is the Fjord 2?".
  const models = ownNames.models.size > 0 ? ownNames.models : named.models;
  const days = ownDays.length > 0 ? ownDays : datesOf(before);
  const kinds = KINDS.filter(({ asked }) => asked.test(question));
  const weights = new Map<string, number>();
  const mine = new Set([...ownNames.models, ...ownDays, ...kinds.map(({ name }) => name)]);
  let trust = 1;
  for (const written of new Set([...own, ...stems(before)])) {
    const term = corrected(written, passages);
    const holding = passages.filter(({ terms }) => terms.has(term)).length;
    const rare = Math.log(1 + (passages.length + 1) / (holding + 0.5));
    const isName = named.words.has(written) && (own.has(written) || ownNames.words.size === 0);
    weights.set(term, rare * (isName ? NAME_WEIGHT : 1) * (before && own.has(written) ? OWN_WEIGHT : 1));
    if (own.has(written)) mine.add(term);
    if (isName && holding === 0) trust *= UNKNOWN_NAME;
  }
  for (const one of [...models, ...days]) weights.set(one, MODEL_WEIGHT);
  for (const { name } of kinds.length > 0 ? kinds : KINDS.filter(({ asked }) => asked.test(before))) weights.set(name, KIND_WEIGHT);
  const whole = SMOOTHING + sum(weights.keys(), weights);
  return { own: mine, weights, whole, trust, models, cyrillic: isCyrillic(question) };
}

function sum(terms: Iterable<string>, weights: Map<string, number>): number {
  let total = 0;
  for (const term of terms) total += weights.get(term) ?? 0;
  return total;
}

/** Is a sentence about another thing of the same name: asked about "Fjord 3", it is about "Fjord 2"? */
const isSibling = (terms: Set<string>, models: Set<string>): boolean =>
  [...models].some((model) => !terms.has(model) && [...terms].some((term) => term.startsWith(`${model.split(" ")[0]} `)));

/** The sentences of one passage, scored. */
function candidatesOf({ passage, terms: around, sentences }: Read, asked: Asked): Candidate[] {
  const context = sum(
    [...asked.weights.keys()].filter((term) => around.has(term)),
    asked.weights,
  );
  return sentences.flatMap(({ text, terms, lead, below, row }, place): Candidate[] => {
    if (lead || text.length > MAX_SENTENCE_LENGTH || isSibling(terms, asked.models)) return [];
    const found = new Set([...asked.weights.keys()].filter((term) => terms.has(term)));
    const direct = sum(found, asked.weights);
    const nearby = context - direct;
    const brevity = 1 / (1 + Math.log(1 + terms.size / 24) * 0.25);
    const language = isCyrillic(text) === asked.cyrillic ? 1 : OTHER_LANGUAGE;
    const score = ((direct + nearby * NEARBY_SCORE) / asked.whole) * brevity * language * (1 - 0.05 * (passage.index - 1));
    const coverage = ((direct + nearby * NEARBY_COVERAGE) / asked.whole) * asked.trust;
    const inRow = row && { table: row.table, terms: new Set([...found].filter((term) => row.terms.has(term))) };
    return [{ passage, place, text, found, coverage, score, below, row: inRow }];
  });
}

/** Is there an answer at all in the best sentence? What kind of answer it gives is no evidence by itself. */
function answers({ found, coverage }: Candidate): boolean {
  const further = Math.min(Math.max(found.size - 2, 0), 6);
  return coverage >= MIN_COVERAGE - LESS_FOR_EACH * further && [...found].some((term) => !KINDS.some(({ name }) => name === term));
}

/**
 * The sentences that give what was asked of the company itself, whatever their words, or else those below a heading that asks the same: those in
 * the question's language where there are any, rows of a table first, as a price list says more than a sentence with a price in it, and
 * of each table one before a second.
 */
function ofCompany(candidates: Candidate[], question: string, company: CompanyQuestion): Candidate[] {
  const inOwnLanguage = ({ text }: Candidate) => isCyrillic(text) === isCyrillic(question);
  const given = candidates.filter(({ text }) => company.given(text, quantities(text)));
  const below = candidates.filter((candidate) => asksSame(company, candidate.below));
  const best = [given.filter(inOwnLanguage), below.filter(inOwnLanguage), given, below].find((some) => some.length > 0) ?? [];
  const rows = new Map<LlmPassage, number>();
  const turn = ({ passage, row }: Candidate): number => {
    if (!row) return Number.POSITIVE_INFINITY;
    const before = rows.get(passage) ?? 0;
    rows.set(passage, before + 1);
    return before;
  };
  return best
    .filter(({ text }, at) => best.findIndex((other) => other.text === text) === at)
    .map((candidate) => ({ candidate, turn: turn(candidate) }))
    .sort((a, b) => (a.turn === b.turn ? 0 : a.turn - b.turn))
    .slice(0, MAX_SENTENCES)
    .map(({ candidate }) => candidate);
}

/** What stands below a heading, or the question of an FAQ, that is asked word for word: of the first passage that has it, in reading order. */
function askedWordForWord(candidates: Candidate[], question: string): Candidate[] {
  const asked = plainQuestion(question);
  const below = candidates.filter((candidate) => asked !== "" && plainQuestion(candidate.below) === asked);
  return below
    .filter(({ passage }) => passage === below[0]!.passage)
    .sort((a, b) => a.place - b.place)
    .slice(0, MAX_SENTENCES);
}

/**
 * What finds the sentences of some passages that answer a question, for several questions about the same passages; `before` is what was asked
 * before, where the question leans on it.
 */
export function answersFrom(passages: LlmPassage[]): (question: string, before?: string) => Candidate[] {
  let all: Read[] | null = null;
  return (question, before = "") => {
    all ??= passages.map(read);
    const asked = weigh(question, before, all);
    const company = before ? null : companyQuestion(question);
    const scored = all.flatMap((passage) => candidatesOf(passage, asked)).sort((a, b) => b.score - a.score);
    const literally = askedWordForWord(scored, question);
    if (literally.length > 0) return literally;
    // Its own words say nothing: a sentence with some of them is no answer.
    if (company) return ofCompany(scored, question, company);
    if (asked.weights.size === 0) return [];
    const every = rowsAskedFor(scored);
    // What leans on a question before asks for something about its subject: sentences about the subject alone have been told already.
    const further = before ? every.filter(({ found }) => [...asked.own].some((term) => found.has(term))) : every;
    const candidates = further[0] && answers(further[0]) ? further : every;
    const best = candidates[0];
    if (!best || !answers(best)) return [];
    const chosen = [best];
    for (const candidate of candidates.slice(1)) {
      if (chosen.length >= MAX_SENTENCES || candidate.score < best.score * GOOD_ENOUGH) break;
      const repeats = chosen.some((other) => other.text === candidate.text);
      if (!repeats && candidate.found.size > 0) chosen.push(candidate);
    }
    return chosen;
  };
}

/** The sentences that answer a question best, best first; empty when the passages hold no answer. */
export const bestSentences = (question: string, passages: LlmPassage[], before = ""): Candidate[] =>
  answersFrom(passages)(question, before);
