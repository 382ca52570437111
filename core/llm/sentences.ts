/** A sentence as characters [start, end) of the text it was found in, outer white space left out. */
export type Sentence = { start: number; end: number; text: string };

const words = (...lines: string[]) => new Set(lines.flatMap((line) => line.split(" ")));

/** Words whose full stop never ends a sentence, as a name or number follows; in lower case and without the stop. */
const OPENING = words(
  "mr mrs ms dr prof st vs no nos fig figs vol vols ed eds pp approx dept e.g i.e cf gen col sgt capt rev hon tel ext jan feb mar apr jun jul aug sep sept oct nov dec",
  "т.е т.к т.н т.о до.н.э ст стр с рис табл им ул д кв корп пос обл р доб акад проф доц гл п пп напр прим ср см изд тел н",
);
/** Words whose full stop may end a sentence too: it does when a capital letter follows. */
const CLOSING = words(
  "inc ltd corp co etc al jr sr a.m p.m u.s u.k ph.d est min max",
  "т.д т.п др пр руб коп тыс млн млрд трлн мин сек ч мм кг мг л шт чел э н.э ред ок",
);
/** "в 2019 г. Компания" ends a sentence, "г. Москва" does not: these close only after a number. */
const CLOSING_AFTER_NUMBER = words("г гг в вв см м р с д");

const CLOSERS = /["'»”’)\]]/;

/** Does the full stop at `at` end a sentence? `next` is the first character after it and its closing quotes and spaces. */
function endsSentence(text: string, at: number, next: string | undefined): boolean {
  if (text[at] !== "." || next === undefined) return true;
  if (/\p{Ll}/u.test(next)) return false;
  const lead = text.slice(Math.max(0, at - 32), at);
  const before = /[\p{L}\p{N}.]+$/u.exec(lead)?.[0] ?? "";
  const word = before.toLowerCase();
  const capital = /\p{Lu}/u.test(next);
  // "12. Press" at the start of a line numbers a list; "in 2019. Then" ends a sentence.
  if (/(^|\n)\s*\d{1,2}$/.test(lead)) return false;
  if (CLOSING_AFTER_NUMBER.has(word) && /\d\s?[\p{L}.]+$/u.test(lead)) return capital;
  if (CLOSING.has(word)) return capital;
  // Initials: "J. Smith", "А. С. Пушкин".
  if (/(^|\.)\p{Lu}$/u.test(before)) return false;
  return !OPENING.has(word) && !CLOSING_AFTER_NUMBER.has(word);
}

/** How a line begins that is a block of its own: nothing, a list item, a heading, a table row ("| a |" or "name: value; name: value"). */
const STARTS_BLOCK = /^[^\S\n]*(\n|[-*•–—]\s|\d{1,2}[.)]\s|#{1,6}\s|\||[^\n.:;!?]{1,40}: [^\n;]{1,100};)/;
/** A line "Name: value", which is one of several: alone it may be a line of prose with a colon in it. */
const PAIR = /^[^\S\n]*[\p{Lu}\p{N}][^\n.:;!?]{0,40}: [^\n]{1,100}$/u;

/**
 * Splits a text into sentences, in English and Russian: abbreviations, initials and decimals do not end one; blank lines,
 * list items, table rows and headings do.
 */
export function splitSentences(text: string): Sentence[] {
  const sentences: Sentence[] = [];
  let start = 0;
  const cut = (end: number) => {
    let from = start;
    let to = end;
    while (from < to && /\s/.test(text[from]!)) from++;
    while (to > from && /\s/.test(text[to - 1]!)) to--;
    if (to > from && /[\p{L}\p{N}]/u.test(text.slice(from, to))) sentences.push({ start: from, end: to, text: text.slice(from, to) });
    start = end;
  };
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (char === "\n") {
      // A single line break inside a paragraph is only wrapping; beside a blank line, a list item, a table row or a heading it divides.
      const above = lineAt(text, text.lastIndexOf("\n", i - 1) + 1);
      const below = lineAt(text, i + 1);
      const isPairs = PAIR.test(below) && (PAIR.test(above) || PAIR.test(lineAt(text, i + 2 + below.length)));
      if (isPairs || STARTS_BLOCK.test(text.slice(i + 1, i + 160)) || /^\s*(#{1,6}\s|\|)/.test(above)) cut(i + 1);
      continue;
    }
    if (char !== "." && char !== "!" && char !== "?" && char !== "…") continue;
    let end = i + 1;
    while (end < text.length && /[.!?…]/.test(text[end]!)) end++;
    while (end < text.length && CLOSERS.test(text[end]!)) end++;
    // "3.14", "example.com", "v2.1": no white space, no end.
    if (end < text.length && !/\s/.test(text[end]!)) {
      i = end - 1;
      continue;
    }
    let next = end;
    while (next < text.length && /[\s"'«“‘([]/.test(text[next]!)) next++;
    if (endsSentence(text, i, text[next])) cut(end);
    i = end - 1;
  }
  cut(text.length);
  return sentences;
}

function lineAt(text: string, start: number): string {
  const end = text.indexOf("\n", start);
  return text.slice(start, end < 0 ? text.length : end);
}
