// `npm run check:image`: what the images hold, without Docker. Takes the steps of infra/docker/*.Dockerfile in temporary folders, starts what comes of
// them as a user who is not root, in an environment with nothing but its settings, and looks at its health. Needs root (to become another user)
// and takes some minutes. Where there is Docker, `docker build` says more.
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { readDockerfile, readIgnore } from "../infra/docker/dockerfile.mjs";
import { at, stop } from "./project.mjs";

if (process.getuid?.() !== 0) stop("Run it as root: it starts what it built as another user.");
const place = mkdtempSync(join(tmpdir(), "gpt-agent-images-"));
chmodSync(place, 0o755);
const isIgnored = readIgnore(at(".dockerignore"));
const say = (what) => console.log(`${new Date().toISOString().slice(11, 19)} ${what}`);

/** Copies from the context (less what is ignored) or from another stage, as COPY does. */
function copy(step, stage, roots) {
  const sources = step.args.slice(0, -1);
  const target = step.args.at(-1);
  const from = step.flags.from ? roots.get(step.flags.from) : at(".");
  const into = join(stage.root, target.startsWith("/") ? "." : stage.folder, target);
  for (const source of sources) {
    const path = join(from, source);
    const isFolder = statSync(path).isDirectory();
    // The contents of a folder, and a file into a folder that ends with a slash or is one of several sources' target.
    const to = !isFolder && (target.endsWith("/") || sources.length > 1) ? join(into, source.split("/").at(-1)) : into;
    mkdirSync(dirname(to), { recursive: true });
    const filter = step.flags.from ? () => true : (file) => file === at(".") || !isIgnored(relative(at("."), file));
    cpSync(path, to, { recursive: true, filter, verbatimSymlinks: true });
  }
}

/** Runs a command of a stage in its folder; absolute paths are the stage's own. */
function runStep(step, stage) {
  const command = step.text.replace(/(?<=\s)\/(?=\w)/g, `${stage.root}/`);
  const { PATH, HOME } = process.env;
  const { status } = spawnSync("sh", ["-c", command], { cwd: join(stage.root, stage.folder), env: { PATH, HOME }, stdio: "inherit" });
  if (status !== 0) throw new Error(`RUN ${step.text} ended with ${status}`);
}

/** What a health check says once all that it asks is well, for which it gets a minute: a backend that reads its demo answers late. */
async function healthOf(url) {
  for (const until = Date.now() + 60_000; ; await new Promise((wake) => setTimeout(wake, 500))) {
    const response = await fetch(url);
    const body = await response.text();
    if (response.status === 200 || Date.now() > until) return { status: response.status, body };
  }
}

/** Stages by their text, so that what several images share is done once. */
const built = new Map();

/**
 * Takes the steps of a Dockerfile.
 * @returns {{ root: string, folder: string, env: Record<string, string>, command: string[], health: string[], user: number }} what the last stage is
 */
function buildImage(name) {
  const roots = new Map();
  const texts = new Map();
  let stage;
  for (const { name: stageName, from, steps } of readDockerfile(at("infra/docker", `${name}.Dockerfile`))) {
    const text = JSON.stringify([texts.get(from) ?? from, steps]);
    const done = built.get(text);
    stage = done ?? { root: mkdtempSync(join(place, `${name}-${stageName ?? "image"}-`)), folder: "/", env: {} };
    if (!done) {
      chmodSync(stage.root, 0o755);
      if (roots.has(from)) {
        cpSync(roots.get(from), stage.root, { recursive: true, verbatimSymlinks: true });
        stage.folder = built.get(texts.get(from)).folder;
      }
      for (const step of steps) {
        if (step.instruction === "WORKDIR") {
          stage.folder = step.args[0];
          mkdirSync(join(stage.root, stage.folder), { recursive: true });
        } else if (step.instruction === "COPY") copy(step, stage, roots);
        else if (step.instruction === "RUN") runStep(step, stage);
        else if (step.instruction === "ENV") Object.assign(stage.env, Object.fromEntries(step.args.map((pair) => pair.split("="))));
        else if (step.instruction === "USER") stage.user = Number(step.args[0].split(":")[0]);
        else if (step.instruction === "CMD") stage.command = step.args;
        else if (step.instruction === "HEALTHCHECK") stage.health = step.args;
      }
      built.set(text, stage);
    }
    if (stageName) {
      roots.set(stageName, stage.root);
      texts.set(stageName, text);
    }
  }
  return stage;
}

const freePort = () =>
  new Promise((done) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => done(String(port)));
    });
  });

/** Starts an image as its user and waits until its own HEALTHCHECK is content. */
async function start(name, image, env) {
  const environment = { PATH: process.env.PATH, HOME: "/nonexistent", TMPDIR: temporary, ...image.env, ...env };
  const who = { uid: image.user, gid: image.user, cwd: join(image.root, image.folder), env: environment };
  const [program, ...args] = image.command;
  const child = spawn(program, args, { ...who, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  const [check, ...checkArgs] = image.health;
  for (let look = 0; look < 120; look++) {
    if (child.exitCode !== null) break;
    if (spawnSync(check, checkArgs, who).status === 0) {
      say(`${name} is healthy, as user ${image.user}`);
      return { child, output: () => output };
    }
    await new Promise((wake) => setTimeout(wake, 500));
  }
  child.kill("SIGKILL");
  throw new Error(`${name} did not become healthy:\n${output}`);
}

async function end(name, { child, output }) {
  const ended = new Promise((done) => child.once("exit", (code, signal) => done(code ?? signal)));
  child.kill("SIGTERM");
  const code = await ended;
  if (code !== 0) throw new Error(`${name} ended with ${code}:\n${output()}`);
}

/** Files of an image that its user could change. */
function writable(folder, user, found = []) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isSymbolicLink()) continue;
    const { uid, mode } = statSync(path);
    if (uid === user || mode & 0o002) found.push(path);
    if (entry.isDirectory()) writable(path, user, found);
  }
  return found;
}

const temporary = join(place, "tmp");
mkdirSync(temporary);
chmodSync(temporary, 0o1777);
const running = [];
try {
  const images = {};
  for (const name of ["backend", "portal", "worker"]) {
    say(`building ${name}`);
    images[name] = buildImage(name);
    const loose = writable(join(images[name].root, images[name].folder), images[name].user);
    if (loose.length) throw new Error(`The user of ${name} could change ${loose.slice(0, 5).join(", ")}`);
    const size = spawnSync("du", ["-sm", images[name].root], { encoding: "utf8" }).stdout.split("\t")[0];
    say(`${name}: ${size} MB above the base image`);
  }
  const data = join(place, "data");
  mkdirSync(data);
  chownSync(data, images.backend.user, images.backend.user);
  const random = (bytes) => randomBytes(bytes).toString("base64url");
  const [backendPort, portalPort, workerPort] = [await freePort(), await freePort(), await freePort()];
  const keys = {
    APP_URL: `http://127.0.0.1:${portalPort}`,
    SUPABASE_PUBLISHABLE_KEY: `sb_publishable_${random(24)}`,
    SUPABASE_SECRET_KEY: `sb_secret_${random(24)}`,
    LOG_LEVEL: "warn",
  };
  const clients = { ...keys, SUPABASE_URL: `http://127.0.0.1:${backendPort}`, ENCRYPTION_KEY: randomBytes(32).toString("base64") };
  const backend = await start("backend", images.backend, {
    ...keys,
    SUPABASE_JWT_SECRET: random(48),
    BACKEND_HOST: "127.0.0.1",
    BACKEND_PORT: backendPort,
    DATA_FOLDER: data,
    MAILBOX_FOLDER: join(data, "mailbox"),
  });
  running.unshift(["backend", backend]);
  running.unshift(["portal", await start("portal", images.portal, { ...clients, PORT: portalPort, HOST: "127.0.0.1" })]);
  running.unshift([
    "worker",
    await start("worker", images.worker, { ...clients, WORKER_PORT: workerPort, QUEUE_FOLDER: join(temporary, "queue") }),
  ]);
  for (const url of [`http://127.0.0.1:${portalPort}/api/health`, `http://127.0.0.1:${workerPort}/health`]) {
    const { status, body } = await healthOf(url);
    if (status !== 200) {
      const said = running.map(([name, { child, output }]) => `${name} (${child.exitCode ?? "running"}):\n${output()}`);
      throw new Error(`${url}: ${status} ${body}\n${said.join("\n")}`);
    }
    say(`${new URL(url).pathname}: ${body.trim()}`);
  }
  const smoke = spawnSync(process.execPath, [at("scripts/smoke.mjs"), clients.APP_URL, "--agent", "demo"], { stdio: "inherit" });
  if (smoke.status !== 0) throw new Error("The smoke test failed.");
  for (let look = 0; look < 100 && !/Sign in as the owner .*: http/.test(backend.output()); look++)
    await new Promise((wake) => setTimeout(wake, 100));
  if (backend.output().match(/Sign in as the owner/g)?.length !== 1) throw new Error(`No sign-in link, or several:\n${backend.output()}`);
  if (existsSync(join(images.portal.root, "app", ".data"))) throw new Error("The portal wrote into its own folder.");
  while (running.length) await end(...running.shift());
  console.log("The images hold what their processes need, and no more rights than these.");
} finally {
  for (const [, { child }] of running) child.kill("SIGKILL");
  rmSync(place, { recursive: true, force: true });
}
