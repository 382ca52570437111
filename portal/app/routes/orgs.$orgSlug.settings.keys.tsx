import { type ActionFunctionArgs, data, type LoaderFunctionArgs, type MetaFunction } from "@remix-run/node";
import { useLoaderData } from "@remix-run/react";
import { Plus } from "lucide-react";
import { useState } from "react";
import { z } from "zod";
import { Button, ButtonLink } from "~/components/button";
import { Checkbox } from "~/components/checkbox";
import { CodeBlock } from "~/components/copy";
import { ConfirmDialog, Dialog } from "~/components/dialog";
import { KeyDrawing } from "~/components/drawings";
import { Field, Input } from "~/components/field";
import { Card, EmptyState } from "~/components/page";
import { PageError } from "~/components/page-error";
import { Ago } from "~/components/time";
import { useAction } from "~/components/use-action";
import { createApiKey } from "~/http/api-key";
import { attempt, parseFields, readForm } from "~/http/form.server";
import { requireMember } from "~/http/guards.server";
import type { ErrorCode } from "~/i18n/error-codes";
import { useText } from "~/i18n/text";
import { titled } from "~/i18n/title";
import { type ApiKey, addApiKey, listApiKeys, revokeApiKey } from "~/models/api-key.server";
import { entityName } from "~/models/names";
import { SCOPES, type Scope } from "~/models/scopes";

export { offlineSafe as clientAction, unlessRefused as shouldRevalidate } from "~/components/offline-safe";

export const meta: MetaFunction = titled((t) => t.orgSettings.keys);

export async function loader({ request, params }: LoaderFunctionArgs) {
  const { db, org } = await requireMember(request, params.orgSlug, "admin");
  return { keys: await listApiKeys(db, { orgId: org.id }) };
}

const ticked = z.literal("on").optional();
const creation = z
  .strictObject({
    intent: z.literal("create"),
    name: entityName,
    ...(Object.fromEntries(SCOPES.map((scope) => [scope, ticked])) as Record<Scope, typeof ticked>),
  })
  .transform(({ name, ...boxes }) => ({ name, scopes: SCOPES.filter((scope) => boxes[scope]) }))
  .refine(({ scopes }) => scopes.length > 0, { path: ["scopes"], error: "required" });
const revocation = z.strictObject({ intent: z.literal("revoke"), keyId: z.uuid() });

export async function action({ request, params }: ActionFunctionArgs) {
  const { db, org, user } = await requireMember(request, params.orgSlug, "admin");
  const fields = await readForm(request);
  if (fields.intent === "revoke") {
    const form = parseFields(fields, revocation);
    if (!form.ok) return data(form, { status: 400 });
    const done = await attempt(() => revokeApiKey(db, { orgId: org.id, keyId: form.value.keyId }));
    return done.ok ? { ok: true as const } : data(done, { status: 400 });
  }
  const form = parseFields(fields, creation);
  if (!form.ok) return data(form, { status: 400 });
  const { key, hash, lastFour } = createApiKey();
  const done = await attempt(() => addApiKey(db, { orgId: org.id, userId: user.id, ...form.value, hash, lastFour }));
  // The one answer that holds the key itself; pages behind sign-in are never stored.
  return done.ok ? { ok: true as const, key } : data(done, { status: 400 });
}

type Answer = { ok: true; key?: string } | { ok: false; errors: Record<string, ErrorCode> };

export default function ApiKeys() {
  const t = useText();
  const words = t.keys;
  const { keys } = useLoaderData<typeof loader>();
  const [open, setOpen] = useState(false);
  const [fresh, setFresh] = useState<string | null>(null);
  const [doomed, setDoomed] = useState<ApiKey | null>(null);
  const creating = useAction<Answer>((answer) => answer.ok && setFresh(answer.key ?? null));
  const revoking = useAction(() => setDoomed(null));
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
    <div className="max-w-4xl">
      {keys.length === 0 ? (
        <Card as="div">
          <EmptyState drawing={<KeyDrawing />} title={words.emptyTitle} action={create}>
            {words.emptyText} <DocsLink />
          </EmptyState>
        </Card>
      ) : (
        <>
          <div className="mb-4 flex flex-wrap items-center justify-between gap-x-6 gap-y-3">
            <p className="min-w-0 flex-1 basis-64 text-muted">
              {words.lead} <DocsLink />
            </p>
            {create}
          </div>
          <Card className="overflow-clip">
            <ul className="divide-y divide-line">
              {keys.map((key) => (
                <li key={key.id} className="flex flex-wrap items-center gap-x-6 gap-y-2 px-4 py-3">
                  <div className="min-w-0 flex-1 basis-52">
                    <p className="truncate font-medium">{key.name}</p>
                    <p className="font-mono text-sm text-muted">gap_live_…{key.lastFour}</p>
                    <p className="mt-1 flex flex-wrap gap-1">
                      {key.scopes.map((scope) => (
                        <span key={scope} className="rounded-sm bg-sunken px-1.5 text-xs text-muted">
                          <code>{scope}</code>
                        </span>
                      ))}
                    </p>
                  </div>
                  <dl className="flex gap-6 text-sm">
                    <div>
                      <dt className="text-muted">{words.created}</dt>
                      <dd>
                        <Ago at={key.created_at} />
                      </dd>
                    </div>
                    <div>
                      <dt className="text-muted">{words.lastUsed}</dt>
                      <dd>{key.last_used_at ? <Ago at={key.last_used_at} /> : t.common.never}</dd>
                    </div>
                  </dl>
                  <ButtonLink
                    look="ghost"
                    size="sm"
                    relative="path"
                    to={`../usage?limit=key:${key.id}#limits`}
                    aria-label={`${words.limits}: ${key.name}`}
                  >
                    {words.limits}
                  </ButtonLink>
                  <Button look="danger-ghost" size="sm" onClick={() => setDoomed(key)} aria-label={`${words.revoke}: ${key.name}`}>
                    {words.revoke}
                  </Button>
                </li>
              ))}
            </ul>
          </Card>
        </>
      )}
      <Dialog
        open={open}
        onOpenChange={setOpen}
        title={fresh ? words.createdTitle : words.new}
        description={fresh ? words.createdText : words.lead}
      >
        {fresh ? (
          <div className="mt-5 space-y-5">
            <CodeBlock code={fresh} label={words.key} wrap />
            <div className="flex justify-end">
              <Button look="primary" onClick={() => setOpen(false)}>
                {words.done}
              </Button>
            </div>
          </div>
        ) : (
          <creating.Form method="post" className="mt-5 space-y-5">
            <input type="hidden" name="intent" value="create" />
            <Field label={words.name} error={creating.error("name") ?? creating.error("form")}>
              {(wiring) => <Input {...wiring} name="name" maxLength={80} placeholder={words.namePlaceholder} required autoComplete="off" />}
            </Field>
            <ScopeBoxes error={creating.error("scopes")} />
            <div className="flex justify-end gap-2">
              <Button onClick={() => setOpen(false)}>{t.common.cancel}</Button>
              <Button type="submit" look="primary" busy={creating.busy}>
                {words.create}
              </Button>
            </div>
          </creating.Form>
        )}
      </Dialog>
      <ConfirmDialog
        open={doomed !== null}
        onOpenChange={(next) => !next && setDoomed(null)}
        title={words.revokeTitle(doomed?.name ?? "")}
        description={words.revokeText}
        confirm={words.revoke}
        busy={revoking.busy}
        error={revoking.error("form")}
        onConfirm={() => doomed && revoking.submit({ intent: "revoke", keyId: doomed.id }, { method: "post" })}
      />
    </div>
  );
}

/** The way to the API's reference, which opens beside the portal. */
function DocsLink() {
  const words = useText().keys;
  return (
    <a href="/api-docs" target="_blank" rel="noreferrer" className="text-accent-ink underline underline-offset-2">
      {words.docs}
    </a>
  );
}

/** What the new key may do, one box for each scope; asking agents is ticked to begin with. */
function ScopeBoxes({ error }: { error: string | null }) {
  const words = useText().keys;
  return (
    <fieldset aria-describedby={error ? "scopes-error" : undefined}>
      <legend className="mb-2 font-medium">{words.scopes}</legend>
      <div className="space-y-2.5">
        {SCOPES.map((scope) => (
          <Checkbox
            key={scope}
            name={scope}
            defaultChecked={scope === "chat"}
            label={<code className="text-sm text-accent-ink">{scope}</code>}
            hint={words.scopeWords[scope]}
          />
        ))}
      </div>
      {error && (
        <p id="scopes-error" role="alert" className="mt-2 text-sm text-danger-ink">
          {error}
        </p>
      )}
    </fieldset>
  );
}

export const ErrorBoundary = PageError;
