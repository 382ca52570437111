import type { AgentAction } from "@gpt-agent/core/agent-actions";
import { useNavigate } from "@remix-run/react";
import { ClipboardPaste } from "lucide-react";
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from "react";
import type { ActionTrial } from "~/chat/actions/actions";
import type { ErrorCode } from "~/i18n/error-codes";
import { useLocale, useText } from "~/i18n/text";
import type { SchemaProblem } from "~/models/action-form.server";
import { Button } from "../button";
import { Checkbox } from "../checkbox";
import { Panel } from "../page";
import type { InPlace } from "../page-outlet";
import { SaveBar } from "../save-bar";
import { useAction } from "../use-action";
import { CallPanel } from "./call-panel";
import { type Draft, filledHeaders, filledPointers, headerRowsOf, originOr, problemsOf, sendable } from "./draft";
import { HeadersPanel } from "./headers-panel";
import { ImportDialog } from "./import-dialog";
import { ParametersPanel } from "./parameters-panel";
import { ResultPanel } from "./result-panel";
import { TryPanel } from "./try-panel";
import { WhatPanel } from "./what-panel";

type Refusal = { ok: false; errors: Record<string, ErrorCode>; schemaProblems?: SchemaProblem[] };
type Secrets = { id: string; lastFour: string }[];
type SaveAnswer = { ok: true; action: AgentAction; secrets: Secrets } | Refusal;
type TryAnswer = { ok: true; trial: ActionTrial } | Refusal;

type Props = {
  initial: Draft;
  /** What is saved; null for a new action. Its stored secrets belong to the host of its address. */
  saved: { name: string; url: string } | null;
  mayChange: boolean;
  /** What stands under the form and its trial. */
  children?: ReactNode;
};

/** The keys of the rows that were sent: the server counts them, but meanwhile rows may move. */
const sentRows = (draft: Draft) => ({
  headers: filledHeaders(draft).map(({ key }) => key),
  result: filledPointers(draft).map(({ key }) => key),
});

/** The form of an action with its trial beside it. */
export function ActionEditor({ initial, saved, mayChange, children }: Props) {
  const t = useText();
  const words = t.actions;
  const locale = useLocale();
  const navigate = useNavigate();
  const [draft, setDraft] = useState(initial);
  const [local, setLocal] = useState<Record<string, ErrorCode>>({});
  const [lastSent, setLastSent] = useState<"save" | "try">("save");
  const [importing, setImporting] = useState(false);
  const rows = useRef(sentRows(initial));
  const form = useRef<HTMLFormElement>(null);
  const saving = useAction<SaveAnswer>((answer) => {
    if (!answer.ok) return;
    // The typed secrets are sealed now, and need not stay in this page.
    setDraft((current) => ({ ...current, headers: headerRowsOf(answer.action.headers, answer.secrets) }));
    if (answer.action.name !== saved?.name) {
      const state: InPlace = { inPlace: true };
      navigate(`../${answer.action.name}`, { relative: "path", replace: true, preventScrollReset: true, state });
    }
  });
  const trying = useAction<TryAnswer>();
  const shown = lastSent === "save" ? saving : trying;
  const refusal = shown.data?.ok === false ? shown.data : null;

  const set = (change: Partial<Draft>) => {
    setDraft((current) => ({ ...current, ...change }));
    saving.touch();
  };
  /** Words for a field; headers and pointers are asked for by the key of their row. */
  const error = (path: string): string | null => {
    if (local[path]) return t.errors[local[path]];
    const [list = "", key = "", ...field] = path.split(".");
    if (list !== "headers" && list !== "result") return shown.error(path);
    const at = rows.current[list].indexOf(key);
    return at < 0 ? null : shown.error([list, at, ...field].join("."));
  };
  /** Are the things right that only the browser can see? */
  const ready = (): boolean => {
    const problems = problemsOf(draft);
    setLocal(problems);
    rows.current = sentRows(draft);
    return Object.keys(problems).length === 0;
  };
  const save = (event: FormEvent) => {
    event.preventDefault();
    setLastSent("save");
    if (ready()) saving.submit({ intent: "save", action: JSON.stringify(sendable(draft)) }, { method: "post" });
  };
  const tryOut = (input: Record<string, unknown>) => {
    setLastSent("try");
    if (!ready()) return;
    // How it is called and described has no part in the request, and may not be written yet.
    const action = { ...sendable(draft), name: "trial", description: "trial" };
    trying.submit({ intent: "try", action: JSON.stringify(action), input: JSON.stringify(input) }, { method: "post" });
  };
  const wrong = Object.keys(local).length > 0 || shown.hasErrors;
  useEffect(() => {
    if (Object.keys(local).length > 0 || refusal) form.current?.querySelector<HTMLElement>("[aria-invalid]")?.focus();
  }, [local, refusal]);
  const problems = (refusal?.schemaProblems ?? []).map(({ at, code }) => t.errors.schemaAt(at || "/", t.errors[code]));
  const part = { draft, set, error };
  return (
    <div className="grid gap-6 xl:grid-cols-[minmax(0,1fr)_24rem]">
      <form ref={form} onSubmit={save} noValidate className="min-w-0">
        <fieldset disabled={!mayChange} className="min-w-0 space-y-4">
          {saved === null && (
            <Button onClick={() => setImporting(true)}>
              <ClipboardPaste aria-hidden className="size-4" />
              {words.importCurl}
            </Button>
          )}
          <WhatPanel {...part} />
          <CallPanel {...part} />
          <ParametersPanel {...part} problems={problems} />
          <HeadersPanel {...part} storedFor={saved && originOr(saved.url)} mayChange={mayChange} />
          <ResultPanel {...part} />
          <Panel title={words.state}>
            <Checkbox
              label={words.enabled(draft.title[locale] || draft.title.en || draft.title.ru || draft.name || words.untitled)}
              hint={words.stateHint}
              checked={draft.enabled}
              onChange={(event) => set({ enabled: event.target.checked })}
            />
          </Panel>
          {mayChange && (
            <SaveBar
              busy={saving.busy}
              saved={saving.saved}
              touched={saving.touched}
              problem={lastSent === "save" && wrong ? (saving.error("form") ?? t.agentSettings.checkFields) : null}
            />
          )}
        </fieldset>
        <ImportDialog
          open={importing}
          onOpenChange={setImporting}
          onDraft={(imported) => {
            setImporting(false);
            set(imported);
          }}
        />
      </form>
      {mayChange && (
        <aside aria-label={words.try} className="min-w-0">
          <div className="xl:sticky xl:top-8 xl:max-h-[calc(100dvh-4rem)] xl:overflow-y-auto">
            <TryPanel
              draft={draft}
              set={set}
              busy={trying.busy}
              trial={trying.data?.ok ? trying.data.trial : null}
              problem={lastSent === "try" && wrong ? (trying.error("form") ?? words.tryFix) : null}
              onTry={tryOut}
            />
          </div>
        </aside>
      )}
      <div>{children}</div>
    </div>
  );
}
