import { chatEvent, toolReply } from "@gpt-agent/core/chat-events";
import { Redis } from "ioredis";
import { z } from "zod";
import { KEEP_AFTER_END_MS, type LoggedEvent, type RunLog } from "./run-log.ts";

/** A log without an end (its portal died) is dropped after this long, in milliseconds. */
const KEEP_OPEN_MS = 60 * 60_000;
/** Readers look again this often even when no wake-up reaches them, in milliseconds. */
const LOOK_AGAIN_MS = 1_000;
const READ_AT_ONCE = 200;

const sentReply = z.strictObject({ toolCallId: z.string(), reply: toolReply });

/**
 * The run log that several portals share: a stream per run whose entry ids are the sequence numbers, one channel that wakes
 * readers and one that carries stops. Two connections in all, however many readers there are.
 */
export function redisRunLog(url: string, options: { keepAfterEndMs?: number; prefix?: string } = {}): RunLog {
  const prefix = options.prefix ?? "run";
  const connection = new Redis(url, { maxRetriesPerRequest: 2, enableOfflineQueue: true });
  const subscriber = new Redis(url, { maxRetriesPerRequest: null });
  for (const client of [connection, subscriber]) client.on("error", () => {});

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

  /** Appends entry `seq` and wakes the readers in one round trip. @throws when Redis refuses either */
  const add = async (runId: string, seq: number, field: string, value: string, keepMs?: number) => {
    const batch = connection.multi().xadd(key(runId), `${seq}-0`, field, value).publish(key(runId), String(seq));
    if (keepMs) batch.pexpire(key(runId), keepMs);
    for (const [error] of (await batch.exec()) ?? []) if (error) throw error;
  };

  async function* read(runId: string, after: number, signal: AbortSignal): AsyncGenerator<LoggedEvent> {
    let woken = () => {};
    let news = false;
    const unlisten = await listen(key(runId), () => {
      news = true;
      woken();
    });
    try {
      const newest = after > 0 ? await connection.xrevrange(key(runId), "+", "-", "COUNT", 1) : [];
      const known = after <= Number(newest[0]?.[0].split("-")[0] ?? 0);
      for (let position = known ? after : 0; !signal.aborted; ) {
        news = false;
        // Entry ids are <seq>-0, and 0-1 for the opening; after "<seq>-1" comes the next event.
        const entries = await connection.xrange(key(runId), `(${position}-1`, "+", "COUNT", READ_AT_ONCE);
        for (const [id, [field, value]] of entries) {
          if (field === "end" || signal.aborted) return;
          position = Number(id.split("-")[0]);
          yield { seq: position, event: chatEvent.parse(JSON.parse(value!)) };
        }
        if (entries.length > 0) continue;
        if (!(await connection.exists(key(runId)))) return;
        if (news || signal.aborted) continue;
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, LOOK_AGAIN_MS);
          woken = () => {
            clearTimeout(timer);
            signal.removeEventListener("abort", woken);
            resolve();
          };
          signal.addEventListener("abort", woken, { once: true });
        });
      }
    } finally {
      unlisten();
    }
  }

  return {
    shared: true,
    read,
    async open(runId) {
      last.set(runId, 0);
      // Entry 0-1 comes before sequence number 1, and makes the log exist before its first event.
      await connection.multi().xadd(key(runId), "0-1", "open", "1").pexpire(key(runId), KEEP_OPEN_MS).exec();
    },
    async append(runId, event) {
      const seq = (last.get(runId) ?? 0) + 1;
      last.set(runId, seq);
      await add(runId, seq, "event", JSON.stringify(event));
    },
    async close(runId) {
      const seq = (last.get(runId) ?? 0) + 1;
      last.delete(runId);
      await add(runId, seq, "end", "1", options.keepAfterEndMs ?? KEEP_AFTER_END_MS);
    },
    async has(runId) {
      return (await connection.exists(key(runId))) === 1;
    },
    async requestStop(runId) {
      await connection.multi().set(stopKey(runId), "1", "PX", KEEP_OPEN_MS).publish(stopKey(runId), "1").exec();
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
    async dispose() {
      connection.disconnect();
      subscriber.disconnect();
    },
  };
}
