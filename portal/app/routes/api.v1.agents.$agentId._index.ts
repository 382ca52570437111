import { readAgent } from "~/api/agents";
import { requireApiKey } from "~/http/api-key-guard";
import { apiRoute, privateJson } from "~/http/api-route";
import { apiKeys, log, service } from "~/services.server";

const route = apiRoute(log, {
  async GET(call) {
    const { orgId } = await requireApiKey(call, apiKeys, "read");
    return privateJson(await readAgent(service, { orgId, publicId: call.params.agentId }));
  },
});
export const loader = route;
export const action = route;
