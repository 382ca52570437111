import { Plus } from "lucide-react";
import { useState } from "react";
import { useText } from "~/i18n/text";
import { type Budget, typedLimit, type Who, whoOf } from "~/models/budget";
import { Button } from "../button";
import { ConfirmDialog } from "../dialog";
import { LimitDrawing } from "../drawings";
import { Card, EmptyState } from "../page";
import { useAction } from "../use-action";
import { BudgetDialog, type Editing, type Subjects } from "./budget-dialog";
import { BudgetList } from "./budget-list";
import { useBudgetWords } from "./words";

type Props = {
  budgets: Budget[];
  subjects: Subjects;
  mayChange: boolean /** Begins with a new limit for this one. */;
  startWith: Who | null;
};

/** The organization's limits; admins add, change and remove them. What was removed can be taken back. */
export function LimitsPanel({ budgets, subjects, mayChange, startWith }: Props) {
  const words = useText().usage;
  const { who, metric, amount } = useBudgetWords();
  const [editing, setEditing] = useState<Editing | null>(startWith && mayChange ? { who: startWith } : null);
  const [doomed, setDoomed] = useState<Budget | null>(null);
  const [removed, setRemoved] = useState<Budget | null>(null);
  const removal = useAction(() => {
    setRemoved(doomed);
    setDoomed(null);
  });
  const restoring = useAction(() => setRemoved(null));
  const edit = (next: Editing) => {
    setRemoved(null);
    setEditing(next);
  };
  const add = mayChange && (
    <Button look="primary" onClick={() => edit({ who: "organization" })}>
      <Plus aria-hidden className="size-4" />
      {words.add}
    </Button>
  );
  return (
    <section id="limits" aria-labelledby="limits-title" className="scroll-mt-20">
      <div className="mb-3 flex flex-wrap items-end justify-between gap-x-6 gap-y-3">
        <div className="min-w-0 flex-1 basis-72">
          <h2 id="limits-title" className="text-lg font-semibold">
            {words.limits}
          </h2>
          <p className="max-w-2xl text-muted">
            {words.limitsLead} {!mayChange && words.viewerHint}
          </p>
        </div>
        {budgets.length > 0 && add}
      </div>
      <div role="status">
        {removed && (
          <p className="mb-3 flex items-center justify-between gap-4 rounded-lg border border-line bg-surface px-4 py-2">
            <span className="min-w-0">
              {words.removed} <span className="text-muted">{`${who(removed)}: ${metric(removed.metric)}`}</span>
              {restoring.error("form") && <span className="block text-danger-ink">{restoring.error("form")}</span>}
            </span>
            <Button
              size="sm"
              busy={restoring.busy}
              onClick={() =>
                restoring.submit(
                  { intent: "add", who: whoOf(removed), metric: removed.metric, limit: typedLimit(removed.metric, removed.limit) },
                  { method: "post" },
                )
              }
            >
              {words.undo}
            </Button>
          </p>
        )}
      </div>
      {budgets.length > 0 ? (
        <BudgetList budgets={budgets} actions={mayChange ? { onChange: (budget) => edit({ budget }), onRemove: setDoomed } : null} />
      ) : (
        <Card as="div">
          <EmptyState drawing={<LimitDrawing />} title={words.limitsEmptyTitle} heading="h3" action={add}>
            {words.limitsEmptyText}
          </EmptyState>
        </Card>
      )}
      <BudgetDialog editing={editing} subjects={subjects} onClose={() => setEditing(null)} />
      <ConfirmDialog
        open={doomed !== null}
        onOpenChange={(open) => !open && setDoomed(null)}
        title={words.removeTitle}
        description={doomed && words.removeText(`${who(doomed)}: ${metric(doomed.metric)}, ${amount(doomed.metric, doomed.limit)}`)}
        confirm={words.remove}
        busy={removal.busy}
        error={removal.error("form")}
        onConfirm={() => doomed && removal.submit({ intent: "remove", budgetId: doomed.id }, { method: "post" })}
      />
    </section>
  );
}
