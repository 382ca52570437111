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
import { en } from "../portal/app/i18n/en.ts";
import { makeAccount, makeAgent } from "./account.ts";
import { freePort } from "./fakes/free-port.ts";
import { startPlatform } from "./platform.ts";
import { Visitor } from "./visitor.ts";

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

/** Addresses on a page that lead to other pages and files of this platform. */
const linksOf = (html: string) =>
  [...html.matchAll(/(?:href|src)="(\/[^"#]*)"/g)]
    .map(([, path]) => path!.replaceAll("&amp;", "&"))
    .filter((path) => !path.startsWith("//"));

test("H18: a platform whose secrets are canaries sends none of them to a member's browser, into exports, backups or what it prints", async ({
  browser,
}) => {
  test.setTimeout(400_000);
  const mark = `canary${randomBytes(8).toString("hex")}`;
  const [gone, backups] = [await freePort(), mkdtempSync(join(tmpdir(), "gpt-agent-canary-backups-"))];
  const platform = await startPlatform({
    demo: false,
    env: {
      LLM_BASE_URL: `http://127.0.0.1:${gone}/v1`,
      LLM_API_KEY: `sk-${mark}`,
      METRICS_TOKEN: `${mark}-metrics-token`,
      HUBSPOT_CLIENT_ID: "ours",
      HUBSPOT_CLIENT_SECRET: `${mark}-hubspot`,
      SMTP_URL: `smtp://us:${mark}@127.0.0.1:${gone}?from=us@example.com`,
      BACKUP_TARGET: backups,
    },
  });
  const context = await browser.newContext();
  try {
    const { SUPABASE_PUBLISHABLE_KEY: _, ...made } = JSON.parse(readFileSync(join(platform.dataFolder, "secrets.json"), "utf8")) as Record<
      string,
      string
    >;
    // Without the ids of keys ("1:"), and long enough that nothing has them by chance.
    const secrets = [mark, ...Object.values(made).map((value) => value.replace(/^\d+:/, ""))];
    for (const secret of secrets) expect(secret.length).toBeGreaterThan(20);
    const account = await makeAccount(platform, "Tarn");
    const agent = await makeAgent(account, "Helper", [platform.url]);
    // A visitor asks, whom the model's provider fails.
    const visitor = await new Visitor(platform.url, agent.public_id).ready();
    expect((await visitor.answer("What does delivery cost?")).events.some(({ type }) => type === "finish")).toBe(true);

    const page = await context.newPage();
    await page.goto(`${platform.url}/login`);
    await page.getByLabel(en.auth.email).fill(account.email);
    await page.getByLabel(en.auth.password, { exact: true }).fill(account.password);
    await page.getByRole("button", { name: en.auth.signIn }).click();
    await page.waitForURL(/\/orgs\//);

    // All pages that a member finds, with what their loaders send, and the files they load.
    const org = `/orgs/${account.orgSlug}`;
    const waiting = [
      org,
      `${org}/leads/export`,
      `${org}/agents/${agent.id}`,
      "/api-docs",
      "/api/openapi.json",
      "/api/health",
      "/widget.js",
    ];
    const read = new Map<string, string>();
    for (let path = waiting.shift(); path !== undefined && read.size < 250; path = waiting.shift()) {
      if (read.has(path) || /logout|sign-?out/.test(path)) continue;
      const response = await context.request.get(`${platform.url}${path}`);
      const text = await response.text();
      read.set(path, text);
      if (!/html/.test(response.headers()["content-type"] ?? "")) continue;
      waiting.push(...linksOf(text));
      // What the browser asks for when it goes there by itself.
      if (path.startsWith(org)) waiting.push(`${path.replace(/\?.*/, "")}.data`);
    }
    const paths = [...read.keys()];
    for (const wanted of [/settings\/usage$/, /\/conversations/, /\/integrations/, /\.data$/, /\/assets\/.*\.js$/, /leads\/export$/])
      expect(paths.filter((path) => wanted.test(path)).length, String(wanted)).toBeGreaterThan(0);
    expect(read.get(`${org}/leads/export`)).toContain("created_at");

    const backup = spawn(process.execPath, [join(root, "scripts/recovery.mjs"), "backup", join(backups, "all.gapbackup")], {
      env: { ...process.env, DATA_FOLDER: platform.dataFolder },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    for (const stream of [backup.stdout, backup.stderr]) stream.on("data", (text) => (said += text));
    expect((await once(backup, "exit"))[0], said).toBe(0);
    read.set("a backup", readFileSync(join(backups, "all.gapbackup"), "latin1"));
    read.set("what the backup printed", said);
    read.set("what the platform printed", platform.output());
    // Sealed: not even a visitor's question is there in clear.
    expect(read.get("a backup")).not.toContain("delivery cost");
    const found = [...read].flatMap(([path, text]) =>
      secrets.filter((secret) => text.includes(secret)).map((secret) => `${path}: ${secret.slice(0, 6)}`),
    );
    expect(found).toEqual([]);
  } finally {
    await context.close();
    await platform.stop();
    rmSync(backups, { recursive: true, force: true });
  }
});
