import { useState } from "react";
import { useText } from "~/i18n/text";
import { type Budget, isCost, METRICS, type Metric, typedLimit, type Who, whoOf } from "~/models/budget";
import { Button } from "../button";
import { Dialog } from "../dialog";
import { Field, Input, Select } from "../field";
import { useAction } from "../use-action";
import { useBudgetWords } from "./words";

export type Subjects = { agents: { id: string; name: string }[]; keys: { id: string; name: string }[] };
/** A limit to change, or a new one (for whom, if that is known already). */
export type Editing = { budget: Budget } | { who: Who };

/** The form for a limit: a new one asks for whom and what, an existing one only how much. */
export function BudgetDialog({ editing, subjects, onClose }: { editing: Editing | null; subjects: Subjects; onClose: () => void }) {
  const words = useText().usage;
  const { who, metric } = useBudgetWords();
  const budget = editing && "budget" in editing ? editing.budget : null;
  return (
    <Dialog
      open={editing !== null}
      onOpenChange={(open) => !open && onClose()}
      title={budget ? words.changeTitle : words.add}
      description={budget ? `${who(budget)}: ${metric(budget.metric)}` : words.addText}
    >
      {editing && <BudgetForm editing={editing} subjects={subjects} onClose={onClose} />}
    </Dialog>
  );
}

function BudgetForm({ editing, subjects, onClose }: { editing: Editing; subjects: Subjects; onClose: () => void }) {
  const t = useText();
  const words = t.usage;
  const budget = "budget" in editing ? editing.budget : null;
  const [metric, setMetric] = useState<Metric>(budget?.metric ?? "cost_per_month");
  const { Form, error, busy } = useAction(onClose);
  return (
    <Form method="post" className="mt-5 space-y-5" noValidate>
      <input type="hidden" name="intent" value={budget ? "change" : "add"} />
      {budget ? (
        <input type="hidden" name="budgetId" value={budget.id} />
      ) : (
        <>
          <Field label={words.who} error={error("who")}>
            {(wiring) => (
              <Select {...wiring} name="who" defaultValue={"who" in editing ? editing.who : whoOf(editing.budget)}>
                <SubjectOptions {...subjects} />
              </Select>
            )}
          </Field>
          <Field label={words.what} error={error("metric")}>
            {(wiring) => (
              <Select {...wiring} name="metric" value={metric} onChange={(event) => setMetric(event.target.value as Metric)}>
                {METRICS.map((one) => (
                  <option key={one} value={one}>
                    {words.metrics[one]}
                  </option>
                ))}
              </Select>
            )}
          </Field>
        </>
      )}
      <Field label={words.value} hint={words.hints[metric]} error={error("limit") ?? error("form")}>
        {(wiring) => (
          <span className="flex items-center gap-2">
            {isCost(metric) && <span className="text-muted">{words.units.dollars}</span>}
            <Input
              {...wiring}
              name="limit"
              inputMode={isCost(metric) ? "decimal" : "numeric"}
              defaultValue={budget ? typedLimit(budget.metric, budget.limit) : ""}
              autoComplete="off"
              maxLength={30}
              required
              className="tabular"
            />
          </span>
        )}
      </Field>
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>{t.common.cancel}</Button>
        <Button type="submit" look="primary" busy={busy}>
          {t.common.save}
        </Button>
      </div>
    </Form>
  );
}

function SubjectOptions({ agents, keys }: Subjects) {
  const words = useText().usage.subjects;
  return (
    <>
      <option value="organization">{words.organization}</option>
      <option value="visitor">{words.visitor}</option>
      <Group label={words.agents} kind="agent" of={agents} />
      <Group label={words.visitors} kind="visitor" of={agents} />
      <Group label={words.keys} kind="key" of={keys} />
    </>
  );
}

function Group({ label, kind, of }: { label: string; kind: "agent" | "visitor" | "key"; of: { id: string; name: string }[] }) {
  if (of.length === 0) return null;
  return (
    <optgroup label={label}>
      {of.map(({ id, name }) => (
        <option key={id} value={`${kind}:${id}`}>
          {name}
        </option>
      ))}
    </optgroup>
  );
}
