import { endpointChange, readEndpointBody, readEndpointById, updateEndpoint } from "~/api/webhook-endpoints";
import { requireApiKey } from "~/http/api-key-guard";
import { apiRoute, noContent, privateJson } from "~/http/api-route";
import { uuidOr404 } from "~/http/params";
import { removeEndpoint } from "~/models/webhook.server";
import { apiKeys, env, log, service } from "~/services.server";

const schema = endpointChange(env.EGRESS_ALLOW);

const route = apiRoute(log, {
  async GET(call) {
    const { orgId } = await requireApiKey(call, apiKeys, "webhooks");
    return privateJson(await readEndpointById(service, { orgId, endpointId: uuidOr404(call.params.endpointId) }));
  },
  async PATCH(call) {
    const { orgId } = await requireApiKey(call, apiKeys, "webhooks");
    const endpointId = uuidOr404(call.params.endpointId);
    return privateJson(await updateEndpoint(service, { orgId, endpointId }, await readEndpointBody(call.request, schema)));
  },
  async DELETE(call) {
    const { orgId } = await requireApiKey(call, apiKeys, "webhooks");
    await removeEndpoint(service, { orgId, endpointId: uuidOr404(call.params.endpointId) });
    return noContent();
  },
});
export const loader = route;
export const action = route;
