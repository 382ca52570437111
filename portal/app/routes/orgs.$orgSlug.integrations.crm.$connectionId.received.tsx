import { type ActionFunctionArgs, data, type LoaderFunctionArgs } from "@remix-run/node";
import { useLoaderData } from "@remix-run/react";
import { z } from "zod";
import { Button, ButtonLink } from "~/components/button";
import { useConnection } from "~/components/crm/connection-frame";
import { useFailureWords } from "~/components/crm/connection-state";
import { OlderNewer } from "~/components/older-newer";
import { Badge, Banner, Card, EmptyState, type Tone } from "~/components/page";
import { PageError } from "~/components/page-error";
import { Ago } from "~/components/time";
import { useAction } from "~/components/use-action";
import { attempt, parseForm, refused } from "~/http/form.server";
import { found, requireMember, uuidParam } from "~/http/guards.server";
import { useText } from "~/i18n/text";
import { findConnection } from "~/models/connection.server";
import { findInboundEvent, type InboundEvent, listInboundEvents, settleEvent } from "~/models/crm-sync.server";
import { pageBefore } from "~/models/page.server";

export { offlineSafe as clientAction, unlessRefused as shouldRevalidate } from "~/components/offline-safe";

export async function loader({ request, params }: LoaderFunctionArgs) {
  const { db, org } = await requireMember(request, params.orgSlug, "admin");
  const by = { orgId: org.id, connectionId: uuidParam(params.connectionId) };
  found(await findConnection(db, by));
  const dead = new URL(request.url).searchParams.get("show") === "dead";
  return { dead, ...(await listInboundEvents(db, { ...by, before: pageBefore(request), dead })) };
}

const form = z.strictObject({ intent: z.enum(["retry", "dismiss"]), eventId: z.uuid() });

export async function action({ request, params }: ActionFunctionArgs) {
  const { db, org } = await requireMember(request, params.orgSlug, "admin");
  const by = { orgId: org.id, connectionId: uuidParam(params.connectionId) };
  found(await findConnection(db, by));
  const asked = await parseForm(request, form);
  if (!asked.ok) return data(asked, { status: 400 });
  const { intent: wish, eventId } = asked.value;
  // Of this very connection, not merely of the organization.
  found(await findInboundEvent(db, { ...by, eventId }));
  const done = await attempt(() => settleEvent(db, { orgId: org.id, eventId, wish }));
  if (!done.ok) return data(done, { status: 400 });
  return done.value ? { ok: true as const } : data(refused({ form: "gone" }), { status: 400 });
}

const TONES: Record<InboundEvent["status"], Tone> = { pending: "accent", done: "success", dead: "danger", dismissed: "neutral" };

export default function Received() {
  const words = useText().crm;
  const why = useFailureWords();
  const { events, next, dead } = useLoaderData<typeof loader>();
  const { can } = useConnection();
  const settling = useAction();
  const settle = (intent: "retry" | "dismiss", eventId: string) => settling.submit({ intent, eventId }, { method: "post" });
  return (
    <>
      {settling.error("form") && (
        <Banner tone="danger" className="mb-4">
          {settling.error("form")}
        </Banner>
      )}
      <Card className="overflow-clip">
        <div className="flex flex-wrap items-center justify-between gap-3 border-b border-line px-4 py-2.5">
          <h2 className="text-lg font-semibold">{words.events}</h2>
          <ButtonLink size="sm" look="ghost" to={dead ? "." : "?show=dead"} preventScrollReset>
            {dead ? words.showAll : words.showFailed}
          </ButtonLink>
        </div>
        {events.length === 0 ? (
          <EmptyState title={dead ? words.noneDead : words.noEvents}>
            {dead ? null : can.webhooks ? words.noEventsText : words.noEventsPolled}
          </EmptyState>
        ) : (
          <ul className="divide-y divide-line">
            {events.map((event) => (
              <li key={event.id} className="flex flex-wrap items-start gap-x-4 gap-y-1.5 px-4 py-3">
                <div className="min-w-0 flex-1 basis-56">
                  <p className="font-medium">{words.eventKinds[event.kind]}</p>
                  <p className="truncate font-mono text-xs text-muted">{event.contact_id}</p>
                  {event.status === "dead" && (
                    <p className="mt-1 text-sm">
                      {why(event.error_code)} · <span className="text-muted">{words.attempts(event.attempts)}</span>
                      {event.error_detail && <span className="block font-mono text-xs text-muted wrap-anywhere">{event.error_detail}</span>}
                      <span className="block text-muted">{words.deadHint}</span>
                    </p>
                  )}
                </div>
                {event.status === "dead" && (
                  <span className="flex gap-2">
                    <Button size="sm" busy={settling.busy} onClick={() => settle("retry", event.id)}>
                      {words.retry}
                    </Button>
                    <Button size="sm" look="ghost" busy={settling.busy} onClick={() => settle("dismiss", event.id)}>
                      {words.dismiss}
                    </Button>
                  </span>
                )}
                <Badge tone={TONES[event.status]}>{words.eventStates[event.status]}</Badge>
                <span className="w-28 pt-0.5 text-right text-sm text-muted">
                  <Ago at={event.received_at} />
                </span>
              </li>
            ))}
          </ul>
        )}
        <OlderNewer next={next} />
      </Card>
    </>
  );
}

export const ErrorBoundary = PageError;
