import type { LoaderFunctionArgs } from "@remix-run/node";
import { requireMember, uuidParam } from "~/http/guards.server";
import { handOverCookies } from "~/http/session.server";
import { listSources } from "~/models/source.server";

/** The state of an agent's documents as JSON, asked once a second while any of them is being read. */
export async function loader({ request, params }: LoaderFunctionArgs) {
  const { db, org } = await requireMember(request, params.orgSlug);
  const sources = await listSources(db, { orgId: org.id, agentId: uuidParam(params.agentId) });
  const answer = Response.json({ sources }, { headers: { "Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff" } });
  handOverCookies(request, answer.headers);
  return answer;
}
