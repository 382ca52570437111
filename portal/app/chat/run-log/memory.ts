import type { ChatEvent } from "@gpt-agent/core/chat-events";
import { TextBytes } from "@gpt-agent/core/growing-text";
import type { Telling } from "../telling.ts";
import { KEEP_AFTER_END_MS, LoggedEvent, type ReplyListener, type RunLog } from "./run-log.ts";

/** Written events, one after the other. */
class Tape {
  private readonly bytes = new TextBytes();
  /** Where each event ends. */
  private readonly ends: number[] = [];

  get length(): number {
    return this.ends.length;
  }

  add(event: ChatEvent): LoggedEvent {
    const logged = LoggedEvent.of(this.length + 1, event);
    this.bytes.append(logged.json);
    this.ends.push(this.bytes.length);
    return logged;
  }

  /** The event of this number, from 1. */
  read(seq: number): LoggedEvent {
    return LoggedEvent.read(seq, this.bytes.slice(this.ends[seq - 2] ?? 0, this.ends[seq - 1]!));
  }

  *[Symbol.iterator](): Iterator<LoggedEvent> {
    for (let seq = 1; seq <= this.length; seq++) yield this.read(seq);
  }

  end(): void {
    this.bytes.trim();
  }
}

type Entry = {
  tape: Tape;
  ended: boolean;
  stopped: boolean;
  /** Each looks for what it has not told yet; `newest` may be that. */
  readers: Set<(newest?: LoggedEvent) => void>;
  stopListeners: Set<() => void>;
  replyListeners: Set<ReplyListener>;
  expiry?: NodeJS.Timeout;
};

/** `events` are those of a run so far; none for one that it does not know. */
type MemoryRunLog = RunLog & { events(runId: string): Iterable<LoggedEvent> };

/** The run log of a single portal process. */
export function memoryRunLog(options: { keepAfterEndMs?: number } = {}): MemoryRunLog {
  const runs = new Map<string, Entry>();

  const wake = (entry: Entry, newest?: LoggedEvent) => {
    for (const look of entry.readers) look(newest);
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
        const { tape } = entry;
        let told = after > tape.length ? 0 : after;
        /** Is the reader still busy with what it was told last? */
        let busy = false;
        /** What the signal says: to ask it costs half a microsecond, for every word of every answer. */
        let aborted = signal.aborted;
        const leave = (how: () => void) => {
          entry.readers.delete(look);
          signal.removeEventListener("abort", leaving);
          how();
        };
        const look = (newest?: LoggedEvent) => {
          try {
            while (!busy) {
              const isNew = told < tape.length;
              if (aborted || (!isNew && entry.ended)) return leave(resolve);
              if (!isNew) return;
              told++;
              const hearing = hear(newest?.seq === told ? newest : tape.read(told));
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
        const leaving = () => {
          aborted = true;
          look();
        };
        entry.readers.add(look);
        signal.addEventListener("abort", leaving, { once: true });
        look();
      });

  return {
    shared: false,
    read,
    events: (runId) => runs.get(runId)?.tape ?? [],
    async open(runId) {
      runs.set(runId, {
        tape: new Tape(),
        ended: false,
        stopped: false,
        readers: new Set(),
        stopListeners: new Set(),
        replyListeners: new Set(),
      });
    },
    append(runId, event) {
      const entry = find(runId);
      wake(entry, entry.tape.add(event));
      return undefined;
    },
    async close(runId) {
      const entry = find(runId);
      entry.ended = true;
      entry.tape.end();
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
