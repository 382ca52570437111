import type { Passage } from "./retrieve.ts";
import type { Span } from "./support.ts";

/** Quotes of up to this many words are searched for as a whole, longer ones by their first and last words. */
const WHOLE_QUOTE = 12;
const EDGE_WORDS = 5;
const CONTEXT_WORDS = 3;
/** A quote this short may stand anywhere on the page: it is given with the words around it. */
const SHORT_QUOTE = 3;

/** "Model: Fjord 3; Price: 319 €": how a table's row is read. On the page stand only the values. */
const ROW = /^[^\n.:;!?]{1,40}: [^\n;]{1,100}(; [^\n.:;!?]{1,40}: [^\n;]{1,100})+$/;

const wordsOf = (text: string) => text.split(/\s+/).filter(Boolean);
/** `-`, `,` and `&` mean something in a fragment. */
const encode = (text: string) => encodeURIComponent(text).replaceAll("-", "%2D");

/** The whole of a quote, or its first and last words where it is long or runs over several paragraphs, which a whole may not. */
function searched(quote: string): string {
  if (ROW.test(quote)) {
    const values = quote.split("; ").map((cell) => cell.slice(cell.indexOf(": ") + 2));
    return `${encode(values[0]!)},${encode(values.at(-1)!)}`;
  }
  const lines = quote.split(/\n+/).map((line) => wordsOf(line.replace(/^\s*([-*•–—]|\d{1,2}[.)]|#{1,6})\s+/, "")));
  const words = lines.flat();
  if (lines.length === 1 && words.length <= WHOLE_QUOTE) return encode(words.join(" "));
  const last = lines.at(-1)!;
  return `${encode(lines[0]!.slice(0, EDGE_WORDS).join(" "))},${encode(last.slice(-EDGE_WORDS).join(" "))}`;
}

/** The words next to a quote in its own paragraph, if any. */
const neighbours = (text: string, { start, end }: Span) => ({
  before: wordsOf(text.slice(0, start).split("\n").at(-1) ?? "").slice(-CONTEXT_WORDS),
  after: wordsOf(text.slice(end).split("\n")[0] ?? "").slice(0, CONTEXT_WORDS),
});

/**
 * The address of a page that scrolls to a quote in it (https://wicg.github.io/scroll-to-text-fragment). A quote that is short, or
 * that the passages known of the page hold more than once, is given with the words before and behind it.
 */
export function textFragment(url: string, span: Span, ofPage: Passage[], passage: Passage): string {
  const quote = passage.text.slice(span.start, span.end);
  const times = ofPage.reduce((total, { text }) => total + text.split(quote).length - 1, 0);
  const { before, after } = neighbours(passage.text, span);
  const needed = times > 1 || wordsOf(quote).length <= SHORT_QUOTE;
  const prefix = needed && before.length > 0 ? `${encode(before.join(" "))}-,` : "";
  const suffix = needed && after.length > 0 ? `,-${encode(after.join(" "))}` : "";
  return `${url.split("#")[0]}#:~:text=${prefix}${searched(quote)}${suffix}`;
}
