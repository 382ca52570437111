import type { Server } from "node:http";

export type Door = {
  /** Resolves when connections are taken on. */
  listening: Promise<void>;
  /** Resolves with the number of handles when there are all. */
  wide: Promise<number>;
  /** Takes on no more, and resolves when the last connection has ended. */
  close(): Promise<void>;
};

export function listen(server: Server, port: number, host: string): Door;
