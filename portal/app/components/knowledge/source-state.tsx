import { CircleAlert, CircleCheck, Clock } from "lucide-react";
import { useFormats, useText } from "~/i18n/text";
import type { Source } from "~/models/source.server";
import { Badge } from "../page";

/** Where a document stands: queued → reading → indexing (n of m) → ready, or failed. */
export function SourceState({ source }: { source: Source }) {
  const t = useText();
  const { number } = useFormats();
  const { status, progress_done: done, progress_total: total } = source;
  if (status === "ready") {
    return (
      <Badge tone="success">
        <CircleCheck aria-hidden className="size-3.5" />
        {t.knowledge.ready}
      </Badge>
    );
  }
  if (status === "failed") {
    return (
      <Badge tone="danger">
        <CircleAlert aria-hidden className="size-3.5" />
        {t.knowledge.failed}
      </Badge>
    );
  }
  if (status === "queued") {
    return (
      <Badge>
        <Clock aria-hidden className="size-3.5" />
        {t.knowledge.queued}
      </Badge>
    );
  }
  return (
    <Badge tone="accent">
      <Ring share={status === "reading" || total === 0 ? null : done / total} />
      {status === "reading"
        ? t.knowledge.reading
        : total > 0
          ? t.knowledge.indexing(number(done), number(total))
          : t.knowledge.indexingStart}
    </Badge>
  );
}

const AROUND = 2 * Math.PI * 5;

/** A small ring that fills up; without a share it turns. */
function Ring({ share }: { share: number | null }) {
  return (
    <svg
      aria-hidden="true"
      viewBox="0 0 14 14"
      className={share === null ? "size-3.5 animate-spin" : "size-3.5 -rotate-90"}
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
    >
      <circle cx="7" cy="7" r="5" opacity="0.25" />
      <circle cx="7" cy="7" r="5" strokeDasharray={`${AROUND * (share ?? 0.3)} ${AROUND}`} strokeLinecap="round" />
    </svg>
  );
}
