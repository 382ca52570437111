/**
 * Texts as one piece of memory. V8 keeps `a + b`, and what `JSON.stringify` returns, as a tree of its parts (`ConsString` in V8's
 * src/objects/string.h) until somebody reads a character of it: 32 bytes a part besides the part itself, all of them objects that the
 * garbage collector has to visit. With hundreds of answers that are told word by word this was a fifth of what each of them held.
 */

/** How many characters may come together before they are made one piece again; a power of two. */
const CHUNK_BITS = 8;

/** The same text as one piece of memory. */
export function flat(text: string): string {
  // Reading a character makes it one piece. Something must depend on what was read, or V8's compiler leaves the reading out.
  return text.charCodeAt(0) === 0 ? text.slice() : text;
}

/** `text + piece`, for a text that grows by many small pieces and is kept: made one piece every 256 characters. */
export function append(text: string, piece: string): string {
  const grown = text + piece;
  return text.length >> CHUNK_BITS === grown.length >> CHUNK_BITS ? grown : flat(grown);
}
