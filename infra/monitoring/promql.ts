import { type LabelOf, METRICS, type MetricName } from "../../core/metrics/catalogue.ts";

/** Metrics of every Node process (prom-client) and of Prometheus itself that rules and dashboards use. */
export const FOREIGN = [
  "up",
  "nodejs_eventloop_lag_p99_seconds",
  "nodejs_heap_size_used_bytes",
  "process_cpu_seconds_total",
  "process_open_fds",
  "process_resident_memory_bytes",
] as const;
type Foreign = (typeof FOREIGN)[number];

/** How Prometheus is told to name what it scrapes (prometheus.yml): the portals and the workers. */
export const JOBS = { portal: "gap-portal", worker: "gap-worker" } as const;

type Label<N> = (N extends MetricName ? LabelOf<N> : never) | "job" | "instance";
type Matchers<N> = Partial<Record<Label<N>, string>>;

const selector = (name: string, matchers: object, range?: string) => {
  // "=~…" and "!=…" say how; a bare text is meant literally.
  const parts = Object.entries(matchers as Record<string, string>).map(([label, value]) => {
    const [, how = "=", text = ""] = /^(=~|!~|!=)?(.*)$/s.exec(value)!;
    return `${label}${how}${JSON.stringify(text)}`;
  });
  return `${name}${parts.length ? `{${parts.join(",")}}` : ""}${range ? `[${range}]` : ""}`;
};

/** A metric of ours, or of every process, with matchers: { code: "=~5.." }. */
export const m = <N extends MetricName | Foreign>(name: N, matchers: Matchers<N> = {}): string => selector(name, matchers);

/** How much a counter grew a second, over a range. */
export const rate = <N extends MetricName>(name: N, range: string, matchers: Matchers<N> = {}): string =>
  `rate(${selector(name, matchers, range)})`;

/** How much a counter grew over a range. */
export const increase = <N extends MetricName>(name: N, range: string, matchers: Matchers<N> = {}): string =>
  `increase(${selector(name, matchers, range)})`;

type HistogramName = { [N in MetricName]: (typeof METRICS)[N] extends { type: "histogram" } ? N : never }[MetricName];

/** The value below which a share of a histogram's observations are; `by`: more labels to keep apart. */
export const quantile = <N extends HistogramName>(
  q: number,
  name: N,
  range: string,
  { by = [], matchers = {} }: { by?: Label<N>[]; matchers?: Matchers<N> } = {},
): string => `histogram_quantile(${q}, sum by (${["le", ...by].join(", ")}) (rate(${selector(`${name}_bucket`, matchers, range)})))`;

/** What every worker tells alike, once. */
export const once = <N extends MetricName>(name: N, { by = [], matchers = {} }: { by?: Label<N>[]; matchers?: Matchers<N> } = {}): string =>
  `max${by.length ? ` by (${by.join(", ")})` : ""} (${selector(name, matchers)})`;

/** All names that an expression may use: with those that histograms add. */
export function knownNames(): Map<string, string[]> {
  const known = new Map<string, string[]>(FOREIGN.map((name) => [name, []]));
  for (const [name, metric] of Object.entries(METRICS)) {
    const labels = "labels" in metric ? Object.keys(metric.labels) : [];
    if (metric.type === "histogram") {
      for (const end of ["_bucket", "_sum", "_count"]) known.set(name + end, end === "_bucket" ? [...labels, "le"] : labels);
    } else known.set(name, labels);
  }
  return known;
}
