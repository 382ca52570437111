import { ADDRESS_END, ADDRESS_START, type AddressBook, MAX_ADDRESS, narrow, splitEnd } from "./addresses.ts";

/** What of the text ahead goes out as `text`; `length` characters are done with. A word of `prose` may go on. */
type Taken = { text: string; length: number; prose?: true };
type Destination = { kind: "known" | "foreign" | "code"; end: number };

/** What Markdown, HTML or a linkifier could make a picture or a link of. */
const TRIGGER = new RegExp(String.raw`!?\[|<|\][(:]|${ADDRESS_START}`, "iu");

/** What a text may end with that only what follows decides. */
const UNDECIDED = new RegExp(
  [
    String.raw`[\]<!]`,
    String.raw`(?<![\p{L}\p{N}])(?:h|ht|htt|https?|w|ww|www)\.?`,
    String.raw`(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{1,20}:[/\\]?`,
    "(?<![a-z0-9+.-])data:[a-z,;]{0,21}",
    String.raw`(?<=[\p{L}\p{N}])\.`,
    String.raw`[\p{L}\p{N}][\p{L}\p{N}-]{0,62}(?:\.[\p{L}\p{N}-]{1,63}){1,7}\.?(?::\d{0,5})?[/?#]?`,
  ]
    .map((part) => `(?:${part})$`)
    .join("|"),
  "iu",
);

/**
 * Everyday prose, in which neither TRIGGER nor UNDECIDED finds anything but a word that an address may begin with: most of an answer. To look
 * for those takes ten times as long as to see that it is that.
 */
const PROSE = /^(?:[A-Za-z0-9А-яЁё\n ,;'"()«»…—–*%-]|[.:!?](?=[\n ]))*$/;
/** What a word of such prose ends before. */
const BETWEEN_WORDS = "\n ,;'\"()«»…—–*%";
const MAY_BEGIN_ADDRESS = /(?:^|[^A-Za-z0-9А-яЁё])(?:h|ht|htt|https?|w|ww|www)$/i;
/** As long as what MAY_BEGIN_ADDRESS finds, at most. */
const BEGINNING_LENGTH = 6;

/** How much is kept of a word, or of what may be an address, that goes on. */
const TAIL_LENGTH = 80;
const TAIL = /[\p{L}\p{N}.+:/!-]*$/u;

/** The word that prose ends with, as far as it is kept. */
function lastWord(prose: string): string {
  const least = Math.max(0, prose.length - TAIL_LENGTH);
  let at = prose.length;
  while (at > least && !BETWEEN_WORDS.includes(prose[at - 1]!)) at--;
  return prose.slice(at);
}

/** The text of a link is held until its address is known, up to this length. */
const LINK_TEXT = 300;
const TAG_LENGTH = 300;
const TAG = /^<\/?([a-z][a-z0-9-]{0,30})(?:\s+[\w:@.-]{1,60}(?:\s{0,5}=\s{0,5}(?:"[^"]*"|'[^']*'|[^\s"'<>`]+))?)*\s*\/?>$/i;
/** Elements that are left out whole; of others the bracket is made one that opens nothing. */
const ELEMENTS = new Set(
  "a abbr address area article aside audio b base blink blockquote body br button canvas caption center cite code col colgroup data dd del details dfn dialog div dl dt em embed fieldset figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hr html i iframe image img input ins kbd label legend li link main map mark marquee math menu meta nav noscript object ol optgroup option p param picture pre progress q s samp script section select slot small source span strike strong style sub summary sup svg table tbody td template textarea tfoot th thead time title tr track u ul use var video wbr".split(
    " ",
  ),
);
/** So that a delta of any size is looked through in time that grows with its length alone. */
const AT_ONCE = 512;

/**
 * Lets a streamed text through without pictures, HTML and foreign addresses. An address passes when the book holds exactly it; of a
 * link to another its text stays, and a bare one is replaced by `removed`. Plain prose passes at once: only what may still become an
 * address, a tag or a link is held back, and no longer than its length is bounded. The output is never a picture or a link
 * definition, wherever the text was cut into deltas.
 */
export class LinkFilter {
  private held = "";
  /** The end of what has gone out: the beginning of a word or host that goes on in `held`. */
  private tail = "";
  /** The last character that went out. */
  private last = "";
  /** Was something left out just before? What follows must not make one of what stood apart. */
  private cut = false;
  /** Set while the rest of something that is left out goes by: it ends where this matches. */
  private skippedUntil: RegExp | null = null;

  constructor(
    private readonly book: AddressBook,
    private readonly removed: string,
  ) {}

  push(delta: string): string {
    const prose = this.prose(delta);
    if (prose !== null) return prose;
    let out = "";
    for (let at = 0; at < delta.length; at += AT_ONCE) {
      this.held += delta.slice(at, at + AT_ONCE);
      out += this.drain(false);
    }
    return out;
  }

  get isUndecided(): boolean {
    return this.held !== "";
  }

  end(): string {
    const rest = this.drain(true);
    this.skippedUntil = null;
    this.tail = "";
    this.last = "";
    this.cut = false;
    return rest;
  }

  /** What is held and `delta`, which may go out as they are everyday prose: as `drain` would have it. Null when they are not, or may be more. */
  private prose(delta: string): string | null {
    if (this.cut || this.skippedUntil || "!]<".includes(this.last || " ")) return null;
    const text = this.held + delta;
    const seen = this.tail + text;
    if (!text || !PROSE.test(seen) || MAY_BEGIN_ADDRESS.test(seen.slice(-BEGINNING_LENGTH))) return null;
    this.held = "";
    this.last = text[text.length - 1]!;
    this.tail = lastWord(seen);
    return text;
  }

  private drain(final: boolean): string {
    let out = "";
    while (this.held) {
      const taken = this.take(final);
      if (!taken) break;
      const altered = !taken.prose && taken.text !== this.held.slice(0, taken.length);
      if (taken.text) {
        out += this.apart(taken.text, altered) ? ` ${taken.text}` : taken.text;
        this.last = taken.text.slice(-1);
        this.cut = altered;
      } else this.cut ||= altered;
      this.held = this.held.slice(taken.length);
      this.tail = taken.prose ? (TAIL.exec((this.tail + taken.text).slice(-TAIL_LENGTH))?.[0] ?? "") : "";
    }
    return out;
  }

  /** Would a text, right after what went out last, make a link or a tag that the model did not write in one piece? */
  private apart(text: string, altered: boolean): boolean {
    if (!this.last) return false;
    const seam = this.last + text.slice(0, 2);
    if (/^(?:!\[|\][(:]|<[a-z/!?])/i.test(seam)) return true;
    // Behind a host's "/", which the text of a link that lost its address may end with, all that follows would be that host's path.
    if (this.cut && /^[/\\?#]\S/.test(seam)) return true;
    return (this.cut || altered) && /^[\p{L}\p{N}:/\\.](?:[\p{L}\p{N}:/\\@?#]|\.[\p{L}\p{N}])/u.test(seam);
  }

  /** The next piece that is certain; null when more text is needed. */
  private take(final: boolean): Taken | null {
    const { held, tail } = this;
    if (this.skippedUntil) {
      const end = held.search(this.skippedUntil);
      if (end !== -1) this.skippedUntil = null;
      return { text: "", length: end === -1 ? held.length : end };
    }
    const seen = narrow(tail + held);
    const trigger = TRIGGER.exec(seen);
    if (!trigger) return this.release(seen, final);
    const at = trigger.index - tail.length;
    if (at > 0) return { text: held.slice(0, at), length: at, prose: true };
    if (trigger[0].endsWith("[")) return this.takeBracket(trigger[0].length - 1, final);
    if (trigger[0] === "<") return this.takeTag(final);
    if (trigger[0] === "](") return this.takeDestination(final);
    if (trigger[0] === "]:") return this.takeDefinition(final);
    return this.takeAddress(seen, trigger.index, final);
  }

  /** Text that holds nothing special, up to what may still become so. */
  private release(seen: string, final: boolean): Taken | null {
    const undecided = final ? null : UNDECIDED.exec(seen);
    const length = undecided ? Math.max(0, undecided.index - this.tail.length) : this.held.length;
    return length === 0 ? null : { text: this.held.slice(0, length), length, prose: true };
  }

  /** "[text](address)" with its text, without the "!" that makes a picture of it; any other bracket goes out alone. */
  private takeBracket(opening: number, final: boolean): Taken | null {
    const { held } = this;
    const bracket = { text: opening ? "! [" : "[", length: opening + 1 };
    const close = held.slice(opening + 1).search(/[[\]\n]/) + opening + 1;
    if (close === opening) return final || held.length > LINK_TEXT ? bracket : null;
    if (held[close] !== "]") return bracket;
    if (held[close + 1] === undefined) return final ? bracket : null;
    if (held[close + 1] !== "(") return bracket;
    const destination = this.destination(held, close + 2, final);
    if (!destination) return null;
    if (destination.kind === "code") return bracket;
    const text = this.filtered(held.slice(opening + 1, close));
    if (destination.kind === "foreign") return { text, length: destination.end };
    return { text: `[${text}${held.slice(close, destination.end)}`, length: destination.end };
  }

  private takeDestination(final: boolean): Taken | null {
    const destination = this.destination(this.held, 2, final);
    if (!destination) return null;
    // With a line's end left out, what follows would join the word before: together they may be what a definition must not point to.
    if (destination.kind === "foreign") {
      const { end } = destination;
      return { text: /\s/.test(this.held.slice(2, end)) ? "] " : "]", length: end };
    }
    const end = destination.kind === "known" ? destination.end : 2;
    return { text: this.held.slice(0, end), length: end };
  }

  /** The address of a link, which begins at `from`; of a foreign one the title and the bracket after it are part. Null: more is needed. */
  private destination(text: string, from: number, final: boolean): Destination | null {
    const start = from + (/^[ \t]{0,9}\n?[ \t]{0,9}/.exec(text.slice(from, from + 20))?.[0].length ?? 0);
    const pointed = text[start] === "<";
    const end = pointed ? text.slice(start).search(/[>\n]/) + start + 1 : plainEnd(text, start);
    if (end === (pointed ? start : text.length) && !final) {
      if (text.length - start <= MAX_ADDRESS) return null;
      this.skippedUntil = /[\s)]/;
      return { kind: "foreign", end: text.length };
    }
    const address = pointed ? text.slice(start + 1, end - 1) : text.slice(start, end);
    if (!pointed && /^[\p{L}\p{N}_,*+=-]+$/u.test(address)) return { kind: "code", end };
    if (this.book.has(address)) return { kind: "known", end };
    const rest = text.slice(end, end + TAG_LENGTH + 20);
    const closing = /^\s{0,9}(?:"[^"]{0,300}"|'[^']{0,300}'|\([^()]{0,300}\))?\s{0,9}\)/.exec(rest);
    if (closing) return { kind: "foreign", end: end + closing[0].length };
    if (!final && rest.length < TAG_LENGTH && /^\s*(?:["'(][^\n]*)?$/.test(rest)) return null;
    return { kind: "foreign", end: Math.min(end, text.length) };
  }

  /** "[label]: address" would give an address to every "[label]" of the text: it loses its colon. */
  private takeDefinition(final: boolean): Taken | null {
    const { held } = this;
    const [, word = ""] = /^\]:\s{0,20}(\S*)/.exec(held) ?? [];
    if (/[:/&\\]/.test(word.slice(0, -1)) || /[<[]/.test(word)) return { text: "] ", length: /^\]:[ \t]/.test(held) ? 3 : 2 };
    if (!final && held.length <= MAX_ADDRESS && /^\]:\s{0,20}\S*$/.test(held)) return null;
    return { text: "]:", length: 2 };
  }

  private takeTag(final: boolean): Taken | null {
    const { held } = this;
    const next = held[1];
    if (next === undefined) return final ? { text: "<", length: 1 } : null;
    if (!/[a-z/!?]/i.test(next)) return { text: "<", length: 1 };
    const inert = { text: "‹", length: 1 };
    const end = held.slice(1).search(/[<>\n]/) + 1;
    if (end === 0) return final || held.length > MAX_ADDRESS ? inert : null;
    if (held[end] !== ">") return inert;
    const whole = held.slice(0, end + 1);
    if (/^<(?:[a-z][a-z0-9+.-]{1,31}:|[^\s@]+@)\S*>$/i.test(whole))
      return { text: this.mayPass(whole.slice(1, -1)) ? whole : this.removed, length: whole.length };
    const name = whole.length <= TAG_LENGTH ? TAG.exec(whole)?.[1]?.toLowerCase() : undefined;
    return name && ELEMENTS.has(name) ? { text: name === "br" ? " " : "", length: whole.length } : inert;
  }

  private mayPass = (address: string) => this.book.has(address) || (/^[^\s@:]+@/.test(address) && this.book.has(`mailto:${address}`));

  private takeAddress(seen: string, index: number, final: boolean): Taken | null {
    const from = seen.slice(index);
    const end = from.search(ADDRESS_END);
    if (end === -1 && !final && from.length <= MAX_ADDRESS) return null;
    const raw = end === -1 ? from : from.slice(0, end);
    if (end === -1 && !final) this.skippedUntil = ADDRESS_END;
    const [address, rest] = splitEnd(raw);
    const begun = Math.max(0, this.tail.length - index);
    const length = Math.max(0, raw.length - begun);
    if (length === 0) return { text: this.held.slice(0, 1), length: 1 };
    if (raw.length <= MAX_ADDRESS && (this.book.has(raw) || this.book.has(address))) return { text: this.held.slice(0, length), length };
    return { text: `${begun > 0 ? " " : ""}${this.removed}${rest}`, length };
  }

  private filtered(text: string): string {
    const inner = new LinkFilter(this.book, this.removed);
    return inner.push(text) + inner.end();
  }
}

/** Where an address without pointed brackets ends: at white space, or at a bracket that it did not open. */
function plainEnd(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const char = text[at]!;
    if (/\s/.test(char)) return at;
    if (char === "\\") at++;
    else if (char === "(") depth++;
    else if (char === ")" && --depth < 0) return at;
  }
  return text.length;
}
