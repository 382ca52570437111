import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { useText } from "~/i18n/text";
import { Button } from "./button";
import { classNames } from "./class-names";

/** Copies a text to the clipboard and says so for two seconds. */
export function CopyButton({ text, look = "secondary" }: { text: string; look?: "primary" | "secondary" | "ghost" }) {
  const t = useText();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 2_000);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <Button look={look} size="sm" onClick={() => copyText(text).then(setCopied)}>
      {copied ? <Check aria-hidden className="size-4 text-success-ink" /> : <Copy aria-hidden className="size-4" />}
      <span aria-live="polite">{copied ? t.common.copied : t.common.copy}</span>
    </Button>
  );
}

/** Whether the text reached the clipboard; plain-http pages have no clipboard API, so a selection stands in. */
async function copyText(text: string): Promise<boolean> {
  if (navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Not allowed here: try the older way.
    }
  }
  const field = document.createElement("textarea");
  field.value = text;
  field.setAttribute("aria-hidden", "true");
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  return done;
}

/** Code to copy, on a sunken ground; long lines scroll, or break anywhere with `wrap`. */
export function CodeBlock({ code, label, wrap }: { code: string; label: string; wrap?: boolean }) {
  return (
    <div className="overflow-hidden rounded-lg border border-line bg-sunken">
      <div className="flex items-center justify-between gap-3 border-b border-line py-1.5 pr-1.5 pl-4">
        <span className="text-xs font-medium text-muted">{label}</span>
        <CopyButton text={code} look="ghost" />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it */}
      <section className="overflow-x-auto px-4 py-3" tabIndex={0} aria-label={label}>
        <pre className={classNames("font-mono text-sm leading-5", wrap && "break-all whitespace-pre-wrap")}>
          <code>{code}</code>
        </pre>
      </section>
    </div>
  );
}
