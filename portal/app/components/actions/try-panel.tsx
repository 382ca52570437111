import { Play } from "lucide-react";
import { useState } from "react";
import type { ActionTrial } from "~/chat/actions/actions";
import { useText } from "~/i18n/text";
import { Button } from "../button";
import { ConfirmDialog } from "../dialog";
import { Field, Input, Select } from "../field";
import { Panel } from "../page";
import { alwaysAsks, type Draft, originOr, type ParameterRow, parametersOf, rowsOfText, typeOf } from "./draft";
import { TrialResult } from "./trial-result";
import { inputOf, type TypedValues } from "./trial-values";

type Props = {
  draft: Draft;
  set: (change: Partial<Draft>) => void;
  busy: boolean;
  trial: ActionTrial | null;
  /** Why nothing was sent: in words, or null. */
  problem: string | null;
  onTry: (input: Record<string, unknown>) => void;
};

/** Makes the request with values that the editor gives, and shows what was sent and what came back. */
export function TryPanel({ draft, set, busy, trial, problem, onTry }: Props) {
  const t = useText();
  const words = t.actions;
  const [typed, setTyped] = useState<TypedValues>({});
  const [missing, setMissing] = useState<string[]>([]);
  const [asking, setAsking] = useState(false);
  const rows = rowsOfText(JSON.stringify(parametersOf(draft)))?.parameters ?? [];
  const send = () => {
    setAsking(false);
    onTry(inputOf(rows, typed));
  };
  const press = () => {
    const empty = rows.filter(({ name, required }) => required && !(typed[name] ?? "").trim()).map(({ name }) => name);
    setMissing(empty);
    if (empty.length > 0) return;
    if (alwaysAsks(draft.method)) setAsking(true);
    else send();
  };
  return (
    <Panel title={words.try} hint={words.tryHint}>
      <div className="space-y-4">
        {rows.map((row) => (
          <ValueField
            key={row.key}
            row={row}
            value={typed[row.name] ?? ""}
            error={missing.includes(row.name) && !(typed[row.name] ?? "").trim() ? t.errors.required : null}
            onChange={(value) => setTyped({ ...typed, [row.name]: value })}
          />
        ))}
        <Button onClick={press} busy={busy} className="w-full">
          {!busy && <Play aria-hidden className="size-4" />}
          {trial ? words.tryAgain : words.tryRun}
        </Button>
        <div aria-live="polite" className="space-y-4">
          {problem && (
            <p role="alert" className="text-sm text-danger-ink">
              {problem}
            </p>
          )}
          {trial && !problem && <TrialResult trial={trial} draft={draft} set={set} />}
        </div>
      </div>
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title={words.tryWriteTitle}
        description={words.tryWriteText(draft.method, new URL(originOr(draft.url) ?? "https://localhost").host)}
        confirm={words.tryRun}
        onConfirm={send}
      />
    </Panel>
  );
}

type FieldProps = { row: ParameterRow; value: string; error: string | null; onChange: (value: string) => void };

function ValueField({ row, value, error, onChange }: FieldProps) {
  const words = useText().actions;
  const { name, property } = row;
  const choices = "enum" in property && property.enum ? property.enum.map(String) : null;
  const type = typeOf(property);
  const hint = type === "list" ? words.parameterChoicesHint : type === "other" ? words.tryJson : property.description;
  return (
    <Field label={<span className="font-mono text-sm">{name}</span>} hint={hint} error={error} optional={!row.required}>
      {(wiring) =>
        choices || type === "boolean" ? (
          <Select {...wiring} value={value} onChange={(event) => onChange(event.target.value)}>
            <option value="">{words.tryNone}</option>
            {choices ? (
              choices.map((choice) => <option key={choice}>{choice}</option>)
            ) : (
              <>
                <option value="true">{words.yes}</option>
                <option value="false">{words.no}</option>
              </>
            )}
          </Select>
        ) : (
          <Input
            {...wiring}
            value={value}
            onChange={(event) => onChange(event.target.value)}
            inputMode={type === "number" || type === "integer" ? "decimal" : undefined}
            autoComplete="off"
          />
        )
      }
    </Field>
  );
}
