import { useSearchParams } from "@remix-run/react";
import { ButtonLink } from "~/components/button";
import { useText } from "~/i18n/text";

/** Leads on to older entries of a list (?before=…) and back to the newest; `show` is kept. */
export function OlderNewer({ next }: { next: string | null }) {
  const t = useText();
  const [search] = useSearchParams();
  const show = search.get("show");
  if (!next && !search.has("before")) return null;
  const kept: Record<string, string> = show ? { show } : {};
  return (
    <div className="flex justify-between border-t border-line px-4 py-3">
      {search.has("before") ? (
        <ButtonLink size="sm" look="ghost" to={show ? `?${new URLSearchParams(kept)}` : "."}>
          {t.common.newest}
        </ButtonLink>
      ) : (
        <span />
      )}
      {next && (
        <ButtonLink size="sm" look="ghost" to={`?${new URLSearchParams({ before: next, ...kept })}`}>
          {t.common.older}
        </ButtonLink>
      )}
    </div>
  );
}
