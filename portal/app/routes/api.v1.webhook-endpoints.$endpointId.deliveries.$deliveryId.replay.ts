import { replayDelivery } from "~/api/webhook-deliveries";
import { requireApiKey } from "~/http/api-key-guard";
import { apiRoute, privateJson } from "~/http/api-route";
import { uuidOr404 } from "~/http/params";
import { apiKeys, log, service } from "~/services.server";

const route = apiRoute(log, {
  async POST(call) {
    const { orgId } = await requireApiKey(call, apiKeys, "webhooks");
    const by = { orgId, endpointId: uuidOr404(call.params.endpointId), deliveryId: uuidOr404(call.params.deliveryId) };
    return privateJson(await replayDelivery(service, by), { status: 202 });
  },
});
export const loader = route;
export const action = route;
