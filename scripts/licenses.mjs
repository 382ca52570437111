// `npm run licenses`: which licences the packages have that we ship (all that our dependencies need to run), as a table.
// Ends with 1 when one is not on the list of those that may be shipped.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { at } from "./project.mjs";

/**
 * Permissive licences: they ask for their text to be kept, and nothing of our own code. OFL-1.1 is for fonts, which may go along with anything as long as
 * they are not sold by themselves.
 */
const ALLOWED = new Set([
  "0BSD",
  "Apache-2.0",
  "BlueOak-1.0.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "CC0-1.0",
  "ISC",
  "MIT",
  "MIT-0",
  "OFL-1.1",
  "PostgreSQL",
  "Python-2.0",
  "Unlicense",
  "Zlib",
  "WTFPL",
]);

/** The licence where package.json does not say it in SPDX's words, read from the package's own LICENSE file. */
const READ_BY_HAND = { duck: "BSD-2-Clause" };

/**
 * A command that @sentry/remix has for uploading source maps, under a licence that forbids to sell the like of it. CI calls it; the images
 * leave it out (infra/docker), so it is a tool like those for development.
 */
const TOOLS = /^@sentry\/cli(-|$)/;

/**
 * Does an SPDX expression leave a choice that may be shipped? Understands OR, AND and brackets.
 * @param {string} expression such as "(MIT OR GPL-3.0)"
 */
export function mayBeShipped(expression) {
  const tokens = expression.match(/\(|\)|[^\s()]+/g) ?? [];
  let at = 0;
  const either = () => {
    let fits = both();
    while (tokens[at]?.toUpperCase() === "OR") {
      at++;
      fits = both() || fits;
    }
    return fits;
  };
  const both = () => {
    let fits = one();
    while (tokens[at]?.toUpperCase() === "AND") {
      at++;
      fits = one() && fits;
    }
    return fits;
  };
  const one = () => {
    const token = tokens[at++];
    if (token !== "(") return token !== undefined && ALLOWED.has(token);
    const fits = either();
    at++;
    return fits;
  };
  const fits = either();
  return fits && at === tokens.length;
}

/** The lock file's path of a package as Node finds it from another one; undefined where it is not installed. */
function resolve(packages, from, name) {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/node_modules/")))) {
    const path = folder.endsWith("node_modules") ? `${folder}/${name}` : `${folder ? `${folder}/` : ""}node_modules/${name}`;
    if (packages[path]) return packages[path].link ? packages[path].resolved : path;
    if (folder === "") return undefined;
    if (!folder.includes("/node_modules/")) folder = "";
  }
}

/**
 * The packages that are shipped: what the workspaces' dependencies need to run. What is optional counts where the lock file has it; peers count unless
 * they are optional, for those are tools that a package can be used with.
 * @returns {{ name: string, version: string, licence: string }[]} by name
 */
export function shippedPackages() {
  const { packages } = JSON.parse(readFileSync(at("package-lock.json"), "utf8"));
  const seen = new Set();
  const todo = Object.keys(packages).filter((path) => path && !path.includes("node_modules/") && path !== "e2e");
  while (todo.length > 0) {
    const path = todo.pop();
    if (path === undefined || seen.has(path)) continue;
    seen.add(path);
    const { dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta = {} } = packages[path];
    const peers = Object.keys(peerDependencies ?? {}).filter((name) => !peerDependenciesMeta[name]?.optional);
    for (const name of [...Object.keys({ ...dependencies, ...optionalDependencies }), ...peers]) {
      const found = resolve(packages, path, name);
      if (found !== undefined && !TOOLS.test(name)) todo.push(found);
    }
  }
  const shipped = [...seen].filter((path) => path.includes("node_modules/")).map((path) => ({ path, entry: packages[path] }));
  const found = new Map();
  for (const { path, entry } of shipped) {
    const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
    const file = at(path, "package.json");
    // Another platform's package is not installed here; the lock file says what it is under.
    const own = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : entry;
    const said = own.license ?? own.licenses ?? entry.license;
    const list = (Array.isArray(said) ? said : [said]).map((one) => one?.type ?? one).filter(Boolean);
    const licence = READ_BY_HAND[name] ?? (list.length > 1 ? `(${list.join(" OR ")})` : (list[0] ?? "unknown"));
    found.set(`${name}@${entry.version}`, { name, version: entry.version, licence });
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** The report as Markdown. */
export function report(packages = shippedPackages()) {
  const counts = new Map();
  for (const { licence } of packages) counts.set(licence, (counts.get(licence) ?? 0) + 1);
  const summary = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([licence, count]) => `| ${licence} | ${count} |`);
  const all = packages.map(({ name, version, licence }) => `| ${name} | ${version} | ${licence} |`);
  return `# Licences of what is shipped

The platform itself is under Apache-2.0. Packages for development alone are not shipped and not listed.

| licence | packages |
|---|---|
${summary.join("\n")}

| package | version | licence |
|---|---|---|
${all.join("\n")}
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const packages = shippedPackages();
  const refused = packages.filter(({ licence }) => !mayBeShipped(licence));
  console.log(report(packages));
  for (const { name, version, licence } of refused)
    console.error(`${name}@${version} is under ${licence}, which is not on the list of what may be shipped (scripts/licenses.mjs).`);
  process.exit(refused.length > 0 ? 1 : 0);
}
