import type { LoaderFunctionArgs } from "@remix-run/node";
import { Link, useLoaderData, useParams } from "@remix-run/react";
import { type ReactNode, useState } from "react";
import { textLink } from "~/components/auth-page";
import { Button } from "~/components/button";
import { useConnection } from "~/components/crm/connection-frame";
import { useFailureWords } from "~/components/crm/connection-state";
import { useCrmName } from "~/components/crm/crm-mark";
import { ConfirmDialog } from "~/components/dialog";
import { Card, Panel } from "~/components/page";
import { PageError } from "~/components/page-error";
import { Ago } from "~/components/time";
import { found, requireMember, uuidParam } from "~/http/guards.server";
import { useFormats, useText } from "~/i18n/text";
import { findConnection } from "~/models/connection.server";
import { listPushes, type SyncNumbers } from "~/models/crm-sync.server";

export async function loader({ request, params }: LoaderFunctionArgs) {
  const { db, org } = await requireMember(request, params.orgSlug, "admin");
  const by = { orgId: org.id, connectionId: uuidParam(params.connectionId) };
  found(await findConnection(db, by));
  const { pushes } = await listPushes(db, { ...by, before: undefined, failed: true });
  return { failed: pushes.slice(0, 5) };
}

export default function ConnectionOverview() {
  const t = useText();
  const words = t.crm;
  const { orgSlug } = useParams();
  const { connection, numbers, act, again, acting } = useConnection();
  const { failed } = useLoaderData<typeof loader>();
  const [leaving, setLeaving] = useState(false);
  const { date } = useFormats();
  const nameOf = useCrmName();
  const why = useFailureWords();
  const base = `/orgs/${orgSlug}/integrations/crm/${connection.id}`;
  const { status } = connection;
  const facts: [string, ReactNode][] = [
    [words.account, `${connection.account_name || connection.account_id} (${nameOf(connection.crm, connection.cloud)})`],
    [words.connectedOn, `${date(connection.created_at)}, ${words.kinds[connection.grant_kind]}`],
    [words.lastOut, connection.last_push_at ? <Ago key="out" at={connection.last_push_at} /> : t.common.never],
    [words.lastIn, connection.last_pull_at ? <Ago key="in" at={connection.last_pull_at} /> : t.common.never],
    [words.lastEvent, connection.last_event_at ? <Ago key="event" at={connection.last_event_at} /> : t.common.never],
  ];
  return (
    <div className="space-y-6">
      <h2 className="sr-only">{words.overview}</h2>
      <Numbers numbers={numbers} base={base} />
      <Reading />
      <div className="grid items-start gap-6 lg:grid-cols-2">
        <Panel title={words.account}>
          <dl className="grid grid-cols-[auto_1fr] gap-x-6 gap-y-2">
            {facts.map(([label, value]) => (
              <div key={label} className="contents">
                <dt className="text-muted">{label}</dt>
                <dd className="min-w-0 wrap-anywhere">{value}</dd>
              </div>
            ))}
          </dl>
          <div className="mt-5 flex flex-wrap gap-2">
            {(status === "ok" || status === "failing") && (
              <Button size="sm" busy={acting.busy} onClick={() => act({ intent: "pause" })}>
                {words.pause}
              </Button>
            )}
            {(status === "paused" || status === "failing") && (
              <Button size="sm" busy={acting.busy} onClick={() => act({ intent: "resume" })}>
                {words.resume}
              </Button>
            )}
            {status !== "disconnecting" && (
              <Button size="sm" onClick={again}>
                {words.signInAgain}
              </Button>
            )}
          </div>
        </Panel>
        <Panel title={words.lastErrors}>
          {failed.length === 0 ? (
            <p className="text-muted">{words.noErrors}</p>
          ) : (
            <ul className="-my-2 divide-y divide-line">
              {failed.map((push) => (
                <li key={push.id} className="py-2">
                  <Link to={`/orgs/${orgSlug}/conversations/${push.conversation_id}`} className={textLink}>
                    {push.title || words.untitled}
                  </Link>
                  <p className="text-sm text-muted">
                    {why(push.error_code)}
                    {push.ended_at && (
                      <>
                        {" · "}
                        <Ago at={push.ended_at} />
                      </>
                    )}
                  </p>
                </li>
              ))}
            </ul>
          )}
        </Panel>
      </div>
      {status !== "disconnecting" && (
        <section className="border-t border-line pt-6">
          <h2 className="text-lg font-semibold">{words.leaveTitle}</h2>
          <p className="mt-0.5 mb-4 text-muted">{words.leaveText}</p>
          <Button look="danger-ghost" className="-ml-3.5" onClick={() => setLeaving(true)}>
            {words.disconnect}
          </Button>
        </section>
      )}
      <ConfirmDialog
        open={leaving && status !== "disconnecting"}
        onOpenChange={setLeaving}
        title={words.disconnectTitle(connection.name)}
        description={words.disconnectText(numbers.contacts)}
        confirm={words.disconnectNow}
        busy={acting.busy}
        error={acting.error}
        typed={{ name: connection.name, label: words.disconnectTyped(connection.name) }}
        onConfirm={(typed) => {
          act({ intent: "disconnect", typed });
        }}
      />
    </div>
  );
}

function Numbers({ numbers, base }: { numbers: SyncNumbers; base: string }) {
  const words = useText().crm;
  const { number } = useFormats();
  const tiles: { label: string; value: number; to?: string; danger?: boolean }[] = [
    { label: words.numbers.written, value: numbers.written, to: `${base}/sent` },
    { label: words.numbers.waiting, value: numbers.waiting + numbers.erasing },
    { label: words.numbers.failed, value: numbers.failed, to: `${base}/sent?show=failed`, danger: true },
    { label: words.numbers.contacts, value: numbers.contacts },
    { label: words.numbers.dead, value: numbers.dead, to: `${base}/received?show=dead`, danger: true },
  ];
  return (
    <Card as="div" className="grid grid-cols-2 overflow-clip sm:grid-cols-3 lg:grid-cols-5">
      {tiles.map(({ label, value, to, danger }) => (
        <div key={label} className="relative -mb-px border-b border-line px-4 py-3.5 lg:border-r lg:last:border-r-0">
          <p className={`tabular text-2xl font-semibold ${danger && value > 0 ? "text-danger-ink" : ""}`}>{number(value)}</p>
          <p className="text-sm text-muted">
            {to && value > 0 ? (
              <Link to={to} className="after:absolute after:inset-0 hover:text-ink">
                {label}
              </Link>
            ) : (
              label
            )}
          </p>
        </div>
      ))}
    </Card>
  );
}

/** How far the reading of contacts is. */
function Reading() {
  const words = useText().crm;
  const { number } = useFormats();
  const { connection, numbers, can } = useConnection();
  const { pull } = numbers;
  if (connection.status === "disconnecting") return null;
  if (!connection.settings.pull) return <p className="text-muted">{words.pullOff}</p>;
  if (!pull) return <p className="text-muted">{words.pullWaiting}</p>;
  if (pull.mode === "changes" || pull.ended_at)
    return (
      <p className="text-muted">
        {words.upToDate} {!can.webhooks && words.polled}
      </p>
    );
  const known = pull.total !== null && pull.total > 0;
  return (
    <Card as="div" className="p-4">
      <div className="flex flex-wrap items-baseline justify-between gap-x-4">
        <p className="font-medium" id="reading">
          {words.reading}
        </p>
        <p className="tabular text-sm text-muted" role="status">
          {known ? words.readingOf(number(pull.contacts), number(pull.total!)) : words.readingSome(number(pull.contacts))}
        </p>
      </div>
      <progress
        aria-labelledby="reading"
        className="mt-2 block h-2 w-full appearance-none overflow-hidden rounded-full bg-hover accent-accent [&::-moz-progress-bar]:bg-accent [&::-webkit-progress-bar]:bg-hover [&::-webkit-progress-value]:bg-accent"
        {...(known ? { value: Math.min(pull.contacts, pull.total!), max: pull.total! } : {})}
      />
      <p className="mt-2 text-sm text-muted">{words.readingText}</p>
    </Card>
  );
}

export const ErrorBoundary = PageError;
