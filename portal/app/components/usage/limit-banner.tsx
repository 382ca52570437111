import { useFormats, useText } from "~/i18n/text";
import type { BudgetAlert } from "~/models/budget";
import { ButtonLink } from "../button";
import { Banner } from "../page";
import { useBudgetWords } from "./words";

/** Tells the organization's members that a limit is close or reached, until when, and what to do. */
export function LimitBanner({ alerts, to, mayChange }: { alerts: BudgetAlert[]; to: string; mayChange: boolean }) {
  const words = useText().usage;
  const { utcMoment } = useFormats();
  const { who, metric } = useBudgetWords();
  const [first] = alerts;
  if (!first) return null;
  const full = first.threshold === 100;
  const [title, text] = full ? [words.alertFull, words.alertFullText] : [words.alertNear, words.alertNearText];
  return (
    <Banner
      tone={full ? "danger" : "warning"}
      className="mb-5"
      title={title(metric(first.metric).toLocaleLowerCase(), who(first))}
      action={
        <ButtonLink to={to} size="sm">
          {words.alertRaise}
        </ButtonLink>
      }
    >
      {text(utcMoment(first.periodEnd))} {!mayChange && words.alertAsk} {alerts.length > 1 && words.alertMore(alerts.length - 1)}
    </Banner>
  );
}
