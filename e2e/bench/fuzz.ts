// A thousand requests to each operation of the API, made from its document (H12): npm run bench:fuzz [-- --cases 1000 --seed 1]
// The work is portal/app/http/fuzz.test.ts, which every test run does with fewer requests and a seed of its own.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { cases: { type: "string", default: "1000" }, seed: { type: "string" } } });
const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "bench-fuzz-"));
const report = join(folder, "report.json");
const started = Date.now();
const { status } = spawnSync(
  process.execPath,
  [join(root, "node_modules/vitest/vitest.mjs"), "run", "--project", "unit", "portal/app/http/fuzz.test.ts"],
  {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, FUZZ_CASES: values.cases, FUZZ_REPORT: report, ...(values.seed ? { FUZZ_SEED: values.seed } : {}) },
  },
);
type Row = { operation: string; requests: number; refused: number; limited: number; p50Ms: number; maxMs: number };
const { seed, figures } = JSON.parse(readFileSync(report, "utf8")) as { seed: number; figures: Row[] };
rmSync(folder, { recursive: true });
console.table(figures);
const requests = figures.reduce((sum, row) => sum + row.requests, 0);
console.log(
  JSON.stringify({
    bench: "fuzz",
    seed,
    operations: figures.length,
    requests,
    seconds: Math.round((Date.now() - started) / 1000),
    passed: status === 0,
  }),
);
process.exit(status ?? 1);
