import type { LoaderFunctionArgs, MetaFunction } from "@remix-run/node";
import { Link, useLoaderData, useOutletContext, useParams } from "@remix-run/react";
import { ArrowRight, Check } from "lucide-react";
import type { ReactNode } from "react";
import { textLink } from "~/components/auth-page";
import { classNames } from "~/components/class-names";
import { Banner, Card, Panel } from "~/components/page";
import { PageError } from "~/components/page-error";
import { InlineWidget } from "~/components/widget";
import { requireMember, uuidParam } from "~/http/guards.server";
import { useFormats, useText } from "~/i18n/text";
import { titled } from "~/i18n/title";
import { listOrigins } from "~/models/agent.server";
import { countConversations } from "~/models/conversation.server";
import { listSources } from "~/models/source.server";
import type { AgentFrame } from "./orgs.$orgSlug.agents.$agentId";

export const meta: MetaFunction = titled((t) => t.tabs.overview);

export async function loader({ request, params }: LoaderFunctionArgs) {
  const { db, org } = await requireMember(request, params.orgSlug);
  const by = { orgId: org.id, agentId: uuidParam(params.agentId) };
  const [sources, conversations, origins] = await Promise.all([listSources(db, by), countConversations(db, by), listOrigins(db, by)]);
  const count = (...statuses: string[]) => sources.filter(({ status }) => statuses.includes(status)).length;
  return {
    ready: count("ready"),
    reading: count("queued", "reading", "indexing"),
    failed: count("failed"),
    conversations,
    origins: origins.length,
  };
}

export default function Overview() {
  const t = useText();
  const { number } = useFormats();
  const { orgSlug } = useParams();
  const agent = useOutletContext<AgentFrame>();
  const { ready, reading, failed, conversations, origins } = useLoaderData<typeof loader>();
  const steps = [
    { done: ready > 0, to: "knowledge", title: t.overview.stepKnowledge, text: t.overview.stepKnowledgeText },
    { done: conversations > 0, to: "playground", title: t.overview.stepTry, text: t.overview.stepTryText },
    { done: origins > 0, to: "install", title: t.overview.stepInstall, text: t.overview.stepInstallText },
  ];
  const next = steps.findIndex(({ done }) => !done);
  return (
    <div className="grid gap-6 xl:grid-cols-[minmax(0,1fr)_24rem]">
      <div className="space-y-4">
        {agent.status === "paused" && <Banner tone="warning">{t.playground.paused}</Banner>}
        {agent.responder.kind === "quotes" && <Banner title={t.responder.quotesTitle}>{t.responder.quotes}</Banner>}
        <dl className="grid gap-4 sm:grid-cols-3">
          <Figure to="knowledge" label={t.overview.documents} value={number(ready)}>
            {t.overview.ready}
            {reading > 0 && <span className="block text-accent-ink">{t.overview.reading(reading)}</span>}
            {failed > 0 && <span className="block text-danger-ink">{t.overview.failed(failed)}</span>}
          </Figure>
          <Figure to="conversations" label={t.overview.conversations} value={number(conversations)}>
            {t.overview.inAll}
          </Figure>
          <Figure to="install" label={t.overview.origins} value={number(origins)}>
            {origins ? t.overview.originsSome : t.overview.originsNone}
          </Figure>
        </dl>
        <Panel title={t.overview.nextTitle}>
          {next < 0 ? (
            <p className="text-muted">
              {t.overview.allDone}{" "}
              <Link to="conversations" className={textLink}>
                {t.overview.readConversations}
              </Link>
            </p>
          ) : (
            <ol className="-mx-2 space-y-1">
              {steps.map((step, index) => (
                <li key={step.to}>
                  <Link
                    to={step.to}
                    prefetch="intent"
                    className="group flex items-center gap-3 rounded-md px-2 py-2.5 transition-colors hover:bg-hover"
                  >
                    <span
                      className={classNames(
                        "grid size-7 shrink-0 place-items-center rounded-full text-sm font-semibold",
                        step.done
                          ? "bg-success-soft text-success-ink"
                          : index === next
                            ? "bg-accent text-on-accent"
                            : "bg-sunken text-muted",
                      )}
                    >
                      {step.done ? <Check aria-hidden className="size-4" /> : index + 1}
                      {step.done && <span className="sr-only">{t.overview.done}</span>}
                    </span>
                    <span className="min-w-0 flex-1">
                      <span className={classNames("block font-medium", step.done && "text-muted")}>{step.title}</span>
                      {!step.done && <span className="block text-sm text-muted">{step.text}</span>}
                    </span>
                    <ArrowRight aria-hidden className="size-4 text-muted transition-transform group-hover:translate-x-0.5" />
                  </Link>
                </li>
              ))}
            </ol>
          )}
        </Panel>
        <p className="text-muted">
          <Link to={`/orgs/${orgSlug}/settings/usage?limit=agent:${agent.id}#limits`} className={textLink}>
            {t.usage.title}
          </Link>
        </p>
      </div>
      <aside aria-label={t.overview.preview} className="hidden xl:block">
        <InlineWidget publicId={agent.publicId} version={agent.color} className="sticky top-8 h-[min(640px,calc(100dvh-12rem))]" />
      </aside>
    </div>
  );
}

function Figure({ to, label, value, children }: { to: string; label: string; value: string; children: ReactNode }) {
  return (
    <Card
      as="div"
      className="relative p-4 transition-colors hover:border-line-strong max-sm:grid max-sm:grid-cols-[auto_1fr] max-sm:items-baseline max-sm:gap-x-3 max-sm:py-3"
    >
      <dt className="text-sm text-muted max-sm:col-span-2">
        <Link to={to} prefetch="intent" className="after:absolute after:inset-0 after:rounded-lg">
          {label}
        </Link>
      </dt>
      <dd className="tabular mt-1 text-2xl font-semibold tracking-tight">{value}</dd>
      <dd className="mt-0.5 text-sm text-muted">{children}</dd>
    </Card>
  );
}

export const ErrorBoundary = PageError;
