import type { Handler } from "./index.ts";

/** Puts due readings and lost work with CRMs into the outbox. */
export const crmPoll: Handler<"crm.poll"> = async (_payload, { db, log }) => {
  const { data, error } = await db.rpc("poll_crms");
  if (error) throw error;
  if (data > 0) log.debug("Work with CRMs is due", { jobs: data });
};
