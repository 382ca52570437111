import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Arrival, Visitor } from "./visitor.ts";

/** How a conversation went for a visitor who comes back until the answer has ended, as the widget does. */
export type Conversation = {
  text: string;
  /** No event came twice or before an earlier one. */
  whole: boolean;
  /** How often the visitor came back to a running answer. */
  resumed: number;
  /** How often the question was refused for want of room and sent again. */
  refused: number;
  /** What went wrong for good, or null. */
  broken: string | null;
};

const TRIES = 20;
const PAUSE_MS = 250;

/** The number of an event in its run, from "<run>:<number>". */
const numberOf = (id: string | undefined) => Number(id?.split(":").at(-1));

/**
 * Asks, and reads the answer to its end over as many connections as it takes.
 * @param leaveAfter events after which the visitor drops the connection once and comes back
 */
export async function askPersistently(visitor: Visitor, question: string, leaveAfter = Number.POSITIVE_INFINITY): Promise<Conversation> {
  const id = randomUUID();
  const seen: Conversation = { text: "", whole: true, resumed: 0, refused: 0, broken: null };
  let last: string | undefined;
  let ended = false;
  let leave = leaveAfter;

  const read = async (arrivals: AsyncIterable<Arrival>) => {
    for await (const { id: eventId, event } of arrivals) {
      if (eventId) {
        // Some events of a run are not for visitors, so numbers may be left out; what is missing of the answer its reader knows.
        if (last && numberOf(eventId) <= numberOf(last)) seen.whole = false;
        last = eventId;
      }
      if (event.type === "text-delta") seen.text += event.delta;
      if (event.type === "error" || event.type === "abort") seen.broken = `${event.type}: ${JSON.stringify(event)}`;
      if (event.type === "finish") ended = true;
      if (last && numberOf(last) >= leave) {
        leave = Number.POSITIVE_INFINITY;
        return;
      }
    }
  };
  let failure: unknown;
  for (let attempt = 0; attempt < TRIES && !ended && !seen.broken; attempt++) {
    try {
      if (last) seen.resumed++;
      await read(last ? visitor.resume(id, last) : visitor.ask(question, id));
    } catch (error) {
      failure = error;
      if (!last && /: 503 /.test(String(error))) seen.refused++;
      await sleep(last ? PAUSE_MS : 4 * PAUSE_MS);
    }
  }
  if (!ended) seen.broken ??= `the answer never ended: ${failure}`;
  if (!seen.whole) seen.broken ??= "events are doubled or out of order";
  return seen;
}
