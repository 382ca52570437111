import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort } from "./fakes/free-port.ts";
import { startRedis } from "./fakes/redis.ts";

const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

export type Portals = {
  /** nginx in front of both. */
  url: string;
  /** Stops a portal as a deployment does, waits until it has ended, and starts a new one in its place. Resolves to its exit status. */
  restart(portal: 0 | 1): Promise<number | null>;
  stop(): Promise<void>;
};

/** infra/nginx/portal.conf for these ports. Whom a visitor's browser seems to come from may be said in x-forwarded-for. */
function nginxConfig(port: number, portals: number[], folder: string): string {
  const ours = readFileSync(at("infra/nginx/portal.conf"), "utf8")
    .replace("listen 80;", `listen 127.0.0.1:${port};`)
    .replace("portal-1:3000", `127.0.0.1:${portals[0]}`)
    .replace("portal-2:3000", `127.0.0.1:${portals[1]}`);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${folder}/${name};`);
  return `daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/error.log warn;
events { worker_connections 2048; }
http { access_log off; set_real_ip_from 127.0.0.1; real_ip_header X-Forwarded-For; ${temporary.join(" ")}
${ours}
}`;
}

/** Waits until an address answers as it should, for fifteen seconds. */
async function answering(url: string, isEnough: (response: Response) => boolean): Promise<void> {
  for (let look = 0; look < 300; look++) {
    const response = await fetch(url).catch(() => null);
    if (response && isEnough(response)) return;
    await sleep(50);
  }
  throw new Error(`${url} does not answer`);
}

/** nginx as infra/nginx sets it up, in front of portals that listen on these ports. Rejects when there is no nginx. */
export async function startNginx(portals: number[]): Promise<{ url: string; stop(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), "gpt-agent-nginx-"));
  const port = await freePort();
  writeFileSync(join(folder, "nginx.conf"), nginxConfig(port, portals, folder));
  const nginx = spawn("nginx", ["-p", folder, "-c", join(folder, "nginx.conf"), "-e", join(folder, "error.log")], { stdio: "inherit" });
  await once(nginx, "spawn").catch((cause) => {
    throw new Error("These tests need a real nginx. Install it (Debian: apt-get install nginx-light).", { cause });
  });
  const url = `http://127.0.0.1:${port}`;
  await answering(url, () => true);
  return {
    url,
    async stop() {
      const gone = once(nginx, "exit");
      nginx.kill("SIGTERM");
      await gone;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * Two portals on one Redis behind nginx, over the backend of a running platform.
 * @param env added to what both portals read
 */
export async function startPortals(
  platform: { backendUrl: string; dataFolder: string },
  env: Record<string, string> = {},
): Promise<Portals> {
  const redis = await startRedis();
  const ports = [await freePort(), await freePort()];
  const nginx = await startNginx(ports);
  const { url } = nginx;
  const { SUPABASE_JWT_SECRET: _, ...secrets } = JSON.parse(readFileSync(join(platform.dataFolder, "secrets.json"), "utf8"));
  const common = { APP_URL: url, SUPABASE_URL: platform.backendUrl, REDIS_URL: redis.url, TRUSTED_PROXIES: "1", HOST: "127.0.0.1" };

  const start = async (portal: number): Promise<ChildProcess> => {
    const child = fork(at("portal/server.mjs"), {
      env: { ...process.env, NODE_ENV: "production", LOG_LEVEL: "warn", ...secrets, ...common, PORT: String(ports[portal]), ...env },
      execArgv: [],
    });
    await Promise.race([
      once(child, "message"),
      once(child, "exit").then(([code]) => Promise.reject(new Error(`The portal ended with ${code}`))),
    ]);
    return child;
  };
  const end = async (child: ChildProcess): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    }
    return child.exitCode;
  };

  const portals: ChildProcess[] = [];
  const stop = async () => {
    await nginx.stop();
    await Promise.all(portals.map(end));
    await redis.stop();
  };
  try {
    const started = await Promise.allSettled([start(0), start(1)]);
    for (const one of started) if (one.status === "fulfilled") portals.push(one.value);
    for (const one of started) if (one.status === "rejected") throw one.reason;
    await answering(`${url}/api/health?live=1`, ({ ok }) => ok);
  } catch (error) {
    await stop();
    throw error;
  }

  return {
    url,
    async restart(portal) {
      const status = await end(portals[portal]!);
      portals[portal] = await start(portal);
      return status;
    },
    stop,
  };
}
