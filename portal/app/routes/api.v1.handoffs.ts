import { handoffPage, handoffsQuery } from "~/api/handoffs";
import { readQuery } from "~/api/page";
import { requireApiKey } from "~/http/api-key-guard";
import { apiRoute, privateJson } from "~/http/api-route";
import { apiKeys, log, service } from "~/services.server";

const route = apiRoute(log, {
  async GET(call) {
    const { orgId } = await requireApiKey(call, apiKeys, "read");
    return privateJson(await handoffPage(service, { orgId, ...readQuery(call.request.url, handoffsQuery) }));
  },
});
export const loader = route;
export const action = route;
