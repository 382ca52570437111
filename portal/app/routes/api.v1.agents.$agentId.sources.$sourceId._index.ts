import { agentOfPath } from "~/api/agents";
import { readSource, removeSource } from "~/api/sources";
import { requireApiKey } from "~/http/api-key-guard";
import { apiRoute, noContent, privateJson } from "~/http/api-route";
import { uuidOr404 } from "~/http/params";
import { apiKeys, log, service } from "~/services.server";

const route = apiRoute(log, {
  async GET(call) {
    const { orgId } = await requireApiKey(call, apiKeys, "read");
    const sourceId = uuidOr404(call.params.sourceId);
    const agent = await agentOfPath(service, { orgId, publicId: call.params.agentId });
    return privateJson(await readSource(service, { orgId, agentId: agent.id, sourceId }));
  },
  async DELETE(call) {
    const { orgId } = await requireApiKey(call, apiKeys, "write");
    const sourceId = uuidOr404(call.params.sourceId);
    const agent = await agentOfPath(service, { orgId, publicId: call.params.agentId });
    await removeSource(service, { orgId, agentId: agent.id, sourceId });
    return noContent();
  },
});
export const loader = route;
export const action = route;
