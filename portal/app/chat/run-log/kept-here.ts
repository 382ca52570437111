import { AppError } from "@gpt-agent/core/errors";
import { memoryRunLog } from "./memory.ts";
import type { RunLog } from "./run-log.ts";

/** How long a run is still readable here after its end, in milliseconds; readers that come later find the shared log or the stored answer. */
const KEEP_HERE_MS = 60_000;
/** What nobody should wait for longer, in milliseconds: the shared log answers within a few, and a busy process within more. */
const PATIENCE_MS = 2_000;
/** Between looks for a shared log that is away, in milliseconds. */
const LOOK_AGAIN_MS = 1_000;

/**
 * A run that is written here. `line` names its present copy in the shared log, null while there is none to rely on; `opening` the one that
 * is being begun.
 */
type Mirror = { line: object | null; opening: object | null; ended: boolean };

class Late extends Error {
  override message = "The shared run log takes too long";
}

/**
 * A shared log whose runs are also kept by the process that writes them. Readers, stops and replies on this process need nothing else, so
 * that an answer goes on while the shared log is away; a run that began then, or was being written, is copied whole when it is back.
 * Meanwhile other processes know nothing of it.
 * @param openShared makes the shared log; it calls `interrupted` when what was written last may be lost
 */
export function keptHere(
  openShared: (interrupted: () => void) => RunLog,
  options: { onChange?: (away: boolean) => void; keepAfterEndMs?: number; lookAgainMs?: number } = {},
): RunLog {
  const here = memoryRunLog({ keepAfterEndMs: options.keepAfterEndMs ?? KEEP_HERE_MS });
  const mirrors = new Map<string, Mirror>();
  /** Ends of runs that are on their way to the shared log. */
  const endings = new Set<Promise<void>>();
  let away = false;
  let timer: NodeJS.Timeout | undefined;
  let disposed = false;

  const setAway = (now: boolean) => {
    if (now !== away) options.onChange?.(now);
    away = now;
  };
  const lookLater = () => {
    if (!disposed) timer ??= setTimeout(() => void look(), options.lookAgainMs ?? LOOK_AGAIN_MS).unref();
  };
  const interrupted = () => {
    if (disposed) return;
    setAway(true);
    for (const mirror of mirrors.values()) mirror.line = mirror.opening = null;
    lookLater();
  };
  const failed = (error: unknown) => {
    if (!(error instanceof Late)) return interrupted();
    // It may only be slow: what was sent will be there.
    setAway(true);
    lookLater();
  };
  const shared = openShared(interrupted);

  /** Copies a run from its first event, then goes on as it is written. @throws when the shared log is away */
  async function copy(runId: string, mirror: Mirror): Promise<void> {
    const line = {};
    mirror.opening = line;
    await shared.open(runId);
    if (mirror.opening !== line) return;
    mirror.line = line;
    // In one go, so that no new event comes in between.
    for (const { event } of here.events(runId)) send(runId, mirror, shared.append(runId, event));
    if (mirror.ended) end(runId, mirror);
  }

  /** A copy that misses an event is made anew. */
  function send(runId: string, mirror: Mirror, sending: Promise<void> | undefined): void {
    const { line } = mirror;
    sending?.catch(() => {
      if (line === null || mirror.line !== line || mirrors.get(runId) !== mirror) return;
      mirror.line = null;
      lookLater();
    });
  }

  function end(runId: string, mirror: Mirror): void {
    const { line } = mirror;
    const ending = shared.close(runId).then(() => {
      if (mirror.line === line) mirrors.delete(runId);
    });
    send(runId, mirror, ending);
    const settling = ending.catch(() => {}).finally(() => endings.delete(settling));
    endings.add(settling);
  }

  async function look(): Promise<void> {
    timer = undefined;
    try {
      // Throws while it is away.
      await inTime(shared.has("nobody"));
      setAway(false);
      for (const [runId, mirror] of mirrors) {
        if (mirror.line) continue;
        if (await here.has(runId)) await inTime(copy(runId, mirror));
        else mirrors.delete(runId);
      }
    } catch (error) {
      failed(error);
    }
  }

  /** What the shared log answers. @throws when it does not, at once where it is known to be away */
  async function ask<T>(question: () => Promise<T>): Promise<T> {
    if (away) throw new Error("The shared run log is away");
    try {
      return await inTime(question());
    } catch (error) {
      failed(error);
      throw error;
    }
  }
  const passOn = (question: () => Promise<void>) =>
    ask(question).catch((cause: unknown) => {
      throw new AppError("unavailable", "This cannot be passed on right now. Please try again.", { cause, retryAfter: 2 });
    });

  /** Listens here, and on the shared log as soon as that is possible. */
  async function both(onHere: Promise<() => void>, onShared: Promise<() => void>): Promise<() => void> {
    let left = false;
    let leaveShared = () => {};
    const listening = onShared.then(
      (leave) => {
        if (left) leave();
        else leaveShared = leave;
      },
      () => {},
    );
    const leaveHere = await onHere;
    if (!away) await inTime(listening).catch(() => {});
    return () => {
      left = true;
      leaveHere();
      leaveShared();
    };
  }

  return {
    shared: true,
    async open(runId) {
      await here.open(runId);
      const mirror: Mirror = { line: null, opening: null, ended: false };
      mirrors.set(runId, mirror);
      await ask(() => copy(runId, mirror)).catch(lookLater);
    },
    append(runId, event) {
      here.append(runId, event);
      const mirror = mirrors.get(runId);
      if (mirror?.line) send(runId, mirror, shared.append(runId, event));
      return undefined;
    },
    async close(runId) {
      await here.close(runId);
      const mirror = mirrors.get(runId);
      if (!mirror) return;
      mirror.ended = true;
      if (mirror.line) end(runId, mirror);
    },
    async has(runId) {
      if (await here.has(runId)) return true;
      return ask(() => shared.has(runId)).catch(() => false);
    },
    read: (runId, after, signal) => async (hear) => {
      const log = (await here.has(runId)) ? here : shared;
      await log.read(runId, after, signal)(hear);
    },
    async requestStop(runId) {
      if (await here.has(runId)) await here.requestStop(runId);
      else await passOn(() => shared.requestStop(runId));
    },
    onStop(runId, listener) {
      let told = false;
      const once = () => {
        if (!told) listener();
        told = true;
      };
      return both(here.onStop(runId, once), shared.onStop(runId, once));
    },
    async reply(runId, toolCallId, reply) {
      if (await here.has(runId)) await here.reply(runId, toolCallId, reply);
      else await passOn(() => shared.reply(runId, toolCallId, reply));
    },
    onReply: (runId, listener) => both(here.onReply(runId, listener), shared.onReply(runId, listener)),
    async settled() {
      await Promise.all(endings);
    },
    async dispose() {
      disposed = true;
      clearTimeout(timer);
      await Promise.all([here.dispose(), shared.dispose()]);
    },
  };
}

/** @throws when the promise takes longer than anybody should wait */
async function inTime<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Late()), PATIENCE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
