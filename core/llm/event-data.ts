import type { IncomingMessage } from "node:http";
import { StringDecoder } from "node:string_decoder";
import { createParser } from "eventsource-parser";
import { atOnce, type Gather } from "./gather.ts";
import { LlmError } from "./llm.ts";

/** No event of a chat completion comes near this; a longer one is refused before it fills the memory. In UTF-16 code units. */
export const MAX_EVENT_LENGTH = 1024 * 1024;
/** More than this does not wait, in bytes. */
const MAX_WAITING = 64 * 1024;

/** How the events of a body are read. */
export type EventReading = {
  /** Is told the `data` of those that came together. Returns true when no more are needed. */
  read(events: string[]): boolean;
  /** Brings together what comes. What each piece touches on its way lies far apart in memory, and is fetched once for all of them. */
  gather?: Gather;
  /** May what comes wait for more? Asked after each piece until it may. */
  mayWait?(): boolean;
};

/**
 * Reads a body of server-sent events to its end, without a promise for each: an answer has hundreds of them. What is gathered still when the
 * body ends or breaks off is read before this resolves or rejects.
 * @returns when the body has ended or `read` needs no more
 * @throws LlmError when an event is longer than MAX_EVENT_LENGTH; whatever the body or `read` fails with
 */
export function readEventData(body: IncomingMessage, { read, gather = atOnce, mayWait = () => true }: EventReading): Promise<void> {
  return new Promise((resolve, reject) => {
    let over = false;
    const end = (how: () => void) => {
      if (over) return;
      over = true;
      packets.end();
      // A body that is complete leaves its connection to the next call; its last bytes may be in the packet that is being read.
      setImmediate(() => body.complete || body.destroy());
      how();
    };
    const fail = (error: unknown) => end(() => reject(error));

    let events: string[] = [];
    let tooLong = false;
    const parser = createParser({
      maxBufferSize: MAX_EVENT_LENGTH,
      onEvent: ({ data }) => {
        events.push(data);
      },
      onError: ({ type }) => {
        tooLong ||= type === "max-buffer-size-exceeded";
      },
    });
    const feed = (text: string) => {
      if (over) return;
      try {
        parser.feed(text);
        const told = events;
        events = [];
        if (told.length > 0 && read(told)) end(resolve);
        else if (tooLong) fail(new LlmError("broken_stream", "the provider sent an event without end"));
      } catch (error) {
        fail(error);
      }
    };

    // Keeps a character whole that two packets share.
    const decoder = new StringDecoder("utf8");
    let waiting = 0;
    const packets = gather((bytes: Buffer[]) => {
      waiting = 0;
      let text = "";
      for (const one of bytes) text += decoder.write(one);
      feed(text);
    });
    let waits = false;
    const hear = (bytes: Buffer) => {
      if (over) return;
      waiting += bytes.length;
      packets.add(bytes);
      waits ||= mayWait();
      if (!waits || waiting > MAX_WAITING) packets.pass();
    };
    // Bytes go past the body's stream as Node's HTTP parser hands them over. It would look after each piece of them whether to ask for more, which is
    // a twentieth of what a token costs (docs/SCALING.md); nothing here ever makes the sender wait. What came with the head is in the stream already,
    // and goes first.
    body.on("data", hear);
    const { push } = body;
    let past = false;
    body.push = (bytes: Buffer | null, encoding?: BufferEncoding) => {
      past ||= body.readableLength === 0 && body.readableFlowing === true;
      if (!past || bytes === null) return push.call(body, bytes, encoding);
      hear(bytes);
      return true;
    };
    body.on("end", () => {
      packets.pass();
      // The last event may lack the empty line that ends it.
      feed(`${decoder.end()}\n\n`);
      end(resolve);
    });
    const failed = (error: unknown) => {
      packets.pass();
      fail(error);
    };
    body.on("error", failed);
    body.on("close", () => failed(new LlmError("broken_stream", "the connection was closed")));
  });
}
