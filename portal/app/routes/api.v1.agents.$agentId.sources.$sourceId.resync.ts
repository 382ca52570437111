import { agentOfPath } from "~/api/agents";
import { resyncSource } from "~/api/sources";
import { requireApiKey } from "~/http/api-key-guard";
import { apiRoute, privateJson } from "~/http/api-route";
import { uuidOr404 } from "~/http/params";
import { apiKeys, log, service } from "~/services.server";

const route = apiRoute(log, {
  async POST(call) {
    const { orgId } = await requireApiKey(call, apiKeys, "write");
    const sourceId = uuidOr404(call.params.sourceId);
    const agent = await agentOfPath(service, { orgId, publicId: call.params.agentId });
    return privateJson(await resyncSource(service, { orgId, agentId: agent.id, sourceId }), { status: 202 });
  },
});
export const loader = route;
export const action = route;
