import { useText } from "~/i18n/text";
import type { OpenHandoff } from "~/models/handoff.server";
import type { Lead } from "~/models/lead.server";
import { textLink } from "../auth-page";
import { Button } from "../button";
import { Badge, Card } from "../page";
import { Ago } from "../time";
import { useAction } from "../use-action";

/** The open wish for a person, and the button that ends it. */
export function HandoffCard({ handoff, mayResolve }: { handoff: OpenHandoff; mayResolve: boolean }) {
  const words = useText().contact;
  const { Form, busy, error } = useAction();
  return (
    <Card className="p-4" aria-label={words[handoff.state]}>
      <Badge tone="warning">{words[handoff.state]}</Badge>
      <p className="mt-2 text-sm text-muted">
        <Ago at={handoff.requestedAt} />
      </p>
      {handoff.reason && (
        <p className="mt-1 text-sm whitespace-pre-wrap wrap-anywhere" dir="auto">
          {handoff.reason}
        </p>
      )}
      {mayResolve && (
        <Form method="post" className="mt-3">
          <Button type="submit" size="sm" name="intent" value="resolve" busy={busy}>
            {words.markHandled}
          </Button>
          <p className="mt-1.5 text-xs text-muted">{words.handledHint}</p>
          {error("form") && (
            <p role="alert" className="mt-1.5 text-sm text-danger-ink">
              {error("form")}
            </p>
          )}
        </Form>
      )}
    </Card>
  );
}

/** The contact details that were left in a conversation. */
export function LeadCard({ lead }: { lead: Lead }) {
  const words = useText().contact;
  const facts: [string, string | null, string?][] = [
    [words.name, lead.name],
    [words.email, lead.email, lead.email ? `mailto:${encodeURIComponent(lead.email)}` : undefined],
    [words.phone, lead.phone, lead.phone ? `tel:${lead.phone.replace(/[^\d+]/g, "")}` : undefined],
    [words.message, lead.message],
    ...Object.entries(lead.fields).map(([name, value]): [string, string] => [name, value]),
    [words.agreed, lead.consent ? lead.consent_text : null],
  ];
  return (
    <Card className="p-4" aria-label={words.leadTitle}>
      <p className="font-medium">{words.leadTitle}</p>
      <p className="text-sm text-muted">
        <Ago at={lead.created_at} />
      </p>
      <dl className="mt-2 grid grid-cols-2 gap-x-4 gap-y-2 text-sm lg:grid-cols-1">
        {facts
          .filter(([, value]) => value)
          .map(([label, value, href]) => (
            <div key={label} className="min-w-0">
              <dt className="text-muted wrap-anywhere">{label}</dt>
              <dd className="whitespace-pre-wrap wrap-anywhere" dir="auto">
                {href ? (
                  <a href={href} className={textLink}>
                    {value}
                  </a>
                ) : (
                  value
                )}
              </dd>
            </div>
          ))}
      </dl>
    </Card>
  );
}
