/** The most frequent letters of English. The first ten of the alphabet make words that may be hexadecimal, and those are held back (leak-watch.ts). */
const LETTERS = "etaoinshrd";
const spell = (n: number) => [...String(n)].map((digit) => LETTERS[Number(digit)]).join("");
const read = (letters: string) => Number([...letters].map((letter) => LETTERS.indexOf(letter)).join(""));

/** Times are told modulo this, in milliseconds: a word of prose has ten letters, not twenty. */
const ROUND = 1_000_000;

/** A token of a bench's answer: a word that says its number and when it was sent. Every twelfth ends a sentence, as in prose. */
export const tokenOf = (n: number): string => `${n === 1 ? "" : " "}${spell(n)}x${spell(Date.now() % ROUND)}${n % 12 ? "," : "."}`;

const TOKEN = new RegExp(`([${LETTERS}]+)x([${LETTERS}]+)[,.]`, "g");

/** The tokens that a text holds whole (number, and Date.now() when it was sent), and what is left of it: a word may come in pieces. */
export function readTokens(text: string): { tokens: { n: number; at: number }[]; rest: string } {
  let end = 0;
  const tokens = [...text.matchAll(TOKEN)].map((match) => {
    end = match.index + match[0].length;
    const ago = ((Date.now() % ROUND) - read(match[2]!) + ROUND) % ROUND;
    return { n: read(match[1]!), at: Date.now() - ago };
  });
  return { tokens, rest: text.slice(end) };
}
