// Makes a deployment for Vercel of the built project, as the Build Output API (version 3) describes it: static files for the edge, one
// function for the rest, and the routes between them. `npm run build:vercel [-- <folder>]`; .vercel/output by default.
// https://vercel.com/docs/build-output-api
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { FROM_ANYWHERE, LOADER_CACHING } from "../portal/handler.mjs";
import { at, ensureBuilt, ensureInstalled } from "./project.mjs";

/** Close to the database (infra/terraform makes that in the same city). */
const REGION = "fra1";
/** Seconds that a request may take, its answer's stream included. */
const MAX_DURATION = 300;

const FOREVER = { "cache-control": "public, max-age=31536000, immutable" };

/** The same headers as handler.mjs gives the same files. `hit` comes after a file was found: what is missing is never cached. */
const config = {
  version: 3,
  routes: [
    { handle: "filesystem" },
    { src: "/.*", dest: "/portal" },
    { handle: "hit" },
    { src: "/assets/.*", headers: FOREVER, continue: true },
    { src: "/widget/(?!chat\\.js).*", headers: { ...FOREVER, ...FROM_ANYWHERE }, continue: true },
    { src: "/widget(?:/chat)?\\.js", headers: { "cache-control": LOADER_CACHING, ...FROM_ANYWHERE }, continue: true },
  ],
};

const functionConfig = {
  runtime: "nodejs20.x",
  handler: "index.mjs",
  launcherType: "Nodejs",
  shouldAddHelpers: false,
  supportsResponseStreaming: true,
  regions: [REGION],
  maxDuration: MAX_DURATION,
  memory: 1024,
};

/**
 * Writes the deployment.
 * @param {string} output an absolute path; what is there is replaced
 */
async function buildVercel(output) {
  rmSync(output, { recursive: true, force: true });
  const files = join(output, "static");
  const portal = join(output, "functions", "portal.func");
  mkdirSync(portal, { recursive: true });
  cpSync(at("portal/build/client"), files, { recursive: true, filter: (path) => !path.includes(`${files}/.vite`) });
  cpSync(at("widget/dist"), files, { recursive: true, filter: (path) => !path.endsWith(".map") });
  await build({
    entryPoints: [at("portal/vercel.mjs")],
    outfile: join(portal, "index.mjs"),
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "error",
    // Packages written for require() are in the bundle as well.
    banner: { js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);' },
    // Optional native parts of ws, for which it looks at run time.
    external: ["bufferutil", "utf-8-validate"],
  });
  writeFileSync(join(portal, ".vc-config.json"), JSON.stringify(functionConfig, null, 2));
  writeFileSync(join(portal, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(join(output, "config.json"), JSON.stringify(config, null, 2));
}

ensureInstalled();
await ensureBuilt();
const output = resolve(process.argv[2] ?? at(".vercel", "output"));
await buildVercel(output);
console.log(`A deployment for Vercel is in ${output}`);
