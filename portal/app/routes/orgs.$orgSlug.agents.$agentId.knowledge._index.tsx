import { type ActionFunctionArgs, data, type LoaderFunctionArgs, type MetaFunction } from "@remix-run/node";
import { useLoaderData, useParams } from "@remix-run/react";
import { useState } from "react";
import { z } from "zod";
import { ConfirmDialog } from "~/components/dialog";
import { DocumentsDrawing } from "~/components/drawings";
import { Input } from "~/components/field";
import { DropZone } from "~/components/knowledge/drop-zone";
import { SourceTable } from "~/components/knowledge/source-table";
import { UploadList } from "~/components/knowledge/upload-list";
import { useLiveSources } from "~/components/knowledge/use-live-sources";
import { useUploads } from "~/components/knowledge/use-uploads";
import { Banner, Card, EmptyState } from "~/components/page";
import { PageError } from "~/components/page-error";
import { useAction } from "~/components/use-action";
import { attempt, parseForm } from "~/http/form.server";
import { found, requireMember, uuidParam } from "~/http/guards.server";
import { useText } from "~/i18n/text";
import { titled } from "~/i18n/title";
import { findAgent } from "~/models/agent.server";
import { allows } from "~/models/role";
import { deleteSource, listSources, rereadSource, type Source } from "~/models/source.server";

export { offlineSafe as clientAction, unlessRefused as shouldRevalidate } from "~/components/offline-safe";

export const meta: MetaFunction = titled((t) => t.knowledge.title);

export async function loader({ request, params }: LoaderFunctionArgs) {
  const { db, org, role } = await requireMember(request, params.orgSlug);
  const agent = found(await findAgent(db, { orgId: org.id, agentId: uuidParam(params.agentId) }));
  return { sources: await listSources(db, { orgId: org.id, agentId: agent.id }), mayChange: allows(role, "editor") };
}

const schema = z.strictObject({ intent: z.enum(["reread", "delete"]), sourceId: z.uuid() });

export async function action({ request, params }: ActionFunctionArgs) {
  const { db, org } = await requireMember(request, params.orgSlug, "editor");
  const agentId = uuidParam(params.agentId);
  const form = await parseForm(request, schema);
  if (!form.ok) return data(form, { status: 400 });
  const { intent, sourceId } = form.value;
  const done = await attempt(() =>
    intent === "delete" ? deleteSource(db, { orgId: org.id, agentId, sourceId }) : rereadSource(db, { orgId: org.id, sourceId }),
  );
  return done.ok ? { ok: true as const } : data(done, { status: 400 });
}

/** With this many documents a search field pays. */
const SEARCH_FROM = 8;

export default function Knowledge() {
  const t = useText();
  const { sources: loaded, mayChange } = useLoaderData<typeof loader>();
  const { orgSlug, agentId } = useParams();
  const base = `/orgs/${orgSlug}/agents/${agentId}`;
  const { sources, refresh } = useLiveSources(loaded, `${base}/sources`);
  const { uploads, queue } = useUploads(`${base}/upload`, refresh);
  const [doomed, setDoomed] = useState<Source | null>(null);
  const [search, setSearch] = useState("");
  const removal = useAction(() => setDoomed(null));
  const reread = useAction(refresh);
  const failed = sources.filter(({ status }) => status === "failed").length;
  const needle = search.trim().toLocaleLowerCase();
  const shown = needle ? sources.filter(({ title }) => title.toLocaleLowerCase().includes(needle)) : sources;
  const empty = sources.length === 0 && uploads.length === 0;
  const explanation = (
    <div className="flex flex-col items-center text-center">
      <div className="mb-4 text-accent-ink">
        <DocumentsDrawing />
      </div>
      <h2 className="text-lg font-semibold">{t.knowledge.emptyTitle}</h2>
      <p className="mt-1.5 max-w-md text-muted">{t.knowledge.emptyText}</p>
    </div>
  );

  return (
    <div className="space-y-4">
      <h2 className="sr-only">{t.knowledge.title}</h2>
      {mayChange && <DropZone onFiles={(files) => queue.add(files)} empty={empty ? explanation : undefined} />}
      {!mayChange && empty && (
        <Card as="div">
          <EmptyState drawing={<DocumentsDrawing />} title={t.knowledge.emptyTitle}>
            {t.knowledge.viewerHint}
          </EmptyState>
        </Card>
      )}
      <UploadList uploads={uploads} queue={queue} />
      {failed > 0 && <Banner tone="warning">{t.knowledge.failedSome(failed)}</Banner>}
      {reread.error("form") && <Banner tone="danger">{reread.error("form")}</Banner>}
      {sources.length >= SEARCH_FROM && (
        <Input
          type="search"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
          placeholder={t.knowledge.search}
          aria-label={t.knowledge.search}
          className="max-w-80"
        />
      )}
      {sources.length > 0 && shown.length === 0 && <p className="py-6 text-center text-muted">{t.knowledge.nothingFound}</p>}
      {shown.length > 0 && (
        <SourceTable
          sources={shown}
          mayChange={mayChange}
          onReread={(source) => reread.submit({ intent: "reread", sourceId: source.id }, { method: "post" })}
          onDelete={setDoomed}
        />
      )}
      <ConfirmDialog
        open={doomed !== null}
        onOpenChange={(open) => !open && setDoomed(null)}
        title={t.knowledge.deleteTitle(doomed?.title ?? "")}
        description={t.knowledge.deleteText}
        confirm={t.common.delete}
        busy={removal.busy}
        error={removal.error("form")}
        onConfirm={() => doomed && removal.submit({ intent: "delete", sourceId: doomed.id }, { method: "post" })}
      />
    </div>
  );
}

export const ErrorBoundary = PageError;
