// What the scripts know about the project: where things are, and whether they are installed and built.
// Node built-ins only: this runs before anything is installed.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));
export const at = (...parts) => join(root, ...parts);
const npm = process.platform === "win32" ? "npm.cmd" : "npm";

/** Ends the process with a message for people. */
export function stop(message, code = 1) {
  process.stderr.write(`\n${message}\n`);
  process.exit(code);
}

/** Runs a command to its end, its output shown. Rejects when it fails. */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: "inherit", ...options });
    child.on("error", reject);
    child.on("exit", (code, signal) =>
      code === 0 ? resolve() : reject(new Error(`${command} ${args.join(" ")} ended with ${signal ?? code}`)),
    );
  });
}

const digest = (parts) => createHash("sha256").update(parts.join("\0")).digest("hex");

/** Installs the locked dependencies unless exactly these are installed already. */
export function ensureInstalled() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19)) stop(`Node 20.19 or newer is needed; this is ${process.versions.node}.`);
  const lock = readFileSync(at("package-lock.json"), "utf8");
  const wanted = digest([lock, process.version, process.platform]);
  const marker = at("node_modules", ".installed");
  if (existsSync(marker) && readFileSync(marker, "utf8") === wanted) return;
  console.log("Installing dependencies…");
  const result = spawnSync(npm, ["ci", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: root, stdio: "inherit" });
  if (result.status !== 0) stop("npm ci failed: see above.");
  writeFileSync(marker, wanted);
}

/** A digest of every source file that goes into the build, by path, size and time of change. */
function sourceState() {
  const parts = [readFileSync(at("package-lock.json"), "utf8")];
  const walk = (folder) => {
    for (const entry of readdirSync(at(folder), { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        if (!["node_modules", "dist", "build", "migrations", "tests", ".cache"].includes(entry.name)) walk(path);
      } else if (/\.(ts|tsx|mjs|js|css|json|svg)$/.test(entry.name) && !/\.test\.tsx?$/.test(entry.name)) {
        const info = statSync(at(path));
        parts.push(`${path}:${info.size}:${info.mtimeMs}`);
      }
    }
  };
  for (const folder of ["core", "portal", "widget", "worker", "supabase", "scripts"]) walk(folder);
  parts.push(readFileSync(at("rollup.config.js"), "utf8"));
  return digest(parts);
}

/** Builds unless the sources are those of the last build. */
export async function ensureBuilt() {
  const marker = at(".cache", "built");
  const state = sourceState();
  if (existsSync(marker) && readFileSync(marker, "utf8") === state) return;
  console.log("Building…");
  await run(process.execPath, [at("scripts", "build.mjs")]);
  mkdirSync(at(".cache"), { recursive: true });
  writeFileSync(marker, state);
}
