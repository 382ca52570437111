// Builds all that runs: the widget (rollup), the portal (Remix on Vite), the worker and the embedded backend (esbuild).
import { rmSync } from "node:fs";
import { build } from "esbuild";
import { at, run } from "./project.mjs";

const node = process.execPath;
const bin = (name) => at("node_modules", ...name);

/** Bundles our TypeScript and leaves packages to node_modules; each entry becomes one file beside its maps. */
const bundle = (folder, entries) => {
  rmSync(at(folder, "dist"), { recursive: true, force: true });
  return build({
    entryPoints: entries.map((entry) => at(folder, entry)),
    outdir: at(folder, "dist"),
    outbase: at(folder),
    entryNames: "[name]",
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    sourcemap: true,
    logLevel: "warning",
    plugins: [
      {
        name: "packages-stay-outside",
        setup(bundler) {
          // Our own packages are TypeScript source and go in; everything from the registry stays out.
          bundler.onResolve({ filter: /^[^./]/ }, ({ path }) => (path.startsWith("@gpt-agent/") ? undefined : { path, external: true }));
        },
      },
    ],
  });
};

const started = Date.now();
await Promise.all([
  (async () => {
    // The widget first: the portal serves its files.
    await run(node, [bin(["rollup", "dist", "bin", "rollup"]), "-c", "--silent"]);
    await run(node, [bin(["@remix-run", "dev", "dist", "cli.js"]), "vite:build", "--logLevel", "warn"], { cwd: at("portal") });
  })(),
  bundle("worker", ["main.ts", "ingest/extract-child.ts"]),
  bundle("supabase", ["embedded/main.ts"]),
]);
console.log(`Built in ${((Date.now() - started) / 1000).toFixed(1)} s`);
