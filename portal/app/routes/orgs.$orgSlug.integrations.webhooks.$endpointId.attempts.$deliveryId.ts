import type { LoaderFunctionArgs } from "@remix-run/node";
import { found, requireMember, uuidParam } from "~/http/guards.server";
import { listAttempts } from "~/models/webhook.server";

/** The attempts of a delivery, for its row when it is opened. */
export async function loader({ request, params }: LoaderFunctionArgs) {
  const { db, org } = await requireMember(request, params.orgSlug, "admin");
  const by = { orgId: org.id, endpointId: uuidParam(params.endpointId), deliveryId: uuidParam(params.deliveryId) };
  return { attempts: found(await listAttempts(db, by)) };
}
