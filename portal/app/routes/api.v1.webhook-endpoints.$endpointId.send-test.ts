import { testEndpoint } from "~/api/webhook-deliveries";
import { requireApiKey } from "~/http/api-key-guard";
import { apiRoute, privateJson } from "~/http/api-route";
import { uuidOr404 } from "~/http/params";
import { apiKeys, log, service } from "~/services.server";

const route = apiRoute(log, {
  async POST(call) {
    const { orgId } = await requireApiKey(call, apiKeys, "webhooks");
    return privateJson(await testEndpoint(service, { orgId, endpointId: uuidOr404(call.params.endpointId) }), { status: 202 });
  },
});
export const loader = route;
export const action = route;
