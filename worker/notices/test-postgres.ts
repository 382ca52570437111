import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../queue/test-redis.ts";

/** Debian keeps Postgres's own programs off the path. */
const FOLDERS = ["/usr/local/bin", "/usr/bin", ...versions("/usr/lib/postgresql"), "/opt/homebrew/bin"];
function versions(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).map((version) => join(folder, version, "bin")) : [];
}

/**
 * A real Postgres of its own on a free loopback port.
 * @throws when it is not installed
 */
export async function startPostgres() {
  const bin = FOLDERS.find((folder) => existsSync(join(folder, "initdb"))) ?? versions("/usr/lib/postgresql").at(-1);
  if (!bin) throw new Error("This test needs a real Postgres. Install it (Debian: apt-get install postgresql).");
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "gpt-agent-postgres-"));
  // Postgres refuses to run as root.
  const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  if (nobody.uid) chownSync(folder, nobody.uid, nobody.gid);
  const data = join(folder, "data");
  execFileSync(join(bin, "initdb"), ["-D", data, "-U", "postgres", "-A", "trust", "--no-sync"], {
    ...nobody,
    cwd: folder,
    stdio: "ignore",
  });
  const options = ["-D", data, "-p", String(port), "-c", "listen_addresses=127.0.0.1", "-c", `unix_socket_directories=${folder}`, "-F"];
  const server = spawn(join(bin, "postgres"), options, { ...nobody, cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  await new Promise<void>((ready, fail) => {
    server.once("exit", (code) => fail(new Error(`Postgres ended while starting (exit ${code}).`)));
    server.stderr.on("data", (text: Buffer) => text.includes("ready to accept connections") && ready());
  });
  return {
    port,
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    async stop() {
      const ended = once(server, "exit");
      server.kill("SIGQUIT");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
