import type { ReactNode } from "react";
import type { ActionTrial } from "~/chat/actions/actions";
import type { Json } from "~/chat/actions/input";
import { mapped } from "~/chat/actions/mapped";
import { useFormats, useText } from "~/i18n/text";
import { Badge } from "../page";
import { type AnswerEntry, entriesOf } from "./answer-entries";
import { type Draft, filledPointers, newKey } from "./draft";

type Props = { trial: ActionTrial; draft: Draft; set: (change: Partial<Draft>) => void };

const pretty = (value: Json): string => (typeof value === "string" ? value : JSON.stringify(value, null, 2));

/** What a trial sent and received, what the model would read of it, and what to keep of it. */
export function TrialResult({ trial, draft, set }: Props) {
  const t = useText();
  const words = t.actions;
  const { number } = useFormats();
  const { outcome, failure, sent, received } = trial;
  const content = received?.content ?? null;
  const read = outcome.ok ? (content === null ? outcome.output : mapped(content, pointersOf(draft))) : null;
  return (
    <>
      <div className="flex flex-wrap items-center gap-2">
        <Badge tone={outcome.ok ? "success" : "danger"}>{outcome.ok ? words.tryOk : words.tryFailed}</Badge>
        {received && <span className="tabular text-sm text-muted">HTTP {received.status}</span>}
        <span className="tabular text-sm text-muted">{words.took(number(trial.milliseconds))}</span>
      </div>
      {failure && (
        <div className="text-sm">
          <p className="text-danger-ink">{words.failures[failure]}</p>
          {(failure === "input" || failure === "value") && !outcome.ok && (
            <p className="mt-1 font-mono text-xs wrap-anywhere text-muted">{outcome.error}</p>
          )}
        </div>
      )}
      {content !== null && outcome.ok && <Picker content={content} draft={draft} set={set} />}
      {read !== null && (
        <Part title={words.modelReads} open>
          {pretty(read)}
        </Part>
      )}
      {received && (
        <Part title={`${words.received}${received.contentType ? ` · ${received.contentType.split(";")[0]}` : ""}`} open={!outcome.ok}>
          {received.body || words.receivedNothing}
        </Part>
      )}
      {sent && (
        <Part title={words.sent}>
          {[
            `${sent.method} ${sent.url}`,
            ...Object.entries(sent.headers).map(([name, value]) => `${name}: ${value}`),
            ...(sent.body === null ? [] : ["", sent.body]),
          ].join("\n")}
        </Part>
      )}
    </>
  );
}

const pointersOf = (draft: Draft) => filledPointers(draft).map(({ pointer }) => pointer.trim());

function Part({ title, open, children }: { title: string; open?: boolean; children: ReactNode }) {
  return (
    <details open={open} className="rounded-md border border-line">
      <summary className="cursor-pointer px-3 py-1.5 text-sm font-medium">{title}</summary>
      <pre className="max-h-72 overflow-auto border-t border-line bg-sunken px-3 py-2 font-mono text-xs leading-5 wrap-anywhere whitespace-pre-wrap">
        {children}
      </pre>
    </details>
  );
}

/** The values of an answer, to tick those that the agent needs. */
function Picker({ content, draft, set }: { content: Json } & Omit<Props, "trial">) {
  const words = useText().actions;
  const entries = entriesOf(content);
  const picked = new Set(pointersOf(draft));
  const toggle = (pointer: string) =>
    set({
      result: picked.has(pointer)
        ? draft.result.filter((row) => row.pointer.trim() !== pointer)
        : [...filledPointers(draft), { key: newKey(), pointer }],
    });
  if (entries.length === 0) return null;
  return (
    <fieldset className="min-w-0 rounded-md border border-line">
      <legend className="sr-only">{words.pick}</legend>
      <p className="px-3 pt-2 text-sm">
        <span className="font-medium">{words.pick}</span> <span className="text-muted">{words.pickHint}</span>
      </p>
      <ul className="max-h-72 overflow-y-auto p-2">
        {entries.map((entry) => (
          <li key={entry.pointer} style={{ paddingLeft: `${Math.max(0, entry.depth) * 12}px` }}>
            <label className="flex cursor-pointer items-baseline gap-2 rounded-sm px-1 py-0.5 hover:bg-hover">
              <input
                type="checkbox"
                checked={picked.has(entry.pointer)}
                disabled={!picked.has(entry.pointer) && picked.size >= 20}
                onChange={() => toggle(entry.pointer)}
                className="size-3.5 shrink-0 translate-y-0.5 accent-accent"
              />
              <span className="min-w-0 truncate text-xs">
                <span className="font-mono">{entry.pointer || "/"}</span> <EntryValue entry={entry} />
              </span>
            </label>
          </li>
        ))}
      </ul>
    </fieldset>
  );
}

function EntryValue({ entry }: { entry: AnswerEntry }) {
  const words = useText().actions;
  const text = entry.kind === "value" ? entry.text : entry.kind === "list" ? words.listOf(entry.length) : words.group;
  return <span className="text-muted">{text}</span>;
}
