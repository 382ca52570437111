import { describe, expect, test } from "vitest";
import { METRICS, type MetricName, metricOf } from "./catalogue.ts";
import { openMetrics } from "./metrics.ts";

const names = Object.keys(METRICS) as MetricName[];
const seriesOf = (text: string, name: string) =>
  text.split("\n").filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));

describe("names follow Prometheus' conventions", () => {
  test.each(names)("%s", (name) => {
    const { type, help, buckets, labels = {} } = metricOf(name);
    expect(name).toMatch(/^gap_[a-z]+(_[a-z]+)*$/);
    expect(name.endsWith("_total")).toBe(type === "counter");
    // Base units, and no milliseconds or micro-dollars.
    expect(name).not.toMatch(/_(ms|millis|milliseconds|micros|minutes|kb|mb|percent)(_|$)/);
    if (type === "histogram") {
      expect(name).toMatch(/_seconds$/);
      expect(buckets?.length).toBeGreaterThan(4);
      expect([...buckets!].sort((a, b) => a - b)).toEqual(buckets);
    }
    expect(help).toMatch(/^[A-Z1].*\.$/);
    // `job` and `instance` are Prometheus' own; nothing names an organization, agent, visitor or model.
    for (const label of Object.keys(labels)) expect(label).toMatch(/^(?!job$|instance$|le$|org|agent|visitor|user|model)[a-z_]+$/);
  });
});

test("all labels together are bounded: a process has 20,000 series at the very most", () => {
  const most = names.map((name) => {
    const { labels = {}, buckets } = metricOf(name);
    // Of a code there are few for each route: what a label multiplies is bounded by what really comes about, so the largest two count.
    const [first = 1, second = 1] = Object.values(labels).sort((a, b) => b - a);
    return first * Math.min(second, 10) * (buckets ? buckets.length + 3 : 1);
  });
  expect(most.reduce((a, b) => a + b)).toBeLessThan(20_000);
});

test("values of a label beyond its bound are one series", async () => {
  const metrics = openMetrics("portal");
  for (let n = 0; n < 5_000; n++) {
    metrics.count("gap_http_requests_total", { method: "GET", route: `/hostile/${n}`, code: "200" });
    metrics.observe("gap_http_request_duration_seconds", { route: `/hostile/${n}` }, 0.01);
  }
  const text = await metrics.text();
  expect(seriesOf(text, "gap_http_requests_total")).toHaveLength(251);
  expect(text).toContain('gap_http_requests_total{method="GET",route="other",code="200"} 4750');
  expect(seriesOf(text, "gap_http_request_duration_seconds_count")).toHaveLength(251);
});

test("every value within the bound is told", async () => {
  const metrics = openMetrics("portal");
  for (const direction of ["read", "written"]) metrics.count("gap_answer_tokens_total", { direction }, 5);
  const told = seriesOf(await metrics.text(), "gap_answer_tokens_total");
  expect(told).toEqual(['gap_answer_tokens_total{direction="read"} 5', 'gap_answer_tokens_total{direction="written"} 5']);
});

test("a gauge is absent until somebody knows it, and again when nobody does", async () => {
  const metrics = openMetrics("worker");
  expect(seriesOf(await metrics.text(), "gap_workers_alive")).toEqual([]);
  metrics.set("gap_workers_alive", {}, 2);
  metrics.set("gap_queue_jobs", { job_name: "source.read", state: "waiting" }, 5);
  expect(await metrics.text()).toContain('gap_queue_jobs{job_name="source.read",state="waiting"} 5');
  metrics.set("gap_workers_alive", {}, null);
  metrics.clear("gap_queue_jobs");
  const text = await metrics.text();
  expect([...seriesOf(text, "gap_workers_alive"), ...seriesOf(text, "gap_queue_jobs")]).toEqual([]);
});

test("each process has its own metrics and those of Node", async () => {
  const [portal, worker] = await Promise.all([openMetrics("portal").text(), openMetrics("worker").text()]);
  for (const name of names) {
    const { of } = metricOf(name);
    expect([name, portal.includes(`# TYPE ${name} `), worker.includes(`# TYPE ${name} `)]).toEqual([
      name,
      of !== "worker",
      of !== "portal",
    ]);
  }
  for (const name of ["nodejs_eventloop_lag_p99_seconds", "process_resident_memory_bytes", "process_cpu_seconds_total"])
    expect(portal).toContain(`# TYPE ${name} `);
});

test("what is asked before a text is told in it", async () => {
  const metrics = openMetrics("portal");
  metrics.onText(async () => metrics.set("gap_answers_running", {}, 7));
  expect(await metrics.text()).toContain("gap_answers_running 7");
});
