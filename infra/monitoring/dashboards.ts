// Grafana's dashboards (https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model), as far as these need the model.
import { increase, JOBS, m, once, quantile, rate } from "./promql.ts";

type Unit = "short" | "s" | "bytes" | "reqps" | "percentunit" | "currencyUSD" | "dateTimeFromNow" | "ops";
type Query = { expr: string; legend?: string };
type Panel = {
  title: string;
  /** What one sees when something is wrong. */
  description: string;
  kind?: "timeseries" | "stat";
  unit?: Unit;
  stack?: boolean;
  queries: Query[];
};
export type Dashboard = { uid: string; title: string; description: string; rows: { title: string; panels: Panel[] }[] };

const all = (expr: string, legend = ""): Query[] => [{ expr, legend }];
const stat = (title: string, expr: string, unit: Unit = "short", description = title): Panel => ({
  title,
  description,
  kind: "stat",
  unit,
  queries: all(expr),
});
const percentiles = (of: (q: number) => string): Query[] => [0.5, 0.95, 0.99].map((q) => ({ expr: of(q), legend: `p${q * 100}` }));
const processes = { job: `=~${JOBS.portal}|${JOBS.worker}` } as const;

const application: Dashboard = {
  uid: "gap-application",
  title: "GPT Agent Platform: application",
  description: "What visitors and people of the portal get: requests, answers, refusals.",
  rows: [
    {
      title: "Now",
      panels: [
        stat("Requests a second", `sum(${rate("gap_http_requests_total", "5m")})`, "reqps"),
        stat(
          "Share of errors",
          `(sum(${rate("gap_http_requests_total", "5m", { code: "=~5.." })}) or vector(0)) / sum(${rate("gap_http_requests_total", "5m")})`,
          "percentunit",
        ),
        stat("Streams open", `sum(${m("gap_streams_open")})`),
        stat("First word, p95", quantile(0.95, "gap_answer_first_token_seconds", "10m"), "s"),
        stat("Answers being written", `sum(${m("gap_answers_running")})`),
        stat("Models left out", `max(${m("gap_llm_circuits_open")})`),
      ],
    },
    {
      title: "Requests",
      panels: [
        {
          title: "Requests by status",
          description: "5xx are ours.",
          unit: "reqps",
          stack: true,
          queries: all(`sum by (code) (${rate("gap_http_requests_total", "5m")})`, "{{code}}"),
        },
        {
          title: "Duration",
          description: "Of event streams, until they begin.",
          unit: "s",
          queries: percentiles((q) => quantile(q, "gap_http_request_duration_seconds", "5m")),
        },
        {
          title: "Slowest routes, p95",
          description: "The ten slowest.",
          unit: "s",
          queries: all(`topk(10, ${quantile(0.95, "gap_http_request_duration_seconds", "10m", { by: ["route"] })})`, "{{route}}"),
        },
        {
          title: "Errors by route",
          description: "Where requests fail.",
          unit: "reqps",
          queries: all(`sum by (route, code) (${rate("gap_http_requests_total", "5m", { code: "=~5.." })}) > 0`, "{{route}} {{code}}"),
        },
      ],
    },
    {
      title: "Answers",
      panels: [
        {
          title: "Answers by outcome",
          description: "Unanswered: the knowledge says nothing of it.",
          unit: "ops",
          stack: true,
          queries: all(`sum by (outcome) (${rate("gap_answers_total", "5m")})`, "{{outcome}}"),
        },
        {
          title: "First word",
          description: "What a visitor waits for.",
          unit: "s",
          queries: percentiles((q) => quantile(q, "gap_answer_first_token_seconds", "10m", { matchers: { responder: "model" } })),
        },
        {
          title: "Search",
          description: "Our own part of the wait.",
          unit: "s",
          queries: percentiles((q) => quantile(q, "gap_answer_retrieval_seconds", "10m")),
        },
        {
          title: "Failures of models",
          description: "Each that was asked and did not answer, by how.",
          unit: "ops",
          stack: true,
          queries: all(`sum by (kind) (${rate("gap_llm_failures_total", "5m")})`, "{{kind}}"),
        },
        {
          title: "Questions refused",
          description: "unavailable: no room. over_budget and rate_limited: limits of organizations and visitors.",
          unit: "ops",
          stack: true,
          queries: all(`sum by (code) (${rate("gap_questions_refused_total", "5m")})`, "{{code}}"),
        },
        {
          title: "Limits hit",
          description: "Requests turned away, by the limit.",
          unit: "reqps",
          queries: all(`sum by (limit) (${rate("gap_limit_hits_total", "5m")}) > 0`, "{{limit}}"),
        },
      ],
    },
  ],
};

const infrastructure: Dashboard = {
  uid: "gap-infrastructure",
  title: "GPT Agent Platform: infrastructure",
  description: "What the platform stands on: database, Redis, queue, processes.",
  rows: [
    {
      title: "Now",
      panels: [
        stat("Workers alive", once("gap_workers_alive")),
        stat("Outbox lag", once("gap_outbox_lag_seconds"), "s"),
        stat("Dead jobs", `sum(${once("gap_queue_dead_jobs", { by: ["job_name"] })})`),
        stat("Database up", `min(${m("gap_database_up")})`),
        stat("Redis up", `min(${m("gap_redis_up")})`),
        stat("Last backup", `${once("gap_backup_last_success_timestamp_seconds")} * 1000`, "dateTimeFromNow"),
      ],
    },
    {
      title: "Queue",
      panels: [
        {
          title: "Waiting",
          description: "Due jobs that are not in the queue yet.",
          stack: true,
          queries: all(once("gap_queue_jobs", { by: ["job_name"], matchers: { state: "waiting" } }), "{{job_name}}"),
        },
        {
          title: "Age of the oldest",
          description: "How long the oldest due job has waited.",
          unit: "s",
          queries: all(once("gap_queue_oldest_seconds", { by: ["job_name"] }), "{{job_name}}"),
        },
        {
          title: "Tries by outcome",
          description: "retry: failed and tried again. dead: given up.",
          unit: "ops",
          stack: true,
          queries: all(`sum by (outcome) (${rate("gap_jobs_total", "5m")})`, "{{outcome}}"),
        },
        {
          title: "Failures by job",
          description: "Tries that failed.",
          unit: "ops",
          queries: all(`sum by (job_name) (${rate("gap_jobs_total", "5m", { outcome: "=~retry|dead" })}) > 0`, "{{job_name}}"),
        },
        {
          title: "Duration of jobs, p95",
          description: "By job.",
          unit: "s",
          queries: all(quantile(0.95, "gap_job_duration_seconds", "15m", { by: ["job_name"] }), "{{job_name}}"),
        },
        {
          title: "Places",
          description: "Jobs being done, and how many could be.",
          queries: [
            { expr: `sum(${m("gap_worker_jobs_running")})`, legend: "running" },
            { expr: `sum(${m("gap_worker_places")})`, legend: "places" },
          ],
        },
      ],
    },
    {
      title: "Database and Redis",
      panels: [
        {
          title: "Calls of the database, p95",
          description: "As portals and workers see it, with the way there.",
          unit: "s",
          queries: all(quantile(0.95, "gap_database_request_duration_seconds", "5m", { by: ["kind"] }), "{{kind}}"),
        },
        {
          title: "Calls that failed",
          description: "No answer, or a status of 500 and above.",
          unit: "ops",
          queries: all(`sum by (kind) (${rate("gap_database_errors_total", "5m")})`, "{{kind}}"),
        },
        {
          title: "Connections",
          description: "Taken and allowed.",
          queries: [
            { expr: once("gap_database_connections"), legend: "taken" },
            { expr: once("gap_database_connections_limit"), legend: "allowed" },
          ],
        },
        { title: "Size", description: "Of the database.", unit: "bytes", queries: all(once("gap_database_size_bytes"), "size") },
        { title: "Redis ping", description: "From each portal.", unit: "s", queries: all(m("gap_redis_ping_seconds"), "{{instance}}") },
        {
          title: "Limits counted locally",
          description: "Above 0 while Redis is away.",
          unit: "ops",
          queries: all(`sum by (instance) (${rate("gap_limiter_fallbacks_total", "5m")})`, "{{instance}}"),
        },
      ],
    },
    {
      title: "Processes",
      panels: [
        {
          title: "Event loop, p99 of its lag",
          description: "A process that is late writes words late.",
          unit: "s",
          queries: all(m("nodejs_eventloop_lag_p99_seconds", processes), "{{job}} {{instance}}"),
        },
        {
          title: "Memory",
          description: "Resident.",
          unit: "bytes",
          queries: all(m("process_resident_memory_bytes", processes), "{{job}} {{instance}}"),
        },
        {
          title: "Heap",
          description: "In use.",
          unit: "bytes",
          queries: all(m("nodejs_heap_size_used_bytes", processes), "{{job}} {{instance}}"),
        },
        {
          title: "CPU",
          description: "Cores in use.",
          queries: all(`rate(process_cpu_seconds_total{job=~"${JOBS.portal}|${JOBS.worker}"}[5m])`, "{{job}} {{instance}}"),
        },
        { title: "Open files", description: "Sockets are files.", queries: all(m("process_open_fds", processes), "{{job}} {{instance}}") },
        {
          title: "Versions",
          description: "What runs where.",
          queries: all(`count by (job, version) (${m("gap_build_info")})`, "{{job}} {{version}}"),
        },
      ],
    },
    {
      title: "Integrations",
      panels: [
        {
          title: "Webhook endpoints",
          description: "failing: not reached at the moment; disabled: switched off because of it.",
          stack: true,
          queries: all(once("gap_webhook_endpoints", { by: ["state"] }), "{{state}}"),
        },
        {
          title: "Deliveries",
          description: "To be made, and five minutes late.",
          queries: [
            { expr: once("gap_webhook_deliveries_pending"), legend: "pending" },
            { expr: once("gap_webhook_deliveries_overdue"), legend: "overdue" },
          ],
        },
        {
          title: "Connections to CRMs",
          description: "By kind and status.",
          stack: true,
          queries: all(once("gap_crm_connections", { by: ["crm", "status"] }), "{{crm}} {{status}}"),
        },
      ],
    },
  ],
};

const business: Dashboard = {
  uid: "gap-business",
  title: "GPT Agent Platform: business",
  description: "Use, cost and knowledge over all organizations.",
  rows: [
    {
      title: "Today (UTC)",
      panels: [
        stat("Answers", once("gap_day_answers")),
        stat("Unanswered", `${once("gap_day_unanswered")} / (${once("gap_day_answers")} > 0)`, "percentunit"),
        stat("Conversations", once("gap_day_conversations")),
        stat("Tokens", once("gap_day_tokens")),
        stat("Cost", once("gap_day_cost_dollars"), "currencyUSD"),
        stat("Active organizations", once("gap_organizations_active"), "short", "Asked in the last hour."),
      ],
    },
    {
      title: "Use",
      panels: [
        {
          title: "Active",
          description: "Visitors, conversations and organizations of the last hour; people of the last day.",
          queries: [
            { expr: once("gap_visitors_active"), legend: "visitors" },
            { expr: once("gap_conversations_active"), legend: "conversations" },
            { expr: once("gap_organizations_active"), legend: "organizations" },
            { expr: once("gap_users_active"), legend: "people" },
          ],
        },
        {
          title: "Answers an hour",
          description: "By who wrote them.",
          stack: true,
          queries: all(`sum by (responder) (${increase("gap_answers_total", "1h")})`, "{{responder}}"),
        },
        {
          title: "Tokens a second",
          description: "Read and written by models.",
          stack: true,
          queries: all(`sum by (direction) (${rate("gap_answer_tokens_total", "10m")})`, "{{direction}}"),
        },
        {
          title: "Cost an hour",
          description: "Of models.",
          unit: "currencyUSD",
          queries: all(`sum(${increase("gap_answer_cost_dollars_total", "1h")})`, "cost"),
        },
      ],
    },
    {
      title: "Growth",
      panels: [
        {
          title: "Accounts",
          description: "Organizations, agents, people.",
          queries: [
            { expr: once("gap_organizations"), legend: "organizations" },
            { expr: once("gap_agents"), legend: "agents" },
            { expr: once("gap_users"), legend: "people" },
          ],
        },
        {
          title: "Sources",
          description: "All, and those still to be read.",
          queries: [
            { expr: once("gap_knowledge_sources"), legend: "all" },
            { expr: once("gap_knowledge_sources_unread"), legend: "unread" },
          ],
        },
        {
          title: "Passages",
          description: "Counted, or estimated above 100,000.",
          queries: all(once("gap_knowledge_passages"), "passages"),
        },
        {
          title: "Knowledge in the database",
          description: "Passages, their index and vectors.",
          unit: "bytes",
          queries: all(once("gap_knowledge_bytes"), "size"),
        },
      ],
    },
  ],
};

export const DASHBOARDS: Dashboard[] = [application, infrastructure, business];

const WIDTH = 24;
// biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of Grafana's
const datasource = { type: "prometheus", uid: "${datasource}" };

/** A dashboard as Grafana imports it. */
export function dashboardJson({ uid, title, description, rows }: Dashboard): object {
  const panels: object[] = [];
  let y = 0;
  for (const row of rows) {
    panels.push({
      id: panels.length + 1,
      type: "row",
      title: row.title,
      collapsed: false,
      gridPos: { x: 0, y: y++, w: WIDTH, h: 1 },
      panels: [],
    });
    let x = 0;
    let tallest = 0;
    for (const panel of row.panels) {
      const [w, h] = panel.kind === "stat" ? [4, 4] : [8, 8];
      if (x + w > WIDTH) {
        x = 0;
        y += tallest;
      }
      panels.push(panelJson(panel, { x, y, w, h }, panels.length + 1));
      x += w;
      tallest = h;
    }
    y += tallest;
  }
  return {
    uid,
    title,
    description,
    tags: ["gpt-agent-platform"],
    editable: true,
    graphTooltip: 1,
    refresh: "30s",
    schemaVersion: 39,
    time: { from: "now-6h", to: "now" },
    timezone: "browser",
    templating: { list: [{ name: "datasource", label: "Prometheus", type: "datasource", query: "prometheus", hide: 0, refresh: 1 }] },
    panels,
  };
}

function panelJson(
  { title, description, kind = "timeseries", unit = "short", stack, queries }: Panel,
  gridPos: object,
  id: number,
): object {
  const custom = {
    drawStyle: "line",
    lineWidth: 1,
    fillOpacity: stack ? 40 : 8,
    stacking: { mode: stack ? "normal" : "none" },
    showPoints: "never",
  };
  return {
    id,
    type: kind,
    title,
    description,
    datasource,
    gridPos,
    fieldConfig: { defaults: { unit, ...(kind === "timeseries" ? { min: 0, custom } : {}) }, overrides: [] },
    options:
      kind === "stat"
        ? { colorMode: "value", graphMode: "area", reduceOptions: { calcs: ["lastNotNull"] } }
        : { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi", sort: "desc" } },
    targets: queries.map(({ expr, legend = "" }, n) => ({
      refId: String.fromCharCode(65 + n),
      datasource,
      expr,
      legendFormat: legend || title,
      range: true,
    })),
  };
}
