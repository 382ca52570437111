import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parser } from "@prometheus-io/lezer-promql";
import { afterAll, describe, expect, test } from "vitest";
import { METRICS } from "../../core/metrics/catalogue.ts";
import { openMetrics } from "../../core/metrics/metrics.ts";
import { ALERTS, runbookOf } from "./alerts.ts";
import { DASHBOARDS } from "./dashboards.ts";
import { generated } from "./generate.ts";
import { FOREIGN, knownNames } from "./promql.ts";
import { promtool } from "./promtool.ts";

const folder = fileURLToPath(new URL(".", import.meta.url));
const runbooks = fileURLToPath(new URL("../../docs/runbooks/", import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "gpt-agent-monitoring-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const expressions = [
  ...ALERTS.map(({ name, expr }) => [`alert ${name}`, expr] as const),
  ...DASHBOARDS.flatMap(({ uid, rows }) =>
    rows.flatMap(({ panels }) =>
      panels.flatMap(({ title, queries }) => queries.map(({ expr, legend = "" }) => [`${uid}: ${title} ${legend}`.trim(), expr] as const)),
    ),
  ),
];

/** What is wrong with an expression: it does not parse, or it names a metric or a label that nobody has. */
function faults(expr: string): string[] {
  const known = knownNames();
  const found: string[] = [];
  const metrics: string[] = [];
  const labels: string[] = [];
  parser.parse(expr).iterate({
    enter(node) {
      const text = expr.slice(node.from, node.to);
      if (node.type.isError) found.push(`does not parse at ${node.from}: ${expr.slice(node.from, node.from + 20)}`);
      if (node.name === "Identifier" && node.node.parent?.name === "VectorSelector") metrics.push(text);
      if (node.name === "LabelName") labels.push(text);
    },
  });
  if (!metrics.length) found.push("names no metric");
  for (const name of metrics) if (!known.has(name)) found.push(`nobody has ${name}`);
  const allowed = new Set(["job", "instance", ...metrics.flatMap((name) => known.get(name) ?? [])]);
  for (const label of labels) if (!allowed.has(label)) found.push(`no metric here has the label ${label}`);
  return found;
}

describe("every expression", () => {
  test.each(expressions)("%s", (_, expr) => {
    expect(faults(expr)).toEqual([]);
  });

  test.each([
    ["sum(rate(gap_http_requests_total[5m])", /does not parse/],
    ["gap_no_such_metric > 1", /nobody has gap_no_such_metric/],
    ["gap_http_request_duration_seconds > 1", /nobody has gap_http_request_duration_seconds/],
    ['gap_answers_total{model="x"}', /no metric here has the label model/],
    ["sum by (org) (gap_answers_total)", /no metric here has the label org/],
    ["1 + 1", /names no metric/],
  ])("one that is wrong is noticed: %s", (expr, fault) => {
    expect(faults(expr).join("\n")).toMatch(fault);
  });

  test("promtool takes the dashboards' as well", () => {
    const file = join(scratch, "dashboards.yml");
    const rules = expressions.map(([, expr], n) => ({ record: `check:${n}`, expr }));
    writeFileSync(file, JSON.stringify({ groups: [{ name: "dashboards", rules }] }));
    expect(promtool("check", "rules", file)).toMatchObject({ status: 0, said: expect.stringContaining(`${rules.length} rules found`) });
  });
});

test("the metrics of Node that are used are there", async () => {
  const text = await openMetrics("portal").text();
  for (const name of FOREIGN) if (name !== "up") expect(text).toContain(`# TYPE ${name} `);
});

test("every metric of ours is on a dashboard or in an alert, or says less than one that is", () => {
  const used = expressions.map(([, expr]) => expr).join("\n");
  const unused = Object.keys(METRICS).filter((name) => !used.includes(name));
  // The duration of whole answers, beginnings and long jobs are for looking into what the others show.
  expect(unused).toEqual(["gap_answer_duration_seconds", "gap_answers_starting", "gap_queue_store_jobs", "gap_queue_in_flight_seconds"]);
});

describe("what is generated", () => {
  test.each(Object.entries(generated()))("%s is up to date (npm run monitoring)", (path, text) => {
    expect(existsSync(join(folder, path))).toBe(true);
    expect(readFileSync(join(folder, path), "utf8")).toBe(text);
  });

  test("nothing else lies beside it", () => {
    const files = ["prometheus", "grafana/dashboards", "grafana/provisioning"].flatMap((each) =>
      readdirSync(join(folder, each)).map((file) => `${each}/${file}`),
    );
    expect(files.sort()).toEqual(Object.keys(generated()).sort());
  });

  test("panels have ids and places of their own", () => {
    for (const [path, text] of Object.entries(generated())) {
      if (!path.startsWith("grafana/dashboards/")) continue;
      type Place = { x: number; y: number; w: number; h: number };
      const { panels } = JSON.parse(text) as { panels: { id: number; gridPos: Place }[] };
      expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
      const taken = new Set<string>();
      for (const { gridPos } of panels) {
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
          for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
            expect(x).toBeLessThan(24);
            expect(taken.has(`${x},${y}`)).toBe(false);
            taken.add(`${x},${y}`);
          }
        }
      }
    }
  });
});

describe("alerts", () => {
  test("promtool takes the rules", () => {
    expect(promtool("check", "rules", join(folder, "prometheus/alerts.yml"))).toMatchObject({
      status: 0,
      said: expect.stringContaining(`${ALERTS.length} rules found`),
    });
  });

  test("each fires when it should, says what is the matter, and is quiet when all is well", { timeout: 120_000 }, () => {
    const { status, said } = promtool("test", "rules", join(folder, "prometheus/alerts.test.yml"));
    expect(said).toContain("SUCCESS");
    expect(status).toBe(0);
  });

  test("a rule that does not fire is noticed", { timeout: 120_000 }, () => {
    const files = generated();
    writeFileSync(
      join(scratch, "alerts.yml"),
      files["prometheus/alerts.yml"]!.replace("max (gap_workers_alive) < 1", "max (gap_workers_alive) < 0"),
    );
    writeFileSync(join(scratch, "alerts.test.yml"), files["prometheus/alerts.test.yml"]!);
    const { status, said } = promtool("test", "rules", join(scratch, "alerts.test.yml"));
    expect(said).toMatch(/alertname: ?NoWorkerAlive/);
    expect(status).not.toBe(0);
  });

  test.each([
    ["the example configuration", "infra/monitoring/prometheus/prometheus.yml"],
    ["that of compose.yaml", "infra/compose/prometheus.yml"],
  ])("%s is one", (_, path) => {
    const token = join(scratch, "token");
    writeFileSync(token, "x".repeat(16));
    const text = readFileSync(join(folder, "../..", path), "utf8").replace(/[^\s"]+\/metrics-token/g, token);
    expect(text).toContain(token);
    writeFileSync(join(scratch, "prometheus.yml"), text);
    writeFileSync(join(scratch, "alerts.yml"), generated()["prometheus/alerts.yml"]!);
    expect(promtool("check", "config", join(scratch, "prometheus.yml"))).toMatchObject({ status: 0 });
  });

  test.each(ALERTS)("$name has a runbook that says what it means, how to see and what to do", ({ name, expr }) => {
    const text = readFileSync(join(runbooks, runbookOf(name)), "utf8");
    expect(text).toMatch(new RegExp(`^# ${name}\n`));
    for (const heading of ["What it means", "How to see", "What to do"]) expect(text).toContain(`\n## ${heading}\n`);
    // Its own metric is named, so that the page and the rule stay together.
    const metric = /\b(?:gap|nodejs|process)_\w+|\bup\b/.exec(expr)![0].replace(/_bucket$/, "");
    expect(text).toContain(metric);
  });

  test("there is no runbook without an alert", () => {
    const files = readdirSync(runbooks).filter((file) => file !== "README.md");
    expect(files.sort()).toEqual(ALERTS.map(({ name }) => runbookOf(name)).sort());
  });
});
