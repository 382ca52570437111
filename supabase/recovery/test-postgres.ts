// A Postgres server of its own for tests, where its programs are installed (Debian: postgresql).
import { execFileSync, spawn } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPostgres } from "@gpt-agent/core/backup/sql-session";
import { freePort } from "../../e2e/fakes/free-port.ts";

/** Where initdb and postgres are; null where there is no server. */
export function postgresPrograms(): string | null {
  const root = "/usr/lib/postgresql";
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [...versions.map((version) => join(root, version, "bin")), "/usr/local/bin", "/usr/bin", "/opt/homebrew/bin"];
  return folders.find((folder) => existsSync(join(folder, "initdb")) && existsSync(join(folder, "postgres"))) ?? null;
}

/** Starts an empty server. Postgres refuses to run as root, so it runs as nobody then. */
export async function startPostgres(programs: string) {
  const folder = mkdtempSync(join(tmpdir(), "gpt-agent-postgres-"));
  const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  if (nobody.uid) chownSync(folder, nobody.uid, nobody.gid);
  const data = join(folder, "data");
  execFileSync(join(programs, "initdb"), ["-D", data, "-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C", "-N"], {
    ...nobody,
    cwd: folder,
    stdio: "ignore",
  });
  const port = await freePort();
  const settings = [`port=${port}`, "listen_addresses=127.0.0.1", `unix_socket_directories=${folder}`, "fsync=off", "shared_buffers=16MB"];
  const server = spawn(join(programs, "postgres"), ["-D", data, ...settings.flatMap((one) => ["-c", one])], {
    ...nobody,
    cwd: folder,
    stdio: "ignore",
  });
  const ended = new Promise((done) => server.once("exit", done));
  const url = (database: string) => `postgres://postgres@127.0.0.1:${port}/${database}`;
  for (let attempt = 0; ; attempt++) {
    const session = await openPostgres(url("postgres")).catch((error) => {
      if (attempt > 200 || server.exitCode !== null) throw error;
      return null;
    });
    if (session) {
      await session.close();
      break;
    }
    await new Promise((wake) => setTimeout(wake, 50));
  }
  return {
    url,
    async stop() {
      server.kill("SIGINT");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
