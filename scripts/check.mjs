// `npm run check`: lint, format, types, and whether the database's types are those of the migrations.
import { at, ensureInstalled, run } from "./project.mjs";

ensureInstalled();
await run(process.execPath, [at("node_modules/@biomejs/biome/bin/biome"), "check", "--error-on-warnings"]);
await run(process.execPath, [at("node_modules/typescript/bin/tsc"), "-p", "."]);
await run(process.execPath, ["--import", "tsx", at("supabase/generate-types.ts"), "--check"]);
console.log("Lint and types are clean.");
