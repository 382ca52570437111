import type { LoaderFunctionArgs, MetaFunction } from "@remix-run/node";
import { useLoaderData } from "@remix-run/react";
import type { ReactNode } from "react";
import { Badge, Banner, Card, PageHeader, Panel, type Tone } from "~/components/page";
import { PageError } from "~/components/page-error";
import { PlatformFrame } from "~/components/platform/frame";
import { MinutesChart } from "~/components/platform/minutes-chart";
import { type Health, healthOf, PARTS, type PartName, waitingJobs } from "~/components/platform/parts";
import { useIsOld, useRenewed } from "~/components/platform/use-renewed";
import { Ago } from "~/components/time";
import { requirePlatformAdmin } from "~/http/guards.server";
import { type PortalState, portalState } from "~/http/portal-state.server";
import { useFormats, useText } from "~/i18n/text";
import { titled } from "~/i18n/title";
import { type PlatformStatus, platformStatus } from "~/models/status.server";
import { log } from "~/services.server";

export { unlessRefused as shouldRevalidate } from "~/components/offline-safe";

export const meta: MetaFunction = titled((t) => t.platformStatus.title);

const RENEW_MS = 10_000;
/** Figures this old are no news: nothing has answered three times. */
const OLD_MS = 30_000;

export async function loader({ request }: LoaderFunctionArgs) {
  const { db, user } = await requirePlatformAdmin(request);
  // Figures that cannot be read are no reason to hide the rest: this page is opened when something is wrong.
  const figures = platformStatus(db).catch((error: unknown) => {
    log.error("The platform's status could not be read", { error });
    return null;
  });
  const [status, portal] = await Promise.all([figures, portalState()]);
  return { email: user.email, status, portal };
}

export default function StatusPage() {
  const words = useText().platformStatus;
  const data = useLoaderData<typeof loader>();
  const { email, status, portal } = data;
  useRenewed(RENEW_MS);
  const isOld = useIsOld(data, OLD_MS);
  const health = healthOf(status, portal);
  const troubles = Object.values(health).filter((each) => each === "warning" || each === "failed").length;
  const failed = Object.values(health).includes("failed");
  return (
    <PlatformFrame email={email}>
      <PageHeader title={words.title} lead={words.lead} />
      {!status && <Banner tone="danger">{words.unread}</Banner>}
      {isOld && <Banner tone="danger">{words.old}</Banner>}
      {status && !isOld && (
        <Banner tone={troubles === 0 ? "success" : failed ? "danger" : "warning"}>
          {troubles === 0 ? words.allWell : words.troubles(troubles)}
        </Banner>
      )}
      <Parts health={health} status={status} portal={portal} />
      {status && <Answers minutes={status.minutes} />}
      {status && <Use status={status} />}
      {portal.responder.kind === "model" && <LeftOut portal={portal} />}
      {status && <Integrations status={status} />}
      <Versions status={status} portal={portal} />
    </PlatformFrame>
  );
}

const TONES: Record<Health, Tone> = { ok: "success", warning: "warning", failed: "danger", unused: "neutral", unknown: "neutral" };

type Seen = { status: PlatformStatus | null; portal: PortalState };

function Parts({ health, status, portal }: Seen & { health: Record<PartName, Health> }) {
  const words = useText().platformStatus;
  return (
    <ul aria-label={words.parts} className="grid gap-3 sm:grid-cols-2 lg:grid-cols-3">
      {PARTS.map((part) => (
        <Card key={part} as="li" className="min-w-0 px-4 py-3">
          <div className="flex flex-wrap items-center justify-between gap-2">
            <h2 className="font-medium">{words[part]}</h2>
            <Badge tone={TONES[health[part]]}>{words[health[part]]}</Badge>
          </div>
          <p className="tabular mt-1 text-sm text-muted wrap-anywhere">
            <Note part={part} status={status} portal={portal} />
          </p>
        </Card>
      ))}
    </ul>
  );
}

/** What there is to say of a part, in one line. */
function Note({ part, status, portal }: Seen & { part: PartName }) {
  const words = useText().platformStatus;
  const { number, size } = useFormats();
  const answer = (ms: number | null) => (ms === null ? words.noAnswer : words.answersIn(number(Math.max(1, Math.round(ms)))));
  switch (part) {
    case "database": {
      const held =
        status &&
        words.databaseNote(size(status.database.bytes), number(status.database.connections), number(status.database.maxConnections));
      return [answer(portal.databaseMs), held].filter(Boolean).join("; ");
    }
    case "storage":
      return answer(portal.storageMs);
    case "redis":
      return portal.redisMs === undefined ? words.redisUnused : answer(portal.redisMs);
    case "models":
      if (portal.responder.kind === "quotes") return words.quotes;
      return portal.leftOut.length > 0 ? words.modelsNote(portal.leftOut.length) : words.modelsWell(portal.responder.model ?? "");
    case "streams":
      return `${words.streamsNote(number(portal.streams), number(portal.running))}; ${words.lag(number(portal.lagMs))}`;
  }
  if (!status) return words.unknown;
  switch (part) {
    case "queueStore": {
      const seen = status.workers.find(({ alive, depths }) => alive && depths !== null)?.depths;
      if (seen) return words.queueStoreNote(number(seen.waiting), number(seen.active));
      return status.workersAlive > 0 ? words.queueStoreAway : words.nobodyToAsk;
    }
    case "workers":
      return words.workersNote(status.workersAlive);
    case "outbox": {
      const { waiting, seconds, dead } = waitingJobs(status);
      const due = waiting > 0 ? words.outboxNote(waiting, number(Math.round(seconds))) : words.outboxEmpty;
      return dead > 0 ? `${due}; ${words.deadNote(dead)}` : due;
    }
    case "backup":
      return status.lastBackup === null ? words.noBackup : <Ago at={status.lastBackup} />;
  }
}

function Answers({ minutes }: { minutes: PlatformStatus["minutes"] }) {
  const words = useText().platformStatus;
  const { number } = useFormats();
  const sum = (of: "answers" | "failed") => minutes.reduce((all, minute) => all + minute[of], 0);
  const timed = minutes.flatMap(({ firstTokenMs, answers }) => (firstTokenMs === null || answers === 0 ? [] : [{ firstTokenMs, answers }]));
  const weight = timed.reduce((all, { answers }) => all + answers, 0);
  const mean = weight === 0 ? null : timed.reduce((all, { firstTokenMs, answers }) => all + firstTokenMs * answers, 0) / weight;
  return (
    <Panel title={words.answers}>
      <MinutesChart
        minutes={minutes.map(({ at, answers, failed }) => ({ at, done: answers, failed }))}
        caption={words.answersText(sum("answers"), sum("failed"), mean === null ? null : number(Math.round(mean)))}
      />
    </Panel>
  );
}

function Use({ status: { business } }: { status: PlatformStatus }) {
  const words = useText().platformStatus;
  const { number, compact, money, percent, size } = useFormats();
  const share = business.answersToday > 0 ? words.unansweredToday(percent(business.unansweredToday / business.answersToday)) : words.today;
  const figures: [string, string, string][] = [
    [words.answersToday, number(business.answersToday), share],
    [words.tokensToday, compact(business.tokensToday), money(business.costMicrosToday)],
    [words.visitors, number(business.visitorsActiveHour), words.lastHour],
    [words.organizations, number(business.organizations), words.activeOrganizations(number(business.organizationsActiveHour))],
    [words.users, number(business.users), words.activeUsers(number(business.usersActiveDay))],
    [words.knowledge, compact(business.passages), words.knowledgeNote(number(business.sources), size(business.knowledgeBytes))],
  ];
  return (
    <dl className="grid grid-cols-2 gap-3 md:grid-cols-3 lg:grid-cols-6" aria-label={words.use}>
      {figures.map(([label, value, note]) => (
        <Card key={label} as="div" className="min-w-0 px-4 py-3">
          <dt className="text-sm text-muted">{label}</dt>
          <dd className="tabular mt-0.5 text-xl font-semibold tracking-tight wrap-anywhere">{value}</dd>
          <dd className="tabular text-sm text-muted wrap-anywhere">{note}</dd>
        </Card>
      ))}
    </dl>
  );
}

function LeftOut({ portal }: { portal: PortalState }) {
  const words = useText().platformStatus;
  const { number } = useFormats();
  return (
    <Panel title={words.leftOut} hint={words.leftOutText}>
      {portal.leftOut.length === 0 && <p className="text-muted">{words.noneLeftOut}</p>}
      <Rows
        rows={portal.leftOut.map(({ model, seconds }) => [
          model === "(endpoint)" ? words.everyModel : model,
          words.leftOutFor(number(seconds)),
        ])}
      />
    </Panel>
  );
}

function Integrations({ status: { webhooks, connections } }: { status: PlatformStatus }) {
  const t = useText();
  const words = t.platformStatus;
  const { number } = useFormats();
  const states = words.crmStatus as Record<string, string>;
  const names = [...new Set(connections.map(({ crm }) => crm))];
  const told = (of: string) =>
    connections.flatMap(({ crm, status, count }) => (crm === of ? [`${number(count)} ${states[status] ?? status}`] : [])).join(", ");
  const crms = names.map((crm) => `${crm}: ${told(crm)}`);
  return (
    <Panel title={words.integrations}>
      <Rows
        rows={[
          [words.webhooks, words.webhooksNote(number(webhooks.enabled), number(webhooks.failing), number(webhooks.disabled))],
          [words.deliveries, words.deliveriesNote(number(webhooks.pending), number(webhooks.overdue))],
          [words.crm, crms.length > 0 ? crms.join("; ") : words.noCrm],
        ]}
      />
    </Panel>
  );
}

function Versions({ status, portal }: Seen) {
  const words = useText().platformStatus;
  const { number, size } = useFormats();
  const { migrations } = status ?? { migrations: null };
  const since = new Date(Date.now() - portal.upSeconds * 1_000).toISOString();
  return (
    <Panel title={words.versions}>
      <Rows
        rows={[
          [
            words.portal,
            <>
              {words.portalNote(portal.version, portal.node)}; {words.memory(size(portal.memoryBytes))}; {words.upSince} <Ago at={since} />
            </>,
          ],
          ...(status?.workers ?? []).map((worker): [string, ReactNode] => [
            words.worker,
            <>
              {worker.version} · {worker.host} · {worker.store} · {number(worker.running)}/{number(worker.concurrency)} ·{" "}
              <Ago at={worker.seenAt} />
            </>,
          ]),
          ...(status
            ? ([
                [words.postgres, status.postgres],
                [
                  words.migrations,
                  migrations ? words.migrationsNote(number(migrations.count), migrations.last ?? "–") : words.noMigrations,
                ],
              ] as [string, ReactNode][])
            : []),
        ]}
      />
    </Panel>
  );
}

/** Names and what is to say of them, a line each. */
function Rows({ rows }: { rows: [string, ReactNode][] }) {
  return (
    <dl className="divide-y divide-line">
      {rows.map(([name, text], n) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: names may repeat, and rows keep no state
        <div key={n} className="flex flex-wrap justify-between gap-x-6 gap-y-1 py-2">
          <dt className="min-w-0 font-medium wrap-anywhere">{name}</dt>
          <dd className="tabular min-w-0 text-sm text-muted wrap-anywhere">{text}</dd>
        </div>
      ))}
    </dl>
  );
}

/** While nothing answers, the page asks on: it comes back with the platform. */
export function ErrorBoundary() {
  useRenewed(RENEW_MS);
  return <PageError />;
}
