import { setTimeout as sleep } from "node:timers/promises";
import type { ChatEvent } from "@gpt-agent/core/chat-events";
import type { Log } from "@gpt-agent/core/log";
import { type AnswerDeps, answer, type Turn } from "./answer.ts";
import type { Receipt } from "./draft.ts";
import type { PartialSaver } from "./partial-saver.ts";
import { Replies } from "./replies.ts";
import type { RunLog } from "./run-log/run-log.ts";

export type RunDeps = AnswerDeps & {
  runLog: RunLog;
  /** Keeps what an answer has so far while it grows. */
  saver: PartialSaver;
  finish(orgId: string, runId: string, receipt: Receipt): Promise<boolean>;
  /** Told of each answer that has ended, once. Must not throw. */
  onAnswered?: (receipt: Receipt) => void;
};

const STORE_RETRIES_MS = [200, 1_000, 3_000];

/** Appends the events of one run in order. */
class LogWriter {
  private newest: Promise<void> = Promise.resolve();

  constructor(
    private readonly runLog: RunLog,
    private readonly runId: string,
    private readonly log: Log,
  ) {}

  /** A log that fails costs the readers their stream, never the run: the answer is still stored. */
  write(event: ChatEvent): void {
    try {
      const appending = this.runLog.append(this.runId, event);
      if (appending) this.newest = appending.catch(this.failed);
    } catch (error) {
      this.failed(error);
    }
  }

  private readonly failed = (error: unknown) => this.log.warn("a run event could not be logged", { error, runId: this.runId });

  async end(): Promise<void> {
    await this.newest;
    await this.runLog.close(this.runId).catch((error) => this.log.warn("a run log could not be closed", { error, runId: this.runId }));
  }
}

/** Stores the end of a run, patiently: it is the only copy of the answer. */
async function store(turn: Turn, receipt: Receipt, deps: RunDeps): Promise<void> {
  for (const pause of [...STORE_RETRIES_MS, null]) {
    try {
      await deps.finish(turn.orgId, turn.runId, receipt);
      return;
    } catch (error) {
      if (pause === null) deps.log.error("an answer could not be stored", { error, runId: turn.runId, orgId: turn.orgId });
      else await sleep(pause);
    }
  }
}

/** Listens for what tool calls wait for, a visitor's consent or a result from their page, where the run may have such calls. Returns the way to stop. */
async function hearReplies(turn: Turn, replies: Replies, deps: RunDeps): Promise<() => void> {
  if (turn.clientTools.length === 0 && !turn.settings.actions.some(({ enabled }) => enabled)) return () => {};
  return deps.runLog.onReply(turn.runId, replies.deliver).catch((error) => {
    deps.log.warn("replies to tool calls cannot be heard", { error, runId: turn.runId });
    return () => {};
  });
}

/**
 * Runs an answer to its end, whether or not anybody reads it: the events go to the run log, the text so far is saved every two
 * seconds, the receipt at the end. Resolves when all is stored; the log must be open already. Never rejects.
 */
export async function run(turn: Turn, deps: RunDeps): Promise<void> {
  const controller = new AbortController();
  const stop = () => controller.abort(new Error("stopped"));
  const writer = new LogWriter(deps.runLog, turn.runId, deps.log);
  const unlisten = await deps.runLog.onStop(turn.runId, stop).catch((error) => {
    deps.log.warn("stops cannot be heard", { error, runId: turn.runId });
    return () => {};
  });
  const replies = new Replies();
  const unhear = await hearReplies(turn, replies, deps);

  let unwatch = () => {};

  let finish: ChatEvent | null = null;
  const tell = (event: ChatEvent) => {
    if (event.type === "finish") finish = event;
    else writer.write(event);
  };
  try {
    const answering = answer(turn, deps, replies, tell, controller.signal);
    unwatch = deps.saver.watch({ orgId: turn.orgId, runId: turn.runId, text: answering.text, stop });
    const receipt = await answering.receipt;
    unwatch();
    deps.onAnswered?.(receipt);
    // Stored before `finish` is told, so that whoever has seen it can rate the answer and open its citations.
    await store(turn, receipt, deps);
    if (finish) writer.write(finish);
  } catch (error) {
    deps.log.error("a run broke", { error, runId: turn.runId, orgId: turn.orgId });
  } finally {
    unwatch();
    unlisten();
    unhear();
    await writer.end();
  }
}
