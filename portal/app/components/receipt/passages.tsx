import { Link } from "@remix-run/react";
import { Check } from "lucide-react";
import { useFormats, useText } from "~/i18n/text";
import type { Fate, ReceiptPassage } from "~/models/receipt";
import { textLink } from "../auth-page";
import { Badge, type Tone } from "../page";

const TONES: Record<Fate, Tone> = { same: "neutral", changed: "warning", gone: "danger" };

/** What the search found, best first: the document, how it begins, how well it fitted, whether it was cited and still is there. */
export function Passages({ passages, agent }: { passages: ReceiptPassage[]; agent: string }) {
  const words = useText().receipt;
  const { number } = useFormats();
  return (
    <ol className="divide-y divide-line">
      {passages.map((passage, n) => (
        <li key={passage.position} className="grid grid-cols-[1.5rem_minmax(0,1fr)] gap-x-3 py-3 first:pt-0 last:pb-0">
          <span className="tabular text-right text-muted">{number(n + 1)}</span>
          <div className="min-w-0">
            <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
              <span className="font-medium wrap-anywhere" dir="auto">
                {passage.sourceId && passage.today !== "gone" ? (
                  <Link to={`${agent}/knowledge/${passage.sourceId}`} className={textLink}>
                    {passage.title ?? words.untitled}
                  </Link>
                ) : (
                  (passage.title ?? words.untitled)
                )}
              </span>
              {passage.cited ? (
                <Badge tone="success">
                  <Check aria-hidden className="size-3.5" />
                  {words.cited}
                </Badge>
              ) : (
                <Badge>{words.uncited}</Badge>
              )}
              <Badge tone={TONES[passage.today]} title={words.today}>
                <span className="sr-only">{words.today}: </span>
                {words[passage.today]}
              </Badge>
              <span className="tabular ml-auto text-sm text-muted">
                {words.score} {number(Math.round(passage.score * 1_000) / 1_000)}
              </span>
            </p>
            {passage.excerpt && (
              <p dir="auto" className="mt-1 line-clamp-3 text-sm whitespace-pre-line wrap-anywhere text-muted">
                {passage.excerpt}
              </p>
            )}
          </div>
        </li>
      ))}
    </ol>
  );
}
