// `npm test [check|unit|db|e2e …] [--shard=1/3]`: installs what is missing, builds, runs the tests (of the browser's, one part of three), prints one
// closing line.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { at, ensureBuilt, ensureInstalled, run, stop } from "./project.mjs";

const PARTS = ["check", "unit", "db", "e2e"];
const asked = process.argv.slice(2).filter((argument) => !argument.startsWith("-"));
const shard = process.argv.filter((argument) => /^--shard=\d+\/\d+$/.test(argument));
const unknown = asked.filter((part) => !PARTS.includes(part));
if (unknown.length) stop(`Unknown part ${unknown.join(", ")}: choose of ${PARTS.join(", ")}.`);
const parts = asked.length ? PARTS.filter((part) => asked.includes(part)) : PARTS;
const ci = process.env.CI === "true" || process.env.CI === "1";

const has = (command) => spawnSync("sh", ["-c", `command -v ${command}`]).status === 0;

/** Makes sure that the programs the tests drive are there: a real browser, a real Redis, a real Postgres, a real nginx. */
function ensurePrograms() {
  const needed = {
    "redis-server": () => has("redis-server"),
    // Debian keeps Postgres's own programs off the path.
    postgresql: () => has("initdb") || existsSync("/usr/lib/postgresql"),
    "nginx-light": () => has("nginx") || existsSync("/usr/sbin/nginx"),
    chromium: () => Boolean(process.env.CHROMIUM) || has("chromium") || has("chromium-browser") || has("google-chrome"),
  };
  const missing = Object.keys(needed).filter((name) => !needed[name]());
  if (!missing.length) return;
  const root = process.getuid?.() === 0;
  if (root && has("apt-get")) {
    console.log(`Installing ${missing.join(" and ")}…`);
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    spawnSync("apt-get", ["update", "-qq"], { stdio: "inherit", env });
    spawnSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...missing, "fonts-dejavu-core"], {
      stdio: ["ignore", "ignore", "inherit"],
      env,
    });
  }
  const still = missing.filter((name) => !needed[name]());
  if (still.length) stop(`The tests need ${still.join(" and ")}. On Debian or Ubuntu: sudo apt-get install -y ${still.join(" ")}`);
}

/**
 * Makes sure that Prometheus' promtool is there, for the tests of infra/monitoring. Installing Debian's package would start Prometheus
 * itself and bring a dozen JavaScript libraries along; only the one program is taken out of it.
 */
function ensurePromtool() {
  const bin = at(".cache", "bin");
  if (has("promtool") || existsSync(join(bin, "promtool"))) return;
  const folder = mkdtempSync(join(tmpdir(), "gpt-agent-promtool-"));
  if (has("apt-get") && has("dpkg-deb")) {
    console.log("Fetching promtool…");
    const inFolder = { cwd: folder, stdio: ["ignore", "ignore", "inherit"] };
    const fetched = () => spawnSync("apt-get", ["download", "-qq", "prometheus"], inFolder).status === 0;
    if (!fetched() && process.getuid?.() === 0) {
      spawnSync("apt-get", ["update", "-qq"], inFolder);
      fetched();
    }
    const [deb] = readdirSync(folder).filter((name) => name.endsWith(".deb"));
    if (deb) {
      spawnSync("dpkg-deb", ["-x", deb, "package"], inFolder);
      mkdirSync(bin, { recursive: true });
      copyFileSync(join(folder, "package", "usr", "bin", "promtool"), join(bin, "promtool"));
    }
  }
  rmSync(folder, { recursive: true, force: true });
  if (!existsSync(join(bin, "promtool")))
    stop("The tests need promtool, which comes with Prometheus. On Debian or Ubuntu: sudo apt-get update; elsewhere put it on the PATH.");
}

const reports = at(".cache", "reports");
rmSync(reports, { recursive: true, force: true });
mkdirSync(reports, { recursive: true });

let passed = 0;
/** What failed, with the first words of why: told once more at the end, where a log that was cut still shows it. */
const failures = [];
const tally = (ok, name, why = "") =>
  ok ? passed++ : failures.push([name, ...stripVTControlCharacters(why).split("\n").slice(0, 3)].join("\n    "));

/** Runs a step; one that ends badly without a report of its own counts as one failure. */
async function step(name, command, count) {
  console.log(`\n── ${name}`);
  const started = Date.now();
  const before = failures.length;
  let ended = true;
  await command().catch(() => {
    ended = false;
  });
  const counted = count();
  if ((!ended || !counted) && failures.length === before) tally(false, name);
  console.log(
    `── ${name}: ${ended && failures.length === before ? "passed" : "FAILED"} in ${((Date.now() - started) / 1000).toFixed(0)} s`,
  );
}

/** Counts a vitest JSON report. A skipped test is a failure in CI: nothing may pass by not running. */
function countVitest(file) {
  if (!existsSync(file)) return 0;
  const report = JSON.parse(readFileSync(file, "utf8"));
  for (const suite of report.testResults) {
    const path = relative(at(), suite.name);
    if (suite.status === "failed" && !suite.assertionResults.length) tally(false, path, suite.message);
    for (const test of suite.assertionResults)
      tally(
        test.status === "passed" || (!ci && ["pending", "skipped", "todo"].includes(test.status)),
        `${path}: ${test.fullName} (${test.status})`,
        test.failureMessages?.[0],
      );
  }
  return report.numTotalTests;
}

/** Counts a Playwright JSON report. */
function countPlaywright(file) {
  if (!existsSync(file)) return 0;
  const report = JSON.parse(readFileSync(file, "utf8"));
  let tests = 0;
  const walk = (suite) => {
    for (const spec of suite.specs ?? []) {
      tests++;
      if (spec.tests.some((test) => test.status === "flaky")) console.log(`Flaky, passed at the second try: ${spec.title}`);
      tally(
        spec.ok && (!ci || spec.tests.every((test) => test.status !== "skipped")),
        `e2e/${spec.file}:${spec.line}: ${spec.title}`,
        spec.tests.flatMap((test) => test.results).find((result) => result.error)?.error.message,
      );
    }
    for (const inner of suite.suites ?? []) walk(inner);
  };
  for (const suite of report.suites) walk(suite);
  for (const error of report.errors ?? []) tally(false, "e2e", error.message);
  return tests;
}

/** Runs the tests of one or more projects at once: while the last long one of one project ends, those of the other go on. */
const vitest = (projects) => {
  const file = at(".cache", "reports", `${projects.join("-")}.json`);
  return step(
    projects.join(" and "),
    () =>
      run(process.execPath, [
        at("node_modules/vitest/vitest.mjs"),
        "run",
        ...projects.flatMap((project) => ["--project", project]),
        "--reporter=dot",
        "--reporter=json",
        `--outputFile.json=${file}`,
      ]),
    () => countVitest(file),
  );
};

ensureInstalled();
if (parts.includes("check")) {
  await step(
    "check",
    () => run(process.execPath, [at("scripts/check.mjs")]),
    () => 1,
  );
  if (!failures.length) passed++;
}
ensurePrograms();
if (parts.includes("unit")) ensurePromtool();
try {
  await ensureBuilt();
} catch (error) {
  stop(`The build failed: ${error.message}\n\n${passed} passed, ${failures.length + 1} failed`);
}
const projects = parts.filter((part) => part === "unit" || part === "db");
if (projects.length) await vitest(projects);
if (parts.includes("e2e")) {
  const file = at(".cache", "reports", "e2e.json");
  await step(
    "e2e",
    () =>
      run(
        process.execPath,
        [at("node_modules/@playwright/test/cli.js"), "test", "-c", at("e2e/playwright.config.ts"), "--reporter=line,json", ...shard],
        {
          env: { ...process.env, PLAYWRIGHT_JSON_OUTPUT_FILE: file },
        },
      ),
    () => countPlaywright(file),
  );
}
if (failures.length) console.log(`\nFailed:\n${failures.map((failure) => `  ${failure}`).join("\n")}`);
console.log(`\n${passed} passed, ${failures.length} failed`);
process.exit(failures.length || !passed ? 1 : 0);
