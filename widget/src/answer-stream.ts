import { interrupted, type Received } from "./chat-client.ts";

/** Waits before a broken stream is taken up again, in ms. */
const RESUME_DELAYS = [400, 1_500, 4_000];

type Source = {
  /** What comes behind an event; null when the answer is over and has nothing more to tell. */
  resume(lastEventId: string, signal: AbortSignal): Promise<AsyncIterable<Received> | null>;
  /** Resolves at once, or when the browser is online again. */
  online(): Promise<unknown>;
};

/** One answer, over as many connections as it takes. */
export class AnswerStream {
  /** The newest event; the answer is taken up behind it. */
  lastEventId = "";
  /** The answer ended while nobody listened: the kept conversation tells how. */
  missed = false;
  readonly #source: Source;
  readonly #left = new AbortController();
  #connection = new AbortController();

  constructor(source: Source) {
    this.#source = source;
  }

  /** Ends the connection of now. */
  get signal(): AbortSignal {
    return AbortSignal.any([this.#left.signal, this.#connection.signal]);
  }

  /** Lets go of the network; the answer goes on at the server. */
  leave(): void {
    this.#left.abort();
  }

  get isLeft(): boolean {
    return this.#left.signal.aborted;
  }

  /** The connection is known to be dead before it says so. */
  reconnect(): void {
    this.#connection.abort(interrupted());
  }

  /**
   * Every event once, in order.
   * @param begin begins the answer; once more, when the connection is lost before anything of it has come
   * @throws what ended the last attempt
   */
  async *events(begin: (signal: AbortSignal) => AsyncIterable<Received>): AsyncGenerator<Received["event"]> {
    let events: AsyncIterable<Received> | null = begin(this.signal);
    for (let attempt = 0; events; attempt += 1) {
      try {
        for await (const { id, event } of events) {
          if (id) this.lastEventId = id;
          attempt = 0;
          yield event;
        }
        return;
      } catch (problem) {
        const delay = RESUME_DELAYS[attempt];
        if (this.isLeft || delay === undefined) throw problem;
        // Before its first word an answer is asked for once more; whoever cannot reach the server is told soon.
        if (!this.lastEventId && (attempt > 0 || !isLostConnection(problem))) throw problem;
        await new Promise((wake) => setTimeout(wake, delay));
        await this.#source.online();
        if (this.isLeft) return;
        this.#connection = new AbortController();
        events = this.lastEventId ? await this.#source.resume(this.lastEventId, this.signal).catch(unreachable) : begin(this.signal);
      }
    }
    this.missed = true;
  }
}

export function isLostConnection(problem: unknown): boolean {
  const { code } = (problem ?? {}) as { code?: unknown };
  return code === "network" || code === "interrupted";
}

/** A stream that could not be reached again: counts as one more failed attempt. */
async function* unreachable(): AsyncGenerator<Received> {
  yield* [];
  throw interrupted();
}
