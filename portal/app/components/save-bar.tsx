import { CircleAlert, CircleCheck } from "lucide-react";
import { useText } from "~/i18n/text";
import { Button } from "./button";

/** The save button that stays in sight, with the word on what has become of the changes. */
export function SaveBar({ busy, saved, touched, problem }: { busy: boolean; saved: boolean; touched: boolean; problem: string | null }) {
  const t = useText();
  return (
    <div className="sticky bottom-14 z-10 -mx-1 flex items-center justify-end gap-4 rounded-lg border border-line bg-raised px-4 py-2.5 shadow-float md:bottom-4">
      <p role="status" className="min-w-0 flex-1 text-sm">
        {problem ? (
          <span className="flex items-center gap-1.5 text-danger-ink">
            <CircleAlert aria-hidden className="size-4 shrink-0" />
            {problem}
          </span>
        ) : saved ? (
          <span className="flex items-center gap-1.5 text-success-ink">
            <CircleCheck aria-hidden className="size-4 shrink-0" />
            {t.common.saved}
          </span>
        ) : (
          touched && <span className="text-muted">{t.common.unsaved}</span>
        )}
      </p>
      <Button type="submit" look="primary" busy={busy}>
        {t.common.save}
      </Button>
    </div>
  );
}
