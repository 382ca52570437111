import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "../log.ts";

/** A way to hear at once that there are new jobs in the outbox. One that fails costs moments: the dispatcher also looks by itself. */
export interface Notices {
  /** Hears no more. */
  close(): Promise<void>;
}

export type NoticesOptions = {
  /** Called after new jobs were committed, and whenever some may have been missed. */
  heard: () => void;
  log: Log;
  /** Called when the line stands. */
  connected?: () => void;
};

const FIRST_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 5_000;

/**
 * Keeps a line open until it is closed: opens it again, ever more slowly, whenever it ends.
 * @param hold opens the line and resolves or rejects when it has ended; calls `stands` when it is open
 */
export function keepOpen(
  hold: (signal: AbortSignal, stands: () => void) => Promise<void>,
  { heard, log, connected }: NoticesOptions,
): Notices {
  const closing = new AbortController();
  const { signal } = closing;
  const keep = async () => {
    for (let backoff = 0; !signal.aborted; ) {
      const stands = () => {
        if (signal.aborted) return;
        if (backoff) log.info("New jobs are heard of at once again");
        backoff = 0;
        heard();
        connected?.();
      };
      const error = await hold(signal, stands).then(
        () => new Error("The line was closed"),
        (problem: unknown) => problem,
      );
      if (signal.aborted) return;
      if (!backoff) log.warn("New jobs are not heard of at once; they are looked for", { error });
      backoff = Math.min(backoff * 2 || FIRST_BACKOFF_MS, MAX_BACKOFF_MS);
      await sleep(backoff, undefined, { signal }).catch(() => {});
    }
  };
  const kept = keep();
  return {
    async close() {
      closing.abort();
      await kept;
    },
  };
}
