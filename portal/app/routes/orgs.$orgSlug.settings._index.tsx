import { type ActionFunctionArgs, data, type LoaderFunctionArgs, type MetaFunction, redirect } from "@remix-run/node";
import { useLoaderData } from "@remix-run/react";
import { CircleCheck } from "lucide-react";
import { useState } from "react";
import { z } from "zod";
import { Button } from "~/components/button";
import { ConfirmDialog } from "~/components/dialog";
import { Field, Input } from "~/components/field";
import { Card, Panel } from "~/components/page";
import { PageError } from "~/components/page-error";
import { useAction } from "~/components/use-action";
import { attempt, parseFields, readForm, refused } from "~/http/form.server";
import { requireMember } from "~/http/guards.server";
import { useText } from "~/i18n/text";
import { titled } from "~/i18n/title";
import { entityName } from "~/models/names";
import { deleteOrganization, renameOrganization } from "~/models/organization.server";
import { allows } from "~/models/role";
import { env } from "~/services.server";

export { offlineSafe as clientAction, unlessRefused as shouldRevalidate } from "~/components/offline-safe";

export const meta: MetaFunction = titled((t) => t.orgSettings.title);

export async function loader({ request, params }: LoaderFunctionArgs) {
  const { org, role } = await requireMember(request, params.orgSlug);
  return {
    org,
    mayRename: allows(role, "admin"),
    mayDelete: allows(role, "owner"),
    address: `${new URL(env.APP_URL).host}/orgs/${org.slug}`,
  };
}

const rename = z.strictObject({ intent: z.literal("rename"), name: entityName });
const removal = z.strictObject({ intent: z.literal("delete"), name: z.string() });

export async function action({ request, params }: ActionFunctionArgs) {
  const { db, org, role } = await requireMember(request, params.orgSlug, "admin");
  const fields = await readForm(request);
  if (fields.intent === "delete") {
    const form = parseFields(fields, removal);
    if (!form.ok) return data(form, { status: 400 });
    if (!allows(role, "owner")) return data(refused({ form: "forbidden" }), { status: 403 });
    if (form.value.name.trim() !== org.name.trim()) return data(refused({ form: "nameMismatch" }), { status: 400 });
    const gone = await attempt(() => deleteOrganization(db, { orgId: org.id }));
    if (!gone.ok) return data(gone, { status: 400 });
    throw redirect("/orgs");
  }
  const form = parseFields(fields, rename);
  if (!form.ok) return data(form, { status: 400 });
  const done = await attempt(() => renameOrganization(db, { orgId: org.id, name: form.value.name }));
  return done.ok ? { ok: true as const } : data(done, { status: 400 });
}

export default function General() {
  const t = useText();
  const words = t.orgSettings;
  const { org, mayRename, mayDelete, address } = useLoaderData<typeof loader>();
  const naming = useAction();
  const deletion = useAction();
  const [asking, setAsking] = useState(false);
  return (
    <div className="max-w-2xl space-y-4">
      <Panel title={words.general}>
        <naming.Form method="post" onInput={naming.touch} key={org.id}>
          <fieldset disabled={!mayRename} className="space-y-5">
            <input type="hidden" name="intent" value="rename" />
            <Field label={words.name} error={naming.error("name") ?? naming.error("form")}>
              {(wiring) => <Input {...wiring} name="name" defaultValue={org.name} maxLength={80} required autoComplete="off" />}
            </Field>
            <Field label={words.address} hint={words.addressHint}>
              {(wiring) => <Input {...wiring} value={address} readOnly className="bg-sunken font-mono text-sm text-muted" />}
            </Field>
            {mayRename && (
              <div className="flex items-center gap-3">
                <Button type="submit" look="primary" busy={naming.busy}>
                  {t.common.save}
                </Button>
                <span role="status">
                  {naming.saved && (
                    <span className="flex items-center gap-1.5 text-sm text-success-ink">
                      <CircleCheck aria-hidden className="size-4" />
                      {t.common.saved}
                    </span>
                  )}
                </span>
              </div>
            )}
          </fieldset>
        </naming.Form>
      </Panel>
      <Card className="flex flex-wrap items-center justify-between gap-x-6 gap-y-3 p-5">
        <div className="min-w-0 flex-1 basis-64">
          <h2 className="font-semibold">{words.danger}</h2>
          <p className="text-sm text-muted">{mayDelete ? words.dangerText : words.dangerOwner}</p>
        </div>
        {mayDelete && (
          <Button look="danger-ghost" onClick={() => setAsking(true)}>
            {words.deleteButton}
          </Button>
        )}
      </Card>
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title={words.deleteTitle(org.name)}
        description={words.dangerText}
        confirm={words.deleteButton}
        typed={{ name: org.name, label: words.typeName(org.name) }}
        busy={deletion.busy}
        error={deletion.error("form")}
        onConfirm={(typed) => deletion.submit({ intent: "delete", name: typed }, { method: "post" })}
      />
    </div>
  );
}

export const ErrorBoundary = PageError;
