/** Reads exact numbers of bytes from a stream of pieces of any size, holding no more than it was asked for and one piece. */
export class ByteReader {
  #pieces: AsyncIterator<Uint8Array>;
  #held: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#pieces = source[Symbol.asyncIterator]();
  }

  /** The next `length` bytes; fewer only when the stream ends before that. */
  async read(length: number): Promise<Buffer> {
    const parts: Buffer[] = [this.#held];
    let size = this.#held.length;
    while (size < length) {
      const { value, done } = await this.#pieces.next();
      if (done) break;
      const piece = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      parts.push(piece);
      size += piece.length;
    }
    const all = parts.length === 1 ? this.#held : Buffer.concat(parts);
    this.#held = all.subarray(length);
    return all.subarray(0, length);
  }

  /** Lets go of the stream. */
  async close(): Promise<void> {
    await this.#pieces.return?.();
  }
}
