import { SECRET_OVERLAP_HOURS, WEBHOOK_TYPES } from "@gpt-agent/core/webhook-events";
import { type ActionFunctionArgs, data, type LoaderFunctionArgs, type MetaFunction, redirect } from "@remix-run/node";
import { Link, useLoaderData, useParams, useSearchParams } from "@remix-run/react";
import { ArrowLeft } from "lucide-react";
import { useState } from "react";
import { z } from "zod";
import { Button, ButtonLink } from "~/components/button";
import { CodeBlock } from "~/components/copy";
import { ConfirmDialog, Dialog } from "~/components/dialog";
import { Banner, Card, EmptyState, PageHeader } from "~/components/page";
import { PageError } from "~/components/page-error";
import { SaveBar } from "~/components/save-bar";
import { useAction } from "~/components/use-action";
import { useFollowing } from "~/components/use-following";
import { DeliveryList } from "~/components/webhooks/delivery-list";
import { EndpointFields } from "~/components/webhooks/endpoint-fields";
import { EndpointState } from "~/components/webhooks/endpoint-state";
import { attempt, parseFields, readForm, refused } from "~/http/form.server";
import { found, requireMember, uuidParam } from "~/http/guards.server";
import type { ErrorCode } from "~/i18n/error-codes";
import { useFormats, useText } from "~/i18n/text";
import { titled } from "~/i18n/title";
import { pageBefore } from "~/models/page.server";
import {
  changeEndpoint,
  findEndpoint,
  listDeliveries,
  removeEndpoint,
  replay,
  rotateSecret,
  sendTest,
  switchEndpoint,
} from "~/models/webhook.server";
import { endpointForm, freshSecret } from "~/models/webhook-form.server";
import { env, secretBox } from "~/services.server";

export { offlineSafe as clientAction, unlessRefused as shouldRevalidate } from "~/components/offline-safe";

export const meta: MetaFunction = titled((t) => t.webhooks.title);

export async function loader({ request, params }: LoaderFunctionArgs) {
  const { db, org } = await requireMember(request, params.orgSlug, "admin");
  const by = { orgId: org.id, endpointId: uuidParam(params.endpointId) };
  const endpoint = found(await findEndpoint(db, by));
  const failed = new URL(request.url).searchParams.get("show") === "failed";
  const page = await listDeliveries(db, { ...by, before: pageBefore(request), failed });
  const soon = Date.now() + SOON_MS;
  return {
    endpoint,
    types: [...WEBHOOK_TYPES],
    overlapHours: SECRET_OVERLAP_HOURS,
    failed,
    ...page,
    /** Something is being tried now, or will be in a moment. */
    isMoving: page.deliveries.some(({ status, next_attempt_at: next }) => status === "pending" && next && Date.parse(next) < soon),
  };
}

const SOON_MS = 30_000;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** How far back a replay can go, in days; events are kept for 30. */
const REPLAY_DAYS = [1, 3, 7, 30] as const;

const command = z.discriminatedUnion("intent", [
  z.strictObject({ intent: z.literal("test") }),
  z.strictObject({ intent: z.literal("switch"), on: z.enum(["true", "false"]) }),
  z.strictObject({ intent: z.literal("rotate") }),
  z.strictObject({ intent: z.literal("replay"), deliveryId: z.uuid() }),
  z.strictObject({
    intent: z.literal("replay-range"),
    days: z.enum(REPLAY_DAYS.map(String) as [string, ...string[]]),
    which: z.enum(["failed", "all"]),
  }),
  z.strictObject({ intent: z.literal("remove"), typed: z.string() }),
]);
type Command = z.infer<typeof command>;
type Owned = { orgId: string; endpointId: string };
type Db = Awaited<ReturnType<typeof requireMember>>["db"];

/** Does what a button asks for; what it answers goes to the button. */
async function obey(db: Db, by: Owned, asked: Command): Promise<{ secret?: string; replayed?: number }> {
  switch (asked.intent) {
    case "test":
      await sendTest(db, by);
      return {};
    case "switch":
      await switchEndpoint(db, by, asked.on === "true");
      return {};
    case "rotate": {
      const { secret, sealedSecret } = freshSecret(secretBox, by);
      await rotateSecret(db, { ...by, sealedSecret, overlapHours: SECRET_OVERLAP_HOURS });
      return { secret };
    }
    case "replay":
      return { replayed: await replay(db, { ...by, deliveryId: asked.deliveryId }) };
    case "replay-range": {
      // A little past now: the database's clock need not be ours.
      const [since, until] = [Date.now() - Number(asked.days) * DAY_MS, Date.now() + HOUR_MS].map((at) => new Date(at).toISOString());
      return { replayed: await replay(db, { ...by, since: since!, until: until!, onlyFailed: asked.which === "failed" }) };
    }
    case "remove":
      await removeEndpoint(db, by);
      return {};
  }
}

export async function action({ request, params }: ActionFunctionArgs) {
  const { db, org } = await requireMember(request, params.orgSlug, "admin");
  const by = { orgId: org.id, endpointId: uuidParam(params.endpointId) };
  const endpoint = found(await findEndpoint(db, by));
  const sent = await readForm(request);
  if (sent.intent === "save") {
    const { fields, schema } = endpointForm(sent, env.EGRESS_ALLOW, "save");
    const form = parseFields(fields, schema);
    if (!form.ok) return data(form, { status: 400 });
    const { url, description, events } = form.value;
    const done = await attempt(() => changeEndpoint(db, by, { url, description, events }));
    return done.ok ? { ok: true as const } : data(done, { status: 400 });
  }
  const form = parseFields(sent, command);
  if (!form.ok) return data(form, { status: 400 });
  if (form.value.intent === "remove" && form.value.typed.trim() !== new URL(endpoint.url).hostname)
    return data(refused({ form: "nameMismatch" }), { status: 400 });
  const done = await attempt(() => obey(db, by, form.value));
  if (!done.ok) return data(done, { status: 400 });
  if (form.value.intent === "remove") return redirect(`/orgs/${org.slug}/integrations/webhooks`);
  return { ok: true as const, ...done.value };
}

type Answer = { ok: true; secret?: string; replayed?: number } | { ok: false; errors: Record<string, ErrorCode> };

export default function WebhookEndpointPage() {
  const t = useText();
  const words = t.webhooks;
  const formats = useFormats();
  const { orgSlug } = useParams();
  const [search] = useSearchParams();
  const { endpoint, types, overlapHours, deliveries, next, failed, isMoving } = useLoaderData<typeof loader>();
  const [dialog, setDialog] = useState<"rotate" | "replay" | "remove" | null>(null);
  const [secret, setSecret] = useState<string | null>(null);
  const saving = useAction();
  const acting = useAction<Answer>((answer) => {
    if (!answer.ok) return;
    setSecret(answer.secret ?? null);
    if (!answer.secret) setDialog(null);
  });
  const send = (fields: Record<string, string>) => acting.submit(fields, { method: "post" });
  const base = `/orgs/${orgSlug}/integrations/webhooks`;
  const on = endpoint.status === "enabled";
  useFollowing(isMoving && !search.has("before"));
  return (
    <>
      <PageHeader
        before={
          <Link to={base} className="mb-2 inline-flex items-center gap-1.5 text-sm text-muted hover:text-ink">
            <ArrowLeft aria-hidden className="size-3.5" />
            {words.title}
          </Link>
        }
        title={<span className="break-all">{endpoint.url}</span>}
        action={
          <>
            <EndpointState endpoint={endpoint} />
            {on && (
              <Button look="primary" busy={acting.busy} onClick={() => send({ intent: "test" })}>
                {words.test}
              </Button>
            )}
          </>
        }
      />
      {!on && (
        <Banner
          tone={endpoint.disabled_reason === "by_hand" ? "neutral" : "danger"}
          className="mb-5"
          action={
            <Button size="sm" busy={acting.busy} onClick={() => send({ intent: "switch", on: "true" })}>
              {words.switchOn}
            </Button>
          }
        >
          {words.disabled[endpoint.disabled_reason as keyof typeof words.disabled]}
        </Banner>
      )}
      {acting.error("form") && dialog === null && (
        <Banner tone="danger" className="mb-5">
          {acting.error("form")}
        </Banner>
      )}

      <Card as="section" className="mb-8 overflow-clip">
        <div className="flex flex-wrap items-center justify-between gap-3 border-b border-line px-4 py-3">
          <h2 className="text-lg font-semibold">{words.deliveries}</h2>
          <div className="flex flex-wrap gap-2">
            <ButtonLink size="sm" look="ghost" to={failed ? "." : "?show=failed"} preventScrollReset>
              {failed ? words.showAll : words.showFailed}
            </ButtonLink>
            {on && deliveries.length > 0 && (
              <Button size="sm" onClick={() => setDialog("replay")}>
                {words.replayMany}
              </Button>
            )}
          </div>
        </div>
        {deliveries.length === 0 ? (
          <EmptyState title={failed ? words.noneFailed : words.noDeliveries}>{failed ? null : words.noDeliveriesText}</EmptyState>
        ) : (
          <DeliveryList
            deliveries={deliveries}
            attemptsUrl={`${base}/${endpoint.id}/attempts`}
            canReplay={on}
            onReplay={(deliveryId) => send({ intent: "replay", deliveryId })}
          />
        )}
        {(next || search.has("before")) && (
          <div className="flex justify-between border-t border-line px-4 py-3">
            {search.has("before") ? (
              <ButtonLink size="sm" look="ghost" to={failed ? "?show=failed" : "."}>
                {t.common.newest}
              </ButtonLink>
            ) : (
              <span />
            )}
            {next && (
              <ButtonLink size="sm" look="ghost" to={`?${new URLSearchParams({ before: next, ...(failed ? { show: "failed" } : {}) })}`}>
                {t.common.older}
              </ButtonLink>
            )}
          </div>
        )}
      </Card>

      <section className="mb-8 max-w-2xl">
        <h2 className="mb-4 text-lg font-semibold">{words.settings}</h2>
        <saving.Form method="post" className="space-y-5" onChange={saving.touch}>
          <input type="hidden" name="intent" value="save" />
          <EndpointFields types={types} endpoint={endpoint} error={saving.error} />
          <SaveBar busy={saving.busy} saved={saving.saved} touched={saving.touched} problem={saving.error("form")} />
        </saving.Form>
      </section>

      <section className="max-w-2xl border-t border-line pt-6">
        <h2 className="mb-1 text-lg font-semibold">{words.secret}</h2>
        <p className="mb-4 text-muted">
          {endpoint.previous_until && new Date(endpoint.previous_until) > new Date()
            ? words.overlapUntil(formats.date(endpoint.previous_until))
            : words.secretLead}
        </p>
        <div className="flex flex-wrap gap-2">
          <Button
            onClick={() => {
              setSecret(null);
              setDialog("rotate");
            }}
          >
            {words.rotate}
          </Button>
          {on && (
            <Button busy={acting.busy} onClick={() => send({ intent: "switch", on: "false" })}>
              {words.switchOff}
            </Button>
          )}
          <Button look="danger-ghost" onClick={() => setDialog("remove")}>
            {words.remove}
          </Button>
        </div>
      </section>

      <Dialog
        open={dialog === "rotate"}
        onOpenChange={(open) => !open && setDialog(null)}
        title={secret ? words.secretTitle : words.rotate}
        description={secret ? words.secretText : words.rotateText(overlapHours)}
      >
        <div className="mt-5 space-y-5">
          {secret && <CodeBlock code={secret} label={words.secret} wrap />}
          {acting.error("form") && (
            <p role="alert" className="text-sm text-danger-ink">
              {acting.error("form")}
            </p>
          )}
          <div className="flex justify-end gap-2">
            {secret ? (
              <Button look="primary" onClick={() => setDialog(null)}>
                {words.secretDone}
              </Button>
            ) : (
              <>
                <Button onClick={() => setDialog(null)}>{t.common.cancel}</Button>
                <Button look="primary" busy={acting.busy} onClick={() => send({ intent: "rotate" })}>
                  {words.rotateNow}
                </Button>
              </>
            )}
          </div>
        </div>
      </Dialog>
      <Dialog
        open={dialog === "replay"}
        onOpenChange={(open) => !open && setDialog(null)}
        title={words.replayMany}
        description={words.replayText}
      >
        <acting.Form method="post" className="mt-5 space-y-5">
          <input type="hidden" name="intent" value="replay-range" />
          <ReplayChoices />
          <div className="flex justify-end gap-2">
            <Button onClick={() => setDialog(null)}>{t.common.cancel}</Button>
            <Button type="submit" look="primary" busy={acting.busy}>
              {words.replay}
            </Button>
          </div>
        </acting.Form>
      </Dialog>
      <ConfirmDialog
        open={dialog === "remove"}
        onOpenChange={(open) => !open && setDialog(null)}
        title={words.removeTitle}
        description={words.removeText}
        confirm={words.remove}
        busy={acting.busy}
        error={acting.error("form")}
        typed={{ name: new URL(endpoint.url).hostname, label: words.removeTyped(new URL(endpoint.url).hostname) }}
        onConfirm={(typed) => send({ intent: "remove", typed })}
      />
    </>
  );
}

/** Which events a replay sends: how far back, and whether only those that did not arrive. */
function ReplayChoices() {
  const words = useText().webhooks;
  return (
    <>
      <fieldset>
        <legend className="mb-2 font-medium">{words.replaySince}</legend>
        <div className="flex flex-wrap gap-x-5 gap-y-2">
          {REPLAY_DAYS.map((days, at) => (
            <label key={days} className="inline-flex items-center gap-2">
              <input type="radio" name="days" value={days} defaultChecked={at === 0} className="accent-accent" />
              {words.lastDays(days)}
            </label>
          ))}
        </div>
      </fieldset>
      <fieldset>
        <legend className="mb-2 font-medium">{words.replayWhich}</legend>
        <div className="flex flex-wrap gap-x-5 gap-y-2">
          {(["failed", "all"] as const).map((which) => (
            <label key={which} className="inline-flex items-center gap-2">
              <input type="radio" name="which" value={which} defaultChecked={which === "failed"} className="accent-accent" />
              {words.which[which]}
            </label>
          ))}
        </div>
      </fieldset>
    </>
  );
}

export const ErrorBoundary = PageError;
