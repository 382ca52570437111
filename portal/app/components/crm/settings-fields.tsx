import type { CrmSettings } from "@gpt-agent/core/crm/crm-settings";
import { Checkbox } from "~/components/checkbox";
import { Field, Input, Textarea } from "~/components/field";
import { Panel } from "~/components/page";
import { useText } from "~/i18n/text";

/** Settings as they are edited: lists are texts until they are saved. */
export type Draft = Omit<CrmSettings, "fields" | "write" | "triggers"> & {
  name: string;
  triggers: Omit<CrmSettings["triggers"], "qualified"> & { qualified: boolean };
  minQuestions: string;
  words: string;
  write: Omit<CrmSettings["write"], "tags">;
  tags: string;
};
type Props = { draft: Draft; onChange: (change: Partial<Draft>) => void };

export const draftOf = (name: string, settings: CrmSettings): Draft => {
  const { fields: _, write, triggers, ...rest } = settings;
  const { tags, ...kinds } = write;
  const { qualified, ...plain } = triggers;
  return {
    ...rest,
    name,
    triggers: { ...plain, qualified: qualified !== null },
    minQuestions: qualified ? String(qualified.minQuestions ?? "") : "3",
    words: (qualified?.words ?? []).join("\n"),
    write: kinds,
    tags: tags.join(", "),
  };
};

const items = (text: string, separator: RegExp) => [
  ...new Set(
    text
      .split(separator)
      .map((one) => one.trim())
      .filter(Boolean),
  ),
];

export function settingsOf(draft: Draft, fields: CrmSettings["fields"]): CrmSettings {
  const { name: _, minQuestions, words, tags, triggers, write, ...rest } = draft;
  const questions = Number.parseInt(minQuestions, 10);
  const qualified = triggers.qualified
    ? { minQuestions: Number.isInteger(questions) ? Math.min(Math.max(questions, 1), 50) : null, words: items(words, /\n/).slice(0, 50) }
    : null;
  return { ...rest, triggers: { ...triggers, qualified }, write: { ...write, tags: items(tags, /,/).slice(0, 10) }, fields };
}

/** When conversations are sent: the triggers, the rule, the agents. */
export function WhenFields({ draft, onChange, agents }: Props & { agents: { id: string; name: string }[] }) {
  const words = useText().crm;
  const { triggers, agentIds } = draft;
  return (
    <Panel title={words.when}>
      <div className="grid gap-3 sm:grid-cols-2">
        {(Object.keys(words.triggers) as (keyof typeof triggers)[]).map((key) => (
          <Checkbox
            key={key}
            checked={triggers[key]}
            onChange={(event) => onChange({ triggers: { ...triggers, [key]: event.target.checked } })}
            label={words.triggers[key]}
            hint={words.triggerHints[key]}
          />
        ))}
      </div>
      {triggers.qualified && (
        <div className="mt-4 grid gap-4 rounded-lg bg-sunken p-4 sm:grid-cols-2">
          <Field label={words.minQuestions}>
            {(wiring) => (
              <Input
                {...wiring}
                type="number"
                min={1}
                max={50}
                value={draft.minQuestions}
                onChange={(event) => onChange({ minQuestions: event.target.value })}
                className="w-24"
              />
            )}
          </Field>
          <Field label={words.words} hint={words.wordsHint}>
            {(wiring) => (
              <Textarea
                {...wiring}
                rows={3}
                maxLength={4_000}
                value={draft.words}
                onChange={(event) => onChange({ words: event.target.value })}
              />
            )}
          </Field>
        </div>
      )}
      {agents.length > 1 && (
        <fieldset className="mt-5">
          <legend className="mb-2 font-medium">{words.agents}</legend>
          <div className="flex flex-wrap gap-x-5 gap-y-2">
            {([null, agentIds ?? []] as const).map((choice) => (
              <label key={String(choice === null)} className="inline-flex items-center gap-2">
                <input
                  type="radio"
                  name="agents"
                  checked={(agentIds === null) === (choice === null)}
                  onChange={() => onChange({ agentIds: choice === null ? null : [...choice] })}
                  className="accent-accent"
                />
                {choice === null ? words.allAgents : words.someAgents}
              </label>
            ))}
          </div>
          {agentIds && (
            <div className="mt-3 grid gap-2 sm:grid-cols-2">
              {agents.map((agent) => (
                <Checkbox
                  key={agent.id}
                  label={agent.name}
                  checked={agentIds.includes(agent.id)}
                  onChange={(event) =>
                    onChange({ agentIds: event.target.checked ? [...agentIds, agent.id] : agentIds.filter((id) => id !== agent.id) })
                  }
                />
              ))}
            </div>
          )}
        </fieldset>
      )}
    </Panel>
  );
}

/** What is written of a conversation. */
export function WhatFields({ draft, onChange, tags }: Props & { tags: boolean }) {
  const words = useText().crm;
  const { write } = draft;
  return (
    <Panel title={words.what} hint={words.whatText}>
      <div className="grid gap-3 sm:grid-cols-2">
        {(Object.keys(words.writes) as (keyof typeof write)[]).map((key) => (
          <Checkbox
            key={key}
            checked={write[key]}
            onChange={(event) => onChange({ write: { ...write, [key]: event.target.checked } })}
            label={words.writes[key]}
          />
        ))}
      </div>
      <div className="mt-5 max-w-lg">
        {tags ? (
          <Field label={words.tags} hint={words.tagsHint} optional>
            {(wiring) => (
              <Input {...wiring} value={draft.tags} maxLength={520} onChange={(event) => onChange({ tags: event.target.value })} />
            )}
          </Field>
        ) : (
          <p className="text-sm text-muted">{words.tagsNone}</p>
        )}
      </div>
    </Panel>
  );
}

/** Who wins, what is read, what is erased. */
export function RuleFields({ draft, onChange, empties }: Props & { empties: boolean }) {
  const words = useText().crm;
  return (
    <div className="space-y-5">
      <fieldset>
        <legend className="mb-2 font-medium">{words.conflict}</legend>
        <div className="space-y-2">
          {(Object.keys(words.conflicts) as CrmSettings["conflict"][]).map((rule) => (
            <label key={rule} className="flex items-center gap-2.5">
              <input
                type="radio"
                name="conflict"
                value={rule}
                checked={draft.conflict === rule}
                onChange={() => onChange({ conflict: rule })}
                className="accent-accent"
              />
              {words.conflicts[rule]}
            </label>
          ))}
        </div>
      </fieldset>
      <Checkbox
        checked={draft.pull}
        onChange={(event) => onChange({ pull: event.target.checked })}
        label={words.pull}
        hint={words.pullHint}
      />
      <Checkbox
        checked={draft.propagateErasure}
        onChange={(event) => onChange({ propagateErasure: event.target.checked })}
        label={words.propagateErasure}
        hint={empties ? `${words.propagateErasureHint} ${words.empties}` : words.propagateErasureHint}
      />
    </div>
  );
}
