import { pullContacts } from "../crm/pull.ts";
import type { Handler } from "./index.ts";

/** Reads contacts of a CRM, a few pages a job. */
export const crmPull: Handler<"crm.pull"> = ({ connectionId }, deps, turn) =>
  pullContacts(connectionId, { ...deps, log: deps.log.with({ connectionId }) }, turn);
