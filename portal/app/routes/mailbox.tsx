import type { LoaderFunctionArgs, MetaFunction } from "@remix-run/node";
import { Link, useLoaderData, useSearchParams } from "@remix-run/react";
import { ArrowLeft } from "lucide-react";
import { classNames } from "~/components/class-names";
import { ConversationDrawing } from "~/components/drawings";
import { Logo } from "~/components/logo";
import { Card, EmptyState, PageHeader } from "~/components/page";
import { PageError } from "~/components/page-error";
import { LocaleSwitch, ThemeSwitch } from "~/components/preferences";
import { Ago } from "~/components/time";
import { notFound } from "~/http/guards.server";
import { useText } from "~/i18n/text";
import { titled } from "~/i18n/title";
import { listMails, type Mail } from "~/models/mail.server";
import { env } from "~/services.server";

export const meta: MetaFunction = (args) => [...(titled((t) => t.mailbox.title)(args) ?? []), { name: "robots", content: "noindex" }];

/** E-mails of the embedded mode, where nothing sends them. Hosted installations have no such page. */
export async function loader(_: LoaderFunctionArgs) {
  if (!env.MAILBOX_FOLDER) throw notFound();
  return { mails: await listMails(env.MAILBOX_FOLDER) };
}

export default function Mailbox() {
  const t = useText();
  const { mails } = useLoaderData<typeof loader>();
  const [search] = useSearchParams();
  const chosen = search.get("mail");
  const open = mails.find(({ id }) => id === chosen) ?? mails[0];
  return (
    <div className="mx-auto max-w-280 px-4 py-4 sm:px-8">
      <header className="mb-8 flex items-center justify-between gap-4">
        <Link to="/" aria-label={t.product} className="flex items-center gap-2.5 rounded-md font-semibold">
          <Logo />
          <span className="hidden sm:inline">{t.product}</span>
        </Link>
        <div className="flex items-center gap-2">
          <LocaleSwitch />
          <ThemeSwitch />
        </div>
      </header>
      <main>
        <PageHeader title={t.mailbox.title} lead={t.mailbox.lead} />
        {!open ? (
          <Card as="div">
            <EmptyState drawing={<ConversationDrawing />} title={t.mailbox.empty}>
              {t.mailbox.emptyText}
            </EmptyState>
          </Card>
        ) : (
          <div className="grid items-start gap-4 md:grid-cols-[18rem_minmax(0,1fr)]">
            <Card as="div" className={classNames("overflow-hidden", chosen && "hidden md:block")}>
              <ul className="max-h-[70vh] divide-y divide-line overflow-y-auto">
                {mails.map((mail) => (
                  <li key={mail.id}>
                    <Link
                      to={`?${new URLSearchParams({ mail: mail.id })}`}
                      preventScrollReset
                      aria-current={mail === open || undefined}
                      className={classNames(
                        "block px-4 py-3 focus-visible:-outline-offset-2",
                        mail === open ? "md:bg-accent-soft" : "hover:bg-hover",
                      )}
                    >
                      <span className="flex items-baseline justify-between gap-3">
                        <span className="truncate font-medium">{mail.to}</span>
                        <Ago at={mail.sentAt} className="shrink-0 text-xs text-muted" />
                      </span>
                      <span className="block truncate text-sm text-muted">{mail.subject}</span>
                    </Link>
                  </li>
                ))}
              </ul>
            </Card>
            <div className={classNames(!chosen && "hidden md:block")}>
              <Link to="?" className="mb-3 inline-flex items-center gap-1.5 rounded-sm text-muted hover:text-ink md:hidden">
                <ArrowLeft aria-hidden className="size-4" />
                {t.mailbox.title}
              </Link>
              <Message mail={open} />
            </div>
          </div>
        )}
      </main>
    </div>
  );
}

function Message({ mail }: { mail: Mail }) {
  const t = useText();
  return (
    <Card as="article" className="overflow-hidden">
      <header className="border-b border-line px-5 py-4">
        <h2 className="text-lg font-semibold wrap-anywhere">{mail.subject}</h2>
        <p className="mt-0.5 text-sm text-muted">
          {t.mailbox.to}: {mail.to} · <Ago at={mail.sentAt} />
        </p>
      </header>
      {mail.html ? (
        // No scripts, no forms, an origin of its own; links open outside, with their opener cut off.
        <iframe
          key={mail.id}
          title={t.mailbox.from}
          sandbox="allow-popups allow-popups-to-escape-sandbox"
          srcDoc={`<base target="_blank">${mail.html}`}
          className="h-[60vh] w-full bg-white"
          referrerPolicy="no-referrer"
        />
      ) : (
        <pre className="px-5 py-4 font-sans whitespace-pre-wrap wrap-anywhere">{mail.text}</pre>
      )}
    </Card>
  );
}

export const ErrorBoundary = PageError;
