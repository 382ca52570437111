import type { Locale } from "@gpt-agent/core/locales";
import { dictionaries, useText } from "~/i18n/text";
import { BothLanguages } from "../both-languages";
import { Field, Textarea } from "../field";

const SUFFIX = { en: "En", ru: "Ru" } as const;

/** What visitors read first, per language. */
export function WelcomeFields({
  texts,
  error,
}: {
  texts: Record<Locale, { greeting: string; prompts: string[] }>;
  error: (field: string) => string | null;
}) {
  const t = useText();
  const wrong = (locale: Locale) => Boolean(error(`greeting${SUFFIX[locale]}`) || error(`prompts${SUFFIX[locale]}`));
  return (
    <BothLanguages wrong={wrong}>
      {(locale) => (
        <>
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
        </>
      )}
    </BothLanguages>
  );
}
