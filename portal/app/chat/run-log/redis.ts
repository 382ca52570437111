import { type ChatEvent, toolReply } from "@gpt-agent/core/chat-events";
import { Redis } from "ioredis";
import { z } from "zod";
import type { Telling } from "../telling.ts";
import { KEEP_AFTER_END_MS, LOST_AFTER_MS, LoggedEvent, type RunLog } from "./run-log.ts";

/** Readers look again this often even when no word reaches them, in milliseconds. */
const LOOK_AGAIN_MS = 1_000;
const READ_AT_ONCE = 200;
/** A reader that has this many events to read still is not told more; it fetches them when it is ready. */
const MAX_HEARD = 1_000;
/** How long a stop is remembered for a run that has not begun to listen yet, in milliseconds. */
const KEEP_STOP_MS = 60 * 60_000;

/** An event as it is told on the run's channel: number, type and JSON. The type "end" tells the end. */
const told = (seq: number, type: string, json: string) => `${seq} ${type} ${json}`;
type Told = { seq: number; type: string; json: string };
function readTold(message: string): Told {
  const afterSeq = message.indexOf(" ");
  const afterType = message.indexOf(" ", afterSeq + 1);
  return { seq: Number(message.slice(0, afterSeq)), type: message.slice(afterSeq + 1, afterType), json: message.slice(afterType + 1) };
}

const sentReply = z.strictObject({ toolCallId: z.string(), reply: toolReply });

/**
 * The run log that several portals share: a stream per run whose entry ids are the sequence numbers, a channel that tells
 * readers each event as it is added, and one that carries stops. Two connections in all, however many readers there are; what
 * is asked of Redis in one turn of the event loop goes as one packet. A log is kept as long as its writer says that it lives.
 */
export function redisRunLog(
  url: string,
  options: {
    keepAfterEndMs?: number;
    lostAfterMs?: number;
    lookAgainMs?: number;
    prefix?: string;
    /** Called when the connection is lost: Redis may come back without what was written last. */
    interrupted?: () => void;
  } = {},
): RunLog {
  const prefix = options.prefix ?? "run";
  const lostAfterMs = options.lostAfterMs ?? LOST_AFTER_MS;
  const connection = new Redis(url, { maxRetriesPerRequest: 2, enableOfflineQueue: true, enableAutoPipelining: true });
  const subscriber = new Redis(url, { maxRetriesPerRequest: null });
  for (const client of [connection, subscriber]) client.on("error", () => {});
  connection.on("close", () => options.interrupted?.());

  const key = (runId: string) => `${prefix}:${runId}`;
  const stopKey = (runId: string) => `${prefix}:${runId}:stop`;
  const last = new Map<string, number>();
  const replyKey = (runId: string) => `${prefix}:${runId}:reply`;
  const listeners = new Map<string, Set<(message: string) => void>>();
  subscriber.on("message", (channel, message) => {
    for (const listener of listeners.get(channel) ?? []) listener(message);
  });

  const listen = async (channel: string, listener: (message: string) => void): Promise<() => void> => {
    const all = listeners.get(channel) ?? new Set();
    listeners.set(channel, all.add(listener));
    if (all.size === 1) await subscriber.subscribe(channel);
    return () => {
      all.delete(listener);
      if (all.size === 0 && listeners.get(channel) === all) {
        listeners.delete(channel);
        subscriber.unsubscribe(channel).catch(() => {});
      }
    };
  };

  const alive = setInterval(() => {
    for (const runId of last.keys()) connection.pexpire(key(runId), lostAfterMs).catch(() => {});
  }, lostAfterMs / 3).unref();

  /** Appends entry `seq` and tells the readers. @throws when Redis refuses either, or has lost the log */
  const add = async (runId: string, seq: number, type: string, json: string): Promise<void> => {
    const [id] = await Promise.all([
      connection.xadd(key(runId), "NOMKSTREAM", `${seq}-0`, type, json),
      connection.publish(key(runId), told(seq, type, json)),
    ]);
    if (id === null) throw new Error("Redis has lost the log of this run");
  };

  /** The entries after a place. Entry ids are <seq>-0, and 0-1 for the opening; after "<seq>-1" comes the next event. */
  const entriesAfter = async (runId: string, position: number): Promise<Told[]> =>
    (await connection.xrange(key(runId), `(${position}-1`, "+", "COUNT", READ_AT_ONCE)).map(([id, [type, json]]) => ({
      seq: Number(id.split("-")[0]),
      type: type!,
      json: json!,
    }));

  const read =
    (runId: string, after: number, signal: AbortSignal): Telling<LoggedEvent> =>
    async (hear) => {
      let waiting: Told[] = [];
      // What was told before the reader listened, and what it missed, is fetched.
      let behind = true;
      let look = () => {};
      const timer = setInterval(() => {
        behind = true;
        look();
      }, options.lookAgainMs ?? LOOK_AGAIN_MS);
      const leave = () => look();
      signal.addEventListener("abort", leave, { once: true });
      let unlisten = () => {};
      try {
        unlisten = await listen(key(runId), (message) => {
          timer.refresh();
          if (waiting.length < MAX_HEARD) waiting.push(readTold(message));
          look();
        });
        const newest = after > 0 ? await connection.xrevrange(key(runId), "+", "-", "COUNT", 1) : [];
        let position = after <= Number(newest[0]?.[0].split("-")[0] ?? 0) ? after : 0;
        while (!signal.aborted) {
          const missed: Told[] = behind ? await entriesAfter(runId, position) : [];
          if (behind && missed.length === 0 && !(await connection.exists(key(runId)))) return;
          behind = missed.length > 0;
          const next = [...missed, ...waiting];
          waiting = [];
          for (const [at, { seq, type, json }] of next.entries()) {
            if (seq <= position) continue;
            // What was not told is in the stream; what is not in the stream could not be stored.
            behind ||= at >= missed.length && seq > position + 1;
            if (at >= missed.length && behind) break;
            if (type === "end" || signal.aborted) return;
            position = seq;
            const hearing = hear(new LoggedEvent(seq, type as ChatEvent["type"], json));
            if (hearing) await hearing;
          }
          if (!behind && waiting.length === 0 && !signal.aborted)
            await new Promise<void>((resolve) => {
              look = resolve;
            });
        }
      } finally {
        clearInterval(timer);
        signal.removeEventListener("abort", leave);
        unlisten();
      }
    };

  return {
    shared: true,
    read,
    async open(runId) {
      // Entry 0-1 comes before sequence number 1, and makes the log exist before its first event. A log that is written anew begins there, too.
      await connection.multi().del(key(runId)).xadd(key(runId), "0-1", "open", "1").pexpire(key(runId), lostAfterMs).exec();
      last.set(runId, 0);
    },
    async append(runId, event) {
      const seq = (last.get(runId) ?? 0) + 1;
      last.set(runId, seq);
      await add(runId, seq, event.type, JSON.stringify(event));
    },
    async close(runId) {
      const seq = (last.get(runId) ?? 0) + 1;
      last.delete(runId);
      await add(runId, seq, "end", "1");
      await connection.pexpire(key(runId), options.keepAfterEndMs ?? KEEP_AFTER_END_MS);
    },
    async has(runId) {
      return (await connection.exists(key(runId))) === 1;
    },
    async requestStop(runId) {
      await connection.multi().set(stopKey(runId), "1", "PX", KEEP_STOP_MS).publish(stopKey(runId), "1").exec();
    },
    async onStop(runId, listener) {
      let told = false;
      const once = () => {
        if (told) return;
        told = true;
        unlisten();
        listener();
      };
      let unlisten = () => {};
      unlisten = await listen(stopKey(runId), once);
      if ((await connection.exists(stopKey(runId))) === 1) once();
      return unlisten;
    },
    async reply(runId, toolCallId, reply) {
      await connection.publish(replyKey(runId), JSON.stringify({ toolCallId, reply }));
    },
    onReply: (runId, listener) =>
      listen(replyKey(runId), (message) => {
        const sent = sentReply.safeParse(JSON.parse(message));
        if (sent.success) listener(sent.data.toolCallId, sent.data.reply);
      }),
    // close() has waited for it.
    async settled() {},
    async dispose() {
      clearInterval(alive);
      connection.disconnect();
      subscriber.disconnect();
    },
  };
}
