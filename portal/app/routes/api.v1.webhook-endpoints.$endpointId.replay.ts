import { replayMany, replayRange } from "~/api/webhook-deliveries";
import { requireApiKey } from "~/http/api-key-guard";
import { apiRoute, privateJson } from "~/http/api-route";
import { readJson } from "~/http/json-body";
import { uuidOr404 } from "~/http/params";
import { apiKeys, log, service } from "~/services.server";

const route = apiRoute(log, {
  async POST(call) {
    const { orgId } = await requireApiKey(call, apiKeys, "webhooks");
    const endpointId = uuidOr404(call.params.endpointId);
    const range = await readJson(call.request, replayRange);
    return privateJson(await replayMany(service, { orgId, endpointId, ...range }), { status: 202 });
  },
});
export const loader = route;
export const action = route;
