import type { LoaderFunctionArgs } from "@remix-run/node";
import { found, requireMember, uuidParam } from "~/http/guards.server";
import { findReceipt } from "~/models/receipt.server";

/** A receipt as a JSON file. */
export async function loader({ request, params }: LoaderFunctionArgs) {
  const { db, org } = await requireMember(request, params.orgSlug);
  const by = { orgId: org.id, conversationId: uuidParam(params.conversationId), runId: uuidParam(params.runId) };
  const receipt = found(await findReceipt(db, by));
  return new Response(JSON.stringify(receipt, null, 2), {
    headers: {
      "content-type": "application/json; charset=utf-8",
      "content-disposition": `attachment; filename="receipt-${receipt.id}.json"`,
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    },
  });
}
