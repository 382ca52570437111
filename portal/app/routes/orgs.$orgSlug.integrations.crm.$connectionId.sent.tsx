import { type ActionFunctionArgs, data, type LoaderFunctionArgs } from "@remix-run/node";
import { Link, useLoaderData, useParams } from "@remix-run/react";
import { RotateCcw } from "lucide-react";
import { z } from "zod";
import { Button, ButtonLink } from "~/components/button";
import { useConnection } from "~/components/crm/connection-frame";
import { useFailureWords } from "~/components/crm/connection-state";
import { RecordLinks } from "~/components/crm/record-links";
import { OlderNewer } from "~/components/older-newer";
import { Badge, Banner, Card, EmptyState, type Tone } from "~/components/page";
import { PageError } from "~/components/page-error";
import { Ago } from "~/components/time";
import { useAction } from "~/components/use-action";
import { attempt, parseForm, refused } from "~/http/form.server";
import { found, requireMember, uuidParam } from "~/http/guards.server";
import { useText } from "~/i18n/text";
import { findConnection } from "~/models/connection.server";
import { listPushes, type Push, pushNow } from "~/models/crm-sync.server";
import { pageBefore } from "~/models/page.server";

export { offlineSafe as clientAction, unlessRefused as shouldRevalidate } from "~/components/offline-safe";

export async function loader({ request, params }: LoaderFunctionArgs) {
  const { db, org } = await requireMember(request, params.orgSlug, "admin");
  const by = { orgId: org.id, connectionId: uuidParam(params.connectionId) };
  found(await findConnection(db, by));
  const failed = new URL(request.url).searchParams.get("show") === "failed";
  return { failed, ...(await listPushes(db, { ...by, before: pageBefore(request), failed })) };
}

const form = z.strictObject({ intent: z.literal("send"), conversationId: z.uuid() });

/** Sends one conversation now: for the first time, or again. */
export async function action({ request, params }: ActionFunctionArgs) {
  const { db, org } = await requireMember(request, params.orgSlug, "admin");
  const by = { orgId: org.id, connectionId: uuidParam(params.connectionId) };
  const connection = found(await findConnection(db, by));
  const asked = await parseForm(request, form);
  if (!asked.ok) return data(asked, { status: 400 });
  if (connection.status !== "ok" && connection.status !== "failing") return data(refused({ form: "crmNotNow" }), { status: 400 });
  const done = await attempt(() => pushNow(db, { ...by, conversationId: asked.value.conversationId }));
  if (!done.ok) return data(done, { status: 400 });
  return done.value ? { ok: true as const } : data(refused({ form: "gone" }), { status: 400 });
}

const TONES: Record<Push["status"], Tone> = { pending: "accent", done: "success", failed: "danger", skipped: "neutral" };

export default function Sent() {
  const words = useText().crm;
  const { pushes, next, failed } = useLoaderData<typeof loader>();
  const { connection } = useConnection();
  const sending = useAction();
  const works = connection.status === "ok" || connection.status === "failing";
  return (
    <>
      {sending.error("form") && (
        <Banner tone="danger" className="mb-4">
          {sending.error("form")}
        </Banner>
      )}
      <Card className="overflow-clip">
        <div className="flex flex-wrap items-center justify-between gap-3 border-b border-line px-4 py-2.5">
          <h2 className="text-lg font-semibold">{words.pushes}</h2>
          <ButtonLink size="sm" look="ghost" to={failed ? "." : "?show=failed"} preventScrollReset>
            {failed ? words.showAll : words.showFailed}
          </ButtonLink>
        </div>
        {pushes.length === 0 ? (
          <EmptyState title={failed ? words.noneFailed : words.noPushes}>{failed ? null : words.noPushesText}</EmptyState>
        ) : (
          <ul className="divide-y divide-line">
            {pushes.map((push) => (
              <PushRow
                key={push.id}
                push={push}
                onRetry={
                  works && push.status !== "pending"
                    ? () => sending.submit({ intent: "send", conversationId: push.conversation_id }, { method: "post" })
                    : null
                }
              />
            ))}
          </ul>
        )}
        <OlderNewer next={next} />
      </Card>
    </>
  );
}

function PushRow({ push, onRetry }: { push: Push; onRetry: (() => void) | null }) {
  const words = useText().crm;
  const why = useFailureWords();
  const { orgSlug } = useParams();
  const title = push.title || words.untitled;
  return (
    <li className="flex flex-wrap items-start gap-x-4 gap-y-1.5 px-4 py-3">
      <div className="min-w-0 flex-1 basis-64">
        <Link
          to={`/orgs/${orgSlug}/conversations/${push.conversation_id}`}
          className="block truncate font-medium hover:underline"
          dir="auto"
        >
          {title}
        </Link>
        <p className="text-sm text-muted">{push.reasons.map((reason) => words.reasons[reason] ?? reason).join(", ")}</p>
        {(push.status === "failed" || (push.status === "pending" && push.error_code)) && (
          <p className="mt-0.5 text-sm">
            {why(push.error_code)}
            {push.attempts > 1 && <span className="text-muted"> · {words.attempts(push.attempts)}</span>}
            {push.error_detail && <span className="block font-mono text-xs text-muted wrap-anywhere">{push.error_detail}</span>}
          </p>
        )}
        {push.status === "skipped" && <p className="mt-0.5 text-sm">{words.skipReasons}</p>}
        <div className="mt-1 text-sm">
          <RecordLinks links={push.links} />
        </div>
      </div>
      <Badge tone={TONES[push.status]}>{words.pushStates[push.status]}</Badge>
      <span className="w-28 pt-0.5 text-right text-sm text-muted">
        <Ago at={push.ended_at ?? push.asked_at} />
      </span>
      <span className="flex w-9 justify-end">
        {onRetry && (
          <Button look="ghost" size="sm" onClick={onRetry} aria-label={`${words.retry}: ${title}`} title={words.retry}>
            <RotateCcw aria-hidden className="size-3.5" />
          </Button>
        )}
      </span>
    </li>
  );
}

export const ErrorBoundary = PageError;
