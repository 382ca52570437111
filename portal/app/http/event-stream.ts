import type { ChatEvent } from "@gpt-agent/core/chat-events";
import type { Telling } from "../chat/telling.ts";

/** An event of a run with its place, counted from 1. */
export type NumberedEvent = { seq: number; event: ChatEvent };
/** The same as it is passed on. */
export type WrittenEvent = { seq: number; type: ChatEvent["type"]; json: string };

/** Silence longer than this gets a comment, so that proxies keep the connection; milliseconds. */
const PING_MS = 12_000;
export const PING = ": ping\n\n";

export const EVENT_STREAM_HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
  "x-content-type-options": "nosniff",
};

/** Frames of server-sent events, as long as the signal lets them; a comment after `pingMs` of silence. */
export type EventFrames = { frames: Telling<string>; signal: AbortSignal; pingMs: number };

const framesOfResponse = new WeakMap<Response, EventFrames>();
/** The frames behind an answer of sseResponse whose body has not been touched, for a server that can write them itself. */
export const framesOf = (response: Response): EventFrames | undefined => framesOfResponse.get(response);

/**
 * Server-sent events from text frames. Driven by the reader: a slow client is not read ahead for. When the client leaves, the
 * frames' source is told through `signal`, and by the failure of what it tells.
 */
export function sseResponse(
  frames: Telling<string>,
  signal: AbortSignal,
  headers: Record<string, string> = {},
  pingMs: number = PING_MS,
): Response {
  const events = { frames, signal, pingMs };
  const response = new Response(webBody(events), { headers: { ...EVENT_STREAM_HEADERS, ...headers } });
  framesOfResponse.set(response, events);
  return response;
}

/** Frames as a body of the fetch standard. Nothing begins before it is read. */
function webBody({ frames, signal, pingMs }: EventFrames): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let begun = false;
  let left = false;
  /** Does the reader wait for something? */
  let wanted = false;
  let goOn = () => {};
  let heartbeat: NodeJS.Timeout | undefined;
  /** Whoever tells the frames is told in turn that nobody hears them any more. */
  const leave = () => {
    left = true;
    clearInterval(heartbeat);
    goOn();
  };
  function begin(controller: ReadableStreamDefaultController<Uint8Array>): void {
    const send = (frame: string) => {
      wanted = false;
      controller.enqueue(encoder.encode(frame));
    };
    const end = (how: () => void) => {
      if (left) return;
      leave();
      how();
    };
    const close = () => end(() => controller.close());
    signal.addEventListener("abort", close, { once: true });
    if (signal.aborted) {
      close();
      return;
    }
    heartbeat = setInterval(() => wanted && send(PING), pingMs);
    frames((frame) => {
      if (left) throw new Error("The reader has left.");
      heartbeat?.refresh();
      send(frame);
      if (!wanted)
        return new Promise((resolve) => {
          goOn = resolve;
        });
    }).then(close, (error) => end(() => controller.error(error)));
  }
  const source: UnderlyingDefaultSource<Uint8Array> = {
    pull(controller) {
      wanted = true;
      goOn();
      if (!begun) begin(controller);
      begun = true;
    },
    cancel: leave,
  };
  return new ReadableStream(source, { highWaterMark: 0 });
}

/** Nothing of a run's cost is for visitors. */
const HIDDEN: ReadonlySet<ChatEvent["type"]> = new Set(["data-usage"]);

/** A run's events as frames of the AI SDK's UI message stream v1, each with the id to resume after. */
export function uiMessageFrames(runId: string, events: Telling<WrittenEvent>, signal: AbortSignal): Telling<string> {
  return async (hear) => {
    await events(({ seq, type, json }) => {
      if (!HIDDEN.has(type)) return hear(`id: ${runId}:${seq}\ndata: ${json}\n\n`);
    });
    if (!signal.aborted) await hear("data: [DONE]\n\n");
  };
}

/** A run as the AI SDK's UI message stream. */
export const uiMessageStream = (runId: string, events: Telling<WrittenEvent>, signal: AbortSignal): Response =>
  sseResponse(uiMessageFrames(runId, events, signal), signal, { "x-vercel-ai-ui-message-stream": "v1" });
