// The embedded platform's supervisor: backend, portal and worker as child processes, started in order, restarted with
// back-off when they crash, stopped in reverse. Node built-ins only.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { lockFolder } from "../supabase/embedded/lock.mjs";
import { at } from "./project.mjs";

/**
 * One helper thread for V8. It has four by default, and on two cores those that mark the heap take the core from under the event loop
 * that waits for them: questions that came in such a fifth of a second were answered up to 0.15 s late. Only Node's command line takes this.
 */
const PORTAL_FLAGS = ["--v8-pool-size=1"];

/** A reason not to start that a person can mend. */
export class StartError extends Error {
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** A free port on loopback. */
const freePort = () =>
  new Promise((done, fail) => {
    const server = createServer();
    server.once("error", fail);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });

/** Refuses a port that another program listens on. */
const assertPortFree = (port, host) =>
  new Promise((done, fail) => {
    const server = createServer();
    server.once("error", (error) =>
      fail(
        new StartError(
          error.code === "EADDRINUSE"
            ? `Port ${port} is taken by another program. Choose another one: PORT=${port + 1} npm start`
            : `Port ${port} cannot be used: ${error.message}`,
        ),
      ),
    );
    server.listen(port, host, () => server.close(done));
  });

/** The data folder, made private to its owner; refuses one that cannot be written. */
export function openDataFolder() {
  const folder = resolve(process.env.DATA_FOLDER || at(".data"));
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.W_OK | constants.X_OK);
    const probe = join(folder, ".writable");
    closeSync(openSync(probe, "w"));
    rmSync(probe);
  } catch (error) {
    throw new StartError(
      `The data folder ${folder} cannot be written (${error.code}). Mend its permissions, or choose another one: DATA_FOLDER=/path npm start`,
    );
  }
  return folder;
}

/** Writes the secrets of this installation, whole or not at all. */
function writeSecrets(path, secrets) {
  writeFileSync(`${path}.partial`, JSON.stringify(secrets, null, 2), { mode: 0o600 });
  chmodSync(`${path}.partial`, 0o600);
  renameSync(`${path}.partial`, path);
  return secrets;
}

/** The secrets of this installation: made on the first start, kept with mode 600. */
export function readSecrets(folder) {
  const BACKUP_KEY = () => randomBytes(32).toString("base64");
  const path = join(folder, "secrets.json");
  if (existsSync(path)) {
    try {
      const kept = JSON.parse(readFileSync(path, "utf8"));
      // Installations from before there were backups have no key for them.
      return kept.BACKUP_KEY ? kept : writeSecrets(path, { ...kept, BACKUP_KEY: BACKUP_KEY() });
    } catch {
      throw new StartError(`${path} is damaged. Restore it from a backup: without it, what it sealed cannot be opened.`);
    }
  }
  if (existsSync(join(folder, "database"))) {
    throw new StartError(`${path} is missing although there is a database. Restore it from a backup, or choose another DATA_FOLDER.`);
  }
  return writeSecrets(path, {
    SUPABASE_PUBLISHABLE_KEY: `sb_publishable_${randomBytes(24).toString("base64url")}`,
    SUPABASE_SECRET_KEY: `sb_secret_${randomBytes(24).toString("base64url")}`,
    SUPABASE_JWT_SECRET: randomBytes(48).toString("base64url"),
    ENCRYPTION_KEY: `1:${randomBytes(32).toString("base64")}`,
    BACKUP_KEY: BACKUP_KEY(),
  });
}

/** One child process that is kept running. */
class Service {
  constructor(name, file, env, { flags = [], isHealthy } = {}) {
    Object.assign(this, { name, file, env, flags, isHealthy, failures: 0, stopping: false });
  }

  /** Starts the process and waits until it is healthy; rejects when it ends before that. */
  async start() {
    this.stopping = false;
    const child = spawn(process.execPath, ["--enable-source-maps", ...this.flags, this.file], {
      cwd: at("."),
      env: { ...process.env, ...this.env },
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      // A group of its own: Ctrl-C in the terminal reaches the supervisor alone, which stops all in order.
      detached: process.platform !== "win32",
    });
    this.child = child;
    this.ended = new Promise((done) => child.once("exit", (code, signal) => done({ code, signal })));
    const ready = new Promise((done) => child.on("message", (message) => message?.ready && done(message)));
    const outcome = await Promise.race([ready.then((message) => ({ message })), this.ended, this.poll()]);
    if (!("message" in outcome))
      throw new StartError(`The ${this.name} ended while starting (${outcome.signal ?? `exit ${outcome.code}`}).`, outcome.code || 1);
    await this.isHealthy?.();
    this.startedAt = Date.now();
    this.onStart?.();
    this.ended.then(() => this.revive());
    return outcome.message;
  }

  /** Resolves never, but keeps a start that hangs from going unnoticed. */
  poll() {
    return new Promise((_done, fail) => {
      const timer = setTimeout(() => fail(new StartError(`The ${this.name} did not become ready within 90 seconds.`)), 90_000);
      timer.unref();
    });
  }

  /** Starts a crashed process again: after 0.25 s, doubling to 15 s while it keeps crashing. */
  async revive() {
    if (this.stopping) return;
    this.failures = Date.now() - this.startedAt > 60_000 ? 0 : this.failures + 1;
    const delay = Math.min(250 * 2 ** this.failures, 15_000);
    console.error(`The ${this.name} ended unexpectedly; starting it again in ${(delay / 1000).toFixed(1)} s.`);
    await new Promise((wake) => setTimeout(wake, delay));
    if (this.stopping) return;
    try {
      await this.start();
    } catch (error) {
      console.error(error.message);
      this.startedAt ??= Date.now();
      this.revive();
    }
  }

  /** Asks the process to end, insists after `patience` milliseconds: a portal may finish its answers first. */
  async stop(patience = (Number(process.env.DRAIN_SECONDS) || 20) * 1000 + 8_000) {
    this.stopping = true;
    if (!this.child || this.child.exitCode !== null || this.child.signalCode) return;
    this.child.kill("SIGTERM");
    const insist = setTimeout(() => this.child.kill("SIGKILL"), patience);
    await this.ended;
    clearTimeout(insist);
  }
}

const healthy = (url) => async () => {
  for (let attempt = 0; attempt < 300; attempt++) {
    const response = await fetch(url).catch(() => null);
    if (response?.ok) return;
    await new Promise((wake) => setTimeout(wake, 50));
  }
  throw new StartError(`${url} did not answer.`);
};

/**
 * Starts the whole embedded platform.
 * Environment: PORT (3000; 0 picks a free one), HOST, DATA_FOLDER (.data), and what the processes read themselves.
 * @returns {Promise<{url: string, ownerLink: string | null, dataFolder: string, restart(names: string[]): Promise<void>, stop(): Promise<void>}>}
 * @throws {StartError} for a taken port, an unwritable or used data folder, or a process that cannot start
 */
export async function startPlatform() {
  const dataFolder = openDataFolder();
  const unlock = await lockFolder(dataFolder, "supervisor");
  if (!unlock)
    throw new StartError(
      `The platform is already running on ${dataFolder}. Stop it first, or choose another folder: DATA_FOLDER=/path npm start`,
    );
  const host = process.env.HOST || "0.0.0.0";
  const asked = process.env.PORT ? Number(process.env.PORT) : 3000;
  if (!Number.isInteger(asked) || asked < 0 || asked > 65535) throw new StartError(`PORT=${process.env.PORT} is not a port number.`, 78);
  const port = asked || (await freePort());
  await assertPortFree(port, host);

  const { BACKUP_KEY, ...secrets } = readSecrets(dataFolder);
  const [backendPort, workerPort] = [await freePort(), await freePort()];
  const url = (process.env.APP_URL || `http://localhost:${port}`).replace(/\/$/, "");
  const { SUPABASE_JWT_SECRET, ...shared } = secrets;
  // Data on a Postgres server instead of in the data folder: the backend's alone, and the worker's for backups.
  const BACKEND_DATABASE_URL = process.env.BACKEND_DATABASE_URL || undefined;
  const common = {
    NODE_ENV: "production",
    LOG_LEVEL: process.env.LOG_LEVEL || "warn",
    ...shared,
    SUPABASE_URL: `http://127.0.0.1:${backendPort}`,
    MAILBOX_FOLDER: join(dataFolder, "mailbox"),
    APP_URL: url,
    BACKEND_DATABASE_URL: undefined,
  };
  const services = {
    backend: new Service("backend", at("supabase/dist/main.js"), {
      ...common,
      BACKEND_DATABASE_URL,
      SUPABASE_JWT_SECRET,
      BACKEND_PORT: String(backendPort),
      DATA_FOLDER: dataFolder,
    }),
    portal: new Service(
      "portal",
      at("portal/server.mjs"),
      { ...common, PORT: String(port), HOST: host },
      { flags: PORTAL_FLAGS, isHealthy: healthy(`http://127.0.0.1:${port}/api/health?live=1`) },
    ),
    worker: new Service(
      "worker",
      at("worker/dist/main.js"),
      {
        BACKUP_KEY: process.env.BACKUP_KEY || BACKUP_KEY,
        DATABASE_URL: process.env.DATABASE_URL || BACKEND_DATABASE_URL,
        ...common,
        WORKER_PORT: String(workerPort),
        QUEUE_FOLDER: join(dataFolder, "queue"),
        OUTBOX_NOTICES_URL: BACKEND_DATABASE_URL ?? `${common.SUPABASE_URL}/notices`,
      },
      { isHealthy: healthy(`http://127.0.0.1:${workerPort}/health?live=1`) },
    ),
  };

  const running = join(dataFolder, "running.json");
  let stopped;
  const stopAll = () =>
    (stopped ??= (async () => {
      for (const name of ["portal", "worker"]) services[name].stopping = true;
      await Promise.all([services.portal.stop(), services.worker.stop()]);
      await services.backend.stop();
      rmSync(running, { force: true });
      unlock();
    })());
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, async () => {
      await stopAll();
      process.exit(0);
    });
  }

  try {
    // The portal loads while the database opens: only its first request needs it.
    const [{ ownerLink }] = await Promise.all([services.backend.start(), services.portal.start()]);
    await services.worker.start();
    // For scripts and tests: where everything is, true again after each restart.
    const writeState = () => {
      const pids = Object.fromEntries(Object.values(services).map((service) => [service.name, service.child.pid]));
      const state = { url, ownerLink, pids, backendUrl: common.SUPABASE_URL, workerUrl: `http://127.0.0.1:${workerPort}` };
      writeFileSync(`${running}.partial`, JSON.stringify(state), { mode: 0o600 });
      renameSync(`${running}.partial`, running);
    };
    writeState();
    for (const service of Object.values(services)) service.onStart = writeState;
    return {
      url,
      ownerLink,
      dataFolder,
      stop: stopAll,
      async restart(names) {
        for (const name of names) {
          await services[name].stop();
          await services[name].start();
        }
      },
    };
  } catch (error) {
    await stopAll();
    throw error;
  }
}
