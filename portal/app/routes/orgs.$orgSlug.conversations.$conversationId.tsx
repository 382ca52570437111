import { LOCALES } from "@gpt-agent/core/locales";
import { type ActionFunctionArgs, data, type LoaderFunctionArgs, type MetaFunction } from "@remix-run/node";
import { Link, useLoaderData, useParams } from "@remix-run/react";
import { ArrowLeft } from "lucide-react";
import type { ReactNode } from "react";
import { textLink } from "~/components/auth-page";
import { HandoffCard, LeadCard } from "~/components/conversation/contact-cards";
import { nameOf } from "~/components/conversation/conversation-table";
import { harmlessUrl } from "~/components/conversation/markdown";
import { MessageView } from "~/components/conversation/thread-message";
import { ConversationCard } from "~/components/crm/conversation-card";
import { Badge, Card } from "~/components/page";
import { PageError } from "~/components/page-error";
import { Ago } from "~/components/time";
import { attempt } from "~/http/form.server";
import { found, requireMember, uuidParam } from "~/http/guards.server";
import { useText } from "~/i18n/text";
import { titled } from "~/i18n/title";
import { findThread } from "~/models/conversation.server";
import { conversationInCrms } from "~/models/crm-sync.server";
import { openHandoff, resolveHandoff } from "~/models/handoff.server";
import { leadsOfConversation } from "~/models/lead.server";
import { allows } from "~/models/role";

export { offlineSafe as clientAction, unlessRefused as shouldRevalidate } from "~/components/offline-safe";

export const meta: MetaFunction = titled((t, loaded) => (loaded as { title?: string | null } | undefined)?.title || t.conversations.title);

export async function loader({ request, params }: LoaderFunctionArgs) {
  const { db, org, role } = await requireMember(request, params.orgSlug);
  const by = { orgId: org.id, conversationId: uuidParam(params.conversationId) };
  const [row, handoff, leads] = await Promise.all([findThread(db, by), openHandoff(db, by), leadsOfConversation(db, by)]);
  const thread = found(row);
  const crms = await conversationInCrms(db, { ...by, visitorId: thread.visitorId });
  return { ...thread, handoff, leads, crms, mayResolve: allows(role, "operator") };
}

/** Marks the visitor's wish for a person as handled. */
export async function action({ request, params }: ActionFunctionArgs) {
  const { db, org } = await requireMember(request, params.orgSlug, "operator");
  const done = await attempt(() => resolveHandoff(db, { orgId: org.id, conversationId: uuidParam(params.conversationId) }));
  return done.ok ? { ok: true as const } : data(done, { status: 400 });
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
    [
      words.visitor,
      <span key="visitor" className="flex flex-wrap items-center gap-2">
        {nameOf(thread, words.anonymous)}
        {thread.visitor && <Badge tone="success">{t.contact.verified}</Badge>}
      </span>,
    ],
    [t.contact.externalId, thread.visitor?.externalId],
    [t.contact.email, thread.visitor?.email],
    [t.contact.phone, thread.visitor?.phone],
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
        <div className="order-first space-y-4 lg:sticky lg:top-8 lg:order-last">
          {thread.handoff && <HandoffCard handoff={thread.handoff} mayResolve={thread.mayResolve} />}
          {thread.leads.map((lead) => (
            <LeadCard key={lead.id} lead={lead} />
          ))}
          <Card className="p-4" aria-label={words.details}>
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
          <ConversationCard crms={thread.crms} />
        </div>
      </div>
    </>
  );
}

export const ErrorBoundary = PageError;
