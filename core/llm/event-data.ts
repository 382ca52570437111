import type { IncomingMessage } from "node:http";
import { StringDecoder } from "node:string_decoder";
import { createParser } from "eventsource-parser";
import { LlmError } from "./llm.ts";

/** No event of a chat completion comes near this; a longer one is refused before it fills the memory. In UTF-16 code units. */
export const MAX_EVENT_LENGTH = 1024 * 1024;

/**
 * Tells the bytes of a body as Node's HTTP parser hands them over, in their order. A stream looks after each piece of them whether to ask for
 * more; nothing here ever makes the sender wait, and those looks are a twentieth of what a token costs (docs/SCALING.md).
 */
function hearBytes(body: IncomingMessage, hear: (bytes: Buffer) => void): void {
  const { push } = body;
  // What came together with the head is in the stream already, and goes first.
  body.on("data", hear);
  body.push = (bytes: Buffer | null, encoding?: BufferEncoding) => {
    if (bytes === null || body.readableLength > 0 || !body.readableFlowing) return push.call(body, bytes, encoding);
    hear(bytes);
    return true;
  };
}

/**
 * Reads a body of server-sent events to its end and tells the `data` of each as it comes, in the turn of the event loop in which
 * its bytes did: an answer of hundreds of tokens is not worth a promise for each. `read` returns true when it needs no more.
 * @returns when the body has ended or `read` is done
 * @throws LlmError when an event is longer than MAX_EVENT_LENGTH; whatever the body or `read` fails with
 */
export function readEventData(body: IncomingMessage, read: (data: string) => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    let over = false;
    const end = (how: () => void) => {
      if (over) return;
      over = true;
      // A body that is complete leaves its connection to the next call; its last bytes may be in the packet that is being read.
      setImmediate(() => body.complete || body.destroy());
      how();
    };
    const fail = (error: unknown) => end(() => reject(error));
    const parser = createParser({
      maxBufferSize: MAX_EVENT_LENGTH,
      onEvent: ({ data }) => {
        if (!over && read(data)) end(resolve);
      },
      onError: ({ type }) => {
        if (type === "max-buffer-size-exceeded") fail(new LlmError("broken_stream", "the provider sent an event without end"));
      },
    });
    // Keeps a character whole that two packets share.
    const decoder = new StringDecoder("utf8");
    const feed = (text: string) => {
      if (over) return;
      try {
        parser.feed(text);
      } catch (error) {
        fail(error);
      }
    };
    hearBytes(body, (bytes) => feed(decoder.write(bytes)));
    body.on("end", () => {
      // The last event may lack the empty line that ends it.
      feed(`${decoder.end()}\n\n`);
      end(resolve);
    });
    body.on("error", fail);
    body.on("close", () => fail(new LlmError("broken_stream", "the connection was closed")));
  });
}
