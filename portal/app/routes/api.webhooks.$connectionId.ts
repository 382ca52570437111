import { type ApiCall, apiRoute, privateJson } from "~/http/api-route";
import { receiveRemoval, receiveWebhook } from "~/http/crm-webhook";
import { crms, env, limiter, log, secretBox, service } from "~/services.server";

const door = () => ({ db: service, crms, box: secretBox, limiter, appUrl: env.APP_URL, trustedProxies: env.TRUSTED_PROXIES });

/** Where CRMs tell of changes: one address for each connection, or the CRM's name where it knows one address for an app. DELETE tells that our app was removed. */
const route = apiRoute(log, {
  POST: async (call: ApiCall) => privateJson({ received: await receiveWebhook(door(), call) }),
  DELETE: async (call: ApiCall) => privateJson({ received: await receiveRemoval(door(), call) }),
});
export const loader = route;
export const action = route;
