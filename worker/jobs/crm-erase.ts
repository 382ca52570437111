import { eraseRecord } from "../crm/erase.ts";
import type { Handler } from "./index.ts";

/** Removes a record of ours from a CRM. */
export const crmErase: Handler<"crm.erase"> = ({ erasureId }, deps, turn) =>
  eraseRecord(erasureId, { ...deps, log: deps.log.with({ erasureId }) }, turn);
