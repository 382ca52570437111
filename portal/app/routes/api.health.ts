import { apiRoute } from "~/http/api-route";
import { checkHealth } from "~/http/health";
import { log, responder, service } from "~/services.server";

const route = apiRoute(log, {
  async GET({ request }) {
    if (new URL(request.url).searchParams.has("live")) return checkHealth.alive();
    return checkHealth.ready(service, responder.kind);
  },
});
export const loader = route;
export const action = route;
