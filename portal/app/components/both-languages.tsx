import { LOCALES, type Locale } from "@gpt-agent/core/locales";
import { Tabs } from "radix-ui";
import type { ReactNode } from "react";
import { useLocale, useText } from "~/i18n/text";
import { Field, Textarea } from "./field";

const NAMES: Record<Locale, string> = { en: "English", ru: "Русский" };
const SUFFIX = { en: "En", ru: "Ru" } as const satisfies Record<Locale, string>;

/** What a form's field is called in a language: `reply` is `replyEn` and `replyRu`. */
export const fieldIn = (name: string, locale: Locale) => `${name}${SUFFIX[locale]}`;

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

/**
 * A short text, of two lines as it stands, that exists once for each language and may be left out in either.
 * @param props.name what the form's fields are called before the language (fieldIn)
 * @param props.placeholder in the language of the text, not of the page
 * @param props.maxLength in characters, of each
 * @param props.error what is wrong with the form's field of that name
 */
export function TextInBothLanguages(props: {
  name: string;
  label: string;
  hint: string;
  values: Record<Locale, string>;
  placeholder: (locale: Locale) => string;
  maxLength: number;
  error: (field: string) => string | null;
}) {
  const nameIn = (locale: Locale) => fieldIn(props.name, locale);
  return (
    <BothLanguages wrong={(locale) => props.error(nameIn(locale)) !== null}>
      {(locale) => (
        <Field label={props.label} hint={props.hint} error={props.error(nameIn(locale))} optional>
          {(wiring) => (
            <Textarea
              {...wiring}
              name={nameIn(locale)}
              lang={locale}
              defaultValue={props.values[locale]}
              placeholder={props.placeholder(locale)}
              maxLength={props.maxLength}
              rows={2}
              className="min-h-16"
            />
          )}
        </Field>
      )}
    </BothLanguages>
  );
}
