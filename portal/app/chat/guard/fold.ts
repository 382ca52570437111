/** Cyrillic letters that look like Latin ones count as those. */
const LOOKALIKE: Record<string, string> = {
  а: "a",
  в: "b",
  е: "e",
  к: "k",
  м: "m",
  н: "h",
  о: "o",
  р: "p",
  с: "c",
  т: "t",
  у: "y",
  х: "x",
};
const ASCII = /^[\x20-\x7e\n]*$/;
const known = new Map<string, string>();

/** One character without case, accents, width and style; "" for what is no letter. */
function foldOne(char: string): string {
  let folded = known.get(char);
  if (folded === undefined) {
    folded = [...char.normalize("NFKD").toLowerCase().replace(/\P{L}/gu, "")].map((letter) => LOOKALIKE[letter] ?? letter).join("");
    if (known.size > 20_000) known.clear();
    known.set(char, folded);
  }
  return folded;
}

/**
 * A text's letters as they are compared: without white space, digits, punctuation and marks, whatever their case, width or alphabet
 * of the same look. "N e v e r" and "ＮＥＶＥＲ" are the same.
 */
export function fold(text: string): string {
  if (ASCII.test(text)) return text.replace(/[^a-z]+/gi, "").toLowerCase();
  let folded = "";
  for (const char of text) folded += foldOne(char);
  return folded;
}
