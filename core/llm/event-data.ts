import type { IncomingMessage } from "node:http";
import { StringDecoder } from "node:string_decoder";
import { createParser } from "eventsource-parser";
import { LlmError } from "./llm.ts";

/** No event of a chat completion comes near this; a longer one is refused before it fills the memory. In UTF-16 code units. */
export const MAX_EVENT_LENGTH = 1024 * 1024;
/** With this many events unread, no more are fetched. */
const MAX_WAITING = 1_000;

/**
 * The `data` of each server-sent event of a body, those that came together together. Ends with the body.
 * @throws LlmError when an event is longer than MAX_EVENT_LENGTH; whatever the body fails with
 */
export async function* readEventData(body: IncomingMessage): AsyncGenerator<string[]> {
  let found: string[] = [];
  const state: { end: { error?: unknown } | null } = { end: null };
  let wake = () => {};
  const over = (how: { error?: unknown }) => {
    state.end ??= how;
    wake();
  };
  const parser = createParser({
    maxBufferSize: MAX_EVENT_LENGTH,
    onEvent: ({ data }) => found.push(data),
    onError: ({ type }) => {
      if (type === "max-buffer-size-exceeded") over({ error: new LlmError("broken_stream", "the provider sent an event without end") });
    },
  });
  // Keeps a character whole that two packets share.
  const decoder = new StringDecoder("utf8");
  body.on("data", (bytes: Buffer) => {
    if (state.end) return;
    parser.feed(decoder.write(bytes));
    if (found.length > MAX_WAITING) body.pause();
    if (found.length > 0) wake();
  });
  body.on("end", () => {
    // The last event may lack the empty line that ends it.
    if (!state.end) parser.feed(`${decoder.end()}\n\n`);
    over({});
  });
  body.on("error", (error) => over({ error }));
  body.on("close", () => over({ error: new LlmError("broken_stream", "the connection was closed") }));
  try {
    for (;;) {
      if (found.length > 0) {
        const events = found;
        found = [];
        if (body.isPaused()) body.resume();
        yield events;
      } else if (state.end) {
        if ("error" in state.end) throw state.end.error;
        return;
      } else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  } finally {
    // A body that is complete leaves its connection to the next call.
    if (!body.complete) body.destroy();
  }
}
