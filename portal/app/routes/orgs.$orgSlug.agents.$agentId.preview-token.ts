import type { LoaderFunctionArgs } from "@remix-run/node";
import { found, requireMember, uuidParam } from "~/http/guards.server";
import { findAgent } from "~/models/agent.server";
import { visitorApi } from "~/services.server";

/** What lets the portal's own previews talk to an agent that only verified visitors may talk to; the widget's user-token-url. */
export async function loader({ request, params }: LoaderFunctionArgs) {
  const { db, org } = await requireMember(request, params.orgSlug);
  const { publicId, settings } = found(await findAgent(db, { orgId: org.id, agentId: uuidParam(params.agentId) }));
  const headers = { "cache-control": "no-store" };
  if (!settings.visitors.enforce) return new Response(null, { status: 204, headers });
  return Response.json({ token: await visitorApi().tokens.signPreview(publicId) }, { headers });
}
