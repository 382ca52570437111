import type { LoaderFunctionArgs, MetaFunction } from "@remix-run/node";
import { useLoaderData, useParams } from "@remix-run/react";
import { ConversationTable } from "~/components/conversation/conversation-table";
import { PageHeader } from "~/components/page";
import { PageError } from "~/components/page-error";
import { requireMember } from "~/http/guards.server";
import { useText } from "~/i18n/text";
import { titled } from "~/i18n/title";
import { listConversations } from "~/models/conversation.server";
import { pageBefore } from "~/models/page.server";

export const meta: MetaFunction = titled((t) => t.conversations.title);

export async function loader({ request, params }: LoaderFunctionArgs) {
  const { db, org } = await requireMember(request, params.orgSlug);
  return listConversations(db, { orgId: org.id, before: pageBefore(request), limit: 50 });
}

export default function Conversations() {
  const t = useText();
  const { orgSlug } = useParams();
  return (
    <>
      <PageHeader title={t.conversations.title} />
      <ConversationTable {...useLoaderData<typeof loader>()} base={`/orgs/${orgSlug}/conversations`} showAgent />
    </>
  );
}

export const ErrorBoundary = PageError;
