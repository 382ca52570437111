// `npm start`: installs and builds what is missing, then runs the embedded platform until Ctrl-C.
// `npm run dev` (--dev) rebuilds and restarts when a source file changes.
import { watch } from "node:fs";
import { at, ensureBuilt, ensureInstalled, stop } from "./project.mjs";

ensureInstalled();
await ensureBuilt();
const { startPlatform, StartError } = await import("./supervisor.mjs");

let platform;
try {
  platform = await startPlatform();
} catch (error) {
  if (!(error instanceof StartError)) throw error;
  stop(error.message, error.exitCode);
}
const { url, ownerLink } = platform;
console.log(`
  The GPT Agent Platform is running.

  Portal   ${url}
${process.env.DEMO === "off" ? "" : `  Demo     ${url}/demo\n`}${ownerLink ? `  Sign in  ${ownerLink}\n           (works once, for an hour; every start prints a fresh one)\n` : ""}
  Ctrl-C stops it. Data is in ${platform.dataFolder}.
`);

if (process.argv.includes("--dev")) {
  let pending;
  let busy = false;
  const rebuild = async () => {
    if (busy) return;
    busy = true;
    try {
      await ensureBuilt();
      await platform.restart(["portal", "worker"]);
      console.log("Rebuilt and restarted.");
    } catch (error) {
      console.error(`${error.message}\nThe last good build keeps running.`);
    } finally {
      busy = false;
    }
  };
  for (const folder of ["core", "portal/app", "widget/src", "worker"]) {
    watch(at(folder), { recursive: true }, (_event, file) => {
      if (!file || /node_modules|dist|build|\.test\./.test(file)) return;
      clearTimeout(pending);
      pending = setTimeout(rebuild, 200);
    });
  }
}
