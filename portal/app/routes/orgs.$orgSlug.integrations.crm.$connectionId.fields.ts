import type { LoaderFunctionArgs } from "@remix-run/node";
import { askCrm } from "~/http/crm-session.server";
import { attempt } from "~/http/form.server";
import { found, requireMember, uuidParam } from "~/http/guards.server";
import { findConnection } from "~/models/connection.server";

/** The fields of contacts and deals in a connection's CRM, for the editor of the field map. */
export async function loader({ request, params }: LoaderFunctionArgs) {
  const { db, org } = await requireMember(request, params.orgSlug, "admin");
  const by = { orgId: org.id, connectionId: uuidParam(params.connectionId) };
  found(await findConnection(db, by));
  const asked = await attempt(() =>
    askCrm(by, async ({ crm, call }) => ({ contact: await crm.fields(call, "contact"), deal: await crm.fields(call, "deal") })),
  );
  return asked.ok ? asked.value : { ok: false as const, code: "other", detail: null };
}
