import type { Locale } from "@gpt-agent/core/locales";
import { dictionaries, useText } from "~/i18n/text";
import { BothLanguages, fieldIn } from "../both-languages";
import { Field, Textarea } from "../field";

/** What visitors read first, per language. */
export function WelcomeFields({
  texts,
  error,
}: {
  texts: Record<Locale, { greeting: string; prompts: string[] }>;
  error: (field: string) => string | null;
}) {
  const t = useText();
  const wrong = (locale: Locale) => Boolean(error(fieldIn("greeting", locale)) || error(fieldIn("prompts", locale)));
  return (
    <BothLanguages wrong={wrong}>
      {(locale) => (
        <>
          <Field label={t.agentSettings.greeting} error={error(fieldIn("greeting", locale))} optional>
            {(wiring) => (
              <Textarea
                {...wiring}
                name={fieldIn("greeting", locale)}
                lang={locale}
                defaultValue={texts[locale].greeting}
                placeholder={dictionaries[locale].agentSettings.greetingPlaceholder}
                maxLength={500}
                rows={2}
                className="min-h-16"
              />
            )}
          </Field>
          <Field label={t.agentSettings.prompts} hint={t.agentSettings.promptsHint} error={error(fieldIn("prompts", locale))} optional>
            {(wiring) => (
              <Textarea
                {...wiring}
                name={fieldIn("prompts", locale)}
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
