import { isLead } from "@gpt-agent/core/llm/best-sentences";
import { Kept } from "@gpt-agent/core/llm/kept";
import { names, numbered } from "@gpt-agent/core/llm/names";
import { dates, type Quantity, quantities, sameQuantity } from "@gpt-agent/core/llm/quantities";
import { splitSentences } from "@gpt-agent/core/llm/sentences";
import { stems } from "@gpt-agent/core/llm/stems";
import { isCyrillic } from "@gpt-agent/core/locales";
import type { Passage } from "./retrieve.ts";

/** Characters [start, end) of a passage's text. */
export type Span = { start: number; end: number };

/** At least this share of a claim's weight must stand in the quote; what only its headings say counts less. */
const MIN_SUPPORT = 0.5;
const HEADING = 0.6;
/** A word that a claim has from the question and not from the passage weighs more: models agree with what they are asked. */
const ECHO_WEIGHT = 4;
/** Names and numbers, which have to agree anyway, say what a claim is about, not what it says of it. */
const SUBJECT_WEIGHT = 0.5;
const MAX_QUOTE_LENGTH = 600;
const MAX_SENTENCES = 3;
/** Each further sentence of a quote must bring this much. */
const FURTHER_SENTENCE = 0.08;
/** With fewer words of its own, a claim ("Yes.") is read together with the question. */
const FEW_WORDS = 2;

/** "Model: Fjord 3; Price: 319 €": how a table's row is read. */
const ROW = /^[^\n.:;!?]{1,40}: [^\n;]{1,100};/;

/** What people put around a claim and no document says. */
const AROUND = stems(
  "sure certainly according documents document passages information thanks asking note unfortunately answer согласно документам документ конечно вопрос информация к сожалению ответ",
);
const NEGATION =
  /(?<![\p{L}])(not|no|never|cannot|can['’]t|n['’]t|without|neither|nor|none|не|нет|нельзя|без|никогда|ни)(?![\p{L}])|n['’]t(?![\p{L}])/iu;
/** Words of denial that deny nothing. */
const NO_NEGATION =
  /(?<!\p{L})(not (only|later|more|less)|no (later|more|less|fewer)|не (позднее|позже|более|менее|больше|меньше|ниже|выше|только|раньше|ранее|менее))(?!\p{L})/giu;
const YES_OR_NO = /^\s*(yes|no|да|нет)(?!\p{L})[\s,.:;!–—-]*/iu;
const OPENING = /^\s*((according to|as per|согласно|судя по)\s[^,.!]{1,40}|sure|certainly|of course|конечно)[,.!:]\s+/iu;

const isDenied = (text: string) => NEGATION.test(text.replace(NO_NEGATION, " "));
const sharedBy = (a: Set<string>, b: Set<string>) => [...a].filter((term) => b.has(term)).length;

/** What a claim says, taken apart. */
export type Claim = {
  text: string;
  /** Its text as it is compared word for word. */
  plain: string;
  terms: Set<string>;
  /** Has it hardly any words of its own? Then it is read together with the question. */
  few: boolean;
  /** Words that the quote must have, each of them: those of a claim that has hardly any. */
  needed: Set<string>;
  asked: Set<string>;
  numbers: Quantity[];
  dates: Set<number>;
  names: Set<string>;
  models: Set<string>;
  /** Does it deny something? null where that cannot be told. */
  denies: boolean | null;
  cyrillic: boolean;
};

/** Takes a claim apart. `question` tells which of its words are only an echo, and what "Yes" says yes to. */
export function readClaim(claim: string, question: string): Claim {
  const plain = claim
    .replace(/^[\s.,;:!?)\]]+/, "")
    .replace(/^([-*•–—#>]+|\d{1,2}[.)])\s+/, "")
    .replace(OPENING, "");
  const bare = plain.replace(YES_OR_NO, "");
  const asked = stems(question);
  const own = new Set([...stems(bare)].filter((term) => !AROUND.has(term)));
  const few = own.size < FEW_WORDS;
  const yesOrNo = /^(no|нет)/i.exec(plain) ? true : YES_OR_NO.test(plain) ? false : null;
  const { words, models } = names(bare);
  const text = plain.replace(/\s+/g, " ").trim();
  return {
    text,
    plain: plainOf(text),
    few,
    terms: few ? new Set([...own, ...asked]) : own,
    needed: few ? own : new Set(),
    asked,
    // "One" is rarely meant as a number.
    numbers: quantities(bare).filter(({ number, unit }) => number !== 1 || unit !== null),
    dates: dates(bare),
    names: words,
    models,
    denies: few ? yesOrNo : isDenied(bare),
    cyrillic: isCyrillic(plain || question),
  };
}

type ReadSentence = Span & { text: string; plain: string; terms: Set<string>; numbers: Quantity[]; lead: boolean; row: boolean };

/** A passage taken apart once, for all the claims that name it. Shared with other answers: not to be changed. */
export type ReadPassage = {
  passage: Passage;
  cyrillic: boolean;
  head: Set<string>;
  all: Set<string>;
  headNumbers: Quantity[];
  sentences: ReadSentence[];
};

/** What passages say by their words, for the passages that were asked about of late: the same few answer most of the questions. */
const said = new Kept<Omit<ReadPassage, "passage">>(1_000);

export function readPassage(passage: Passage): ReadPassage {
  const above = [passage.title, ...passage.headings].join(" ");
  return { passage, ...said.get(`${above}\n${passage.text}`, () => readText(above, passage.text)) };
}

function readText(above: string, text: string): Omit<ReadPassage, "passage"> {
  const head = stems(above);
  // Not `...sentence`: V8 gives each object made by a spread with more fields a hidden class of its own, 0.4 KB a sentence.
  const sentences = splitSentences(text).map(({ start, end, text }) => ({
    start,
    end,
    text,
    plain: plainOf(text),
    terms: stems(text),
    numbers: quantities(text),
    lead: isLead(text),
    row: ROW.test(text),
  }));
  const all = new Set([...head, ...sentences.flatMap(({ terms }) => [...terms])]);
  return { cyrillic: isCyrillic(text), head, all, headNumbers: quantities(above), sentences };
}

/** Where a claim and a quote contradict each other: a number, date or name that the quote does not have, or a denial of what it says. */
function contradicts(claim: Claim, quote: string, numbers: Quantity[], read: ReadPassage): boolean {
  const known = [...numbers, ...read.headNumbers];
  if (!claim.numbers.every((number) => known.some((other) => sameQuantity(number, other)))) return true;
  const days = dates(quote);
  if (![...claim.dates].every((date) => days.has(date))) return true;
  if (claim.models.size > 0) {
    const pairs = numbered(`${quote} . ${read.passage.title} . ${read.passage.headings.join(" . ")}`);
    if (![...claim.models].every((model) => pairs.has(model))) return true;
  }
  // Across languages names are written in other letters, and denials cannot be compared.
  if (claim.cyrillic !== read.cyrillic) return false;
  if (![...claim.names].every((name) => read.all.has(name))) return true;
  if (claim.denies === null) return false;
  const denied = isDenied(quote);
  if (claim.denies) return !denied;
  if (!denied) return false;
  // The part of the quote that the claim is about must not be the one that denies.
  const parts = quote
    .split(/[;:()]|\s[–—-]\s|[.!?]\s|,\s(?:but|а|но|however|зато)\s/u)
    .map((text) => ({ text, shared: sharedBy(claim.terms, stems(text)) }));
  const most = Math.max(...parts.map(({ shared }) => shared));
  return parts.some(({ text, shared }) => shared === most && isDenied(text));
}

/** How much of a claim a quote holds, from 0 to 1. */
function supportOf(claim: Claim, terms: Set<string>, read: ReadPassage): number {
  let found = 0;
  let whole = 0;
  for (const term of claim.terms) {
    const isSubject = claim.names.has(term) || /^\d/.test(term);
    const weight = claim.asked.has(term) && !read.all.has(term) ? ECHO_WEIGHT : isSubject ? SUBJECT_WEIGHT : 1;
    whole += weight;
    if (terms.has(term)) found += weight;
    else if (read.head.has(term)) found += weight * HEADING;
  }
  return whole === 0 ? 0 : found / whole;
}

/** A span no longer than a quote may be, cut after a word. */
function clip(text: string, { start, end }: Span): Span {
  if (end - start <= MAX_QUOTE_LENGTH) return { start, end };
  const cut = text.slice(start, start + MAX_QUOTE_LENGTH).search(/\s\S*$/);
  return { start, end: start + (cut > 0 ? cut : MAX_QUOTE_LENGTH) };
}

/** Where a passage supports a claim, and how well: 1 for word for word. */
export type Support = { span: Span; support: number };

/**
 * The sentence (or up to three neighbours) of a passage that supports a claim; null when none does, or when what they say of numbers,
 * dates, names or yes and no contradicts it. Across languages words cannot be compared: there, the numbers and names decide.
 */
export function findSupport(claim: Claim, read: ReadPassage, least: number = MIN_SUPPORT): Support | null {
  const { sentences, passage } = read;
  const verbatim = sentences.find(({ plain, lead }) => !lead && claim.text.length > 12 && plain === claim.plain);
  if (verbatim) return { span: clip(passage.text, verbatim), support: 1 };
  const foreign = claim.cyrillic !== read.cyrillic;
  // No part of a passage holds more of a claim than the whole: most passages need no closer look.
  if (!foreign && supportOf(claim, read.all, read) < least) return null;
  let best: (Support & { score: number }) | null = null;
  for (let from = 0; from < sentences.length; from++) {
    const terms = new Set<string>();
    const numbers: Quantity[] = [];
    for (let to = from; to < Math.min(from + MAX_SENTENCES, sentences.length); to++) {
      const span = { start: sentences[from]!.start, end: sentences[to]!.end };
      // Rows of a table are about one thing each.
      const parts = to > from && (sentences[from]!.row || sentences[to]!.row);
      if (parts || (to > from && span.end - span.start > MAX_QUOTE_LENGTH)) break;
      for (const term of sentences[to]!.terms) terms.add(term);
      numbers.push(...sentences[to]!.numbers);
      if (sentences[to]!.lead) continue;
      if (![...claim.needed].every((term) => terms.has(term))) continue;
      const support = supportOf(claim, terms, read);
      const score = support + 0.1 * (sharedBy(claim.asked, terms) / (claim.asked.size || 1)) - FURTHER_SENTENCE * (to - from);
      if ((best && score <= best.score) || (foreign ? !isEvident(claim, terms, numbers) : support < least)) continue;
      if (!contradicts(claim, passage.text.slice(span.start, span.end), numbers, read)) best = { span, support, score };
    }
  }
  return best && { span: clip(passage.text, best.span), support: best.support };
}

/** Does a quote in another language show what can be compared: a number or a word of the claim? */
const isEvident = (claim: Claim, terms: Set<string>, numbers: Quantity[]): boolean =>
  claim.numbers.some((number) => numbers.some((other) => sameQuantity(number, other))) || sharedBy(claim.terms, terms) > 0;

const plainOf = (text: string) =>
  text
    .replace(/^([-*•–—]|\d{1,2}[.)]|#{1,6})\s+/, "")
    .replace(/\s+/g, " ")
    .replace(/[.!?…;]+$/, "")
    .trim()
    .toLowerCase();
