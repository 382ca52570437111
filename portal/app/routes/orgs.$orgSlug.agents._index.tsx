import type { LoaderFunctionArgs, MetaFunction } from "@remix-run/node";
import { Link, useLoaderData } from "@remix-run/react";
import { Plus } from "lucide-react";
import { AgentAvatar } from "~/components/agent-avatar";
import { ButtonLink } from "~/components/button";
import { AgentDrawing } from "~/components/drawings";
import { Badge, Card, EmptyState, PageHeader } from "~/components/page";
import { PageError } from "~/components/page-error";
import { requireMember } from "~/http/guards.server";
import { useText } from "~/i18n/text";
import { titled } from "~/i18n/title";
import { listAgents } from "~/models/agent.server";
import { allows } from "~/models/role";

export const meta: MetaFunction = titled((t) => t.agents.title);

export async function loader({ request, params }: LoaderFunctionArgs) {
  const { db, org, role } = await requireMember(request, params.orgSlug);
  const agents = await listAgents(db, { orgId: org.id });
  return {
    mayCreate: allows(role, "editor"),
    agents: agents.map(({ id, name, status, sources, settings }) => ({
      id,
      name,
      status,
      sources,
      avatar: settings.avatar,
      color: settings.primaryColor,
    })),
  };
}

export default function Agents() {
  const t = useText();
  const { agents, mayCreate } = useLoaderData<typeof loader>();
  const create = mayCreate && (
    <ButtonLink to="new" look="primary">
      <Plus aria-hidden className="size-4" />
      {t.agents.new}
    </ButtonLink>
  );
  if (!agents.length) {
    return (
      <>
        <PageHeader title={t.agents.title} />
        <Card as="div">
          <EmptyState drawing={<AgentDrawing />} title={t.agents.emptyTitle} action={create}>
            {t.agents.emptyText}
          </EmptyState>
        </Card>
      </>
    );
  }
  return (
    <>
      <PageHeader title={t.agents.title} lead={t.agents.lead} action={create} />
      <ul className="grid gap-4 sm:grid-cols-2 xl:grid-cols-3">
        {agents.map((agent) => (
          <Card as="li" key={agent.id} className="relative p-4 transition-colors hover:border-line-strong">
            <div className="flex items-start gap-3">
              <AgentAvatar {...agent} className="size-10 text-lg" />
              <div className="min-w-0 flex-1">
                <h2 className="truncate font-semibold">
                  <Link to={agent.id} prefetch="intent" className="after:absolute after:inset-0 after:rounded-lg">
                    {agent.name}
                  </Link>
                </h2>
                <p className="mt-0.5 text-sm text-muted">{t.agents.documents(agent.sources)}</p>
              </div>
              <Badge tone={agent.status === "live" ? "success" : "warning"}>{t.agents[agent.status]}</Badge>
            </div>
          </Card>
        ))}
      </ul>
    </>
  );
}

export const ErrorBoundary = PageError;
