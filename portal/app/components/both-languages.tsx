import { LOCALES, type Locale } from "@gpt-agent/core/locales";
import { Tabs } from "radix-ui";
import type { ReactNode } from "react";
import { useLocale, useText } from "~/i18n/text";

const NAMES: Record<Locale, string> = { en: "English", ru: "Русский" };

/**
 * Fields that exist once for each language, one language at a time. All of them stay in the form, whichever is shown.
 * @param props.wrong whether a language's fields hold something to correct
 */
export function BothLanguages(props: { wrong: (locale: Locale) => boolean; children: (locale: Locale) => ReactNode }) {
  const t = useText();
  return (
    <Tabs.Root defaultValue={useLocale()}>
      <Tabs.List aria-label={t.preferences.language} className="mb-4 inline-flex rounded-md border border-line bg-sunken p-0.5">
        {LOCALES.map((locale) => (
          <Tabs.Trigger
            key={locale}
            value={locale}
            className="inline-flex h-7 items-center gap-1.5 rounded-sm px-3 text-sm font-medium text-muted data-[state=active]:bg-raised data-[state=active]:text-ink data-[state=active]:shadow-card"
          >
            {NAMES[locale]}
            {props.wrong(locale) && <span className="size-1.5 rounded-full bg-danger" title={t.agentSettings.checkFields} />}
          </Tabs.Trigger>
        ))}
      </Tabs.List>
      {LOCALES.map((locale) => (
        <Tabs.Content key={locale} value={locale} forceMount className="space-y-4 data-[state=inactive]:hidden" tabIndex={-1}>
          {props.children(locale)}
        </Tabs.Content>
      ))}
    </Tabs.Root>
  );
}
