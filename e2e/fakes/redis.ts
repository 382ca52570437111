import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.ts";

export type RealRedis = {
  url: string;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** Starts it again on the same port, with what it kept on disk; empty where it keeps nothing, or with `wiped`. */
  start(options?: { wiped?: boolean }): Promise<void>;
  /** It stays where it is and answers nobody (SIGSTOP), or goes on (SIGCONT). */
  freeze(frozen: boolean): void;
  stop(): Promise<void>;
};

/**
 * A real redis-server of the test's own, on a free loopback port.
 * @param options.keeps writes an append-only file, as in production; otherwise nothing is kept on disk
 */
export async function startRedis(options: { keeps?: boolean } = {}): Promise<RealRedis> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), "gpt-agent-redis-"));
  let server: ChildProcess;
  const start = async () => {
    const kept = ["--save", "", "--appendonly", options.keeps ? "yes" : "no", "--appendfsync", "everysec", "--dir", folder];
    const child = spawn("redis-server", ["--port", String(port), "--bind", "127.0.0.1", ...kept], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    server = child;
    await once(child, "spawn").catch((cause) => {
      throw new Error("These tests need a real redis-server. Install it (Debian: apt-get install redis-server).", { cause });
    });
    await new Promise<void>((ready, fail) => {
      child.once("exit", (code) => fail(new Error(`redis-server ended while starting (exit ${code}).`)));
      child.stdout.on("data", (text: Buffer) => text.includes("Ready to accept connections") && ready());
    });
  };
  await start();
  const kill = async () => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, "exit");
    server.kill("SIGKILL");
    await ended;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    kill,
    async start({ wiped = false } = {}) {
      if (wiped) await rm(join(folder, "appendonlydir"), { recursive: true, force: true });
      await start();
    },
    freeze: (frozen) => void server.kill(frozen ? "SIGSTOP" : "SIGCONT"),
    async stop() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
