import { auditPage, auditQuery } from "~/api/audit-log";
import { readQuery } from "~/api/page";
import { requireApiKey } from "~/http/api-key-guard";
import { apiRoute, privateJson } from "~/http/api-route";
import { apiKeys, log, service } from "~/services.server";

// A scope of its own: the record names people, and only admins see it in the portal.
const route = apiRoute(log, {
  async GET(call) {
    const { orgId } = await requireApiKey(call, apiKeys, "audit");
    return privateJson(await auditPage(service, { orgId, ...readQuery(call.request.url, auditQuery) }));
  },
});
export const loader = route;
export const action = route;
