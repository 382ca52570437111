import { z } from "zod";
import { sameSecret } from "../same-secret.ts";
import type { CrmEvent, CrmInbound, InboundRequest } from "./crm.ts";
import { numericId, readAnswer } from "./crm-answer.ts";
import { CrmError } from "./crm-error.ts";

/** The name that Pipedrive is told to sign in with; the password is the connection's secret. */
const USER = "gpt-agent";

const subscribed = z.object({ data: z.object({ id: z.number().int() }) });
const notice = z.object({
  meta: z.object({
    id: z.string().min(1).max(200),
    action: z.enum(["create", "change", "delete"]),
    entity: z.string(),
    entity_id: z.union([z.string().regex(/^\d{1,15}$/), z.number().int().positive()]).transform(String),
  }),
});

/**
 * Pipedrive signs nothing: it sends the name and password that we set with the subscription, by HTTP Basic (RFC 7617).
 * pipedrive.readme.io/docs/guide-for-webhooks-v2.
 */
export const pipedriveInbound: CrmInbound = {
  address: "connection",
  verify: ({ headers }, { connection }) =>
    !!connection && sameSecret(headers.authorization, `Basic ${Buffer.from(`${USER}:${connection}`).toString("base64")}`),
  events,
  async subscribe(call, { url, secret }) {
    const json = {
      subscription_url: url,
      event_action: "*",
      event_object: "person",
      version: "2.0",
      name: "GPT Agent Platform",
      http_auth_user: USER,
      http_auth_password: secret,
    };
    return String(readAnswer(subscribed, await call({ method: "POST", path: "/api/v1/webhooks", json })).data.id);
  },
  async unsubscribe(call, subscription) {
    try {
      await call({ method: "DELETE", path: `/api/v1/webhooks/${numericId(subscription)}` });
    } catch (error) {
      if (!(error instanceof CrmError && error.code === "not_found")) throw error;
    }
  },
};

/** One event in a request. Of a merge, the person that stays comes as "change" and the other as "delete". */
function events({ body }: InboundRequest): CrmEvent[] {
  let json: unknown;
  try {
    json = JSON.parse(body.toString("utf8"));
  } catch (cause) {
    throw new CrmError("malformed", "Pipedrive's webhook is not JSON", { cause });
  }
  const read = notice.safeParse(json);
  if (!read.success) throw new CrmError("malformed", "Pipedrive's webhook has another shape than it documents", { cause: read.error });
  const { id, action, entity, entity_id: contactId } = read.data.meta;
  return entity === "person" ? [{ id, kind: action === "delete" ? "deleted" : "changed", contactId, accountId: null }] : [];
}
