import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** What the supervisor writes about itself once it is healthy (running.json in the data folder). */
export type Running = {
  url: string;
  ownerLink: string;
  pids: Record<"backend" | "portal" | "worker", number>;
  backendUrl: string;
  workerUrl: string;
};

export type Platform = Running & { dataFolder: string; process: ChildProcess; output(): string; stop(): Promise<number | null> };

/**
 * Starts the whole platform as a user does, on a free port and a data folder of its own.
 * @param options.dataFolder an existing folder to start on; a new temporary one by default, removed on stop
 * @param options.demo whether a first start makes the demo shop. Without it the platform begins as one that has been started before and
 *   holds nothing but its owner, where the global setup has made such a one: a first start takes half a minute of a core.
 */
export async function startPlatform(
  options: { dataFolder?: string; demo?: boolean; env?: Record<string, string> } = {},
): Promise<Platform> {
  const { demo = true } = options;
  const dataFolder = options.dataFolder ?? mkdtempSync(join(tmpdir(), "gpt-agent-e2e-"));
  if (!demo && process.env.PLATFORM_BEGINNING && !existsSync(join(dataFolder, "secrets.json")))
    cpSync(process.env.PLATFORM_BEGINNING, dataFolder, { recursive: true });
  const state = join(dataFolder, "running.json");
  rmSync(state, { force: true });
  const child = spawn(process.execPath, [fileURLToPath(new URL("../scripts/start.mjs", import.meta.url))], {
    env: { ...process.env, PORT: "0", HOST: "127.0.0.1", DATA_FOLDER: dataFolder, DEMO: demo ? "on" : "off", ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  // Whoever started it may fail before it stops it.
  const end = () => child.kill("SIGTERM");
  process.once("exit", end);
  child.once("exit", () => process.off("exit", end));
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (output = (output + chunk).slice(-20_000)));
  const deadline = Date.now() + 180_000;
  while (!existsSync(state)) {
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill("SIGKILL");
      throw new Error(`The platform did not start:\n${output}`);
    }
    await new Promise((wake) => setTimeout(wake, 50));
  }
  const running = JSON.parse(readFileSync(state, "utf8")) as Running;
  return {
    ...running,
    dataFolder,
    process: child,
    /** The end of what the platform has printed. */
    output: () => output,
    async stop() {
      const ended = once(child, "exit");
      if (child.exitCode === null) {
        child.kill("SIGINT");
        await ended;
      }
      if (!options.dataFolder) rmSync(dataFolder, { recursive: true, force: true });
      return child.exitCode;
    },
  };
}
