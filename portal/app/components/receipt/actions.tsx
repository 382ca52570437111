import { useFormats, useText } from "~/i18n/text";
import type { ReceiptAction } from "~/models/receipt";
import { Badge, type Tone } from "../page";

const TONES: Record<ReceiptAction["outcome"], Tone> = { ok: "success", failed: "danger", declined: "warning" };

/** What an answer did, in order: what each action was given, what came of it and how long it took. */
export function Actions({ actions }: { actions: ReceiptAction[] }) {
  const words = useText().receipt;
  const { number } = useFormats();
  return (
    <ol className="divide-y divide-line">
      {actions.map((action) => (
        <li key={action.position} className="py-3 first:pt-0 last:pb-0">
          <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
            <span className="font-medium wrap-anywhere">{action.title ?? action.name}</span>
            {action.title && <span className="font-mono text-sm text-muted">{action.name}</span>}
            <Badge tone={TONES[action.outcome]}>{words.actionOutcomes[action.outcome]}</Badge>
            <span className="tabular text-sm text-muted">
              {[
                words.actionOf[action.kind],
                action.status !== null && words.status(String(action.status)),
                action.durationMs !== null && words.seconds(number(Math.round(action.durationMs / 10) / 100)),
              ]
                .filter(Boolean)
                .join(" · ")}
            </span>
          </p>
          <Excerpt label={words.input} text={JSON.stringify(action.input, null, 2)} />
          {action.output && <Excerpt label={words.output} text={action.output} />}
        </li>
      ))}
    </ol>
  );
}

function Excerpt({ label, text }: { label: string; text: string }) {
  return (
    <div className="mt-2">
      <p className="text-xs text-muted">{label}</p>
      <pre
        dir="auto"
        className="mt-0.5 max-h-48 overflow-auto rounded-md bg-sunken px-3 py-2 font-mono text-sm whitespace-pre-wrap wrap-anywhere"
      >
        {text}
      </pre>
    </div>
  );
}
