// A Postgres server of its own for tests, where its programs are installed (Debian: postgresql).
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chownSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, sep } from "node:path";
import { openPostgres } from "@gpt-agent/core/backup/sql-session";
import { freePort } from "../../e2e/fakes/free-port.ts";

/** Where initdb and postgres are; null where there is no server. */
export function postgresPrograms(): string | null {
  const root = "/usr/lib/postgresql";
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [...versions.map((version) => join(root, version, "bin")), "/usr/local/bin", "/usr/bin", "/opt/homebrew/bin"];
  return folders.find((folder) => existsSync(join(folder, "initdb")) && existsSync(join(folder, "postgres"))) ?? null;
}

/**
 * Just enough of pgvector for our migrations, in SQL, for servers whose distribution does not pack it (Debian 12). What is tested on it is
 * everything but the vectors, which tests look at on PGlite, and here where the real one is installed.
 */
const VECTOR = `
create domain vector as text;
create function vector_dims(v vector) returns integer language sql immutable strict as $$ select json_array_length(v::json) $$;
create function cosine_distance(a vector, b vector) returns double precision language sql immutable strict as $$
  select 1 - sum(x * y) / nullif(sqrt(sum(x * x)) * sqrt(sum(y * y)), 0)
  from rows from (json_array_elements_text(a::json), json_array_elements_text(b::json)) as t (p, q),
    lateral (select p::double precision as x, q::double precision as y) n $$;
create operator <=> (leftarg = vector, rightarg = vector, function = cosine_distance);
`;

/**
 * The programs of a server that has pgvector: those there are, or copies of them beside which the extension lies (Postgres looks for its files
 * from where its program is).
 */
function withVector(programs: string, folder: string): string {
  const config = (what: string) => execFileSync(join(programs, "pg_config"), [`--${what}`], { encoding: "utf8" }).trim();
  const share = config("sharedir");
  if (existsSync(join(share, "extension", "vector.control"))) return programs;
  const [bin, lib] = [config("bindir"), config("pkglibdir")];
  // As Postgres does it (make_relative_path): from the first folder in which they differ.
  const parts = [bin, share, lib].map((path) => path.split(sep));
  const common = parts[0]!.findIndex((part, at) => parts.some((other) => other[at] !== part));
  const root = parts[0]!.slice(0, common).join(sep) || sep;
  const at = (path: string) => join(folder, "programs", relative(root, path));
  mkdirSync(at(bin), { recursive: true });
  for (const program of ["postgres", "initdb"]) copyFileSync(join(bin, program), join(at(bin), program));
  mkdirSync(dirname(at(lib)), { recursive: true });
  symlinkSync(lib, at(lib));
  mkdirSync(at(join(share, "extension")), { recursive: true });
  for (const place of [share, join(share, "extension")])
    for (const name of readdirSync(place))
      if (join(place, name) !== join(share, "extension")) symlinkSync(join(place, name), at(join(place, name)));
  writeFileSync(at(join(share, "extension", "vector.control")), "default_version = '0'\ncomment = 'stands in for pgvector in tests'\n");
  writeFileSync(at(join(share, "extension", "vector--0.sql")), VECTOR);
  return at(bin);
}

/** For tests, which have nothing to lose. */
const QUICK = ["fsync=off", "shared_buffers=16MB"];

/**
 * Starts an empty server. Postgres refuses to run as root, so it runs as nobody then.
 * @param settings of postgresql.conf, such as "fsync=off"
 */
export async function startPostgres(installed: string, settings: readonly string[] = QUICK) {
  const folder = mkdtempSync(join(tmpdir(), "gpt-agent-postgres-"));
  const programs = withVector(installed, folder);
  const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  if (nobody.uid) chownSync(folder, nobody.uid, nobody.gid);
  const data = join(folder, "data");
  execFileSync(join(programs, "initdb"), ["-D", data, "-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C", "-N"], {
    ...nobody,
    cwd: folder,
    stdio: "ignore",
  });
  const port = await freePort();
  const all = [`port=${port}`, "listen_addresses=127.0.0.1", `unix_socket_directories=${folder}`, ...settings];
  const url = (database: string) => `postgres://postgres@127.0.0.1:${port}/${database}`;
  /** One that was killed may still be going: its folder is open to the next only when all of it has gone. */
  async function launch(tries = 5): Promise<{ server: ChildProcess; ended: Promise<unknown> }> {
    const server = spawn(join(programs, "postgres"), ["-D", data, ...all.flatMap((one) => ["-c", one])], {
      ...nobody,
      cwd: folder,
      stdio: "ignore",
    });
    const ended = new Promise((done) => server.once("exit", done));
    for (let attempt = 0; ; attempt++) {
      try {
        const session = await openPostgres(url("postgres"));
        await session.close();
        return { server, ended };
      } catch (error) {
        await new Promise((wake) => setTimeout(wake, 50));
        if (server.exitCode !== null && tries > 1) return launch(tries - 1);
        if (attempt > 200 || server.exitCode !== null) {
          server.kill("SIGKILL");
          throw error;
        }
      }
    }
  }
  let running = await launch();
  /** Whoever started it ends without having stopped it: a bench that failed. */
  const abandoned = () => running.server.kill("SIGQUIT");
  process.once("exit", abandoned);
  return {
    url,
    pid: running.server.pid!,
    /** kill -9 of the server and all of its processes. */
    async kill() {
      const session = await openPostgres(url("postgres"));
      const { rows } = await session.query<{ pid: number }>("select pid from pg_stat_activity");
      for (const pid of [running.server.pid!, ...rows.map((row) => row.pid)]) {
        try {
          process.kill(pid, "SIGKILL");
        } catch {
          // It ended by itself meanwhile.
        }
      }
      await running.ended;
      await session.close().catch(() => {});
    },
    /** Starts it on what was left in its folder. */
    async startAgain() {
      running = await launch();
    },
    async stop() {
      process.off("exit", abandoned);
      running.server.kill("SIGINT");
      await running.ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
