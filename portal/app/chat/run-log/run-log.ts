import type { ChatEvent, ToolReply } from "@gpt-agent/core/chat-events";

/** One event of a run. `seq` counts from 1 without gaps. */
export type LoggedEvent = { seq: number; event: ChatEvent };

export type ReplyListener = (toolCallId: string, reply: ToolReply) => void;

/**
 * What a run has said so far, for any number of readers, and the way to stop it from anywhere. One writer per run; a reader
 * that comes late or comes back sees every event once and in order. Logs are kept for a few minutes after their end.
 */
export interface RunLog {
  /** Do several portals share this log? If not, a run it doesn't know is running nowhere. */
  readonly shared: boolean;
  /** Makes the log of a new run. */
  open(runId: string): Promise<void>;
  append(runId: string, event: ChatEvent): Promise<void>;
  /** No more events will come; readers end after the last one. */
  close(runId: string): Promise<void>;
  has(runId: string): Promise<boolean>;
  /**
   * The events after `after`, as they come; all of them for 0 or for a number the run has not reached. Ends when the run has
   * ended or the signal aborts.
   */
  read(runId: string, after: number, signal: AbortSignal): AsyncIterable<LoggedEvent>;
  /** Asks the writer of a run, wherever it is, to stop. */
  requestStop(runId: string): Promise<void>;
  /** Calls `listener` once when a stop is (or was) asked for. Returns the way to stop listening. */
  onStop(runId: string, listener: () => void): Promise<() => void>;
  /** Hands the writer of a run, wherever it is, what a tool call waits for. Nobody listening: nothing happens. */
  reply(runId: string, toolCallId: string, reply: ToolReply): Promise<void>;
  /** Calls `listener` with every reply from now on. Returns the way to stop listening. */
  onReply(runId: string, listener: ReplyListener): Promise<() => void>;
  dispose(): Promise<void>;
}

/** How long a log is kept after its run has ended, in milliseconds: long enough for a client to come back. */
export const KEEP_AFTER_END_MS = 5 * 60_000;
