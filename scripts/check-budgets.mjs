// `node scripts/check-budgets.mjs`: what a first visit of each page of the portal loads (scripts and styles, brotli), and how large the function for
// Vercel is where it is built. The widget has its budget in rollup.config.js. Ends with 1 when something is too large.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { at } from "./project.mjs";

const KIB = 1024;
/** A page with all that stands around it. The API's reference brings Swagger UI along. */
const PAGE = 220 * KIB;
const PAGES = { "routes/api-docs": 520 * KIB };
/** What a cold start has to read. Vercel's own limit is 250 MB. */
const FUNCTION = 25 * KIB * KIB;

const client = at("portal/build/client");
const manifest = readdirSync(join(client, "assets")).find((name) => /^manifest-.*\.js$/.test(name));
const { entry, routes } = JSON.parse(
  /^window\.__remixManifest=(.*?);?\s*$/s.exec(readFileSync(join(client, "assets", manifest), "utf8"))[1],
);

const weights = new Map();
const weigh = (path) => {
  if (!weights.has(path)) weights.set(path, brotliCompressSync(readFileSync(join(client, path))).length);
  return weights.get(path);
};
/** A route's files and those of all routes around it. */
const filesOf = (id) => {
  const route = routes[id];
  return route ? [route.module, ...(route.imports ?? []), ...(route.css ?? []), ...filesOf(route.parentId)] : [];
};

const pages = Object.keys(routes)
  .map((id) => ({ id, bytes: [...new Set([entry.module, ...entry.imports, ...filesOf(id)])].reduce((sum, path) => sum + weigh(path), 0) }))
  .sort((a, b) => b.bytes - a.bytes);
const tooHeavy = pages.filter(({ id, bytes }) => bytes > (PAGES[id] ?? PAGE));
for (const { id, bytes } of pages.slice(0, 5)) console.log(`${(bytes / KIB).toFixed(1).padStart(7)} KiB  ${id}`);
for (const { id, bytes } of tooHeavy)
  console.error(`TOO HEAVY  ${id}: ${(bytes / KIB).toFixed(1)} KiB, budget ${(PAGES[id] ?? PAGE) / KIB} KiB`);

const bundle = at(".vercel/output/functions/portal.func/index.mjs");
const size = existsSync(bundle) ? statSync(bundle).size : 0;
if (size) console.log(`${(size / KIB / KIB).toFixed(1).padStart(7)} MiB  function for Vercel`);
if (size > FUNCTION) console.error(`TOO HEAVY  the function: budget ${FUNCTION / KIB / KIB} MiB`);
process.exit(tooHeavy.length > 0 || size > FUNCTION ? 1 : 0);
