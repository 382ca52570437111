import { LOCALES, type Locale } from "@gpt-agent/core/locales";
import { useFetcher, useRouteLoaderData } from "@remix-run/react";
import { Monitor, Moon, Sun } from "lucide-react";
import { useLocale, useText } from "~/i18n/text";
import type { loader as rootLoader } from "~/root";
import { classNames } from "./class-names";

const NAMES: Record<Locale, { short: string; full: string }> = {
  en: { short: "EN", full: "English" },
  ru: { short: "RU", full: "Русский" },
};
const THEME_ICONS = { auto: Monitor, light: Sun, dark: Moon };

const group = "inline-flex rounded-md border border-line bg-sunken p-0.5";
const option = "inline-flex h-6.5 items-center justify-center rounded-sm px-2 text-xs font-medium transition-colors";
const chosenLook = (chosen: boolean) => (chosen ? "bg-raised text-ink shadow-card" : "text-muted hover:text-ink");

/** Switches the interface language. */
export function LocaleSwitch() {
  const t = useText();
  const fetcher = useFetcher();
  const kept = useLocale();
  const current = fetcher.formData?.get("locale") ?? kept;
  return (
    <fetcher.Form method="post" action="/preferences">
      <fieldset className={group}>
        <legend className="sr-only">{t.preferences.language}</legend>
        {LOCALES.map((locale) => (
          <button
            type="submit"
            key={locale}
            name="locale"
            value={locale}
            lang={locale}
            aria-pressed={locale === current}
            title={NAMES[locale].full}
            className={classNames(option, chosenLook(locale === current))}
          >
            <span aria-hidden>{NAMES[locale].short}</span>
            <span className="sr-only">{NAMES[locale].full}</span>
          </button>
        ))}
      </fieldset>
    </fetcher.Form>
  );
}

/** Switches between the system's, the light and the dark theme. */
export function ThemeSwitch() {
  const t = useText();
  const fetcher = useFetcher();
  const kept = useRouteLoaderData<typeof rootLoader>("root")?.theme ?? "auto";
  const current = fetcher.formData?.get("theme") ?? kept;
  return (
    <fetcher.Form method="post" action="/preferences">
      <fieldset className={group}>
        <legend className="sr-only">{t.preferences.theme}</legend>
        {(["auto", "light", "dark"] as const).map((theme) => {
          const Icon = THEME_ICONS[theme];
          return (
            <button
              type="submit"
              key={theme}
              name="theme"
              value={theme}
              aria-pressed={theme === current}
              aria-label={t.preferences[theme]}
              title={t.preferences[theme]}
              className={classNames(option, chosenLook(theme === current))}
            >
              <Icon aria-hidden className="size-3.5" />
            </button>
          );
        })}
      </fieldset>
    </fetcher.Form>
  );
}
