const LETTERS = "abcdefghij";
const spell = (n: number) => [...String(n)].map((digit) => LETTERS[Number(digit)]).join("");
const read = (letters: string) => Number([...letters].map((letter) => LETTERS.indexOf(letter)).join(""));

/** A token of a bench's answer: a word that says its number and when it was sent. Every twelfth ends a sentence, as in prose. */
export const tokenOf = (n: number): string => `${n === 1 ? "" : " "}${spell(n)}x${spell(Date.now())}${n % 12 ? "" : "."}`;

/** The number of a token and when it was sent (Date.now()). */
export function readToken(token: string): { n: number; at: number } {
  const [n = "", at = ""] = token.replace(/[^a-jx]/g, "").split("x");
  return { n: read(n), at: read(at) };
}
