import { pushConversation } from "../crm/push.ts";
import type { Handler } from "./index.ts";

/** Writes a conversation to a CRM. */
export const crmPush: Handler<"crm.push"> = ({ pushId }, deps, turn) =>
  pushConversation(pushId, { ...deps, log: deps.log.with({ pushId }) }, turn);
