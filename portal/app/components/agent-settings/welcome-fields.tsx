import { LOCALES, type Locale } from "@gpt-agent/core/locales";
import { Tabs } from "radix-ui";
import { dictionaries, useLocale, useText } from "~/i18n/text";
import { Field, Textarea } from "../field";

const NAMES: Record<Locale, string> = { en: "English", ru: "Русский" };
const SUFFIX = { en: "En", ru: "Ru" } as const;

/** What visitors read first, per language. Both languages stay in the form, whichever is shown. */
export function WelcomeFields({
  texts,
  error,
}: {
  texts: Record<Locale, { greeting: string; prompts: string[] }>;
  error: (field: string) => string | null;
}) {
  const t = useText();
  const own = useLocale();
  return (
    <Tabs.Root defaultValue={own}>
      <Tabs.List aria-label={t.preferences.language} className="mb-4 inline-flex rounded-md border border-line bg-sunken p-0.5">
        {LOCALES.map((locale) => (
          <Tabs.Trigger
            key={locale}
            value={locale}
            className="inline-flex h-7 items-center gap-1.5 rounded-sm px-3 text-sm font-medium text-muted data-[state=active]:bg-raised data-[state=active]:text-ink data-[state=active]:shadow-card"
          >
            {NAMES[locale]}
            {(error(`greeting${SUFFIX[locale]}`) || error(`prompts${SUFFIX[locale]}`)) && (
              <span className="size-1.5 rounded-full bg-danger" title={t.agentSettings.checkFields} />
            )}
          </Tabs.Trigger>
        ))}
      </Tabs.List>
      {LOCALES.map((locale) => (
        <Tabs.Content key={locale} value={locale} forceMount className="space-y-4 data-[state=inactive]:hidden" tabIndex={-1}>
          <Field label={t.agentSettings.greeting} error={error(`greeting${SUFFIX[locale]}`)} optional>
            {(wiring) => (
              <Textarea
                {...wiring}
                name={`greeting${SUFFIX[locale]}`}
                lang={locale}
                defaultValue={texts[locale].greeting}
                placeholder={dictionaries[locale].agentSettings.greetingPlaceholder}
                maxLength={500}
                rows={2}
                className="min-h-16"
              />
            )}
          </Field>
          <Field label={t.agentSettings.prompts} hint={t.agentSettings.promptsHint} error={error(`prompts${SUFFIX[locale]}`)} optional>
            {(wiring) => (
              <Textarea
                {...wiring}
                name={`prompts${SUFFIX[locale]}`}
                lang={locale}
                defaultValue={texts[locale].prompts.join("\n")}
                placeholder={dictionaries[locale].agentSettings.promptsPlaceholder}
                rows={3}
              />
            )}
          </Field>
        </Tabs.Content>
      ))}
    </Tabs.Root>
  );
}
