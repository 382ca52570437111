/**
 * Characters that models read and people do not see: controls and formats (zero-width, bidi, soft hyphens, the Tags block), the
 * variation selectors that can carry bytes, fillers and the empty Braille cell. Line breaks and tabs stay, and so do emoji selectors.
 */
const INVISIBLE =
  /(?![\n\t])[\p{Cc}\p{Cf}\u115f\u1160\u2800\u3164\uffa0\u{e0000}-\u{e0fff}]|\u034f|[\u17b4\u17b5]|[\u180b-\u180f]|[\ufe00-\ufe0d]/gu;
const MAY_HOLD_SOME = /[^\n\t\x20-\x7eА-яЁё«»—–…₽€]/u;
/** The joiner inside an emoji of several ("👩‍💻") is part of what people see. */
const JOINED = /(?<=\p{Extended_Pictographic}|\ufe0f|\p{Emoji_Modifier})\u200d(?=\p{Extended_Pictographic})/gu;
const KEPT_JOINER = "\ue000";

/** A text without anything that people would not see. */
export function visible(text: string): string {
  if (!MAY_HOLD_SOME.test(text)) return text;
  return text.replaceAll(KEPT_JOINER, "").replace(JOINED, KEPT_JOINER).replace(INVISIBLE, "").replaceAll(KEPT_JOINER, "\u200d");
}

/** What a stream's text may end with that only the next character decides: an emoji that may be joined, and half a character. */
const UNDECIDED =
  /(?:\p{Extended_Pictographic}(?:\ufe0f|\p{Emoji_Modifier})?\u200d){0,8}(?:\p{Extended_Pictographic}(?:\ufe0f|\p{Emoji_Modifier})?)?[\ud800-\udbff]?$/u;

/** Letters, digits and punctuation of every day, which no character after them changes: most pieces of an answer end with one. */
const DECIDED = /[\n\t\x20-\x7eА-яЁё«»—–…₽€]/u;

/** The same for a text that comes in pieces. */
export class VisibleStream {
  private held = "";

  push(delta: string): string {
    const text = this.held + delta;
    // Looking for an end that is undecided from every place of the text costs more than all else that is done with it.
    this.held = DECIDED.test(text.slice(-1)) ? "" : (UNDECIDED.exec(text)?.[0] ?? "");
    return visible(text.slice(0, text.length - this.held.length));
  }

  get isUndecided(): boolean {
    return this.held !== "";
  }

  end(): string {
    const rest = visible(this.held).replace(/\p{Surrogate}/gu, "");
    this.held = "";
    return rest;
  }
}
