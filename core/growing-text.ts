/**
 * Texts that grow by small pieces and are kept for a while, outside of V8's heap. What stays on the heap for more than a second or two is copied
 * twice and then looked at by every full collection, and a heap that grows by it is collected in full again and again: with hundreds
 * of answers that are told word by word this was a tenth of what a word cost. Bytes outside of the heap cost nothing until they are
 * read.
 */

const FIRST_BYTES = 1_024;
const GROWTH = 1.5;
/** UTF-8 takes no more bytes than this for a UTF-16 code unit. */
const MOST_BYTES = 3;

/** Texts one after the other, as UTF-8. */
export class TextBytes {
  private bytes = Buffer.alloc(0);
  /** How many bytes there are. */
  length = 0;

  /** @param text must not end in the middle of a character */
  append(text: string): void {
    const needed = this.length + text.length * MOST_BYTES;
    if (needed > this.bytes.length) this.resize(Math.max(needed, FIRST_BYTES, Math.ceil(this.bytes.length * GROWTH)));
    this.length += this.bytes.write(text, this.length);
  }

  /** The text between two places, in bytes. */
  slice(start: number, end: number): string {
    return this.bytes.toString("utf8", start, end);
  }

  /** No more will come: gives back what was set aside for it. */
  trim(): void {
    this.resize(this.length);
  }

  private resize(size: number): void {
    const bytes = Buffer.allocUnsafeSlow(size);
    this.bytes.copy(bytes, 0, 0, this.length);
    this.bytes = bytes;
  }
}

/** So many characters wait until they are written as bytes together: a call out of JavaScript costs as much as ten words of it. */
const TOGETHER = 128;

/** A text that grows. Halves of a character that come one after the other become that character; a half alone may become U+FFFD. */
export class GrowingText {
  private readonly bytes = new TextBytes();
  /** What is not written as bytes yet. */
  private newest = "";
  /** In UTF-16 code units, as of a string. */
  length = 0;

  append(piece: string): void {
    this.length += piece.length;
    this.newest += piece;
    if (this.newest.length < TOGETHER) return;
    const last = piece.charCodeAt(piece.length - 1);
    // The second half of this character may be yet to come.
    const end = this.newest.length - (last >= 0xd800 && last <= 0xdbff ? 1 : 0);
    this.bytes.append(this.newest.slice(0, end));
    this.newest = this.newest.slice(end);
  }

  toString(): string {
    return this.bytes.slice(0, this.bytes.length) + this.newest;
  }
}
