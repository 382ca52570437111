import { rotateEndpointSecret, rotation } from "~/api/webhook-endpoints";
import { requireApiKey } from "~/http/api-key-guard";
import { apiRoute, privateJson } from "~/http/api-route";
import { readJson } from "~/http/json-body";
import { uuidOr404 } from "~/http/params";
import { apiKeys, log, secretBox, service } from "~/services.server";

const route = apiRoute(log, {
  async POST(call) {
    const { orgId } = await requireApiKey(call, apiKeys, "webhooks");
    const endpointId = uuidOr404(call.params.endpointId);
    const { overlapHours } = await readJson(call.request, rotation);
    return privateJson(await rotateEndpointSecret(service, secretBox, { orgId, endpointId, overlapHours }));
  },
});
export const loader = route;
export const action = route;
