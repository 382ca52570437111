import { deliver } from "../webhooks/deliver.ts";
import type { Handler } from "./index.ts";

/** Sends an event to an endpoint, once; further attempts are jobs of their own. */
export const webhookDeliver: Handler<"webhook.deliver"> = ({ deliveryId }, deps, { signal }) =>
  deliver(deliveryId, { ...deps, log: deps.log.with({ delivery: deliveryId }) }, signal);
