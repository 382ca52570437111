// Builds all that runs: the widget (rollup), the portal (Remix on Vite), the worker and the embedded backend (esbuild).
import { readFileSync, rmSync } from "node:fs";
import { createRequire, isBuiltin } from "node:module";
import { build } from "esbuild";
import { at, run } from "./project.mjs";

const node = process.execPath;
const bin = (name) => at("node_modules", ...name);

/** Bundles our TypeScript and leaves packages to node_modules; each entry becomes one file. */
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
  assertOwnPackages(folder, at(folder, "dist", "main.js"), metafile);
};

/**
 * Core's packages are asked for by the bundle that it is part of. They lie beside all, unless another package asks for another version of
 * one: then the bundle would be given that, or in an image with this process's packages alone, none.
 */
function assertOwnPackages(folder, file, metafile) {
  const { dependencies } = JSON.parse(readFileSync(at(folder, "package.json"), "utf8"));
  const [here, inCore] = [file, at("core", "package.json")].map((from) => createRequire(from));
  const imported = Object.values(metafile.outputs).flatMap((output) => output.imports.map(({ path }) => path));
  for (const path of new Set(imported)) {
    const [name] = /^(?:@[^/]+\/)?[^/]+/.exec(path) ?? [path];
    if (isBuiltin(path) || name in dependencies) continue;
    if (placeOf(here, path) !== placeOf(inCore, path)) throw new Error(`${folder} needs ${name}: add it to ${folder}/package.json`);
  }
}

/** Where a package is found from a file; null where it is not, or only by import. */
function placeOf({ resolve }, path) {
  try {
    return resolve(path);
  } catch (error) {
    if (error.code === "MODULE_NOT_FOUND") return null;
    return error.message;
  }
}

const started = Date.now();
await Promise.all([
  (async () => {
    // The widget first: the portal serves its files.
    await run(node, [bin(["rollup", "dist", "bin", "rollup"]), "-c", "--silent"]);
    await run(node, [bin(["@remix-run", "dev", "dist", "cli.js"]), "vite:build", "--logLevel", "error"], { cwd: at("portal") });
    const server = at("portal", "build", "server", "index.js");
    const { metafile } = await build({
      entryPoints: [server],
      bundle: true,
      packages: "external",
      format: "esm",
      write: false,
      metafile: true,
    });
    assertOwnPackages("portal", server, metafile);
  })(),
  bundle("worker", ["main.ts", "ingest/extract-child.ts", "doctor/doctor.ts"]),
  bundle("supabase", ["embedded/main.ts", "recovery/backup.ts", "recovery/restore.ts", "recovery/migrate.ts"]),
]);
console.log(`Built in ${((Date.now() - started) / 1000).toFixed(1)} s`);
