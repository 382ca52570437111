import type { Handler } from "./index.ts";

/** A conversation in which nobody has written for this long has ended. */
const IDLE_MINUTES = 30;
const BATCH = 500;

/** Ends the conversations in which nobody writes any more. */
export const conversationEnd: Handler<"conversation.end"> = async (_payload, { db, log }, { signal }) => {
  let ended = 0;
  for (let last = BATCH; last === BATCH && !signal.aborted; ended += last) {
    const { data, error } = await db.rpc("end_idle_conversations", { idle_minutes: IDLE_MINUTES, batch: BATCH });
    if (error) throw error;
    last = data;
  }
  if (ended > 0) log.info("Conversations have ended", { count: ended });
};
