import { leadPage, leadsQuery } from "~/api/leads";
import { readQuery } from "~/api/page";
import { requireApiKey } from "~/http/api-key-guard";
import { apiRoute, privateJson } from "~/http/api-route";
import { apiKeys, log, service } from "~/services.server";

const route = apiRoute(log, {
  async GET(call) {
    const { orgId } = await requireApiKey(call, apiKeys, "read");
    return privateJson(await leadPage(service, { orgId, ...readQuery(call.request.url, leadsQuery) }));
  },
});
export const loader = route;
export const action = route;
