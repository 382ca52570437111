// Writes what Prometheus and Grafana read, from alerts.ts and dashboards.ts: `npm run monitoring`. A test holds the files against this.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ALERTS, type Alert, runbookOf } from "./alerts.ts";
import { DASHBOARDS, dashboardJson } from "./dashboards.ts";
import { JOBS } from "./promql.ts";

const folder = fileURLToPath(new URL(".", import.meta.url));
/**
 * Where the alerts' links lead: to the folder that Prometheus itself is told of, as a label of its own (`global.external_labels.runbooks`), wherever
 * the repository lives; without that, the path in the repository.
 */
const runbookUrl = (name: string, folder = "{{ with $externalLabels.runbooks }}{{ . }}{{ else }}docs/runbooks{{ end }}") =>
  `${folder}/${runbookOf(name)}`;
/** For the tests of the rules. */
const RUNBOOKS = "https://git.example/platform/docs/runbooks";
const NOTE = "# Made by `npm run monitoring` from infra/monitoring/*.ts; changes belong there.\n";

type Yaml = string | number | Yaml[] | { [key: string]: Yaml };

/** YAML of plain values; texts are written as JSON, which YAML reads (https://yaml.org/spec/1.2.2, 1.3). */
function yaml(value: Yaml, indent = ""): string {
  if (typeof value === "string" || typeof value === "number") return ` ${JSON.stringify(value)}\n`;
  if (Array.isArray(value))
    return value.length === 0
      ? " []\n"
      : `\n${value.map((item) => `${indent}-${yaml(item, `${indent}  `).replace(/^\n\s*/, " ")}`).join("")}`;
  const entries = Object.entries(value);
  return entries.length === 0 ? " {}\n" : `\n${entries.map(([key, item]) => `${indent}${key}:${yaml(item, `${indent}  `)}`).join("")}`;
}
const document = (value: Yaml) => NOTE + yaml(value).replace(/^\n/, "");

const rule = ({ name, severity, expr, for: duration, summary }: Alert): Yaml => ({
  alert: name,
  expr,
  for: duration,
  labels: { severity },
  annotations: { summary, runbook_url: runbookUrl(name) },
});

const series = (of: Record<string, string>): Yaml => Object.entries(of).map(([series, values]) => ({ series, values }));

/** Three tests for each alert: that it fires, with and without an address of the runbooks, and that it does not where all is well. */
function tests({ name, severity, summary, test }: Alert): Yaml[] {
  const { fires, at, labels = {}, says = summary, quiet } = test;
  const fired = (folder: string) => ({
    exp_labels: { severity, ...labels },
    exp_annotations: { summary: says, runbook_url: runbookUrl(name, folder) },
  });
  const check = (input: Record<string, string>, expected: Yaml[], more: { [key: string]: Yaml } = {}): Yaml => ({
    interval: "1m",
    ...more,
    input_series: series(input),
    alert_rule_test: [{ eval_time: at, alertname: name, exp_alerts: expected }],
  });
  return [
    check(fires, [fired(RUNBOOKS)], { external_labels: { runbooks: RUNBOOKS } }),
    check(fires, [fired("docs/runbooks")]),
    check(quiet, []),
  ];
}

/** All files, by their path in this folder. */
export function generated(): Record<string, string> {
  const files: Record<string, string> = {
    "prometheus/alerts.yml": document({ groups: [{ name: "gpt-agent-platform", rules: ALERTS.map(rule) }] }),
    "prometheus/alerts.test.yml": document({ rule_files: ["alerts.yml"], evaluation_interval: "1m", tests: ALERTS.flatMap(tests) }),
    "prometheus/prometheus.yml": document({
      global: { scrape_interval: "15s", evaluation_interval: "15s" },
      rule_files: ["alerts.yml"],
      scrape_configs: [
        // The token of METRICS_TOKEN; without one, Prometheus must run on the same machine (docs/MONITORING.md).
        ...(
          [
            [JOBS.portal, "localhost:3000"],
            [JOBS.worker, "localhost:3001"],
          ] as const
        ).map(([job_name, target]) => ({
          job_name,
          metrics_path: "/metrics",
          authorization: { type: "Bearer", credentials_file: "/etc/prometheus/metrics-token" },
          static_configs: [{ targets: [target] }],
        })),
      ],
    }),
    "grafana/provisioning/dashboards.yml": document({
      apiVersion: 1,
      providers: [{ name: "gpt-agent-platform", type: "file", options: { path: "/var/lib/grafana/dashboards" } }],
    }),
    "grafana/provisioning/datasources.yml": document({
      apiVersion: 1,
      datasources: [{ name: "Prometheus", type: "prometheus", access: "proxy", url: "http://prometheus:9090" }],
    }),
  };
  for (const dashboard of DASHBOARDS)
    files[`grafana/dashboards/${dashboard.uid}.json`] = `${JSON.stringify(dashboardJson(dashboard), null, 2)}\n`;
  return files;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, text] of Object.entries(generated())) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}
