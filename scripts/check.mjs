// `npm run check`: lint, format and types.
import { at, ensureInstalled, run } from "./project.mjs";

ensureInstalled();
await run(process.execPath, [at("node_modules/@biomejs/biome/bin/biome"), "check", "--error-on-warnings"]);
await run(process.execPath, [at("node_modules/typescript/bin/tsc"), "-p", "."]);
console.log("Lint and types are clean.");
