import type { Telling } from "../telling.ts";
import { KEEP_AFTER_END_MS, LoggedEvent, type ReplyListener, type RunLog } from "./run-log.ts";

type Entry = {
  events: LoggedEvent[];
  ended: boolean;
  stopped: boolean;
  readers: Set<() => void>;
  stopListeners: Set<() => void>;
  replyListeners: Set<ReplyListener>;
  expiry?: NodeJS.Timeout;
};

/** `events` are those of a run so far; none for one that it does not know. */
type MemoryRunLog = RunLog & { events(runId: string): readonly LoggedEvent[] };

/** The run log of a single portal process. */
export function memoryRunLog(options: { keepAfterEndMs?: number } = {}): MemoryRunLog {
  const runs = new Map<string, Entry>();

  const wake = (entry: Entry) => {
    for (const look of entry.readers) look();
  };
  const find = (runId: string): Entry => {
    const entry = runs.get(runId);
    if (!entry) throw new Error(`No log for run ${runId}`);
    return entry;
  };
  const read =
    (runId: string, after: number, signal: AbortSignal): Telling<LoggedEvent> =>
    (hear) =>
      new Promise((resolve, reject) => {
        const entry = find(runId);
        let told = after > entry.events.length ? 0 : after;
        /** Is the reader still busy with what it was told last? */
        let busy = false;
        const leave = (how: () => void) => {
          entry.readers.delete(look);
          signal.removeEventListener("abort", look);
          how();
        };
        const look = () => {
          try {
            while (!busy) {
              const event = entry.events[told];
              if (signal.aborted || (!event && entry.ended)) return leave(resolve);
              if (!event) return;
              told++;
              const hearing = hear(event);
              if (!hearing) continue;
              busy = true;
              hearing.then(
                () => {
                  busy = false;
                  look();
                },
                (error) => leave(() => reject(error)),
              );
            }
          } catch (error) {
            leave(() => reject(error));
          }
        };
        entry.readers.add(look);
        signal.addEventListener("abort", look, { once: true });
        look();
      });

  return {
    shared: false,
    read,
    events: (runId) => runs.get(runId)?.events ?? [],
    async open(runId) {
      runs.set(runId, {
        events: [],
        ended: false,
        stopped: false,
        readers: new Set(),
        stopListeners: new Set(),
        replyListeners: new Set(),
      });
    },
    append(runId, event) {
      const entry = find(runId);
      entry.events.push(LoggedEvent.of(entry.events.length + 1, event));
      wake(entry);
      return undefined;
    },
    async close(runId) {
      const entry = find(runId);
      entry.ended = true;
      entry.stopListeners.clear();
      entry.replyListeners.clear();
      wake(entry);
      entry.expiry = setTimeout(() => runs.delete(runId), options.keepAfterEndMs ?? KEEP_AFTER_END_MS).unref();
    },
    async has(runId) {
      return runs.has(runId);
    },
    async requestStop(runId) {
      const entry = runs.get(runId);
      if (!entry || entry.ended) return;
      entry.stopped = true;
      for (const listener of entry.stopListeners) listener();
      entry.stopListeners.clear();
    },
    async onStop(runId, listener) {
      const entry = find(runId);
      if (entry.stopped) {
        listener();
        return () => {};
      }
      entry.stopListeners.add(listener);
      return () => entry.stopListeners.delete(listener);
    },
    async reply(runId, toolCallId, reply) {
      for (const listener of runs.get(runId)?.replyListeners ?? []) listener(toolCallId, reply);
    },
    async onReply(runId, listener) {
      const { replyListeners } = find(runId);
      replyListeners.add(listener);
      return () => replyListeners.delete(listener);
    },
    // Nobody else reads it.
    async settled() {},
    async dispose() {
      for (const entry of runs.values()) clearTimeout(entry.expiry);
      runs.clear();
    },
  };
}
