import { type ActionFunctionArgs, data, type LoaderFunctionArgs, type MetaFunction, redirect } from "@remix-run/node";
import { Link, type ShouldRevalidateFunctionArgs, useLoaderData, useSearchParams } from "@remix-run/react";
import { ArrowLeft } from "lucide-react";
import { useState } from "react";
import { z } from "zod";
import { ActionEditor } from "~/components/actions/action-editor";
import { DeleteAction } from "~/components/actions/delete-action";
import { draftOf, emptyDraft } from "~/components/actions/draft";
import { exampleDraft } from "~/components/actions/example";
import { textLink } from "~/components/auth-page";
import { unlessRefused } from "~/components/offline-safe";
import { PageError } from "~/components/page-error";
import { attempt, parseFields, readForm, refused } from "~/http/form.server";
import { found, requireMember, uuidParam } from "~/http/guards.server";
import { useLocale, useText } from "~/i18n/text";
import { titled } from "~/i18n/title";
import { deleteAction, saveAction, tryAction } from "~/models/action.server";
import { parseActionDraft } from "~/models/action-form.server";
import { findAgent } from "~/models/agent.server";
import { listSecrets } from "~/models/agent-secret.server";
import { allows } from "~/models/role";
import { actions, limiter, secretBox, secrets } from "~/services.server";

export { offlineSafe as clientAction } from "~/components/offline-safe";

export const meta: MetaFunction = titled((t) => t.actions.title);

/** The last part of the address of an action that is not there yet: no action can be called that. */
const NEW = "new-action";

export async function loader({ request, params }: LoaderFunctionArgs) {
  const { db, org, role } = await requireMember(request, params.orgSlug, params.name === NEW ? "editor" : "viewer");
  const by = { orgId: org.id, agentId: uuidParam(params.agentId) };
  const [row, stored] = await Promise.all([findAgent(db, by), listSecrets(db, by)]);
  const { settings } = found(row);
  const action = params.name === NEW ? null : found(settings.actions.find(({ name }) => name === params.name));
  const named = new Set(action?.headers.flatMap((header) => ("secretId" in header ? [header.secretId] : [])));
  return { action, secrets: stored.filter(({ id }) => named.has(id)), mayChange: allows(role, "editor") };
}

const saving = z.strictObject({ intent: z.literal("save"), action: z.string() });
const trying = z.strictObject({ intent: z.literal("try"), action: z.string(), input: z.string() });
const deleting = z.strictObject({ intent: z.literal("delete"), name: z.string() });

export async function action({ request, params }: ActionFunctionArgs) {
  const { db, org, user } = await requireMember(request, params.orgSlug, "editor");
  const by = { orgId: org.id, agentId: uuidParam(params.agentId), userId: user.id };
  found(await findAgent(db, by));
  const fields = await readForm(request);
  if (fields.intent === "delete") {
    const form = parseFields(fields, deleting);
    if (!form.ok) return data(form, { status: 400 });
    if (form.value.name.trim() !== params.name) return data(refused({ form: "nameMismatch" }), { status: 400 });
    const gone = await attempt(() => deleteAction(db, by, params.name ?? ""));
    if (!gone.ok) return data(gone, { status: 400 });
    throw redirect(`/orgs/${org.slug}/agents/${by.agentId}/settings/actions`);
  }
  const form = parseFields(fields, fields.intent === "try" ? trying : saving);
  if (!form.ok) return data(form, { status: 400 });
  const draft = parseActionDraft(form.value.action);
  if (!draft.ok) return data(draft, { status: 400 });
  if (form.value.intent === "try") {
    const { input } = form.value;
    const tried = await attempt(() => tryAction({ actions, limiter }, { ...by, signal: request.signal }, draft.value, input));
    return tried.ok ? { ok: true as const, trial: tried.value } : data(tried, { status: 400 });
  }
  const was = params.name === NEW ? null : (params.name ?? null);
  const saved = await attempt(() => saveAction({ db, box: secretBox, store: secrets }, by, { was, draft: draft.value }));
  if (!saved.ok) return data(saved, { status: 400 });
  return saved.value.ok ? { ...saved.value, secrets: await listSecrets(db, by) } : data(saved.value, { status: 400 });
}

/** A trial changes nothing here either. */
export const shouldRevalidate = (given: ShouldRevalidateFunctionArgs): boolean =>
  given.formData?.get("intent") === "try" ? false : unlessRefused(given);

export default function ActionPage() {
  const t = useText();
  const locale = useLocale();
  const { action, secrets, mayChange } = useLoaderData<typeof loader>();
  const [search] = useSearchParams();
  // The form is its own master from here on: what is typed outlives a reload of the data.
  const [initial] = useState(() => (action ? draftOf(action, secrets) : search.has("example") ? exampleDraft(t) : emptyDraft()));
  return (
    <div className="space-y-4">
      <Link to=".." relative="path" prefetch="intent" className={`${textLink} inline-flex items-center gap-1.5 text-sm`}>
        <ArrowLeft aria-hidden className="size-3.5" />
        {t.actions.back}
      </Link>
      <h2 className="flex flex-wrap items-baseline gap-x-3 text-lg font-semibold">
        {action ? action.title[locale] || action.title.en || action.title.ru || action.name : t.actions.new}
        {action && <code className="font-mono text-sm font-normal text-muted">{action.name}</code>}
      </h2>
      <ActionEditor initial={initial} saved={action} mayChange={mayChange}>
        {action && mayChange && <DeleteAction name={action.name} />}
      </ActionEditor>
    </div>
  );
}

export const ErrorBoundary = PageError;
