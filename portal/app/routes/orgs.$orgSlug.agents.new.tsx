import { agentSettings } from "@gpt-agent/core/agent-settings";
import { type ActionFunctionArgs, data, type LoaderFunctionArgs, type MetaFunction, redirect } from "@remix-run/node";
import { z } from "zod";
import { Button, ButtonLink } from "~/components/button";
import { Field, Input } from "~/components/field";
import { Banner, Card, PageHeader } from "~/components/page";
import { PageError } from "~/components/page-error";
import { useAction } from "~/components/use-action";
import { attempt, parseForm } from "~/http/form.server";
import { requireMember } from "~/http/guards.server";
import { useText } from "~/i18n/text";
import { titled } from "~/i18n/title";
import { saveAgent } from "~/models/agent.server";
import { entityName } from "~/models/names";

export { offlineSafe as clientAction, unlessRefused as shouldRevalidate } from "~/components/offline-safe";

export const meta: MetaFunction = titled((t) => t.agents.newTitle);

export async function loader({ request, params }: LoaderFunctionArgs) {
  await requireMember(request, params.orgSlug, "editor");
  return null;
}

const schema = z.strictObject({ name: entityName });

export async function action({ request, params }: ActionFunctionArgs) {
  const { db, org } = await requireMember(request, params.orgSlug, "editor");
  const form = await parseForm(request, schema);
  if (!form.ok) return data(form, { status: 400 });
  const made = await attempt(() =>
    saveAgent(db, { orgId: org.id, agentId: null, name: form.value.name, settings: agentSettings.parse({}), origins: [] }),
  );
  if (!made.ok) return data(made, { status: 400 });
  throw redirect(`/orgs/${org.slug}/agents/${made.value}/knowledge`);
}

export default function NewAgent() {
  const t = useText();
  const { Form, busy, error } = useAction();
  return (
    <div className="mx-auto max-w-lg">
      <PageHeader title={t.agents.newTitle} lead={t.agents.newLead} />
      <Card className="p-5">
        <Form method="post" className="space-y-5">
          {error("form") && <Banner tone="danger">{error("form")}</Banner>}
          <Field label={t.agents.name} hint={t.agents.nameHint} error={error("name")}>
            {(wiring) => (
              <Input {...wiring} name="name" maxLength={80} placeholder={t.agents.namePlaceholder} autoComplete="off" required autoFocus />
            )}
          </Field>
          <div className="flex justify-end gap-2">
            <ButtonLink to=".." relative="path">
              {t.common.cancel}
            </ButtonLink>
            <Button type="submit" look="primary" busy={busy}>
              {t.agents.create}
            </Button>
          </div>
        </Form>
      </Card>
    </div>
  );
}

export const ErrorBoundary = PageError;
