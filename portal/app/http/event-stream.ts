import type { ChatEvent } from "@gpt-agent/core/chat-events";

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
export type EventFrames = { frames: AsyncIterable<string>; signal: AbortSignal; pingMs: number };

const framesOfResponse = new WeakMap<Response, EventFrames>();
/** The frames behind an answer of sseResponse whose body has not been touched, for a server that can write them itself. */
export const framesOf = (response: Response): EventFrames | undefined => framesOfResponse.get(response);

/**
 * Server-sent events from text frames. Driven by the reader: a slow client is not read ahead for. When the client leaves, the
 * frames' source is told through `signal` and whatever it waits for is let go.
 */
export function sseResponse(
  frames: AsyncIterable<string>,
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
  let iterator: AsyncIterator<string> | undefined;
  let next: Promise<IteratorResult<string>> | undefined;
  /** A source parked at a yield is let go too, so that what it holds is released. */
  const release = () => Promise.resolve(iterator?.return?.()).catch(() => {});
  const end = (controller: ReadableStreamDefaultController<Uint8Array>) => {
    void release();
    try {
      controller.close();
    } catch {
      // Closed already: the client left first.
    }
  };
  const source: UnderlyingDefaultSource<Uint8Array> = {
    async pull(controller) {
      if (!iterator) {
        iterator = frames[Symbol.asyncIterator]();
        signal.addEventListener("abort", () => end(controller), { once: true });
      }
      if (signal.aborted) return end(controller);
      next ??= iterator.next();
      let timer: NodeJS.Timeout | undefined;
      const silence = new Promise<null>((resolve) => {
        timer = setTimeout(() => resolve(null), pingMs);
      });
      const step = await Promise.race([next, silence]);
      clearTimeout(timer);
      if (signal.aborted) return;
      if (step === null) return controller.enqueue(encoder.encode(PING));
      next = undefined;
      if (step.done) end(controller);
      else controller.enqueue(encoder.encode(step.value));
    },
    async cancel() {
      await release();
    },
  };
  return new ReadableStream(source, { highWaterMark: 0 });
}

/** Nothing of a run's cost is for visitors. */
const HIDDEN: ReadonlySet<ChatEvent["type"]> = new Set(["data-usage"]);

/** A run's events as frames of the AI SDK's UI message stream v1, each with the id to resume after. */
export async function* uiMessageFrames(runId: string, events: AsyncIterable<WrittenEvent>, signal: AbortSignal): AsyncGenerator<string> {
  for await (const { seq, type, json } of events) {
    if (!HIDDEN.has(type)) yield `id: ${runId}:${seq}\ndata: ${json}\n\n`;
  }
  if (!signal.aborted) yield "data: [DONE]\n\n";
}

/** A run as the AI SDK's UI message stream. */
export const uiMessageStream = (runId: string, events: AsyncIterable<WrittenEvent>, signal: AbortSignal): Response =>
  sseResponse(uiMessageFrames(runId, events, signal), signal, { "x-vercel-ai-ui-message-stream": "v1" });
