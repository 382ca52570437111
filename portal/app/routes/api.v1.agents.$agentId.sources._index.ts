import { agentOfPath } from "~/api/agents";
import { readQuery } from "~/api/page";
import { readNewSource } from "~/api/source-requests";
import { addSource, sourcePage, sourcesQuery } from "~/api/sources";
import { requireApiKey } from "~/http/api-key-guard";
import { apiRoute, privateJson } from "~/http/api-route";
import { idempotencyKey } from "~/http/idempotency";
import { apiKeys, log, service } from "~/services.server";

const route = apiRoute(log, {
  async GET(call) {
    const { orgId } = await requireApiKey(call, apiKeys, "read");
    const agent = await agentOfPath(service, { orgId, publicId: call.params.agentId });
    return privateJson(await sourcePage(service, { orgId, agentId: agent.id, ...readQuery(call.request.url, sourcesQuery) }));
  },
  async POST(call) {
    const { orgId, keyId } = await requireApiKey(call, apiKeys, "write");
    const agent = await agentOfPath(service, { orgId, publicId: call.params.agentId });
    const by = { orgId, agentId: agent.id, keyId, idempotencyKey: idempotencyKey(call.request.headers), log: call.log };
    return privateJson(await addSource(service, by, await readNewSource(call.request)), { status: 201 });
  },
});
export const loader = route;
export const action = route;
