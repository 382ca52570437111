import { disconnect } from "../crm/disconnect.ts";
import type { Handler } from "./index.ts";

/** Takes leave of a CRM and erases the connection. */
export const crmDisconnect: Handler<"crm.disconnect"> = ({ connectionId }, deps, turn) =>
  disconnect(connectionId, { ...deps, log: deps.log.with({ connectionId }) }, turn);
