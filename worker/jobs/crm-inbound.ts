import { receiveInbound } from "../crm/inbound.ts";
import type { Handler } from "./index.ts";

/** Looks at a contact that a CRM told of. */
export const crmInbound: Handler<"crm.inbound"> = ({ eventId }, deps, turn) =>
  receiveInbound(eventId, { ...deps, log: deps.log.with({ eventId }) }, turn);
