import { analyse } from "chardet";

/** The eight-bit encodings of Russian. They share no letters, so the text itself tells which it is. */
const CYRILLIC = ["windows-1251", "koi8-r", "ibm866", "iso-8859-5", "x-mac-cyrillic"] as const;
/** How much of the bytes is looked at to tell the encoding. */
const SAMPLE = 64 * 1024;

/**
 * The text of bytes in an unknown encoding: UTF-8 and UTF-16 with or without a byte order mark, the Cyrillic eight-bit
 * encodings, and what chardet knows beyond them.
 * @param declared what the document says of itself, believed only where the bytes do not speak for themselves
 */
export function decode(bytes: Uint8Array, declared?: string): string {
  return new TextDecoder(encodingOf(bytes, declared)).decode(bytes);
}

/** The encoding's name as TextDecoder takes it. */
export function encodingOf(bytes: Uint8Array, declared?: string): string {
  const [a, b, c] = bytes;
  if (a === 0xef && b === 0xbb && c === 0xbf) return "utf-8";
  if (a === 0xff && b === 0xfe) return "utf-16le";
  if (a === 0xfe && b === 0xff) return "utf-16be";
  const sample = bytes.subarray(0, SAMPLE);
  const wide = utf16Order(sample);
  if (wide) return wide;
  // Text in another encoding is practically never valid UTF-8.
  if (isUtf8(bytes)) return "utf-8";
  // Mostly UTF-8 with some broken bytes: a cut file, or pasted parts. Better some U+FFFD than all mojibake.
  if (isMostlyUtf8(sample)) return "utf-8";
  const cyrillic = cyrillicEncoding(sample);
  if (cyrillic) return cyrillic;
  if (declared && isKnown(declared) && !/^utf-?(8|16)/i.test(declared)) return declared;
  const guess = analyse(sample).find(({ name }) => isKnown(name) && !/^utf/i.test(name));
  return guess && guess.confidence >= 20 ? guess.name : "windows-1252";
}

function isKnown(label: string): boolean {
  try {
    return new TextDecoder(label).encoding !== "replacement";
  } catch {
    return false;
  }
}

/** Whether all of the bytes are valid UTF-8. */
export function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function isMostlyUtf8(sample: Uint8Array): boolean {
  const text = new TextDecoder("utf-8").decode(sample);
  const broken = text.split("\ufffd").length - 1;
  const wide = [...text.matchAll(/[^\p{ASCII}\ufffd]/gu)].length;
  return wide > broken * 4;
}

/**
 * UTF-16 without a mark: in Latin, Cyrillic and punctuation every other byte is 00, 04 or 20. Text in eight-bit
 * encodings has no such bytes at one parity only.
 */
function utf16Order(sample: Uint8Array): "utf-16le" | "utf-16be" | null {
  if (sample.length < 4) return null;
  const high = [0, 0];
  const even = sample.length - (sample.length % 2);
  for (let at = 0; at < even; at++) {
    const byte = sample[at]!;
    if (byte === 0x00 || byte === 0x04) high[at % 2]!++;
  }
  const pairs = even / 2;
  const [be, le] = [high[0]! / pairs, high[1]! / pairs];
  if (le > 0.8 && be < 0.3) return "utf-16le";
  if (be > 0.8 && le < 0.3) return "utf-16be";
  return null;
}

/** The letters of Russian by frequency, per thousand (НКРЯ); ё is written as е. */
const FREQUENCY: Record<string, number> = {
  о: 110,
  е: 85,
  а: 80,
  и: 74,
  н: 67,
  т: 63,
  с: 55,
  р: 47,
  в: 45,
  л: 44,
  к: 35,
  м: 32,
  д: 30,
  п: 28,
  у: 26,
  я: 20,
  ы: 19,
  ь: 17,
  г: 17,
  з: 16,
  б: 16,
  ч: 14,
  й: 12,
  х: 10,
  ж: 9,
  ш: 7,
  ю: 6,
  ц: 5,
  щ: 4,
  э: 3,
  ф: 3,
  ъ: 1,
  ё: 1,
};

/** Which Cyrillic encoding makes Russian of the bytes; null when none does. */
function cyrillicEncoding(sample: Uint8Array): string | null {
  let best: string | null = null;
  let bestScore = 0;
  for (const encoding of CYRILLIC) {
    const score = russianScore(new TextDecoder(encoding).decode(sample));
    if (score > bestScore) [best, bestScore] = [encoding, score];
  }
  // A fair share of what is not ASCII must be Russian words; "café" in windows-1252 is not.
  return bestScore >= 20 ? best : null;
}

/**
 * How Russian a text reads: the mean frequency (per thousand) of its non-ASCII characters, where letters count only in
 * words of Cyrillic letters alone, in a natural pattern of capitals.
 */
function russianScore(text: string): number {
  let sum = 0;
  const count = [...text.matchAll(/\P{ASCII}/gu)].length;
  for (const [word] of text.matchAll(/\p{L}+/gu)) {
    // Capitals in the middle of a word, or letters of two alphabets in one, are the mark of a wrong guess.
    if (!/^([А-ЯЁ]?[а-яё]+|[А-ЯЁ]+)$/.test(word)) continue;
    for (const letter of word.toLowerCase()) sum += FREQUENCY[letter] ?? 0;
  }
  return count === 0 ? 0 : sum / count;
}
