import { type ActionFunctionArgs, data, type LoaderFunctionArgs, type MetaFunction, redirect } from "@remix-run/node";
import { Form as PlainForm, useLoaderData } from "@remix-run/react";
import { z } from "zod";
import { AuthPage, textLink } from "~/components/auth-page";
import { Button } from "~/components/button";
import { Field, Input } from "~/components/field";
import { Banner } from "~/components/page";
import { PageError } from "~/components/page-error";
import { useAction } from "~/components/use-action";
import { attempt, parseForm, refused } from "~/http/form.server";
import { requireUser } from "~/http/guards.server";
import { useText } from "~/i18n/text";
import { titled } from "~/i18n/title";
import { entityName } from "~/models/names";
import { createOrganization } from "~/models/organization.server";

export { offlineSafe as clientAction, unlessRefused as shouldRevalidate } from "~/components/offline-safe";

export const meta: MetaFunction = titled((t) => t.orgs.newTitle);

export async function loader({ request }: LoaderFunctionArgs) {
  const { user } = await requireUser(request);
  return { email: user.email };
}

const schema = z.strictObject({ name: entityName });

export async function action({ request }: ActionFunctionArgs) {
  const { db } = await requireUser(request);
  const form = await parseForm(request, schema);
  if (!form.ok) return data(form, { status: 400 });
  const made = await attempt(() => createOrganization(db, form.value));
  if (!made.ok) return data(made.errors.form === "invalid" ? refused({ form: "tooManyOrganizations" }) : made, { status: 400 });
  throw redirect(`/orgs/${made.value.slug}/agents`);
}

export default function NewOrganization() {
  const t = useText();
  const { email } = useLoaderData<typeof loader>();
  const { Form, busy, error } = useAction();
  return (
    <AuthPage
      title={t.orgs.newTitle}
      lead={t.orgs.newLead}
      foot={
        <PlainForm method="post" action="/logout" className="flex flex-wrap items-center justify-between gap-2">
          <span className="min-w-0 truncate">{email}</span>
          <button type="submit" className={textLink}>
            {t.auth.signOut}
          </button>
        </PlainForm>
      }
    >
      <Form method="post" className="space-y-4">
        {error("form") && <Banner tone="danger">{error("form")}</Banner>}
        <Field label={t.orgs.name} error={error("name")}>
          {(wiring) => (
            <Input
              {...wiring}
              name="name"
              maxLength={80}
              placeholder={t.orgs.namePlaceholder}
              autoComplete="organization"
              required
              autoFocus
            />
          )}
        </Field>
        <Button type="submit" look="primary" busy={busy} className="w-full">
          {t.orgs.create}
        </Button>
      </Form>
    </AuthPage>
  );
}

export const ErrorBoundary = PageError;
