import { readQuery } from "~/api/page";
import { usagePage, usageQuery } from "~/api/usage";
import { requireApiKey } from "~/http/api-key-guard";
import { apiRoute, privateJson } from "~/http/api-route";
import { apiKeys, log, service } from "~/services.server";

const route = apiRoute(log, {
  async GET(call) {
    const { orgId } = await requireApiKey(call, apiKeys, "read");
    return privateJson(await usagePage(service, { orgId, ...readQuery(call.request.url, usageQuery) }));
  },
});
export const loader = route;
export const action = route;
