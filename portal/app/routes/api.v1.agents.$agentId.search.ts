import { agentOfPath } from "~/api/agents";
import { passagesAnswer, searchRequest } from "~/api/search";
import { requireApiKey } from "~/http/api-key-guard";
import { apiRoute, privateJson } from "~/http/api-route";
import { readJson } from "~/http/json-body";
import { apiKeys, log, searchKnowledge, service } from "~/services.server";

const route = apiRoute(log, {
  async POST(call) {
    const { orgId } = await requireApiKey(call, apiKeys, "read");
    const agent = await agentOfPath(service, { orgId, publicId: call.params.agentId });
    const { query, limit } = await readJson(call.request, searchRequest);
    return privateJson(passagesAnswer(await searchKnowledge({ orgId, agentId: agent.id, text: query, limit }, call.request.signal)));
  },
});
export const loader = route;
export const action = route;
