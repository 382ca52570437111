import { type ActionFunctionArgs, data, type LoaderFunctionArgs, type MetaFunction } from "@remix-run/node";
import { Link, useLoaderData, useNavigate, useParams } from "@remix-run/react";
import { Plus } from "lucide-react";
import { type ReactNode, useState } from "react";
import { Button } from "~/components/button";
import { ConnectDialog } from "~/components/crm/connect-dialog";
import { ConnectionState, useStateText } from "~/components/crm/connection-state";
import { CrmMark, useCrmName } from "~/components/crm/crm-mark";
import { CrmDrawing } from "~/components/drawings";
import { IntegrationTabs } from "~/components/integration-tabs";
import { Card, EmptyState, PageHeader } from "~/components/page";
import { PageError } from "~/components/page-error";
import { Ago } from "~/components/time";
import { connectByForm } from "~/http/crm-connect-form.server";
import { crmOffers } from "~/http/crm-offers.server";
import { parseForm } from "~/http/form.server";
import { requireMember } from "~/http/guards.server";
import { useText } from "~/i18n/text";
import { titled } from "~/i18n/title";
import { type Connection, listConnections } from "~/models/connection.server";
import { connectForm } from "~/models/connection-form.server";
import { contactCounts } from "~/models/crm-sync.server";

export { offlineSafe as clientAction, unlessRefused as shouldRevalidate } from "~/components/offline-safe";

export const meta: MetaFunction = titled((t) => `${t.crm.tab} · ${t.shell.integrations}`);

export async function loader({ request, params }: LoaderFunctionArgs) {
  const { db, org } = await requireMember(request, params.orgSlug, "admin");
  const connections = await listConnections(db, { orgId: org.id });
  const contacts = await contactCounts(db, { orgId: org.id, connectionIds: connections.map(({ id }) => id) });
  return { connections, contacts, offers: crmOffers() };
}

export async function action({ request, params }: ActionFunctionArgs) {
  const member = await requireMember(request, params.orgSlug, "admin");
  const form = await parseForm(request, connectForm);
  if (!form.ok) return data(form, { status: 400 });
  const answer = await connectByForm(request, member, form.value, null);
  if (!answer.ok) return data(answer, { status: 400 });
  const { setCookie, ...told } = answer;
  return data(told, setCookie ? { headers: { "Set-Cookie": setCookie } } : {});
}

export default function Crms() {
  const t = useText();
  const words = t.crm;
  const { orgSlug } = useParams();
  const navigate = useNavigate();
  const { connections, contacts, offers } = useLoaderData<typeof loader>();
  const [open, setOpen] = useState(false);
  const base = `/orgs/${orgSlug}/integrations/crm`;
  const connect = (
    <Button look="primary" onClick={() => setOpen(true)}>
      <Plus aria-hidden className="size-4" />
      {words.connect}
    </Button>
  );
  return (
    <>
      <PageHeader title={t.shell.integrations} action={connections.length > 0 && connect} />
      <IntegrationTabs />
      <h2 className="sr-only">{words.tab}</h2>
      {connections.length > 0 && <p className="mb-4 max-w-2xl text-muted">{words.lead}</p>}
      <Card className="overflow-clip" as="div">
        {connections.length === 0 ? (
          <EmptyState drawing={<CrmDrawing />} title={words.emptyTitle} action={connect}>
            {words.emptyText}
          </EmptyState>
        ) : (
          <ul className="divide-y divide-line">
            {connections.map((connection) => (
              <ConnectionRow
                key={connection.id}
                connection={connection}
                contacts={contacts[connection.id] ?? 0}
                to={`${base}/${connection.id}`}
              />
            ))}
          </ul>
        )}
      </Card>
      <ConnectDialog open={open} onOpenChange={setOpen} offers={offers} onDone={(connectionId) => navigate(`${base}/${connectionId}`)} />
    </>
  );
}

function ConnectionRow({ connection, contacts, to }: { connection: Connection; contacts: number; to: string }) {
  const words = useText().crm;
  const nameOf = useCrmName();
  const text = useStateText()(connection);
  const crm = nameOf(connection.crm, connection.cloud);
  return (
    <li className="relative flex flex-wrap items-start gap-x-4 gap-y-2 px-4 py-3.5 hover:bg-hover">
      <CrmMark crm={connection.crm} cloud={connection.cloud} />
      <div className="min-w-0 flex-1 basis-56">
        <Link to={to} prefetch="intent" className="block truncate font-medium after:absolute after:inset-0">
          {connection.name}
        </Link>
        <p className="truncate text-sm text-muted">
          {crm}
          {connection.account_name && connection.account_name !== connection.name ? ` · ${connection.account_name}` : ""}
          {contacts > 0 ? ` · ${words.contacts(contacts)}` : ""}
        </p>
        {text && <p className="mt-1 text-sm text-ink">{text}</p>}
      </div>
      <ConnectionState connection={connection} />
      <dl className="grid w-full gap-x-3 gap-y-0.5 text-sm max-sm:grid-cols-[auto_1fr] sm:w-52 sm:grid-cols-[1fr_auto]">
        <Moment label={words.lastOut} at={connection.last_push_at} />
        <Moment label={words.lastIn} at={connection.last_pull_at} />
      </dl>
    </li>
  );
}

function Moment({ label, at }: { label: ReactNode; at: string | null }) {
  const t = useText();
  return (
    <>
      <dt className="text-muted">{label}</dt>
      <dd className="sm:text-right">{at ? <Ago at={at} /> : t.common.never}</dd>
    </>
  );
}

export const ErrorBoundary = PageError;
