// Builds all that runs: the widget (rollup), the portal (Remix on Vite), the worker and the embedded backend (esbuild).
import { readFileSync, rmSync } from "node:fs";
import { isBuiltin } from "node:module";
import { build } from "esbuild";
import { at, run } from "./project.mjs";

const node = process.execPath;
const bin = (name) => at("node_modules", ...name);

/**
 * Bundles our TypeScript and leaves packages to node_modules; each entry becomes one file. A package that the bundle could
 * not find from where it lies fails the build: core's dependencies must be the process's own as well.
 */
const bundle = async (folder, entries) => {
  rmSync(at(folder, "dist"), { recursive: true, force: true });
  const { metafile } = await build({
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
    metafile: true,
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
  // Beside what the other processes need it would be found in any case; an image holds this one's own alone.
  const { dependencies } = JSON.parse(readFileSync(at(folder, "package.json"), "utf8"));
  const imported = Object.values(metafile.outputs).flatMap((output) => output.imports.map(({ path }) => path));
  for (const path of new Set(imported)) {
    const [name] = /^(?:@[^/]+\/)?[^/]+/.exec(path) ?? [path];
    if (!isBuiltin(path) && !(name in dependencies)) throw new Error(`${folder} needs ${name}: add it to ${folder}/package.json`);
  }
};

const started = Date.now();
await Promise.all([
  (async () => {
    // The widget first: the portal serves its files.
    await run(node, [bin(["rollup", "dist", "bin", "rollup"]), "-c", "--silent"]);
    await run(node, [bin(["@remix-run", "dev", "dist", "cli.js"]), "vite:build", "--logLevel", "error"], { cwd: at("portal") });
  })(),
  bundle("worker", ["main.ts", "ingest/extract-child.ts", "doctor/doctor.ts"]),
  bundle("supabase", ["embedded/main.ts", "recovery/backup.ts", "recovery/restore.ts", "recovery/migrate.ts"]),
]);
console.log(`Built in ${((Date.now() - started) / 1000).toFixed(1)} s`);
