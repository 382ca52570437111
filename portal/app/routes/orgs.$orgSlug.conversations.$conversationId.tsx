import { LOCALES } from "@gpt-agent/core/locales";
import type { LoaderFunctionArgs, MetaFunction } from "@remix-run/node";
import { Link, useLoaderData, useParams } from "@remix-run/react";
import { ArrowLeft } from "lucide-react";
import type { ReactNode } from "react";
import { textLink } from "~/components/auth-page";
import { visitorName } from "~/components/conversation/conversation-table";
import { harmlessUrl } from "~/components/conversation/markdown";
import { MessageView } from "~/components/conversation/thread-message";
import { Card } from "~/components/page";
import { PageError } from "~/components/page-error";
import { Ago } from "~/components/time";
import { found, requireMember, uuidParam } from "~/http/guards.server";
import { useText } from "~/i18n/text";
import { titled } from "~/i18n/title";
import { findThread } from "~/models/conversation.server";

export const meta: MetaFunction = titled((t, loaded) => (loaded as { title?: string | null } | undefined)?.title || t.conversations.title);

export async function loader({ request, params }: LoaderFunctionArgs) {
  const { db, org } = await requireMember(request, params.orgSlug);
  return found(await findThread(db, { orgId: org.id, conversationId: uuidParam(params.conversationId) }));
}

export default function Conversation() {
  const t = useText();
  const { orgSlug } = useParams();
  const thread = useLoaderData<typeof loader>();
  const words = t.conversations;
  const page = thread.page_url && harmlessUrl(thread.page_url);
  const locale = LOCALES.find((known) => thread.locale?.toLowerCase().startsWith(known));
  const channel = thread.channel === "api" ? words.api : thread.channel === "playground" ? words.playground : words.widget;
  const facts: [string, ReactNode][] = [
    [
      words.agent,
      <Link key="agent" to={`/orgs/${orgSlug}/agents/${thread.agent.id}`} className={textLink}>
        {thread.agent.name}
      </Link>,
    ],
    [words.visitor, visitorName(thread.visitorId, words.anonymous)],
    [words.started, <Ago key="started" at={thread.created_at} />],
    [words.channel, channel],
    [words.language, locale ? t.knowledge.languages[locale] : thread.locale],
    [
      words.openFrom,
      page && (
        <a key="page" href={page} className={textLink} target="_blank" rel="noopener noreferrer nofollow">
          {page.replace(/^https?:\/\//, "")}
        </a>
      ),
    ],
  ];
  return (
    <>
      <Link to={`/orgs/${orgSlug}/conversations`} className="mb-3 inline-flex items-center gap-1.5 rounded-sm text-muted hover:text-ink">
        <ArrowLeft aria-hidden className="size-4" />
        {words.title}
      </Link>
      <h1 className="mb-5 text-xl font-semibold tracking-tight wrap-anywhere" dir="auto">
        {thread.title || words.untitled}
      </h1>
      <div className="grid items-start gap-6 lg:grid-cols-[minmax(0,1fr)_16rem]">
        <ol className="min-w-0 space-y-5">
          {thread.messages.map((message) => (
            <MessageView key={message.id} message={message} agentName={thread.agent.name} />
          ))}
        </ol>
        <Card className="order-first p-4 lg:sticky lg:top-8 lg:order-last" aria-label={words.details}>
          <dl className="grid grid-cols-2 gap-x-4 gap-y-3 text-sm lg:grid-cols-1">
            {facts
              .filter(([, value]) => value)
              .map(([label, value]) => (
                <div key={label} className="min-w-0">
                  <dt className="text-muted">{label}</dt>
                  <dd className="wrap-anywhere">{value}</dd>
                </div>
              ))}
          </dl>
        </Card>
      </div>
    </>
  );
}

export const ErrorBoundary = PageError;
