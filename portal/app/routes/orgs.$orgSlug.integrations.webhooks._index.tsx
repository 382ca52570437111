import { WEBHOOK_TYPES } from "@gpt-agent/core/webhook-events";
import { type ActionFunctionArgs, data, type LoaderFunctionArgs, type MetaFunction } from "@remix-run/node";
import { Link, useLoaderData, useParams } from "@remix-run/react";
import { Plus } from "lucide-react";
import { useState } from "react";
import { Button, ButtonLink } from "~/components/button";
import { CodeBlock } from "~/components/copy";
import { Dialog } from "~/components/dialog";
import { WebhookDrawing } from "~/components/drawings";
import { IntegrationTabs } from "~/components/integration-tabs";
import { Card, EmptyState, PageHeader } from "~/components/page";
import { PageError } from "~/components/page-error";
import { Ago } from "~/components/time";
import { useAction } from "~/components/use-action";
import { EndpointFields } from "~/components/webhooks/endpoint-fields";
import { EndpointState } from "~/components/webhooks/endpoint-state";
import { attempt, parseFields, readForm } from "~/http/form.server";
import { requireMember } from "~/http/guards.server";
import type { ErrorCode } from "~/i18n/error-codes";
import { useText } from "~/i18n/text";
import { titled } from "~/i18n/title";
import { uuidV7 } from "~/models/uuid-v7.server";
import { addEndpoint, listEndpoints } from "~/models/webhook.server";
import { endpointForm, freshSecret } from "~/models/webhook-form.server";
import { env, secretBox } from "~/services.server";

export { offlineSafe as clientAction, unlessRefused as shouldRevalidate } from "~/components/offline-safe";

export const meta: MetaFunction = titled((t) => t.webhooks.title);

export async function loader({ request, params }: LoaderFunctionArgs) {
  const { db, org } = await requireMember(request, params.orgSlug, "admin");
  return { endpoints: await listEndpoints(db, { orgId: org.id }), types: [...WEBHOOK_TYPES] };
}

export async function action({ request, params }: ActionFunctionArgs) {
  const { db, org, user } = await requireMember(request, params.orgSlug, "admin");
  const { fields, schema } = endpointForm(await readForm(request), env.EGRESS_ALLOW, "create");
  const form = parseFields(fields, schema);
  if (!form.ok) return data(form, { status: 400 });
  const { url, description, events } = form.value;
  const endpointId = uuidV7();
  const { secret, sealedSecret } = freshSecret(secretBox, { orgId: org.id, endpointId });
  const done = await attempt(() => addEndpoint(db, { orgId: org.id, userId: user.id, endpointId, url, description, events, sealedSecret }));
  // The one answer that holds the secret itself; pages behind sign-in are never stored.
  return done.ok ? { ok: true as const, secret, endpointId } : data(done, { status: 400 });
}

type Answer = { ok: true; secret: string; endpointId: string } | { ok: false; errors: Record<string, ErrorCode> };

export default function Webhooks() {
  const t = useText();
  const words = t.webhooks;
  const { orgSlug } = useParams();
  const { endpoints, types } = useLoaderData<typeof loader>();
  const [open, setOpen] = useState(false);
  const [fresh, setFresh] = useState<{ secret: string; endpointId: string } | null>(null);
  const creating = useAction<Answer>((answer) => answer.ok && setFresh(answer));
  const base = `/orgs/${orgSlug}/integrations/webhooks`;
  const create = (
    <Button
      look="primary"
      onClick={() => {
        setFresh(null);
        setOpen(true);
      }}
    >
      <Plus aria-hidden className="size-4" />
      {words.new}
    </Button>
  );
  return (
    <>
      <PageHeader title={t.shell.integrations} action={endpoints.length > 0 && create} />
      <IntegrationTabs />
      <h2 className="sr-only">{words.title}</h2>
      <p className="mb-4 max-w-2xl text-muted">{words.lead}</p>
      <Card className="overflow-clip" as="div">
        {endpoints.length === 0 ? (
          <EmptyState drawing={<WebhookDrawing />} title={words.emptyTitle} action={create}>
            {words.emptyText}
          </EmptyState>
        ) : (
          <ul className="divide-y divide-line">
            {endpoints.map((endpoint) => (
              <li key={endpoint.id} className="relative flex flex-wrap items-center gap-x-6 gap-y-2 px-4 py-3 hover:bg-hover">
                <div className="min-w-0 flex-1 basis-64">
                  <Link to={`${base}/${endpoint.id}`} prefetch="intent" className="block truncate font-medium after:absolute after:inset-0">
                    {endpoint.url}
                  </Link>
                  <p className="truncate text-sm text-muted">{endpoint.description || words.eventCount(endpoint.events.length)}</p>
                </div>
                <EndpointState endpoint={endpoint} />
                <p className="w-36 text-right text-sm text-muted">
                  {endpoint.last_success_at ? <Ago at={endpoint.last_success_at} /> : t.common.never}
                </p>
              </li>
            ))}
          </ul>
        )}
      </Card>
      <Dialog
        open={open}
        onOpenChange={setOpen}
        title={fresh ? words.secretTitle : words.new}
        description={fresh ? words.secretText : undefined}
      >
        {fresh ? (
          <div className="mt-5 space-y-5">
            <CodeBlock code={fresh.secret} label={words.secret} wrap />
            <div className="flex justify-end">
              <ButtonLink look="primary" to={`${base}/${fresh.endpointId}`}>
                {words.secretDone}
              </ButtonLink>
            </div>
          </div>
        ) : (
          <creating.Form method="post" className="mt-5 space-y-5">
            <input type="hidden" name="intent" value="create" />
            <EndpointFields types={types} error={creating.error} />
            {creating.error("form") && (
              <p role="alert" className="text-sm text-danger-ink">
                {creating.error("form")}
              </p>
            )}
            <div className="flex justify-end gap-2">
              <Button onClick={() => setOpen(false)}>{t.common.cancel}</Button>
              <Button type="submit" look="primary" busy={creating.busy}>
                {words.create}
              </Button>
            </div>
          </creating.Form>
        )}
      </Dialog>
    </>
  );
}

export const ErrorBoundary = PageError;
