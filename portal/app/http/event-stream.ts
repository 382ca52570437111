import type { ChatEvent } from "@gpt-agent/core/chat-events";

/** An event of a run with its place, counted from 1. */
export type NumberedEvent = { seq: number; event: ChatEvent };

/** Silence longer than this gets a comment, so that proxies keep the connection; milliseconds. */
const PING_MS = 12_000;

export const EVENT_STREAM_HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
  "x-content-type-options": "nosniff",
};

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
  const iterator = frames[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  let next: Promise<IteratorResult<string>> | undefined;
  /** A source parked at a yield is let go too, so that what it holds is released. */
  const release = () => Promise.resolve(iterator.return?.()).catch(() => {});
  const end = (controller: ReadableStreamDefaultController<Uint8Array>) => {
    void release();
    try {
      controller.close();
    } catch {
      // Closed already: the client left first.
    }
  };
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      signal.addEventListener("abort", () => end(controller), { once: true });
    },
    async pull(controller) {
      if (signal.aborted) return;
      next ??= iterator.next();
      let timer: NodeJS.Timeout | undefined;
      const silence = new Promise<null>((resolve) => {
        timer = setTimeout(() => resolve(null), pingMs);
      });
      const step = await Promise.race([next, silence]);
      clearTimeout(timer);
      if (signal.aborted) return;
      if (step === null) return controller.enqueue(encoder.encode(": ping\n\n"));
      next = undefined;
      if (step.done) end(controller);
      else controller.enqueue(encoder.encode(step.value));
    },
    async cancel() {
      await release();
    },
  });
  return new Response(body, { headers: { ...EVENT_STREAM_HEADERS, ...headers } });
}

/** Nothing of a run's cost is for visitors. */
const HIDDEN: ReadonlySet<ChatEvent["type"]> = new Set(["data-usage"]);

/** A run's events as frames of the AI SDK's UI message stream v1, each with the id to resume after. */
export async function* uiMessageFrames(runId: string, events: AsyncIterable<NumberedEvent>, signal: AbortSignal): AsyncGenerator<string> {
  for await (const { seq, event } of events) {
    if (!HIDDEN.has(event.type)) yield `id: ${runId}:${seq}\ndata: ${JSON.stringify(event)}\n\n`;
  }
  if (!signal.aborted) yield "data: [DONE]\n\n";
}

/** A run as the AI SDK's UI message stream. */
export const uiMessageStream = (runId: string, events: AsyncIterable<NumberedEvent>, signal: AbortSignal): Response =>
  sseResponse(uiMessageFrames(runId, events, signal), signal, { "x-vercel-ai-ui-message-stream": "v1" });
