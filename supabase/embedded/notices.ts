import { sameSecret } from "@gpt-agent/core/same-secret";
import type { BackendDatabase } from "./database.ts";

/** Milliseconds between comments, which keep an idle line open. */
const PULSE_MS = 15_000;

/**
 * GET /notices: an event stream that tells of new jobs in the outbox, to whoever has the secret key. What a worker hears elsewhere with
 * LISTEN on a connection to Postgres, which PGlite has none of and only the backend may have to a server.
 */
export async function noticesOf(db: BackendDatabase, secretKey: string) {
  const lines = new Set<ReadableStreamDefaultController<Uint8Array>>();
  const encoder = new TextEncoder();
  const tell = (text: string) => {
    const bytes = encoder.encode(text);
    for (const line of lines) line.enqueue(bytes);
  };
  const unlisten = await db.listen("outbox", () => tell("data: outbox\n\n"));
  const pulse = setInterval(() => tell(": \n\n"), PULSE_MS).unref();

  return {
    answer({ method, headers }: Request): Response {
      if (!sameSecret(headers.get("apikey"), secretKey)) return new Response("Unauthorized", { status: 401 });
      if (method !== "GET") return new Response("Method not allowed", { status: 405 });
      let own: ReadableStreamDefaultController<Uint8Array>;
      const stream = new ReadableStream<Uint8Array>({
        start(line) {
          own = line;
          lines.add(line);
          line.enqueue(encoder.encode(": \n\n"));
        },
        cancel: () => void lines.delete(own),
      });
      return new Response(stream, { headers: { "content-type": "text/event-stream", "cache-control": "no-store" } });
    },
    async close() {
      clearInterval(pulse);
      for (const line of lines) line.close();
      lines.clear();
      await unlisten();
    },
  };
}
