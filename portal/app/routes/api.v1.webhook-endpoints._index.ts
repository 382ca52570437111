import { readQuery } from "~/api/page";
import { addEndpointForKey, endpointPage, endpointsQuery, newEndpoint, readEndpointBody } from "~/api/webhook-endpoints";
import { requireApiKey } from "~/http/api-key-guard";
import { apiRoute, privateJson } from "~/http/api-route";
import { idempotencyKey } from "~/http/idempotency";
import { apiKeys, env, log, secretBox, service } from "~/services.server";

const schema = newEndpoint(env.EGRESS_ALLOW);

const route = apiRoute(log, {
  async GET(call) {
    const { orgId } = await requireApiKey(call, apiKeys, "webhooks");
    return privateJson(await endpointPage(service, { orgId, ...readQuery(call.request.url, endpointsQuery) }));
  },
  async POST(call) {
    const { orgId, keyId } = await requireApiKey(call, apiKeys, "webhooks");
    const by = { orgId, keyId, idempotencyKey: idempotencyKey(call.request.headers) };
    return privateJson(await addEndpointForKey(service, secretBox, by, await readEndpointBody(call.request, schema)), { status: 201 });
  },
});
export const loader = route;
export const action = route;
