// H18: what opens something is in nothing that a browser is given. Other places (logs, reports, the queue, rows, answers of actions and CRMs) have
// tests of their own beside what writes there.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "@playwright/test";
import { variablesOf } from "../core/env.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
/** What browsers get of the build. */
const SERVED = ["portal/build/client", "widget/dist"];
const OTHERS = ["portal/build/server", "worker/dist", "supabase/dist"];
const MADE = ["node_modules", "build", "dist", ".cache", ".vite-temp"];

const filesIn = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

/** Names of all settings there are: every process's, and those that .env.example tells people to fill in. */
function settings(): string[] {
  const example = readFileSync(join(root, ".env.example"), "utf8");
  const told = [...example.matchAll(/^(?:# )?([A-Z][A-Z0-9_]+)=/gm)].map(([, name]) => name!);
  const own = (["portal", "worker", "backend", "recovery"] as const).flatMap(variablesOf);
  // NODE_ENV chooses how it is built, and is no secret.
  return [...new Set([...own, ...told])].filter((name) => name !== "NODE_ENV");
}

/** The sources in a folder of their own, so that the build that others use stays as it is. */
function copySources(): string {
  const folder = mkdtempSync(join(tmpdir(), "gpt-agent-canary-"));
  for (const name of [
    "core",
    "portal",
    "widget",
    "worker",
    "supabase",
    "scripts",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "rollup.config.js",
  ])
    cpSync(join(root, name), join(folder, name), { recursive: true, filter: (path) => !MADE.includes(basename(path)) });
  for (const name of ["", "core", "portal", "worker", "supabase"])
    if (existsSync(join(root, name, "node_modules"))) symlinkSync(join(root, name, "node_modules"), join(folder, name, "node_modules"));
  return folder;
}

test("H18: a build among all secrets takes none of them into what is sent to browsers, nor into any other bundle", async () => {
  test.setTimeout(300_000);
  const [secret, wanted] = [randomBytes(12).toString("hex"), randomBytes(12).toString("hex")];
  const names = settings();
  for (const name of [
    "SUPABASE_SECRET_KEY",
    "ENCRYPTION_KEY",
    "LLM_API_KEY",
    "BACKEND_DATABASE_URL",
    "BACKUP_KEY",
    "HUBSPOT_CLIENT_SECRET",
  ])
    expect(names).toContain(name);
  const canaries = Object.fromEntries(names.map((name) => [name, `${secret}-${name}`]));
  const folder = copySources();
  try {
    // As people have them: in the environment, and in files that build tools read by themselves.
    const file = Object.entries(canaries).map(([name, value]) => `${name}=${value}\nVITE_UNUSED_${name}=${value}\n`);
    for (const place of ["", "portal", "widget"])
      for (const kind of [".env", ".env.production"]) writeFileSync(join(folder, place, kind), file.join(""));
    // A setting that the code does ask for is found: the build saw the environment, and this test would see a secret.
    const entry = join(folder, "portal/app/entry.client.tsx");
    writeFileSync(entry, `${readFileSync(entry, "utf8")}\nconsole.debug(import.meta.env.VITE_WANTED);\n`);
    const child = spawn(process.execPath, [join(folder, "scripts/build.mjs")], {
      env: { NODE_ENV: "production", PATH: process.env.PATH, HOME: process.env.HOME, VITE_WANTED: wanted, ...canaries },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stderr.on("data", (text) => (said += text));
    expect((await once(child, "exit"))[0], said).toBe(0);

    const served = SERVED.flatMap((name) => filesIn(join(folder, name)));
    const all = [...served, ...OTHERS.flatMap((name) => filesIn(join(folder, name)))];
    expect(served.length).toBeGreaterThan(50);
    const holding = (word: string, files: string[]) =>
      files.filter((path) => readFileSync(path).includes(word)).map((path) => basename(path));
    expect(holding(wanted, served).length).toBeGreaterThan(0);
    expect(holding(secret, all)).toEqual([]);
    // No map of the source is served, and no file names one.
    expect(served.filter((path) => path.endsWith(".map"))).toEqual([]);
    expect(
      holding(
        "sourceMappingURL",
        served.filter((path) => /\.(js|css)$/.test(path)),
      ),
    ).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
