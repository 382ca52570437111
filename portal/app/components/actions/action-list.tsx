import { Link } from "@remix-run/react";
import { Switch } from "radix-ui";
import { useLocale, useText } from "~/i18n/text";
import type { ActionUse } from "~/models/action.server";
import { Badge, Card } from "../page";
import { Ago } from "../time";
import { useAction } from "../use-action";

export type ListedAction = {
  name: string;
  title: { en: string; ru: string };
  method: string;
  host: string;
  asks: boolean;
  enabled: boolean;
  use: ActionUse | null;
};

/** An agent's actions, each with how it fared lately and a switch. */
export function ActionList({ actions, mayChange }: { actions: ListedAction[]; mayChange: boolean }) {
  return (
    <Card className="overflow-clip">
      <ul className="divide-y divide-line">
        {actions.map((action) => (
          <ActionRow key={action.name} action={action} mayChange={mayChange} />
        ))}
      </ul>
    </Card>
  );
}

function ActionRow({ action, mayChange }: { action: ListedAction; mayChange: boolean }) {
  const t = useText();
  const words = t.actions;
  const locale = useLocale();
  const { submit, fetcher, error } = useAction();
  const title = action.title[locale] || action.title.en || action.title.ru || action.name;
  const asked = fetcher.formData?.get("enabled");
  const enabled = asked === undefined || asked === null ? action.enabled : asked === "true";
  return (
    <li className="relative flex flex-wrap items-center gap-x-6 gap-y-2 px-4 py-3 transition-colors hover:bg-hover/60">
      <div className="min-w-0 flex-1 basis-60">
        <p className="flex items-center gap-2">
          <Link to={action.name} prefetch="intent" className="truncate font-medium after:absolute after:inset-0">
            {title}
          </Link>
          {action.asks && <Badge>{words.asksFirst}</Badge>}
          {!enabled && <Badge tone="warning">{words.off}</Badge>}
        </p>
        <p className="mt-0.5 truncate font-mono text-xs text-muted">
          {action.method} {action.host}
        </p>
        {error("form") && (
          <p role="alert" className="mt-1 text-sm text-danger-ink">
            {error("form")}
          </p>
        )}
      </div>
      <Use use={action.use} />
      <Switch.Root
        checked={enabled}
        disabled={!mayChange}
        aria-label={words.enabled(title)}
        onCheckedChange={(next) => submit({ intent: "enable", name: action.name, enabled: String(next) }, { method: "post" })}
        className="relative z-10 inline-flex h-5 w-9 shrink-0 items-center rounded-full border border-transparent bg-line-strong transition-colors disabled:opacity-55 data-[state=checked]:bg-accent"
      >
        <Switch.Thumb className="block size-4 translate-x-0.5 rounded-full bg-surface shadow-card transition-transform data-[state=checked]:translate-x-4" />
      </Switch.Root>
    </li>
  );
}

function Use({ use }: { use: ActionUse | null }) {
  const words = useText().actions;
  if (!use) return <p className="text-sm text-muted max-sm:flex-1">{words.unused}</p>;
  const parts = [
    words.used(use.used),
    use.failed > 0 ? words.failedTimes(use.failed) : null,
    use.declined > 0 ? words.declinedTimes(use.declined) : null,
  ].filter((part) => part !== null);
  return (
    <p className="text-sm text-muted max-sm:flex-1 sm:text-right">
      {parts.join(", ")}
      <br className="max-sm:hidden" /> <Ago at={use.lastUsed} />
    </p>
  );
}
