import type { LoaderFunctionArgs, MetaFunction } from "@remix-run/node";
import { Link, useLoaderData, useParams } from "@remix-run/react";
import { classNames } from "~/components/class-names";
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
  const waiting = new URL(request.url).searchParams.get("waiting") === "1";
  return { ...(await listConversations(db, { orgId: org.id, before: pageBefore(request), limit: 50, waiting })), waiting };
}

export default function Conversations() {
  const t = useText();
  const { orgSlug } = useParams();
  const loaded = useLoaderData<typeof loader>();
  return (
    <>
      <PageHeader title={t.conversations.title} />
      <nav aria-label={t.conversations.title} className="mb-4 flex flex-wrap gap-1">
        {[false, true].map((only) => (
          <Link
            key={String(only)}
            to={only ? "?waiting=1" : "?"}
            aria-current={only === loaded.waiting ? "page" : undefined}
            className={classNames(
              "rounded-full px-3 py-1 text-sm font-medium transition-colors",
              only === loaded.waiting ? "bg-accent-soft text-accent-ink" : "text-muted hover:bg-hover hover:text-ink",
            )}
          >
            {only ? t.contact.waiting : t.contact.all}
          </Link>
        ))}
      </nav>
      <ConversationTable {...loaded} base={`/orgs/${orgSlug}/conversations`} showAgent />
    </>
  );
}

export const ErrorBoundary = PageError;
