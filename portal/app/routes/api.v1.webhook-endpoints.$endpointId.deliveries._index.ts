import { readQuery } from "~/api/page";
import { deliveriesQuery, deliveryPage } from "~/api/webhook-deliveries";
import { requireApiKey } from "~/http/api-key-guard";
import { apiRoute, privateJson } from "~/http/api-route";
import { uuidOr404 } from "~/http/params";
import { apiKeys, log, service } from "~/services.server";

const route = apiRoute(log, {
  async GET(call) {
    const { orgId } = await requireApiKey(call, apiKeys, "webhooks");
    const endpointId = uuidOr404(call.params.endpointId);
    return privateJson(await deliveryPage(service, { orgId, endpointId, ...readQuery(call.request.url, deliveriesQuery) }));
  },
});
export const loader = route;
export const action = route;
