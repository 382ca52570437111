import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** How fast a stream goes: `tokens` in all, the first after `firstMs`, then one every `everyMs`. */
export type Pace = { tokens: number; everyMs: number; firstMs: number };

export type BenchServer = { url: string; pid: number; pace(pace: Pace): void; stop(): void };

/** Starts one of the servers beside this file in a process of its own. */
export async function startServer(file: "paced-model.ts" | "bare-server.ts"): Promise<BenchServer> {
  const child: ChildProcess = fork(fileURLToPath(new URL(file, import.meta.url)), { execArgv: ["--import", "tsx"] });
  const [{ url }] = (await once(child, "message")) as [{ url: string }];
  return { url, pid: child.pid!, pace: (pace) => void child.send(pace), stop: () => child.disconnect() };
}
