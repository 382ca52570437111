import type { LoaderFunctionArgs, MetaFunction } from "@remix-run/node";
import { Link, useLoaderData } from "@remix-run/react";
import { ArrowLeft, ChevronRight } from "lucide-react";
import { ButtonLink } from "~/components/button";
import { SourceState } from "~/components/knowledge/source-state";
import { Banner, Card } from "~/components/page";
import { PageError } from "~/components/page-error";
import { found, requireMember, uuidParam } from "~/http/guards.server";
import { useFormats, useText } from "~/i18n/text";
import { titled } from "~/i18n/title";
import { findSource, listChunks } from "~/models/source.server";

export const meta: MetaFunction = titled(
  (t, loaded) => (loaded as { source?: { title: string } } | undefined)?.source?.title ?? t.knowledge.title,
);

const PAGE = 20;

export async function loader({ request, params }: LoaderFunctionArgs) {
  const { db, org } = await requireMember(request, params.orgSlug);
  const source = found(await findSource(db, { orgId: org.id, agentId: uuidParam(params.agentId), sourceId: uuidParam(params.sourceId) }));
  const asked = Number(new URL(request.url).searchParams.get("page") ?? 1);
  const page = Number.isSafeInteger(asked) && asked > 0 && asked <= 100_000 ? asked : 1;
  const from = (page - 1) * PAGE;
  return { source, page, from, ...(await listChunks(db, { orgId: org.id, sourceId: source.id, from, limit: PAGE })) };
}

export default function SourcePreview() {
  const t = useText();
  const { number, size } = useFormats();
  const { source, page, from, chunks, total } = useLoaderData<typeof loader>();
  const facts = [
    size(source.bytes),
    source.pages ? t.knowledge.pages(source.pages) : null,
    source.characters ? t.knowledge.characters(source.characters) : null,
    source.chunks ? t.knowledge.passages(source.chunks) : null,
    source.language === "en" || source.language === "ru" ? t.knowledge.languages[source.language] : null,
  ].filter(Boolean);
  return (
    <article className="mx-auto max-w-3xl">
      <Link to=".." relative="path" className="mb-3 inline-flex items-center gap-1.5 rounded-sm text-muted hover:text-ink">
        <ArrowLeft aria-hidden className="size-4" />
        {t.knowledge.title}
      </Link>
      <header className="mb-5">
        <h2 className="text-xl font-semibold tracking-tight wrap-anywhere" dir="auto">
          {source.title}
        </h2>
        <div className="mt-2 flex flex-wrap items-center gap-x-3 gap-y-1.5 text-muted">
          <SourceState source={source} />
          <span>{facts.join(" · ")}</span>
        </div>
        <p className="mt-3 text-muted">{total ? t.knowledge.chunksLead : t.knowledge.chunksNone}</p>
        {source.status === "failed" && source.failure && (
          <Banner tone="danger" className="mt-3">
            {t.failures[source.failure]}
          </Banner>
        )}
      </header>
      <ol className="space-y-3">
        {chunks.map((chunk) => (
          <Card as="li" key={chunk.id} className="p-4">
            <div className="mb-2 flex flex-wrap items-center gap-x-2 gap-y-1 text-xs text-muted">
              <span className="tabular font-medium">{t.knowledge.passageNumber(chunk.position + 1)}</span>
              {chunk.page !== null && <span>· {t.knowledge.page(chunk.page)}</span>}
              {chunk.headings.length > 0 && (
                <span className="flex min-w-0 flex-wrap items-center gap-1" dir="auto">
                  ·
                  {chunk.headings.map((heading, level) => (
                    // biome-ignore lint/suspicious/noArrayIndexKey: a path of headings, which may repeat and never moves
                    <span key={level} className="flex items-center gap-1">
                      {level > 0 && <ChevronRight aria-hidden className="size-3" />}
                      {heading}
                    </span>
                  ))}
                </span>
              )}
            </div>
            <p className="max-w-prose whitespace-pre-line wrap-anywhere" dir="auto">
              {chunk.body}
            </p>
          </Card>
        ))}
      </ol>
      {total > PAGE && (
        <nav aria-label={t.knowledge.preview} className="mt-5 flex items-center justify-between gap-3">
          <span className="tabular text-sm text-muted">
            {t.knowledge.range(number(Math.min(from + 1, total)), number(Math.min(from + chunks.length, total)), number(total))}
          </span>
          <div className="flex gap-2">
            {page > 1 && <ButtonLink to={`?page=${page - 1}`}>{t.common.previous}</ButtonLink>}
            {from + PAGE < total && <ButtonLink to={`?page=${page + 1}`}>{t.common.next}</ButtonLink>}
          </div>
        </nav>
      )}
    </article>
  );
}

export const ErrorBoundary = PageError;
