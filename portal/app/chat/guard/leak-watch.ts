import { type Confidential, Endings, type Held, isLeak, STRETCH } from "./confidential.ts";
import { fold } from "./fold.ts";

/** Further apart than this, in letters, two finds have nothing to do with each other. */
const GAP = 24;
/** So many letters may still be chance: nothing is held back for them. */
const CHANCE = 16;

/** Counts how much of what is confidential a text holds, letter by letter. */
class Finder {
  private recent = "";
  private ending = 0;
  private held: Held = { rule: 0, head: 0, body: 0 };
  private sinceLast = Number.POSITIVE_INFINITY;

  constructor(
    private readonly secret: Confidential,
    /** Is a stretch known to the visitor anyway? */
    private readonly isKnown: (stretch: string) => boolean,
  ) {}

  /** Reads on. True when too much has come together. */
  read(text: string): boolean {
    const { stretches, endings } = this.secret;
    const letters = this.recent + fold(text);
    for (let end = this.recent.length + 1; end <= letters.length; end++) {
      this.sinceLast++;
      if (this.sinceLast === GAP + 1) this.held = { rule: 0, head: 0, body: 0 };
      this.ending = Endings.roll(this.ending, letters.charCodeAt(end - 1));
      if (end < STRETCH || !endings.has(this.ending)) continue;
      const stretch = letters.slice(end - STRETCH, end);
      const part = stretches.get(stretch);
      if (!part || this.isKnown(stretch)) continue;
      this.held[part] += Math.min(this.sinceLast, STRETCH);
      this.sinceLast = 0;
      if (isLeak(this.held, this.secret)) return true;
    }
    this.recent = letters.slice(-STRETCH);
    return false;
  }

  /** May what was read last be the beginning of a leak? */
  get suspicious(): boolean {
    return this.sinceLast <= GAP && this.held.rule + this.held.head + this.held.body > CHANCE;
  }

  reset(): void {
    if (this.recent === "") return;
    this.recent = "";
    this.held = { rule: 0, head: 0, body: 0 };
    this.sinceLast = Number.POSITIVE_INFINITY;
  }
}

/**
 * Reads a code as it goes by: its signs, a group at a time, make bytes, and those make text. Nothing is made of runs too short to
 * hold a stretch of letters, which is what ordinary words are.
 */
class CodeReader {
  private code = "";
  private decoder: TextDecoder | undefined;
  private readonly leastRun: number;
  /** Signs of the code so far without anything foreign between them. */
  run = 0;

  constructor(
    /** Which ASCII characters are signs of the code, and which may stand between them. */
    private readonly signs: Uint8Array,
    private readonly group: { signs: number; bytes: number },
    private readonly encoding: "base64" | "hex",
    private readonly finder: Finder,
  ) {
    this.leastRun = Math.ceil(STRETCH / group.bytes) * group.signs;
  }

  /** Reads on. True when too much has come together in what the code says. */
  read(text: string): boolean {
    let from = 0;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      const kind = code < 128 ? this.signs[code]! : 0;
      if (kind === SIGN) this.run++;
      else if (this.run === 0) from = at + 1;
      else if (kind !== BETWEEN) {
        if (this.run >= this.leastRun && this.take(text.slice(from, at))) return true;
        this.reset();
        from = at + 1;
      }
    }
    return this.run > 0 && this.take(text.slice(from));
  }

  /** Reads signs, and what stands between them, on from those before. */
  private take(text: string): boolean {
    this.code += text;
    if (this.run < this.leastRun) return false;
    const signs = [...this.code].filter((sign) => this.signs[sign.charCodeAt(0)] === SIGN).join("");
    const whole = signs.length - (signs.length % this.group.signs);
    this.code = signs.slice(whole);
    this.decoder ??= new TextDecoder();
    return whole > 0 && this.finder.read(this.decoder.decode(Buffer.from(signs.slice(0, whole), this.encoding), { stream: true }));
  }

  private reset(): void {
    this.run = 0;
    this.code = "";
    this.decoder = undefined;
    this.finder.reset();
  }
}

const SIGN = 1;
const BETWEEN = 2;
const table = (signs: RegExp, between?: RegExp) =>
  Uint8Array.from({ length: 128 }, (_, code) => {
    const char = String.fromCharCode(code);
    return signs.test(char) ? SIGN : between?.test(char) ? BETWEEN : 0;
  });
/** https://www.rfc-editor.org/rfc/rfc4648, both alphabets. */
const BASE64 = table(/[A-Za-z0-9+/_-]/);
/** Bytes as hexadecimal digits, with or without the usual signs between them. */
const HEX = table(/[0-9a-f]/i, /[\s%\\x:,-]/);

/** Longer runs than words have: what may be a code is held back until it is known to be none. */
const CODE_RUN = 24;

/**
 * Watches a streamed text for what is confidential: word for word or nearly so, spaced out, in other alphabets of the same look,
 * backwards, rotated, in base64 or hexadecimal. What may become a leak is held back; other text passes at once.
 */
export class LeakWatch {
  private held = "";
  private readonly plain: Finder;
  private readonly codes: CodeReader[];
  /** Set once, for good. */
  leaked = false;

  /** @param known texts that the visitor has or may be told: what stands in them is no secret */
  constructor(secret: Confidential, known: () => string) {
    let letters: string | undefined;
    const isKnown = (stretch: string) => {
      letters ??= fold(known());
      return letters.includes(stretch);
    };
    this.plain = new Finder(secret, isKnown);
    this.codes = [
      new CodeReader(BASE64, { signs: 4, bytes: 3 }, "base64", new Finder(secret, isKnown)),
      new CodeReader(HEX, { signs: 2, bytes: 1 }, "hex", new Finder(secret, isKnown)),
    ];
  }

  /** What may go out now. Nothing more does after a leak. */
  push(text: string): string {
    if (this.leaked) return "";
    this.leaked = this.plain.read(text) || this.codes.some((code) => code.read(text));
    this.held += text;
    if (this.leaked) this.held = "";
    else if (!this.plain.suspicious && this.codes.every(({ run }) => run < CODE_RUN)) return this.end();
    return "";
  }

  get isUndecided(): boolean {
    return this.held !== "";
  }

  end(): string {
    const rest = this.held;
    this.held = "";
    return rest;
  }
}
