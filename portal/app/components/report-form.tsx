import { type FormEvent, useState } from "react";
import { useText } from "~/i18n/text";
import { Button } from "./button";
import { Field, Textarea } from "./field";
import { sendFeedback } from "./reports";

const MAX_LENGTH = 2_000;

/** Tells those who run the platform what a person was doing when an error met them; it is tied to the error's report. */
export function ReportForm({ eventId }: { eventId: string | undefined }) {
  const t = useText().report;
  const [state, setState] = useState<"closed" | "open" | "sending" | "sent" | "failed">("closed");
  const send = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const message = String(new FormData(event.currentTarget).get("message") ?? "").trim();
    if (!message) return;
    setState("sending");
    await sendFeedback(message, eventId).then(
      () => setState("sent"),
      () => setState("failed"),
    );
  };
  if (state === "sent")
    return (
      <p role="status" className="text-muted">
        {t.sent}
      </p>
    );
  if (state === "closed")
    return (
      <Button look="ghost" onClick={() => setState("open")}>
        {t.open}
      </Button>
    );
  return (
    <form onSubmit={send} className="w-full max-w-md space-y-3 px-4">
      <Field label={t.label} hint={t.hint} error={state === "failed" ? t.failed : null}>
        {(wiring) => <Textarea {...wiring} name="message" rows={4} maxLength={MAX_LENGTH} required autoFocus />}
      </Field>
      <Button type="submit" look="primary" busy={state === "sending"}>
        {t.send}
      </Button>
    </form>
  );
}
