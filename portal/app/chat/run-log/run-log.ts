import { type ChatEvent, chatEvent, type ToolReply } from "@gpt-agent/core/chat-events";
import type { Telling } from "../telling.ts";

/**
 * One event of a run, written down once for all of its readers. `seq` counts from 1 without gaps. Most readers pass the JSON on
 * as it is; whoever needs the event itself has it parsed.
 */
export class LoggedEvent {
  constructor(
    readonly seq: number,
    readonly type: ChatEvent["type"],
    readonly json: string,
  ) {}

  static of(seq: number, event: ChatEvent): LoggedEvent {
    return new LoggedEvent(seq, event.type, JSON.stringify(event));
  }

  /** One that has been written down already. */
  static read(seq: number, json: string): LoggedEvent {
    return new LoggedEvent(seq, (JSON.parse(json) as ChatEvent).type, json);
  }

  /** @throws ZodError for what is no event */
  get event(): ChatEvent {
    return chatEvent.parse(JSON.parse(this.json));
  }
}

export type ReplyListener = (toolCallId: string, reply: ToolReply) => void;

/**
 * What a run has said so far, for any number of readers, and the way to stop it from anywhere. One writer per run; a reader
 * that comes late or comes back sees every event once and in order. Logs are kept for a few minutes after their end.
 */
export interface RunLog {
  /** Do several portals share this log? If not, a run it doesn't know is running nowhere. */
  readonly shared: boolean;
  /** Makes the log of a run, empty. */
  open(runId: string): Promise<void>;
  /**
   * Calls take effect in their order, also when they are not waited for. Returns a promise only where there is something to wait for: with
   * an AsyncLocalStorage in the process, one for each word of hundreds of answers is a twentieth of what a word costs.
   * @throws for a run that is not open; or rejects
   */
  append(runId: string, event: ChatEvent): Promise<void> | undefined;
  /** No more events will come; readers end after the last one. */
  close(runId: string): Promise<void>;
  has(runId: string): Promise<boolean>;
  /**
   * The events after `after`, as they come; all of them for 0 or for a number the run has not reached. Ends when the run has
   * ended, when its writer has been gone for LOST_AFTER_MS, or when the signal aborts.
   */
  read(runId: string, after: number, signal: AbortSignal): Telling<LoggedEvent>;
  /** Asks the writer of a run, wherever it is, to stop. */
  requestStop(runId: string): Promise<void>;
  /** Calls `listener` once when a stop is (or was) asked for. Returns the way to stop listening. */
  onStop(runId: string, listener: () => void): Promise<() => void>;
  /** Hands the writer of a run, wherever it is, what a tool call waits for. Nobody listening: nothing happens. */
  reply(runId: string, toolCallId: string, reply: ToolReply): Promise<void>;
  /** Calls `listener` with every reply from now on. Returns the way to stop listening. */
  onReply(runId: string, listener: ReplyListener): Promise<() => void>;
  /** Resolves when other portals can read every run that has ended here, or cannot be reached: before a process ends. */
  settled(): Promise<void>;
  dispose(): Promise<void>;
}

/** A log whose writer gives no sign of life for this long is lost, in milliseconds. */
export const LOST_AFTER_MS = 15_000;
/** How long a log is kept after its run has ended, in milliseconds: long enough for a client to come back. */
export const KEEP_AFTER_END_MS = 5 * 60_000;
