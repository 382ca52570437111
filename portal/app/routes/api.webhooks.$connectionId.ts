import { apiRoute, privateJson } from "~/http/api-route";
import { receiveWebhook } from "~/http/crm-webhook";
import { crms, env, limiter, log, secretBox, service } from "~/services.server";

/** Where CRMs tell of changes: one address for each connection, or the CRM's name where it knows one address for an app. */
const route = apiRoute(log, {
  async POST(call) {
    const door = { db: service, crms, box: secretBox, limiter, appUrl: env.APP_URL, trustedProxies: env.TRUSTED_PROXIES };
    return privateJson({ received: await receiveWebhook(door, call) });
  },
});
export const loader = route;
export const action = route;
