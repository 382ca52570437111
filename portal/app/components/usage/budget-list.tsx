import { Pencil, Trash2 } from "lucide-react";
import { useFormats, useText } from "~/i18n/text";
import { type Budget, isLong } from "~/models/budget";
import { IconButton } from "../button";
import { classNames } from "../class-names";
import { Badge, Card } from "../page";
import { useBudgetWords } from "./words";

type Actions = { onChange: (budget: Budget) => void; onRemove: (budget: Budget) => void };

/** The limits with how much of each is used; `actions` for those who may change them. */
export function BudgetList({ budgets, actions }: { budgets: Budget[]; actions: Actions | null }) {
  return (
    <Card as="div" className="overflow-clip">
      <ul className="divide-y divide-line">
        {budgets.map((budget) => (
          <BudgetRow key={budget.id} budget={budget} actions={actions} />
        ))}
      </ul>
    </Card>
  );
}

function BudgetRow({ budget, actions }: { budget: Budget; actions: Actions | null }) {
  const words = useText().usage;
  const { percent } = useFormats();
  const { who, metric, amount } = useBudgetWords();
  const name = `${who(budget)}: ${metric(budget.metric)}`;
  return (
    <li className="grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 gap-y-2 px-4 py-3.5 md:grid-cols-[minmax(0,15rem)_minmax(0,1fr)_auto]">
      <div className="min-w-0">
        <p className="truncate font-medium" title={who(budget)}>
          {who(budget)}
        </p>
        <p className="flex flex-wrap items-center gap-x-2 gap-y-1 text-sm text-muted">
          {metric(budget.metric)}
          {budget.state === "full" && <Badge tone="danger">{words.full}</Badge>}
          {budget.state === "near" && (
            <Badge tone="warning">{words.near(percent(Math.min(1, (budget.used + budget.reserved) / budget.limit)))}</Badge>
          )}
        </p>
      </div>
      <div className="min-w-0 max-md:col-span-2 max-md:row-start-2">
        <Meter budget={budget} />
        <p className="tabular mt-1.5 text-sm">
          {(budget.eachVisitor ? words.mostOf : words.usedOf)(
            // What runs at once is never used up, only taken.
            amount(budget.metric, budget.metric === "concurrent_runs" ? budget.reserved : budget.used),
            amount(budget.metric, budget.limit),
          )}
          <span className="text-muted">
            {isLong(budget.metric) && budget.reserved > 0 && ` · ${words.reserved(amount(budget.metric, budget.reserved))}`}
            <Opening budget={budget} />
          </span>
        </p>
      </div>
      {actions && (
        <div className="flex gap-1">
          <IconButton label={`${words.change}: ${name}`} onClick={() => actions.onChange(budget)}>
            <Pencil aria-hidden className="size-4" />
          </IconButton>
          <IconButton label={`${words.remove}: ${name}`} look="danger-ghost" onClick={() => actions.onRemove(budget)}>
            <Trash2 aria-hidden className="size-4" />
          </IconButton>
        </div>
      )}
    </li>
  );
}

function Opening({ budget }: { budget: Budget }) {
  const words = useText().usage;
  const { utcMoment } = useFormats();
  if (budget.metric === "requests_per_minute") return ` · ${words.everyMinute}`;
  return budget.periodEnd && ` · ${words.opensAgain(utcMoment(budget.periodEnd))}`;
}

const COLORS = { open: "bg-accent", near: "bg-warning-ink", full: "bg-danger" };

/** How much of a limit is used (solid) and set aside (striped): a picture of the words below it. */
function Meter({ budget }: { budget: Budget }) {
  const used = Math.min(budget.used, budget.limit);
  const reserved = Math.min(budget.reserved, budget.limit - used);
  const width = (part: number) => ({ width: `${(part / budget.limit) * 100}%` });
  return (
    <div aria-hidden="true" className="flex h-2 overflow-hidden rounded-full bg-hover">
      <div className={classNames("h-full", COLORS[budget.state])} style={width(used)} />
      <div
        className="h-full bg-[repeating-linear-gradient(135deg,var(--color-accent)_0_3px,transparent_3px_6px)]"
        style={width(reserved)}
      />
    </div>
  );
}
