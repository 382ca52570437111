import type { Locale } from "@gpt-agent/core/locales";
import { createContext, useContext, useMemo } from "react";
import { type Dictionary, en } from "./en";
import { formatsIn } from "./formats";
import { ru } from "./ru";

export const dictionaries: Record<Locale, Dictionary> = { en, ru };

const LocaleContext = createContext<Locale>("en");
export const LocaleProvider = LocaleContext.Provider;

/** The interface language of this page. */
export const useLocale = (): Locale => useContext(LocaleContext);

/** The words of the interface in this page's language: `const t = useText(); t.agents.title`. */
export const useText = (): Dictionary => dictionaries[useLocale()];

/** Numbers, sizes, dates and money as this page's language writes them. */
export function useFormats() {
  const locale = useLocale();
  return useMemo(() => formatsIn(locale), [locale]);
}
