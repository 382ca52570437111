// Builds once more with source maps and hands them to Sentry under the release's name, for CI: `node scripts/source-maps.mjs`. The maps are taken
// away again, so that none is ever in a folder that is served. Environment: SENTRY_AUTH_TOKEN, SENTRY_ORG, SENTRY_PROJECT, SENTRY_RELEASE.
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { at, stop } from "./project.mjs";

const NEEDED = ["SENTRY_AUTH_TOKEN", "SENTRY_ORG", "SENTRY_PROJECT", "SENTRY_RELEASE"];
/** Built folders, and the address or path under which their files stand in a stack. */
const FOLDERS = [
  ["portal/build/client/assets", "~/assets"],
  ["widget/dist/widget", "~/widget"],
  ["portal/build/server", "app:///portal/build/server"],
  ["worker/dist", "app:///worker/dist"],
];

function removeMaps() {
  for (const [folder] of FOLDERS) {
    for (const file of readdirSync(at(folder), { recursive: true }))
      if (String(file).endsWith(".map")) rmSync(join(at(folder), String(file)));
  }
}

function run(command, args, env = {}) {
  const { status } = spawnSync(command, args, { cwd: at("."), stdio: "inherit", env: { ...process.env, ...env } });
  if (status !== 0) throw new Error(`${command} ended with ${status}`);
}

const missing = NEEDED.filter((name) => !process.env[name]);
if (missing.length > 0) stop(`Set ${missing.join(", ")} (docs/SECRETS.md).`, 78);
const release = process.env.SENTRY_RELEASE;
const cli = at("node_modules", ".bin", "sentry-cli");
try {
  run(process.execPath, [at("scripts/build.mjs")], { SOURCE_MAPS: "1" });
  run(cli, ["releases", "new", release]);
  for (const [folder, prefix] of FOLDERS)
    run(cli, ["sourcemaps", "upload", "--release", release, "--url-prefix", prefix, "--validate", folder]);
  run(cli, ["releases", "finalize", release]);
} finally {
  removeMaps();
}
