import type { LinksFunction, MetaFunction } from "@remix-run/node";
import { Link } from "@remix-run/react";
import { useEffect, useRef, useState } from "react";
import swaggerStyles from "swagger-ui-dist/swagger-ui.css?url";
import { showDocs } from "~/api-docs/swagger.client";
import { Logo } from "~/components/logo";
import { PageError } from "~/components/page-error";
import { LocaleSwitch, ThemeSwitch } from "~/components/preferences";
import { useText } from "~/i18n/text";
import { titled } from "~/i18n/title";
import docsStyles from "~/styles/api-docs.css?url";

export const meta: MetaFunction = titled((t) => t.apiDocs.title);
export const links: LinksFunction = () => [swaggerStyles, docsStyles].map((href) => ({ rel: "stylesheet", href }));

/** GET /api-docs: the API's reference, to read and to try out. For everybody: it says nothing that the document does not. */
export default function ApiDocs() {
  const t = useText();
  const words = t.apiDocs;
  const place = useRef<HTMLDivElement>(null);
  const [ready, setReady] = useState(false);
  useEffect(() => {
    const node = place.current;
    if (!node) return;
    showDocs(node, { ...words.inside, copy: t.common.copy, copied: t.common.copied }, () => setReady(true));
    return () => node.replaceChildren();
  }, [words, t]);
  return (
    <div className="min-h-dvh">
      <a href="#reference" className="sr-only focus:not-sr-only focus:absolute focus:m-2 focus:rounded-md focus:bg-raised focus:p-2">
        {t.common.skipToContent}
      </a>
      <header className="border-b border-line bg-surface">
        <div className="mx-auto flex max-w-360 flex-wrap items-center justify-between gap-x-4 gap-y-2 px-5 py-3">
          <Link to="/" className="flex items-center gap-2.5 font-semibold">
            <Logo />
            <span className="hidden sm:inline">{t.product}</span>
            <span className="font-normal text-muted">{words.title}</span>
          </Link>
          <div className="flex items-center gap-2">
            <a href="/api/openapi.json" className="rounded-md px-2 py-1 text-accent-ink underline-offset-2 hover:underline">
              {words.document}
            </a>
            <LocaleSwitch />
            <ThemeSwitch />
          </div>
        </div>
      </header>
      <main id="reference" className="gap-docs mx-auto max-w-360 px-5 pb-24" aria-busy={!ready}>
        <p className="mt-6 max-w-3xl rounded-lg border border-line bg-surface px-4 py-3 text-muted">{words.lead}</p>
        {!ready && (
          <p role="status" className="mt-8 text-muted">
            {t.common.loading}
          </p>
        )}
        <noscript>
          <p className="mt-8">{words.noScript}</p>
        </noscript>
        <div ref={place} />
      </main>
    </div>
  );
}

export const ErrorBoundary = PageError;
