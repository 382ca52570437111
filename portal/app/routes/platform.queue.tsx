import { type ActionFunctionArgs, data, type LoaderFunctionArgs, type MetaFunction } from "@remix-run/node";
import { useLoaderData, useRevalidator } from "@remix-run/react";
import { useEffect, useState } from "react";
import { z } from "zod";
import { Button } from "~/components/button";
import { ConfirmDialog } from "~/components/dialog";
import { Badge, Banner, Card, PageHeader, Panel } from "~/components/page";
import { PageError } from "~/components/page-error";
import { PlatformFrame } from "~/components/platform/frame";
import { Jobs } from "~/components/platform/jobs";
import { MinutesChart } from "~/components/platform/minutes-chart";
import { Ago } from "~/components/time";
import { useAction } from "~/components/use-action";
import { attempt, parseFields, readForm } from "~/http/form.server";
import { requirePlatformAdmin } from "~/http/guards.server";
import { useFormats, useText } from "~/i18n/text";
import { titled } from "~/i18n/title";
import { pauseJobs, type QueueOverview, queueOverview, settleDeadJobs } from "~/models/queue.server";

export { offlineSafe as clientAction, unlessRefused as shouldRevalidate } from "~/components/offline-safe";

export const meta: MetaFunction = titled((t) => t.platform.title);

const RENEW_MS = 5_000;

export async function loader({ request }: LoaderFunctionArgs) {
  const { db, user } = await requirePlatformAdmin(request);
  return { email: user.email, queue: await queueOverview(db) };
}

const fields = z.discriminatedUnion("intent", [
  z.strictObject({ intent: z.enum(["pause", "resume"]), name: z.string().min(1).max(80) }),
  z.strictObject({ intent: z.enum(["retry", "dismiss"]), id: z.union([z.uuid(), z.literal("all")]) }),
]);

export async function action({ request }: ActionFunctionArgs) {
  const { db } = await requirePlatformAdmin(request);
  const form = parseFields(await readForm(request), fields);
  if (!form.ok) return data(form, { status: 400 });
  const asked = form.value;
  const done = await attempt(async () => {
    if ("name" in asked) await pauseJobs(db, { name: asked.name, paused: asked.intent === "pause" });
    else await settleDeadJobs(db, { ids: asked.id === "all" ? null : [asked.id], retry: asked.intent === "retry" });
  });
  return done.ok ? { ok: true as const } : data(done, { status: 400 });
}

export default function QueuePage() {
  const t = useText();
  const words = t.platform;
  const { email, queue } = useLoaderData<typeof loader>();
  const [asking, setAsking] = useState<string | null>(null);
  const change = useAction(() => setAsking(null));
  const { revalidate } = useRevalidator();
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === "visible" && revalidate(), RENEW_MS);
    return () => clearInterval(timer);
  }, [revalidate]);
  const send = (values: Record<string, string>) => change.submit(values, { method: "post" });
  const toggle = (name: string, paused: boolean) => (paused ? send({ intent: "resume", name }) : setAsking(name));
  return (
    <PlatformFrame email={email}>
      <PageHeader
        title={words.title}
        lead={words.lead}
        action={
          <Button look={queue.pausedAll ? "primary" : "secondary"} onClick={() => toggle("*", queue.pausedAll)} busy={change.busy}>
            {queue.pausedAll ? words.resumeAll : words.pauseAll}
          </Button>
        }
      />
      {change.error("form") && <Banner tone="danger">{change.error("form")}</Banner>}
      {queue.pausedAll && <Banner tone="warning">{words.pausedAll}</Banner>}
      <Totals queue={queue} />
      <Panel title={words.throughput}>
        <MinutesChart minutes={queue.minutes} />
      </Panel>
      <Jobs queue={queue} onToggle={toggle} />
      <DeadLetters queue={queue} busy={change.busy} onSettle={(intent, id) => send({ intent, id })} />
      <Workers queue={queue} />
      <Organizations queue={queue} />
      <ConfirmDialog
        open={asking !== null}
        onOpenChange={(open) => !open && setAsking(null)}
        title={asking === "*" ? words.pauseAllTitle : words.pauseTitle(asking ?? "")}
        description={words.pauseText}
        confirm={words.pause}
        busy={change.busy}
        error={change.error("form")}
        onConfirm={() => asking && send({ intent: "pause", name: asking })}
      />
    </PlatformFrame>
  );
}

function Totals({ queue }: { queue: QueueOverview }) {
  const words = useText().platform;
  const { number } = useFormats();
  const sum = (of: "waiting" | "inFlight" | "later") => queue.jobs.reduce((all, job) => all + job[of], 0);
  const oldest = Math.round(Math.max(0, ...queue.jobs.map(({ oldestSeconds }) => oldestSeconds)));
  const figures: [string, number, string?][] = [
    [words.waiting, sum("waiting"), oldest > 0 ? words.oldest(number(oldest)) : undefined],
    [words.inFlight, sum("inFlight")],
    [words.later, sum("later")],
    [words.deadLetters, queue.deadCount],
  ];
  return (
    <dl className="grid grid-cols-2 gap-3 md:grid-cols-4">
      {figures.map(([label, value, note]) => (
        <Card key={label} as="div" className="p-4">
          <dt className="text-sm text-muted">{label}</dt>
          <dd className="tabular mt-1 text-xl font-semibold">{number(value)}</dd>
          {note && <dd className="text-sm text-muted">{note}</dd>}
        </Card>
      ))}
    </dl>
  );
}

type Settle = (intent: "retry" | "dismiss", id: string) => void;
function DeadLetters({ queue, busy, onSettle }: { queue: QueueOverview; busy: boolean; onSettle: Settle }) {
  const words = useText().platform;
  return (
    <Panel title={words.deadLetters} hint={words.deadText}>
      {queue.dead.length === 0 && <p className="text-muted">{words.noDead}</p>}
      <ul className="divide-y divide-line">
        {queue.dead.map((job) => (
          <li key={job.id} className="flex flex-wrap items-start gap-x-4 gap-y-2 py-3">
            <div className="min-w-0 flex-1 basis-64">
              <p className="font-medium">
                {job.name} · {job.organization ?? words.ofPlatform}
              </p>
              {/* What the program says of it, in its own words, which are the same in its log. */}
              <p lang="en" className="text-sm wrap-anywhere">
                {job.reason}
              </p>
              <p className="text-sm text-muted">
                {words.attempts(job.attempts)} · <Ago at={job.failedAt} />
              </p>
            </div>
            <div className="flex gap-2">
              <Button size="sm" disabled={busy} onClick={() => onSettle("retry", job.id)}>
                {words.retry}
              </Button>
              <Button size="sm" look="ghost" disabled={busy} onClick={() => onSettle("dismiss", job.id)}>
                {words.dismiss}
              </Button>
            </div>
          </li>
        ))}
      </ul>
      {queue.deadCount > 1 && (
        <div className="mt-3 flex flex-wrap items-center justify-between gap-3">
          <p className="text-sm text-muted">{queue.deadCount > queue.dead.length && words.more(queue.deadCount - queue.dead.length)}</p>
          <Button size="sm" disabled={busy} onClick={() => onSettle("retry", "all")}>
            {words.retryAll}
          </Button>
        </div>
      )}
    </Panel>
  );
}

function Workers({ queue }: { queue: QueueOverview }) {
  const words = useText().platform;
  const { number } = useFormats();
  return (
    <Panel title={words.workers}>
      {queue.workers.length === 0 && <Banner tone="warning">{words.noWorkers}</Banner>}
      <ul className="divide-y divide-line">
        {queue.workers.map((worker) => (
          <li key={worker.id} className="flex flex-wrap items-center justify-between gap-x-6 gap-y-1 py-2">
            <span className="min-w-0 font-medium wrap-anywhere">
              {worker.host} · {worker.store} · {worker.version}
            </span>
            <span className="text-sm text-muted">{words.busy(number(worker.running), number(worker.concurrency))}</span>
            <span className="text-sm text-muted">
              <Ago at={worker.startedAt} />
            </span>
            <Badge tone={worker.alive ? "success" : "danger"}>{worker.alive ? words.alive : words.silent}</Badge>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Organizations({ queue }: { queue: QueueOverview }) {
  const words = useText().platform;
  const { number } = useFormats();
  return (
    <Panel title={words.organizations}>
      {queue.organizations.length === 0 && <p className="text-muted">{words.noOrganizations}</p>}
      <ul className="divide-y divide-line">
        {queue.organizations.map((org) => (
          <li key={org.id} className="flex flex-wrap justify-between gap-x-6 py-2">
            <span className="min-w-0 font-medium wrap-anywhere">{org.name}</span>
            <span className="tabular text-sm text-muted">
              {words.inFlight}: {number(org.inFlight)} · {words.waiting}: {number(org.waiting)}
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

export const ErrorBoundary = PageError;
