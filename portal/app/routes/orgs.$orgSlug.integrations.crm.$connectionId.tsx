import { type ActionFunctionArgs, data, type LoaderFunctionArgs, type MetaFunction } from "@remix-run/node";
import { Link, useLoaderData, useParams } from "@remix-run/react";
import { ArrowLeft, ArrowUpRight } from "lucide-react";
import { useState } from "react";
import { z } from "zod";
import { Button } from "~/components/button";
import { harmlessUrl } from "~/components/conversation/markdown";
import { ConnectForm } from "~/components/crm/connect-form";
import type { ConnectionFrame } from "~/components/crm/connection-frame";
import { ConnectionBanner, ConnectionState } from "~/components/crm/connection-state";
import { CrmMark, useCrmName } from "~/components/crm/crm-mark";
import { Dialog } from "~/components/dialog";
import { Banner, PageHeader } from "~/components/page";
import { PageError } from "~/components/page-error";
import { PageOutlet } from "~/components/page-outlet";
import { TabLinks } from "~/components/tabs";
import { useAction } from "~/components/use-action";
import { useFollowing } from "~/components/use-following";
import { connectByForm } from "~/http/crm-connect-form.server";
import { crmOffers } from "~/http/crm-offers.server";
import { attempt, parseFields, readForm, refused } from "~/http/form.server";
import { found, requireMember, uuidParam } from "~/http/guards.server";
import { useText } from "~/i18n/text";
import { titled } from "~/i18n/title";
import { type Connection, findConnection, steer } from "~/models/connection.server";
import { connectForm } from "~/models/connection-form.server";
import { type SyncNumbers, syncNumbers } from "~/models/crm-sync.server";
import { crms } from "~/services.server";

export { offlineSafe as clientAction, unlessRefused as shouldRevalidate } from "~/components/offline-safe";

export const meta: MetaFunction = titled(
  (t, loaded) => (loaded as { connection?: { name: string } } | undefined)?.connection?.name ?? t.crm.tab,
);

export async function loader({ request, params }: LoaderFunctionArgs) {
  const { db, org } = await requireMember(request, params.orgSlug, "admin");
  const by = { orgId: org.id, connectionId: uuidParam(params.connectionId) };
  const connection = found(await findConnection(db, by));
  const adapter = crms.all().find(({ id }) => id === connection.crm);
  return {
    connection,
    numbers: await syncNumbers(db, by),
    offers: crmOffers(connection),
    /** What this CRM can do. */
    can: {
      tags: adapter?.tags ?? true,
      webhooks: adapter?.inbound != null,
      empties: adapter ? Object.values(adapter.removal).includes("empties") : false,
    },
  };
}

const command = z.discriminatedUnion("intent", [
  z.strictObject({ intent: z.literal("pause") }),
  z.strictObject({ intent: z.literal("resume") }),
  z.strictObject({ intent: z.literal("disconnect"), typed: z.string() }),
]);

export async function action({ request, params }: ActionFunctionArgs) {
  const member = await requireMember(request, params.orgSlug, "admin");
  const by = { orgId: member.org.id, connectionId: uuidParam(params.connectionId) };
  const connection = found(await findConnection(member.db, by));
  const fields = await readForm(request);
  if (fields.intent === "sign-in" || fields.intent === "token") {
    const form = parseFields(fields, connectForm);
    if (!form.ok) return data(form, { status: 400 });
    const answer = await connectByForm(request, member, form.value, connection);
    if (!answer.ok) return data(answer, { status: 400 });
    const { setCookie, ...told } = answer;
    return data(told, setCookie ? { headers: { "Set-Cookie": setCookie } } : {});
  }
  const form = parseFields(fields, command);
  if (!form.ok) return data(form, { status: 400 });
  if (form.value.intent === "disconnect" && form.value.typed.trim() !== connection.name.trim())
    return data(refused({ form: "nameMismatch" }), { status: 400 });
  const done = await attempt(() => steer(member.db, by, form.value.intent));
  return done.ok ? { ok: true as const } : data(done, { status: 400 });
}

/** Something is under way that the page follows. */
const isMoving = ({ status }: Connection, { pull, waiting, erasing }: SyncNumbers): boolean =>
  status === "disconnecting" ||
  ((status === "ok" || status === "failing") && (waiting > 0 || erasing > 0 || (pull?.mode === "backfill" && !pull.ended_at)));

export default function ConnectionPage() {
  const t = useText();
  const words = t.crm;
  const { orgSlug } = useParams();
  const { connection, numbers, offers, can } = useLoaderData<typeof loader>();
  const nameOf = useCrmName();
  const [open, setOpen] = useState(false);
  const acting = useAction();
  const list = `/orgs/${orgSlug}/integrations/crm`;
  const base = `${list}/${connection.id}`;
  const crm = nameOf(connection.crm, connection.cloud);
  const act = (fields: Record<string, string>) => acting.submit(fields, { method: "post", action: base });
  const account = connection.account_url && harmlessUrl(connection.account_url);
  useFollowing(isMoving(connection, numbers));
  const again = (
    <Button look={connection.status === "unauthorized" ? "primary" : "secondary"} size="sm" onClick={() => setOpen(true)}>
      {words.signInAgain}
    </Button>
  );
  const resume = (
    <Button size="sm" busy={acting.busy} onClick={() => act({ intent: "resume" })}>
      {words.resume}
    </Button>
  );
  return (
    <>
      <PageHeader
        before={
          <Link to={list} className="mb-2 inline-flex items-center gap-1.5 text-sm text-muted hover:text-ink">
            <ArrowLeft aria-hidden className="size-3.5" />
            {words.all}
          </Link>
        }
        title={
          <span className="flex items-center gap-3">
            <CrmMark crm={connection.crm} cloud={connection.cloud} />
            <span className="min-w-0">{connection.name}</span>
          </span>
        }
        action={
          <>
            <ConnectionState connection={connection} />
            {account && (
              <a
                href={account}
                target="_blank"
                rel="noopener noreferrer nofollow"
                className="inline-flex h-9 items-center gap-1.5 rounded-md px-2.5 font-medium hover:bg-hover"
              >
                {words.open(crm)}
                <ArrowUpRight aria-hidden className="size-4" />
              </a>
            )}
          </>
        }
      />
      <ConnectionBanner
        connection={connection}
        action={connection.status === "unauthorized" ? again : connection.status === "paused" ? resume : undefined}
      />
      {acting.error("form") && (
        <Banner tone="danger" className="mb-5">
          {acting.error("form")}
        </Banner>
      )}
      <TabLinks
        label={words.sections}
        tabs={[
          { to: base, label: words.overview, end: true },
          { to: `${base}/mapping`, label: words.mapping },
          { to: `${base}/sent`, label: words.log },
          { to: `${base}/received`, label: words.inbound },
        ]}
      />
      <PageOutlet
        inner
        context={
          {
            connection,
            numbers,
            can,
            act,
            again: () => setOpen(true),
            acting: { busy: acting.busy, error: acting.error("form") },
          } satisfies ConnectionFrame
        }
      />
      <Dialog open={open} onOpenChange={setOpen} title={words.signInAgain}>
        <ConnectForm
          offers={offers}
          address={account ? new URL(account).host : null}
          cancel={t.common.cancel}
          onCancel={() => setOpen(false)}
          onDone={() => setOpen(false)}
        />
      </Dialog>
    </>
  );
}

export const ErrorBoundary = PageError;
