import { createParser } from "eventsource-parser";
import { LlmError } from "./llm.ts";

/** No event of a chat completion comes near this; a longer one is refused before it fills the memory. In UTF-16 code units. */
export const MAX_EVENT_LENGTH = 1024 * 1024;

/**
 * The `data` of each server-sent event of a body, those of one packet together. Ends with the body.
 * @throws LlmError when an event is longer than MAX_EVENT_LENGTH; whatever the body fails with
 */
export async function* readEventData(body: ReadableStream<Uint8Array>): AsyncGenerator<string[]> {
  let tooLong = false;
  let found: string[] = [];
  const parser = createParser({
    maxBufferSize: MAX_EVENT_LENGTH,
    onEvent: ({ data }) => found.push(data),
    onError: ({ type }) => {
      tooLong ||= type === "max-buffer-size-exceeded";
    },
  });
  // Keeps a character whole that two packets share.
  const decoder = new TextDecoder();
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      // The last event may lack the empty line that ends it.
      parser.feed(done ? `${decoder.decode()}\n\n` : decoder.decode(value, { stream: true }));
      if (tooLong) throw new LlmError("broken_stream", "the provider sent an event without end");
      if (found.length > 0) yield found;
      found = [];
      if (done) return;
    }
  } finally {
    // Fails when the body has failed already.
    await reader.cancel().catch(() => undefined);
  }
}
