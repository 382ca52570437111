import { originOf } from "@gpt-agent/core/action-url";
import { needsConsent } from "@gpt-agent/core/agent-actions";
import { type ActionFunctionArgs, data, type LoaderFunctionArgs, type MetaFunction } from "@remix-run/node";
import { useLoaderData, useOutletContext } from "@remix-run/react";
import { Plus } from "lucide-react";
import { z } from "zod";
import { ActionList } from "~/components/actions/action-list";
import { NoActions } from "~/components/actions/no-actions";
import { ButtonLink } from "~/components/button";
import { Banner } from "~/components/page";
import { PageError } from "~/components/page-error";
import { attempt, parseForm } from "~/http/form.server";
import { found, requireMember, uuidParam } from "~/http/guards.server";
import { useText } from "~/i18n/text";
import { titled } from "~/i18n/title";
import { listActionUse, setActionEnabled } from "~/models/action.server";
import { findAgent } from "~/models/agent.server";
import { allows } from "~/models/role";
import type { AgentFrame } from "./orgs.$orgSlug.agents.$agentId";

export { offlineSafe as clientAction, unlessRefused as shouldRevalidate } from "~/components/offline-safe";

export const meta: MetaFunction = titled((t) => t.actions.title);

export async function loader({ request, params }: LoaderFunctionArgs) {
  const { db, org, role } = await requireMember(request, params.orgSlug);
  const by = { orgId: org.id, agentId: uuidParam(params.agentId) };
  const [row, uses] = await Promise.all([findAgent(db, by), listActionUse(db, by)]);
  const { settings } = found(row);
  return {
    actions: settings.actions.map((action) => ({
      name: action.name,
      title: action.title,
      method: action.method,
      host: new URL(originOf(action.url)).host,
      asks: needsConsent(action),
      enabled: action.enabled,
      use: uses.find(({ name }) => name === action.name) ?? null,
    })),
    mayChange: allows(role, "editor"),
  };
}

const enabling = z.strictObject({
  intent: z.literal("enable"),
  name: z.string().max(40),
  enabled: z.enum(["true", "false"]).transform((text) => text === "true"),
});

export async function action({ request, params }: ActionFunctionArgs) {
  const { db, org } = await requireMember(request, params.orgSlug, "editor");
  const by = { orgId: org.id, agentId: uuidParam(params.agentId) };
  const form = await parseForm(request, enabling);
  if (!form.ok) return data(form, { status: 400 });
  const done = await attempt(() => setActionEnabled(db, by, form.value));
  return done.ok ? { ok: true as const } : data(done, { status: 400 });
}

export default function ActionsPage() {
  const t = useText();
  const { actions, mayChange } = useLoaderData<typeof loader>();
  const { responder } = useOutletContext<AgentFrame>();
  const create = mayChange && (
    <ButtonLink to="new-action" look="primary">
      <Plus aria-hidden className="size-4" />
      {t.actions.new}
    </ButtonLink>
  );
  return (
    <div className="max-w-4xl space-y-4">
      <h2 className="sr-only">{t.actions.title}</h2>
      {responder.kind === "quotes" && <Banner>{t.actions.quotesNote}</Banner>}
      {actions.length === 0 ? (
        <NoActions create={create} mayChange={mayChange} />
      ) : (
        <>
          <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-3">
            <p className="min-w-0 flex-1 basis-64 text-muted">{t.actions.lead}</p>
            {create}
          </div>
          <ActionList actions={actions} mayChange={mayChange} />
        </>
      )}
    </div>
  );
}

export const ErrorBoundary = PageError;
