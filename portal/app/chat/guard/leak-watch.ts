import { type Confidential, type Held, isLeak, STRETCH } from "./confidential.ts";
import { fold } from "./fold.ts";

/** Further apart than this, in letters, two finds have nothing to do with each other. */
const GAP = 24;
/** So many letters may still be chance: nothing is held back for them. */
const CHANCE = 16;

/** Counts how much of what is confidential a text holds, letter by letter. */
class Finder {
  private recent = "";
  private held: Held = { rule: 0, head: 0, body: 0 };
  private sinceLast = Number.POSITIVE_INFINITY;

  constructor(
    private readonly secret: Confidential,
    /** Is a stretch known to the visitor anyway? */
    private readonly isKnown: (stretch: string) => boolean,
  ) {}

  /** Reads on. True when too much has come together. */
  read(text: string): boolean {
    for (const letter of fold(text)) {
      this.recent = (this.recent + letter).slice(-STRETCH);
      this.sinceLast++;
      if (this.sinceLast === GAP + 1) this.held = { rule: 0, head: 0, body: 0 };
      const part = this.recent.length === STRETCH ? this.secret.stretches.get(this.recent) : undefined;
      if (!part || this.isKnown(this.recent)) continue;
      this.held[part] += Math.min(this.sinceLast, STRETCH);
      this.sinceLast = 0;
      if (isLeak(this.held, this.secret)) return true;
    }
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
  ) {
    this.leastRun = Math.ceil(STRETCH / group.bytes) * group.signs;
  }

  /** The text that a character completes. */
  read(code: number): string {
    const kind = code < 128 ? this.signs[code]! : 0;
    if (kind === BETWEEN && this.run > 0) return "";
    if (kind !== SIGN) {
      if (this.run > 0) this.reset();
      return "";
    }
    this.run++;
    this.code += String.fromCharCode(code);
    if (this.run < this.leastRun || this.code.length % this.group.signs > 0) return "";
    const bytes = Buffer.from(this.code, this.encoding);
    this.code = "";
    this.decoder ??= new TextDecoder();
    return this.decoder.decode(bytes, { stream: true });
  }

  private reset(): void {
    this.run = 0;
    this.code = "";
    this.decoder = undefined;
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

type Code = { reader: CodeReader; finder: Finder };

/**
 * Watches a streamed text for what is confidential: word for word or nearly so, spaced out, in other alphabets of the same look,
 * backwards, rotated, in base64 or hexadecimal. What may become a leak is held back; other text passes at once.
 */
export class LeakWatch {
  private held = "";
  private readonly plain: Finder;
  private readonly codes: Code[];
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
    this.codes = [new CodeReader(BASE64, { signs: 4, bytes: 3 }, "base64"), new CodeReader(HEX, { signs: 2, bytes: 1 }, "hex")].map(
      (reader) => ({
        reader,
        finder: new Finder(secret, isKnown),
      }),
    );
  }

  /** What may go out now. Nothing more does after a leak. */
  push(text: string): string {
    if (this.leaked) return "";
    this.leaked = this.plain.read(text) || this.codes.some((code) => readCode(code, text));
    this.held += text;
    if (this.leaked) this.held = "";
    else if (!this.plain.suspicious && this.codes.every(({ reader }) => reader.run < CODE_RUN)) return this.end();
    return "";
  }

  end(): string {
    const rest = this.held;
    this.held = "";
    return rest;
  }
}

function readCode({ reader, finder }: Code, text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const decoded = reader.read(text.charCodeAt(at));
    if (reader.run === 0) finder.reset();
    else if (decoded && finder.read(decoded)) return true;
  }
  return false;
}
