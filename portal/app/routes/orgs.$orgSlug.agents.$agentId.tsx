import type { LoaderFunctionArgs, MetaFunction } from "@remix-run/node";
import { useLoaderData, useParams } from "@remix-run/react";
import { AgentAvatar } from "~/components/agent-avatar";
import { Badge } from "~/components/page";
import { PageError } from "~/components/page-error";
import { PageOutlet } from "~/components/page-outlet";
import { ResponderBadge } from "~/components/responder";
import { TabLinks } from "~/components/tabs";
import { found, requireMember, uuidParam } from "~/http/guards.server";
import { useText } from "~/i18n/text";
import { titled } from "~/i18n/title";
import { findAgent } from "~/models/agent.server";
import { activeResponder } from "~/models/responder.server";

export const meta: MetaFunction = titled((_t, loaded) => (loaded as { name?: string } | undefined)?.name ?? "");

export { unlessRefused as shouldRevalidate } from "~/components/offline-safe";

export async function loader({ request, params }: LoaderFunctionArgs) {
  const { db, org, role } = await requireMember(request, params.orgSlug);
  const agent = found(await findAgent(db, { orgId: org.id, agentId: uuidParam(params.agentId) }));
  return {
    id: agent.id,
    publicId: agent.publicId,
    name: agent.name,
    status: agent.status,
    avatar: agent.settings.avatar,
    color: agent.settings.primaryColor,
    role,
    responder: activeResponder(agent.settings.model),
  };
}

export type AgentFrame = Awaited<ReturnType<typeof loader>>;

export default function AgentPage() {
  const t = useText();
  const agent = useLoaderData<typeof loader>();
  const { orgSlug } = useParams();
  const base = `/orgs/${orgSlug}/agents/${agent.id}`;
  return (
    <>
      <header className="mb-4 flex items-center gap-3">
        <AgentAvatar {...agent} className="size-9 text-lg" />
        <h1 className="min-w-0 truncate text-xl font-semibold tracking-tight">{agent.name}</h1>
        <div className="flex shrink-0 items-center gap-1.5">
          {agent.status === "paused" && <Badge tone="warning">{t.agents.paused}</Badge>}
          <ResponderBadge responder={agent.responder} />
        </div>
      </header>
      <TabLinks
        label={t.tabs.label}
        tabs={[
          { to: base, label: t.tabs.overview, end: true },
          { to: `${base}/knowledge`, label: t.tabs.knowledge },
          { to: `${base}/playground`, label: t.tabs.playground },
          { to: `${base}/conversations`, label: t.tabs.conversations },
          { to: `${base}/install`, label: t.tabs.install },
          { to: `${base}/settings`, label: t.tabs.settings },
        ]}
      />
      <PageOutlet inner context={agent} />
    </>
  );
}

export const ErrorBoundary = PageError;
