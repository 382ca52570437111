import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../e2e/fakes/free-port.ts";

export type TestRedis = { url: string; port: number; stop(): Promise<void> };

/**
 * A real Redis of its own, in memory.
 * @throws when redis-server is not installed
 */
export async function startRedis(port?: number): Promise<TestRedis> {
  const at = port ?? (await freePort());
  const folder = await mkdtemp(join(tmpdir(), "gpt-agent-redis-"));
  const server = spawn("redis-server", ["--port", String(at), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", () =>
      reject(new Error("The queue tests need a real redis-server. Install it (Debian: apt-get install redis-server).")),
    );
    server.once("exit", (code) => reject(new Error(`redis-server ended while starting (exit ${code}).`)));
    server.stdout.on("data", (text: Buffer) => text.includes("Ready to accept connections") && resolve());
  });
  return {
    url: `redis://127.0.0.1:${at}`,
    port: at,
    async stop() {
      if (server.exitCode === null && server.signalCode === null) {
        const ended = once(server, "exit");
        server.kill("SIGKILL");
        await ended;
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}
