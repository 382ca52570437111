import { type ActionFunctionArgs, data, type LoaderFunctionArgs, type MetaFunction } from "@remix-run/node";
import { useLoaderData, useParams, useSearchParams } from "@remix-run/react";
import { Download } from "lucide-react";
import { useState } from "react";
import { z } from "zod";
import { textLink } from "~/components/auth-page";
import { Button, ButtonLink } from "~/components/button";
import { ConfirmDialog } from "~/components/dialog";
import { LeadDrawing } from "~/components/drawings";
import { Card, EmptyState, PageHeader } from "~/components/page";
import { PageError } from "~/components/page-error";
import { Ago } from "~/components/time";
import { useAction } from "~/components/use-action";
import { attempt, parseForm } from "~/http/form.server";
import { requireMember } from "~/http/guards.server";
import { useText } from "~/i18n/text";
import { titled } from "~/i18n/title";
import { eraseLead, type Lead, listLeads } from "~/models/lead.server";
import { pageBefore } from "~/models/page.server";
import { allows } from "~/models/role";

export { offlineSafe as clientAction, unlessRefused as shouldRevalidate } from "~/components/offline-safe";

export const meta: MetaFunction = titled((t) => t.contact.title);

export async function loader({ request, params }: LoaderFunctionArgs) {
  const { db, org, role } = await requireMember(request, params.orgSlug);
  const before = pageBefore(request);
  return { ...(await listLeads(db, { orgId: org.id, limit: 50, ...(before ? { before } : {}) })), mayErase: allows(role, "admin") };
}

const erasing = z.strictObject({ intent: z.literal("erase"), leadId: z.uuid() });

export async function action({ request, params }: ActionFunctionArgs) {
  const { db, org } = await requireMember(request, params.orgSlug, "admin");
  const form = await parseForm(request, erasing);
  if (!form.ok) return data(form, { status: 400 });
  const done = await attempt(() => eraseLead(db, { orgId: org.id, leadId: form.value.leadId }));
  return done.ok ? { ok: true as const } : data(done, { status: 400 });
}

/** What a lead is called: by its name, else by how it can be reached. */
const titleOf = ({ name, email, phone }: Pick<Lead, "name" | "email" | "phone">) => name ?? email ?? phone ?? "";

export default function Leads() {
  const t = useText();
  const words = t.contact;
  const { orgSlug } = useParams();
  const [search] = useSearchParams();
  const { leads, next, mayErase } = useLoaderData<typeof loader>();
  const [doomed, setDoomed] = useState<(typeof leads)[number] | null>(null);
  const erase = useAction(() => setDoomed(null));
  const later = search.has("before");
  const file = (
    <ButtonLink to={`/orgs/${orgSlug}/leads/export`} reloadDocument prefetch="none">
      <Download aria-hidden className="size-4" />
      {words.export}
    </ButtonLink>
  );
  return (
    <>
      <PageHeader title={words.title} lead={words.lead} action={leads.length > 0 && file} />
      <Card className="overflow-clip" as="div">
        {leads.length === 0 && !later ? (
          <EmptyState drawing={<LeadDrawing />} title={words.emptyTitle}>
            {words.emptyText}
          </EmptyState>
        ) : leads.length === 0 ? (
          <p className="px-4 py-10 text-center text-muted">{words.noResults}</p>
        ) : (
          <ul className="divide-y divide-line">
            {leads.map((lead) => (
              <li key={lead.id} className="flex flex-wrap items-start gap-x-6 gap-y-2 px-4 py-3">
                <div className="min-w-0 flex-1 basis-64">
                  <p className="font-medium wrap-anywhere" dir="auto">
                    {titleOf(lead)}
                  </p>
                  <p className="flex flex-wrap gap-x-3 text-sm">
                    {lead.email && (
                      <a href={`mailto:${encodeURIComponent(lead.email)}`} className={textLink}>
                        {lead.email}
                      </a>
                    )}
                    {lead.phone && (
                      <a href={`tel:${lead.phone.replace(/[^\d+]/g, "")}`} className={textLink}>
                        {lead.phone}
                      </a>
                    )}
                  </p>
                  {lead.message && (
                    <p className="mt-1 text-sm whitespace-pre-wrap wrap-anywhere text-muted" dir="auto">
                      {lead.message}
                    </p>
                  )}
                </div>
                <p className="w-40 text-sm text-muted">
                  <span className="block truncate">{lead.agentName}</span>
                  <Ago at={lead.created_at} />
                </p>
                <div className="flex items-center gap-1">
                  <ButtonLink look="ghost" size="sm" to={`/orgs/${orgSlug}/conversations/${lead.conversationId}`}>
                    {words.open}
                  </ButtonLink>
                  {mayErase && (
                    <Button look="danger-ghost" size="sm" onClick={() => setDoomed(lead)} aria-label={`${words.remove}: ${titleOf(lead)}`}>
                      {words.remove}
                    </Button>
                  )}
                </div>
              </li>
            ))}
          </ul>
        )}
      </Card>
      {(next || later) && (
        <nav aria-label={words.title} className="mt-4 flex justify-end gap-2">
          {later && <ButtonLink to="?">{t.common.newest}</ButtonLink>}
          {next && <ButtonLink to={`?${new URLSearchParams({ before: next })}`}>{t.common.older}</ButtonLink>}
        </nav>
      )}
      <ConfirmDialog
        open={doomed !== null}
        onOpenChange={(open) => !open && setDoomed(null)}
        title={words.removeTitle(doomed ? titleOf(doomed) : "")}
        description={words.removeText}
        confirm={words.remove}
        busy={erase.busy}
        error={erase.error("form")}
        onConfirm={() => doomed && erase.submit({ intent: "erase", leadId: doomed.id }, { method: "post" })}
      />
    </>
  );
}

export const ErrorBoundary = PageError;
