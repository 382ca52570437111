import { setUpConnection } from "../crm/setup.ts";
import type { Handler } from "./index.ts";

/** Checks a new connection, subscribes to its changes, takes up what waits on it. */
export const crmSetup: Handler<"crm.setup"> = ({ connectionId }, deps, turn) =>
  setUpConnection(connectionId, { ...deps, log: deps.log.with({ connectionId }) }, turn);
