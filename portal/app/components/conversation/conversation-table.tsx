import { Link, useSearchParams } from "@remix-run/react";
import { ThumbsDown, ThumbsUp } from "lucide-react";
import { useFormats, useText } from "~/i18n/text";
import type { ConversationSummary } from "~/models/conversation.server";
import { ButtonLink } from "../button";
import { ConversationDrawing } from "../drawings";
import { Badge, Card, EmptyState } from "../page";
import { Ago } from "../time";

type Props = { conversations: ConversationSummary[]; next: string | null; base: string; showAgent?: boolean; waiting?: boolean };

/** Conversations, the latest first; a page of them at a time. waiting: only those whose visitors wait for a person are listed. */
export function ConversationTable({ conversations, next, base, showAgent, waiting }: Props) {
  const t = useText();
  const { number } = useFormats();
  const words = t.conversations;
  const [search] = useSearchParams();
  const later = search.has("before");
  if (!conversations.length && !later && !waiting) {
    return (
      <Card as="div">
        <EmptyState drawing={<ConversationDrawing />} title={words.emptyTitle}>
          {words.emptyText}
        </EmptyState>
      </Card>
    );
  }
  return (
    <>
      <Card className="overflow-clip">
        <table className="w-full">
          <thead className="sticky top-13 z-10 bg-surface text-left text-sm text-muted md:top-0">
            <tr className="border-b border-line">
              <th className="px-4 py-2.5 font-medium">{words.question}</th>
              {showAgent && <th className="hidden w-44 px-4 py-2.5 font-medium lg:table-cell">{words.agent}</th>}
              <th className="hidden w-px px-4 py-2.5 text-right font-medium sm:table-cell">{words.messages}</th>
              <th className="hidden w-px px-4 py-2.5 font-medium sm:table-cell">{words.rating}</th>
              <th className="w-px px-4 py-2.5 font-medium whitespace-nowrap">
                <span className="max-sm:sr-only">{words.last}</span>
              </th>
            </tr>
          </thead>
          <tbody className="divide-y divide-line">
            {conversations.map((conversation) => (
              <tr key={conversation.id} className="relative transition-colors hover:bg-hover/60">
                <td className="max-w-0 px-4 py-3">
                  <Link
                    to={`${base}/${conversation.id}`}
                    prefetch="intent"
                    className="block truncate font-medium after:absolute after:inset-0"
                    dir="auto"
                  >
                    {conversation.title || words.untitled}
                  </Link>
                  <p className="mt-0.5 flex items-center gap-2 truncate text-sm text-muted">
                    <span className="truncate">{nameOf(conversation, words.anonymous)}</span>
                    {conversation.visitor && <Badge tone="success">{t.contact.verified}</Badge>}
                    {conversation.waiting && <Badge tone="warning">{t.contact.requested}</Badge>}
                    {conversation.channel !== "widget" && <Badge>{conversation.channel === "api" ? words.api : words.playground}</Badge>}
                  </p>
                </td>
                {showAgent && <td className="hidden max-w-44 truncate px-4 py-3 text-muted lg:table-cell">{conversation.agent.name}</td>}
                <td className="hidden px-4 py-3 text-right text-muted sm:table-cell">{number(conversation.message_count)}</td>
                <td className="hidden px-4 py-3 sm:table-cell">
                  <span className="flex items-center gap-2">
                    {conversation.ratings.up > 0 && (
                      <span className="tabular flex items-center gap-1 text-success-ink" title={words.ratedUp}>
                        <ThumbsUp aria-label={words.ratedUp} className="size-4" />
                        {conversation.ratings.up > 1 && number(conversation.ratings.up)}
                      </span>
                    )}
                    {conversation.ratings.down > 0 && (
                      <span className="tabular flex items-center gap-1 text-danger-ink" title={words.ratedDown}>
                        <ThumbsDown aria-label={words.ratedDown} className="size-4" />
                        {conversation.ratings.down > 1 && number(conversation.ratings.down)}
                      </span>
                    )}
                  </span>
                </td>
                <td className="px-4 py-3 text-right text-sm whitespace-nowrap text-muted sm:text-left">
                  <Ago at={conversation.last_message_at} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        {!conversations.length && <p className="px-4 py-10 text-center text-muted">{waiting ? t.contact.noneWaiting : words.noResults}</p>}
      </Card>
      {(next || later) && (
        <nav aria-label={words.title} className="mt-4 flex justify-end gap-2">
          {later && <ButtonLink to={waiting ? "?waiting=1" : "?"}>{t.common.newest}</ButtonLink>}
          {next && (
            <ButtonLink to={`?${new URLSearchParams({ before: next, ...(waiting ? { waiting: "1" } : {}) })}`}>{t.common.older}</ButtonLink>
          )}
        </nav>
      )}
    </>
  );
}

/** A verified visitor's name, or what else is known of them. */
export const nameOf = ({ visitor, visitorId }: Pick<ConversationSummary, "visitor" | "visitorId">, anonymous: string): string =>
  visitor ? (visitor.name ?? visitor.email ?? visitor.externalId) : visitorName(visitorId, anonymous);

/** Unknown visitors are known by nothing but an id; its end tells them apart. */
export const visitorName = (id: string | null, anonymous: string): string =>
  id ? `${anonymous} ${id.slice(-4).toUpperCase()}` : anonymous;
