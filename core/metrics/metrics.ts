import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { type LabelsOf, METRICS, type MetricName, metricOf, type NameOf } from "./catalogue.ts";

/** Takes the place of label values beyond the number that the catalogue allows. */
const OTHER = "other";

type Process = "portal" | "worker";
/** Labels, where a metric has some. */
type With<N extends MetricName> = [keyof LabelsOf<N>] extends [never] ? Record<string, never> : LabelsOf<N>;

/** The metrics of a process. Cheap to write: no I/O, nothing is allocated for known labels but what prom-client needs. */
export interface Metrics<P extends Process> {
  count<N extends NameOf<P, "counter">>(name: N, labels: With<N>, by?: number): void;
  observe<N extends NameOf<P, "histogram">>(name: N, labels: With<N>, seconds: number): void;
  /** Sets a gauge; with null it is absent. */
  set<N extends NameOf<P, "gauge">>(name: N, labels: With<N>, value: number | null): void;
  add<N extends NameOf<P, "gauge">>(name: N, labels: With<N>, by: number): void;
  /** Forgets a gauge's values, so that labels that are no more vanish. */
  clear(name: NameOf<P, "gauge">): void;
  /** The value of a gauge without labels; null when it is absent. */
  read(name: NameOf<P, "gauge">): Promise<number | null>;
  /** Has `look` run before each text, to set what is only known by asking. It must not throw. */
  onText(look: () => Promise<void> | void): void;
  /** All metrics in Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats). */
  text(): Promise<string>;
  readonly contentType: string;
}

/**
 * Opens the metrics of a process, and those that every Node process has (process_…, nodejs_…).
 * Labels are bounded: a value beyond the number in the catalogue is told as "other".
 */
export function openMetrics<P extends Process>(of: P): Metrics<P> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 20 });
  const counters = new Map<string, Counter>();
  const gauges = new Map<string, Gauge>();
  const histograms = new Map<string, Histogram>();
  for (const name of Object.keys(METRICS) as MetricName[]) {
    const { type, of: owner, help, labels = {}, buckets = [] } = metricOf(name);
    if (owner !== of && owner !== "both") continue;
    const common = { name, help, labelNames: Object.keys(labels), registers: [registry] };
    if (type === "counter") counters.set(name, new Counter(common));
    else if (type === "gauge") gauges.set(name, new Gauge(common));
    else histograms.set(name, new Histogram({ ...common, buckets: [...buckets] }));
  }
  // A gauge without labels is 0 from the start in prom-client; what nobody has set is not known.
  for (const [name, gauge] of gauges) if (!metricOf(name as MetricName).labels) gauge.remove();
  const bounded = boundedLabels();
  const looks: (() => Promise<void> | void)[] = [];
  // Names and labels are checked where they are written, by the interface; in here they are texts.
  const written = {
    count: (name: string, labels: Labels, by = 1) => counters.get(name)!.inc(bounded(name, labels), by),
    observe: (name: string, labels: Labels, seconds: number) => histograms.get(name)!.observe(bounded(name, labels), seconds),
    set(name: string, labels: Labels, value: number | null) {
      if (value === null) gauges.get(name)!.remove(bounded(name, labels));
      else gauges.get(name)!.set(bounded(name, labels), value);
    },
    add: (name: string, labels: Labels, by: number) => gauges.get(name)!.inc(bounded(name, labels), by),
    clear: (name: string) => gauges.get(name)!.reset(),
    read: async (name: string) => (await gauges.get(name)!.get()).values[0]?.value ?? null,
    onText: (look: () => Promise<void> | void) => void looks.push(look),
    async text() {
      await Promise.all(looks.map((look) => look()));
      return registry.metrics();
    },
    contentType: registry.contentType,
  };
  return written as unknown as Metrics<P>;
}

type Labels = Record<string, string>;

/** Lets so many values of each label through as the catalogue allows. */
function boundedLabels() {
  const seen = new Map<string, Set<string>>();
  return (name: string, labels: Labels): Labels => {
    const limits = metricOf(name as MetricName).labels;
    if (!limits) return labels;
    let changed: Labels | null = null;
    for (const label of Object.keys(limits)) {
      const value = labels[label] ?? OTHER;
      const key = `${name} ${label}`;
      const values = seen.get(key) ?? new Set<string>();
      seen.set(key, values);
      if (values.has(value)) continue;
      if (values.size < limits[label]!) values.add(value);
      else changed = { ...(changed ?? labels), [label]: OTHER };
    }
    return changed ?? labels;
  };
}
