import { type ActionFunctionArgs, data, type LoaderFunctionArgs } from "@remix-run/node";
import { askCrm } from "~/http/crm-session.server";
import { attempt, parseForm } from "~/http/form.server";
import { found, requireMember, uuidParam } from "~/http/guards.server";
import { findConnection } from "~/models/connection.server";
import { previewForm } from "~/models/connection-form.server";
import { previewPush, readFacts } from "~/models/crm-preview.server";
import { linksOf } from "~/models/crm-sync.server";
import { env } from "~/services.server";

/** Nothing is to be had without saying of which conversation. */
export async function loader({ request, params }: LoaderFunctionArgs) {
  await requireMember(request, params.orgSlug, "admin");
  throw new Response("Method not allowed", { status: 405, headers: { allow: "POST" } });
}

/** A dry run: what one conversation would come to in the CRM by the settings on the screen. Nothing is written. */
export async function action({ request, params }: ActionFunctionArgs) {
  const { db, org } = await requireMember(request, params.orgSlug, "admin");
  const by = { orgId: org.id, connectionId: uuidParam(params.connectionId) };
  found(await findConnection(db, by));
  const form = await parseForm(request, previewForm);
  if (!form.ok) return data(form, { status: 400 });
  const { conversationId, settings } = form.value;
  const facts = found(await readFacts(db, { orgId: org.id, conversationId }));
  const links = await linksOf(db, { ...by, conversationId });
  const asked = await attempt(() => askCrm(by, (session) => previewPush(session, { facts, settings, appUrl: env.APP_URL, links })));
  if (!asked.ok) return data(asked, { status: 400 });
  return { ok: true as const, preview: asked.value };
}
