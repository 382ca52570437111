/** The languages the interface is written in. Safe to import anywhere. */
export const LOCALES = ["en", "ru"] as const;
export type Locale = (typeof LOCALES)[number];

/** The best of our languages for a BCP 47 tag or an Accept-Language header; English when none fits. */
export function pickLocale(preferred: string | null | undefined): Locale {
  const wanted = (preferred ?? "")
    .split(",")
    .map((part) => {
      const [tag = "", ...parameters] = part.trim().toLowerCase().split(";");
      const q = parameters.map((parameter) => /^\s*q=([\d.]+)$/.exec(parameter)?.[1]).find(Boolean);
      return { language: tag.split("-")[0], weight: q ? Number(q) : 1 };
    })
    .filter((entry) => entry.weight > 0)
    .sort((a, b) => b.weight - a.weight);
  return wanted.map((entry) => entry.language).find((language): language is Locale => LOCALES.includes(language as Locale)) ?? "en";
}

const lettersOf = (text: string) => ({
  cyrillic: text.match(/\p{Script=Cyrillic}/gu)?.length ?? 0,
  latin: text.match(/\p{Script=Latin}/gu)?.length ?? 0,
});

/** Has a text more Cyrillic letters than Latin ones? */
export function isCyrillic(text: string): boolean {
  const { cyrillic, latin } = lettersOf(text);
  return cyrillic > latin;
}

/** The language a text is written in, judged by its letters; `otherwise` when it has none. */
export function localeOfText(text: string, otherwise: Locale): Locale {
  const { cyrillic, latin } = lettersOf(text);
  if (cyrillic + latin === 0) return otherwise;
  return cyrillic * 2 >= latin ? "ru" : "en";
}
