import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { keepOpen, type Notices, type NoticesOptions } from "./notices.ts";

/** A line that died without a word is noticed within this time, in milliseconds. */
const PULSE_MS = 30_000;
const PATIENCE_MS = 10_000;

/**
 * Listens on the database itself (LISTEN).
 * @param url postgres:// address of a session: the database's own or a pooler's in session mode
 * @param options.channel an identifier of SQL
 */
export function databaseNotices(url: string, { channel = "outbox", ...options }: NoticesOptions & { channel?: string }): Notices {
  return keepOpen(async (signal, stands) => {
    const client = new Client({ connectionString: url, connectionTimeoutMillis: PATIENCE_MS, query_timeout: PATIENCE_MS, keepAlive: true });
    // Heard also while nobody waits for it: an error without a listener would end the process.
    let leave = () => {};
    const over = new Promise<never>((_, reject) => {
      client.on("error", reject);
      client.once("end", () => reject(new Error("The database closed the connection")));
      leave = () => reject(signal.reason);
      signal.addEventListener("abort", leave);
    });
    over.catch(() => {});
    client.on("notification", options.heard);
    const listen = async () => {
      await client.connect();
      await client.query(`listen ${channel}`);
      stands();
      for (;;) {
        await sleep(PULSE_MS, undefined, { signal });
        await client.query("select 1");
      }
    };
    // A client that is ended while it connects never says so.
    try {
      await Promise.race([over, listen()]);
    } finally {
      signal.removeEventListener("abort", leave);
      client.off("notification", options.heard);
      client.end().catch(() => {});
    }
  }, options);
}
