import { Plus } from "lucide-react";
import { useText } from "~/i18n/text";
import { Button } from "../button";
import { Checkbox } from "../checkbox";
import { Field, Input, Select } from "../field";
import { Panel } from "../page";
import { alwaysAsks, METHODS, type Method, newKey, placeholdersOf } from "./draft";
import type { EditorPart } from "./editor-part";

/** Where the request goes, and whether the visitor is asked. */
export function CallPanel({ draft, set, error }: EditorPart) {
  const t = useText();
  const words = t.actions;
  const unknown =
    draft.schemaText === null ? placeholdersOf(draft.url).all.filter((name) => !draft.parameters.some((row) => row.name === name)) : [];
  const add = (name: string) =>
    set({ parameters: [...draft.parameters, { key: newKey(), name, required: true, property: { type: "string" } }] });
  const locked = alwaysAsks(draft.method);
  return (
    <Panel title={words.call}>
      <div className="space-y-5">
        <div className="grid gap-x-3 gap-y-5 sm:grid-cols-[7.5rem_minmax(0,1fr)]">
          <Field label={words.method} error={error("method")}>
            {(wiring) => (
              <Select {...wiring} value={draft.method} onChange={(event) => set({ method: event.target.value as Method })}>
                {METHODS.map((method) => (
                  <option key={method}>{method}</option>
                ))}
              </Select>
            )}
          </Field>
          <Field label={words.url} hint={words.urlHint} error={error("url")}>
            {(wiring) => (
              <Input
                {...wiring}
                type="url"
                value={draft.url}
                onChange={(event) => set({ url: event.target.value })}
                placeholder="https://api.example.com/orders/{order}"
                maxLength={1_000}
                autoComplete="off"
                spellCheck={false}
                className="font-mono text-sm"
              />
            )}
          </Field>
        </div>
        {unknown.length > 0 && (
          <div className="flex flex-wrap gap-2">
            {unknown.map((name) => (
              <Button key={name} size="sm" onClick={() => add(name)}>
                <Plus aria-hidden className="size-3.5" />
                {words.unknownPlaceholder(name)}
              </Button>
            ))}
          </div>
        )}
        <div className="grid gap-5 sm:grid-cols-[minmax(0,1fr)_11rem]">
          <Checkbox
            label={words.confirm}
            hint={locked ? words.confirmLocked : words.confirmHint}
            checked={locked || draft.confirm}
            disabled={locked}
            onChange={(event) => set({ confirm: event.target.checked })}
          />
          <Field label={words.timeout} hint={words.timeoutHint} error={error("timeoutMs")}>
            {(wiring) => (
              <Input
                {...wiring}
                inputMode="decimal"
                value={draft.timeoutSeconds}
                onChange={(event) => set({ timeoutSeconds: event.target.value })}
                autoComplete="off"
                className="tabular"
              />
            )}
          </Field>
        </div>
      </div>
    </Panel>
  );
}
