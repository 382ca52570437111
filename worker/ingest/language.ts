import { detect } from "tinyld";

/** Shorter texts are too little to tell related languages apart. */
const ENOUGH = 200;
const SAMPLE = 1_000;

const isCyrillic = (text: string) => (text.match(/\p{Script=Cyrillic}/gu)?.length ?? 0) * 2 > (text.match(/\p{L}/gu)?.length ?? 0);

/**
 * The language of each text and of all together (ISO 639-1, null when unknown). A short text is taken to be in the
 * document's language when it is in its script: "Цена: 300" alone could be Bulgarian.
 */
export function detectLanguages(texts: string[]): { overall: string | null; each: (string | null)[] } {
  const found = texts.map((text) => detect(text.slice(0, SAMPLE)) || null);
  const letters = new Map<string, number>();
  texts.forEach((text, index) => {
    const language = found[index];
    if (language) letters.set(language, (letters.get(language) ?? 0) + text.length);
  });
  const overall = [...letters].sort((a, b) => b[1] - a[1])[0]?.[0] ?? null;
  if (overall === null) return { overall, each: found };
  const longest = texts[found.indexOf(overall)]!;
  const script = isCyrillic(longest);
  return { overall, each: texts.map((text, index) => (text.length >= ENOUGH || isCyrillic(text) !== script ? found[index]! : overall)) };
}
