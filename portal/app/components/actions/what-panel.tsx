import { dictionaries, useText } from "~/i18n/text";
import { BothLanguages } from "../both-languages";
import { Field, Input, Textarea } from "../field";
import { Panel } from "../page";
import { type Draft, nameFrom } from "./draft";
import type { EditorPart } from "./editor-part";

/** What an action is called and what it is for. The model's name follows the English title until somebody types one. */
export function WhatPanel({ draft, set, error }: EditorPart) {
  const t = useText();
  const words = t.actions;
  const retitle = (title: Draft["title"]) =>
    set({ title, ...(draft.name === nameFrom(draft.title.en) ? { name: nameFrom(title.en) || draft.name } : {}) });
  return (
    <Panel title={words.what} hint={words.whatHint}>
      <div className="space-y-5">
        <BothLanguages wrong={(locale) => error(`title.${locale}`) !== null}>
          {(locale) => (
            <Field label={words.titleField} hint={words.titleHint} error={error(`title.${locale}`)} optional>
              {(wiring) => (
                <Input
                  {...wiring}
                  lang={locale}
                  value={draft.title[locale]}
                  onChange={(event) => retitle({ ...draft.title, [locale]: event.target.value })}
                  placeholder={dictionaries[locale].actions.titlePlaceholder}
                  maxLength={80}
                  autoComplete="off"
                />
              )}
            </Field>
          )}
        </BothLanguages>
        <Field label={words.name} hint={words.nameHint} error={error("name")}>
          {(wiring) => (
            <Input
              {...wiring}
              value={draft.name}
              onChange={(event) => set({ name: event.target.value })}
              placeholder="order_status"
              maxLength={40}
              autoComplete="off"
              autoCapitalize="off"
              spellCheck={false}
              className="font-mono text-sm"
            />
          )}
        </Field>
        <Field label={words.description} hint={words.descriptionHint} error={error("description")}>
          {(wiring) => (
            <Textarea
              {...wiring}
              value={draft.description}
              onChange={(event) => set({ description: event.target.value })}
              placeholder={words.descriptionPlaceholder}
              maxLength={1_000}
              rows={3}
            />
          )}
        </Field>
      </div>
    </Panel>
  );
}
