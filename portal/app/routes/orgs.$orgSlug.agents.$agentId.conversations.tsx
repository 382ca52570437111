import type { LoaderFunctionArgs, MetaFunction } from "@remix-run/node";
import { useLoaderData, useParams } from "@remix-run/react";
import { ConversationTable } from "~/components/conversation/conversation-table";
import { PageError } from "~/components/page-error";
import { requireMember, uuidParam } from "~/http/guards.server";
import { useText } from "~/i18n/text";
import { titled } from "~/i18n/title";
import { listConversations } from "~/models/conversation.server";
import { pageBefore } from "~/models/page.server";

export const meta: MetaFunction = titled((t) => t.conversations.title);

export async function loader({ request, params }: LoaderFunctionArgs) {
  const { db, org } = await requireMember(request, params.orgSlug);
  return listConversations(db, { orgId: org.id, agentId: uuidParam(params.agentId), before: pageBefore(request), limit: 50 });
}

export default function AgentConversations() {
  const t = useText();
  const { orgSlug } = useParams();
  return (
    <>
      <h2 className="sr-only">{t.conversations.title}</h2>
      <ConversationTable {...useLoaderData<typeof loader>()} base={`/orgs/${orgSlug}/conversations`} />
    </>
  );
}

export const ErrorBoundary = PageError;
