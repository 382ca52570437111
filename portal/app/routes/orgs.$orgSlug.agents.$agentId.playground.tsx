import type { LoaderFunctionArgs, MetaFunction } from "@remix-run/node";
import { Link, useLoaderData, useOutletContext } from "@remix-run/react";
import { textLink } from "~/components/auth-page";
import { isInProgress } from "~/components/knowledge/use-live-sources";
import { Banner } from "~/components/page";
import { PageError } from "~/components/page-error";
import { InlineWidget } from "~/components/widget";
import { requireMember, uuidParam } from "~/http/guards.server";
import { useText } from "~/i18n/text";
import { titled } from "~/i18n/title";
import { listSources } from "~/models/source.server";
import type { AgentFrame } from "./orgs.$orgSlug.agents.$agentId";

export const meta: MetaFunction = titled((t) => t.playground.title);

export async function loader({ request, params }: LoaderFunctionArgs) {
  const { db, org } = await requireMember(request, params.orgSlug);
  const sources = await listSources(db, { orgId: org.id, agentId: uuidParam(params.agentId) });
  return { ready: sources.some(({ status }) => status === "ready"), reading: sources.some(isInProgress) };
}

export default function Playground() {
  const t = useText();
  const agent = useOutletContext<AgentFrame>();
  const { ready, reading } = useLoaderData<typeof loader>();
  return (
    <div className="grid gap-5 lg:grid-cols-[minmax(0,1fr)_18rem]">
      <h2 className="sr-only">{t.playground.title}</h2>
      <InlineWidget publicId={agent.publicId} className="h-[min(720px,calc(100dvh-13rem))] min-h-120" />
      <div className="order-first space-y-3 lg:order-last">
        {agent.status === "paused" && <Banner tone="warning">{t.playground.paused}</Banner>}
        {reading ? (
          <Banner tone="accent">{t.playground.stillReading}</Banner>
        ) : (
          !ready && (
            <Banner tone="warning">
              {t.playground.noKnowledge}{" "}
              <Link to="../knowledge" relative="path" className="rounded-sm font-medium underline underline-offset-3">
                {t.knowledge.emptyTitle}
              </Link>
            </Banner>
          )
        )}
        {agent.responder.kind === "quotes" ? (
          <Banner title={t.responder.quotesTitle}>{t.responder.quotes}</Banner>
        ) : (
          <Banner>{t.responder.model(agent.responder.model)}</Banner>
        )}
        <p className="px-1 text-sm text-muted">
          {t.playground.lead}{" "}
          <Link to="../conversations" relative="path" className={textLink}>
            {t.tabs.conversations}
          </Link>
        </p>
      </div>
    </div>
  );
}

export const ErrorBoundary = PageError;
