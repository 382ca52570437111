import { type ReactNode, useEffect, useRef } from "react";
import { useText } from "~/i18n/text";
import { SaveBar } from "./save-bar";
import type { useAction } from "./use-action";

/**
 * The frame of a form of settings that saves in place: what is refused gets the focus at its first wrong field, nobody who may not change
 * anything can, and the bar at its end says what has become of the changes.
 */
export function SettingsForm({
  saving: { Form, busy, saved, touched, touch, error, hasErrors, data },
  mayChange,
  className,
  children,
}: {
  saving: Pick<ReturnType<typeof useAction>, "Form" | "busy" | "saved" | "touched" | "touch" | "error" | "hasErrors" | "data">;
  mayChange: boolean;
  className?: string;
  children: ReactNode;
}) {
  const t = useText();
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (hasErrors && data) form.current?.querySelector<HTMLElement>("[aria-invalid]")?.focus();
  }, [hasErrors, data]);
  return (
    <Form method="post" ref={form} onInput={touch} noValidate className={className}>
      <fieldset disabled={!mayChange} className="min-w-0 space-y-4">
        {children}
        {mayChange && (
          <SaveBar
            busy={busy}
            saved={saved}
            touched={touched}
            problem={touched && !hasErrors ? null : (error("form") ?? (hasErrors ? t.agentSettings.checkFields : null))}
          />
        )}
      </fieldset>
    </Form>
  );
}
