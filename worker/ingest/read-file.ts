import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { setPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { MAX_FILE_BYTES } from "@gpt-agent/core/limits";
import { ReadFailure } from "./document.ts";
import { type ReadResult, type ReadTask, readResult } from "./read-result.ts";

export type ReadLimits = ReadTask["limits"];
/** A hundred pages of PDF take some two seconds of a processor, Word and web pages less. */
export const READ_LIMITS: ReadLimits = { cpuSeconds: 50, seconds: 150, megabytes: 512 };
/** A third of a core's share when the machine is busy: answers come first, but reading goes on. */
const NICENESS = 5;
/** Reading uses a whole core each; the portal needs one too. */
const READS_AT_ONCE = 2;

export type ReadText = Extract<ReadResult, { ok: true }>;

/** Beside this file as TypeScript in development and tests, beside the bundle when built. */
const isBuilt = import.meta.url.endsWith(".js");
const ENTRY = fileURLToPath(new URL(isBuilt ? "./extract-child.js" : "./extract-child.ts", import.meta.url));
const LOADER = isBuilt ? [] : ["--import", createRequire(import.meta.url).resolve("tsx")];

/**
 * Reads a file into chunks, in a child process with limits on its time and memory.
 * @param name the name its owner gave it, a hint only
 * @throws ReadFailure when the file cannot be read; any other error means that trying again may help
 */
export async function readFileInChild(
  bytes: Uint8Array,
  name: string,
  signal: AbortSignal,
  limits: ReadLimits = READ_LIMITS,
): Promise<ReadText> {
  if (bytes.length === 0) throw new ReadFailure("empty", "The file is empty");
  if (bytes.length > MAX_FILE_BYTES) throw new ReadFailure("too_large", `The file has ${bytes.length} bytes`);
  return await inTurn(async () => {
    signal.throwIfAborted();
    const folder = await mkdtemp(join(tmpdir(), "gpt-agent-read-"));
    try {
      await writeFile(join(folder, "file"), bytes, { mode: 0o600 });
      await writeFile(join(folder, "task.json"), JSON.stringify({ name, limits } satisfies ReadTask));
      await runChild(folder, limits, signal);
      const result = readResult.parse(JSON.parse(await readFile(join(folder, "result.json"), "utf8")));
      if (!result.ok) throw new ReadFailure(result.code, result.message, { cause: result.cause ?? undefined });
      return result;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}

/** Resolves when the child has left its result. */
function runChild(folder: string, limits: ReadLimits, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    // The heap's limit is below the process's: a parser that builds too much ends with a clean out-of-memory.
    const flags = [`--max-old-space-size=${Math.floor(limits.megabytes * 0.75)}`, ...LOADER];
    const child = spawn(process.execPath, [...flags, ENTRY, folder], {
      env: { NODE_ENV: "production" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stderr.on("data", (text: Buffer) => {
      said = (said + text).slice(-4_000);
    });
    if (child.pid) lowerPriority(child.pid);
    const kill = () => child.kill("SIGKILL");
    const backstop = setTimeout(kill, (limits.seconds + 10) * 1_000);
    signal.addEventListener("abort", kill, { once: true });
    child.once("error", reject);
    child.once("exit", (code, killedBy) => {
      clearTimeout(backstop);
      signal.removeEventListener("abort", kill);
      if (signal.aborted) reject(signal.reason);
      else if (code === 0) resolve();
      else if (killedBy === "SIGALRM")
        reject(new ReadFailure("timed_out", `Reading took more than ${limits.cpuSeconds} s of a processor, or ${limits.seconds} s`));
      else if (killedBy === "SIGUSR2" || /out of memory/i.test(said))
        reject(new ReadFailure("too_complex", `Reading took more than ${limits.megabytes} MB`));
      else reject(new Error(`The reading process ended early (${killedBy ?? `exit ${code}`}): ${said.slice(-1_000)}`));
    });
  });
}

function lowerPriority(pid: number) {
  try {
    setPriority(pid, NICENESS);
  } catch {
    // It may have ended already, or the system may forbid it.
  }
}

let running = 0;
const waiting: (() => void)[] = [];

/** Runs at most READS_AT_ONCE actions at a time, in the order they were asked for. */
async function inTurn<T>(action: () => Promise<T>): Promise<T> {
  if (running >= READS_AT_ONCE) await new Promise<void>((start) => waiting.push(start));
  else running++;
  try {
    return await action();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else running--;
  }
}
