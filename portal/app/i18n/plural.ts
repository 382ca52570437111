import type { Locale } from "@gpt-agent/core/locales";

type Forms<L extends Locale> = L extends "ru" ? Record<"one" | "few" | "many" | "other", string> : Record<"one" | "other", string>;

/**
 * A counter in a language's own plural rules: every form the language has must be given, "#" is where the number goes.
 * `const count = pluralIn("en"); count(2, { one: "# file", other: "# files" })` gives "2 files".
 */
export function pluralIn<L extends Locale>(locale: L) {
  const rules = new Intl.PluralRules(locale);
  const numbers = new Intl.NumberFormat(locale);
  return (n: number, forms: Forms<L>): string => {
    const form = (forms as Record<string, string>)[rules.select(n)] ?? forms.other;
    return form.replace("#", numbers.format(n));
  };
}
