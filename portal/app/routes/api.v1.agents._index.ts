import { z } from "zod";
import { agentPage } from "~/api/agents";
import { pageQuery, readQuery } from "~/api/page";
import { requireApiKey } from "~/http/api-key-guard";
import { apiRoute, privateJson } from "~/http/api-route";
import { apiKeys, log, service } from "~/services.server";

const query = z.strictObject(pageQuery);

const route = apiRoute(log, {
  async GET(call) {
    const { orgId } = await requireApiKey(call, apiKeys, "read");
    return privateJson(await agentPage(service, { orgId, ...readQuery(call.request.url, query) }));
  },
});
export const loader = route;
export const action = route;
