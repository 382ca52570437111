import type { ReactNode } from "react";
import { useFormats, useText } from "~/i18n/text";
import type { Used } from "~/models/usage";
import { Card } from "../page";

/** A month in four figures, with today's below each (null for a month that is over). */
export function AtAGlance({ month, today }: { month: Used; today: Used | null }) {
  const words = useText().usage;
  const { number, money, percent } = useFormats();
  const tokens = (used: Used) => used.promptTokens + used.completionTokens;
  return (
    <dl className="grid grid-cols-2 gap-3 lg:grid-cols-4 lg:gap-4" aria-label={words.glance}>
      <Figure label={words.answers} value={number(month.answers)}>
        {today && words.today(number(today.answers))}
      </Figure>
      <Figure label={words.unanswered} value={number(month.unanswered)}>
        {month.answers > 0 ? words.share(percent(month.unanswered / month.answers)) : null}
      </Figure>
      <Figure label={words.tokens} value={number(tokens(month))}>
        {today && words.today(number(tokens(today)))}
      </Figure>
      <Figure label={words.cost} value={money(month.costMicros)}>
        {today && words.today(money(today.costMicros))}
      </Figure>
    </dl>
  );
}

function Figure({ label, value, children }: { label: string; value: string; children: ReactNode }) {
  return (
    <Card as="div" className="min-w-0 px-4 py-3">
      <dt className="text-sm text-muted">{label}</dt>
      <dd className="tabular mt-0.5 text-xl font-semibold tracking-tight wrap-anywhere">{value}</dd>
      <dd className="tabular text-sm text-muted">{children}</dd>
    </Card>
  );
}
