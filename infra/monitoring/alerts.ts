// The alert rules, each with the unit test that promtool runs (https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules).
// Each has a runbook of the same name in docs/runbooks.
import { increase, JOBS, m, once, quantile, rate } from "./promql.ts";

/** A series of a test, one value a minute, in promtool's notation: "0+60x20". */
type Series = Record<string, string>;

export type Alert = {
  /** As Prometheus shows it; the runbook's file is this in kebab-case. */
  name: string;
  severity: "page" | "ticket" | "info";
  expr: string;
  /** How long it must hold. */
  for: string;
  /** What is the matter, for people; {{ $value }} is the expression's. */
  summary: string;
  test: {
    /** Under these it fires at `at`, once, with these labels. */
    fires: Series;
    at: string;
    labels?: Record<string, string>;
    /** What the summary comes to; as it stands where it has no value in it. */
    says?: string;
    /** Under these it does not fire at all. */
    quiet: Series;
  };
};

const portal = `job="${JOBS.portal}",instance="p:3000"`;
const worker = `job="${JOBS.worker}",instance="w:3001"`;
const of = (instance: string) => Object.fromEntries([...instance.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, value]) => [label!, value!]));

export const ALERTS: Alert[] = [
  {
    name: "PortalDown",
    severity: "page",
    expr: `${m("up", { job: JOBS.portal })} == 0 or absent(${m("up", { job: JOBS.portal })})`,
    for: "2m",
    summary: "A portal does not answer Prometheus.",
    test: {
      fires: { [`up{${portal}}`]: "1x3 0x10" },
      at: "8m",
      labels: of(portal),
      quiet: { [`up{${portal}}`]: "1x3 0 1x10" },
    },
  },
  {
    name: "WorkerDown",
    severity: "page",
    expr: `${m("up", { job: JOBS.worker })} == 0 or absent(${m("up", { job: JOBS.worker })})`,
    for: "2m",
    summary: "A worker does not answer Prometheus.",
    test: { fires: { 'up{job="something-else"}': "1x10" }, at: "5m", labels: { job: JOBS.worker }, quiet: { [`up{${worker}}`]: "1x10" } },
  },
  {
    name: "NoWorkerAlive",
    severity: "page",
    expr: `${once("gap_workers_alive")} < 1`,
    for: "2m",
    summary: "No worker tells the database that it lives: jobs wait.",
    test: { fires: { [`gap_workers_alive{${worker}}`]: "1x2 0x10" }, at: "6m", quiet: { [`gap_workers_alive{${worker}}`]: "1x12" } },
  },
  {
    name: "HighErrorRate",
    severity: "page",
    expr: `sum(${rate("gap_http_requests_total", "5m", { code: "=~5.." })}) / sum(${rate("gap_http_requests_total", "5m")}) > 0.02 and sum(${rate("gap_http_requests_total", "5m", { code: "=~5.." })}) > 0.05`,
    for: "5m",
    summary: "{{ $value | humanizePercentage }} of requests fail.",
    test: {
      fires: {
        [`gap_http_requests_total{${portal},method="GET",route="/orgs",code="200"}`]: "0+600x20",
        [`gap_http_requests_total{${portal},method="GET",route="/orgs",code="500"}`]: "0+60x20",
      },
      at: "15m",
      says: "9.091% of requests fail.",
      // One request of few fails: no reason to wake anybody. 4xx are the askers' own.
      quiet: {
        [`gap_http_requests_total{${portal},method="GET",route="/orgs",code="200"}`]: "0+3x20",
        [`gap_http_requests_total{${portal},method="GET",route="/orgs",code="500"}`]: "0+1x20",
        [`gap_http_requests_total{${portal},method="GET",route="/orgs",code="404"}`]: "0+600x20",
      },
    },
  },
  {
    name: "SlowRequests",
    severity: "ticket",
    expr: `${quantile(0.95, "gap_http_request_duration_seconds", "10m")} > 2.5`,
    for: "10m",
    summary: "One request in twenty takes longer than {{ $value | humanizeDuration }}.",
    test: {
      fires: {
        [`gap_http_request_duration_seconds_bucket{${portal},route="/orgs",le="2.5"}`]: "0+60x40",
        [`gap_http_request_duration_seconds_bucket{${portal},route="/orgs",le="5"}`]: "0+100x40",
        [`gap_http_request_duration_seconds_bucket{${portal},route="/orgs",le="+Inf"}`]: "0+100x40",
      },
      at: "30m",
      says: "One request in twenty takes longer than 4.688s.",
      quiet: {
        [`gap_http_request_duration_seconds_bucket{${portal},route="/orgs",le="2.5"}`]: "0+99x40",
        [`gap_http_request_duration_seconds_bucket{${portal},route="/orgs",le="+Inf"}`]: "0+100x40",
      },
    },
  },
  {
    name: "SlowFirstToken",
    severity: "ticket",
    expr: `${quantile(0.95, "gap_answer_first_token_seconds", "10m")} > 8`,
    for: "10m",
    summary: "One visitor in twenty waits longer than {{ $value | humanizeDuration }} for the first word.",
    test: {
      fires: {
        [`gap_answer_first_token_seconds_bucket{${portal},responder="model",le="8"}`]: "0+50x40",
        [`gap_answer_first_token_seconds_bucket{${portal},responder="model",le="15"}`]: "0+100x40",
        [`gap_answer_first_token_seconds_bucket{${portal},responder="model",le="+Inf"}`]: "0+100x40",
      },
      at: "30m",
      says: "One visitor in twenty waits longer than 14.3s for the first word.",
      quiet: {
        [`gap_answer_first_token_seconds_bucket{${portal},responder="model",le="8"}`]: "0+99x40",
        [`gap_answer_first_token_seconds_bucket{${portal},responder="model",le="+Inf"}`]: "0+100x40",
      },
    },
  },
  {
    name: "AnswersFail",
    severity: "page",
    expr: `sum(${rate("gap_answers_total", "10m", { outcome: "failed" })}) / sum(${rate("gap_answers_total", "10m")}) > 0.05 and sum(${increase("gap_answers_total", "10m", { outcome: "failed" })}) > 3`,
    for: "5m",
    summary: "{{ $value | humanizePercentage }} of answers fail.",
    test: {
      fires: {
        [`gap_answers_total{${portal},outcome="answered",responder="model"}`]: "0+10x30",
        [`gap_answers_total{${portal},outcome="failed",responder="model"}`]: "0+2x30",
      },
      at: "20m",
      says: "16.67% of answers fail.",
      quiet: {
        [`gap_answers_total{${portal},outcome="answered",responder="model"}`]: "0+100x30",
        [`gap_answers_total{${portal},outcome="unanswered",responder="model"}`]: "0+50x30",
        [`gap_answers_total{${portal},outcome="failed",responder="model"}`]: "0+1x30",
      },
    },
  },
  {
    name: "QuestionsRefused",
    severity: "page",
    expr: `sum(${rate("gap_questions_refused_total", "5m", { code: "unavailable" })}) > 0.1`,
    for: "5m",
    summary: 'Portals refuse {{ $value | printf "%.2f" }} questions a second: they are full, or the database is away.',
    test: {
      fires: { [`gap_questions_refused_total{${portal},code="unavailable"}`]: "0+30x20" },
      at: "15m",
      says: "Portals refuse 0.50 questions a second: they are full, or the database is away.",
      quiet: {
        [`gap_questions_refused_total{${portal},code="unavailable"}`]: "0+1x20",
        [`gap_questions_refused_total{${portal},code="rate_limited"}`]: "0+600x20",
      },
    },
  },
  {
    name: "ModelLeftOut",
    severity: "ticket",
    expr: `max(${m("gap_llm_circuits_open")}) > 0`,
    for: "5m",
    summary: "{{ $value }} models are left out because they fail.",
    test: {
      fires: { [`gap_llm_circuits_open{${portal}}`]: "0x2 1x20" },
      at: "10m",
      says: "1 models are left out because they fail.",
      quiet: { [`gap_llm_circuits_open{${portal}}`]: "0 1 1 0x20" },
    },
  },
  {
    name: "QueueTooOld",
    severity: "ticket",
    expr: `${once("gap_queue_oldest_seconds", { by: ["job_name"] })} > 600 unless ${once("gap_queue_paused", { by: ["job_name"] })} == 1`,
    for: "5m",
    summary: "{{ $labels.job_name }} has waited for {{ $value | humanizeDuration }}.",
    test: {
      fires: {
        [`gap_queue_oldest_seconds{${worker},job_name="source.read"}`]: "0+120x20",
        [`gap_queue_paused{${worker},job_name="source.read"}`]: "0x20",
      },
      at: "15m",
      says: "source.read has waited for 30m 0s.",
      labels: { job_name: "source.read" },
      quiet: {
        [`gap_queue_oldest_seconds{${worker},job_name="source.read"}`]: "0+120x20",
        [`gap_queue_paused{${worker},job_name="source.read"}`]: "1x20",
      },
    },
  },
  {
    name: "OutboxLags",
    severity: "page",
    expr: `${once("gap_outbox_lag_seconds")} > 1800`,
    for: "5m",
    summary:
      "The oldest due job has waited for {{ $value | humanizeDuration }}: jobs are not carried to the queue, or come faster than they are done.",
    test: {
      fires: { [`gap_outbox_lag_seconds{${worker}}`]: "0+300x20" },
      at: "15m",
      says: "The oldest due job has waited for 1h 15m 0s: jobs are not carried to the queue, or come faster than they are done.",
      quiet: { [`gap_outbox_lag_seconds{${worker}}`]: "30x20" },
    },
  },
  {
    name: "DeadJobs",
    severity: "ticket",
    expr: `${once("gap_queue_dead_jobs", { by: ["job_name"] })} > 0`,
    for: "5m",
    summary: "{{ $value }} jobs {{ $labels.job_name }} were given up and wait for somebody to look.",
    test: {
      fires: { [`gap_queue_dead_jobs{${worker},job_name="crm.push"}`]: "0x2 3x20" },
      at: "10m",
      says: "3 jobs crm.push were given up and wait for somebody to look.",
      labels: { job_name: "crm.push" },
      quiet: { [`gap_queue_dead_jobs{${worker},job_name="crm.push"}`]: "0x20" },
    },
  },
  {
    name: "JobsFail",
    severity: "ticket",
    expr: `sum by (job_name) (${rate("gap_jobs_total", "15m", { outcome: "=~retry|dead" })}) / sum by (job_name) (${rate("gap_jobs_total", "15m")}) > 0.5 and sum by (job_name) (${increase("gap_jobs_total", "15m", { outcome: "=~retry|dead" })}) > 5`,
    for: "15m",
    summary: "{{ $value | humanizePercentage }} of the tries of {{ $labels.job_name }} fail.",
    test: {
      fires: {
        [`gap_jobs_total{${worker},job_name="mail.send",outcome="retry"}`]: "0+4x40",
        [`gap_jobs_total{${worker},job_name="mail.send",outcome="done"}`]: "0+1x40",
      },
      at: "35m",
      says: "80% of the tries of mail.send fail.",
      labels: { job_name: "mail.send" },
      quiet: {
        [`gap_jobs_total{${worker},job_name="mail.send",outcome="retry"}`]: "0+1x40",
        [`gap_jobs_total{${worker},job_name="mail.send",outcome="done"}`]: "0+4x40",
      },
    },
  },
  {
    name: "DatabaseUnreachable",
    severity: "page",
    expr: `${m("gap_database_up")} == 0`,
    for: "1m",
    summary: "{{ $labels.instance }} cannot reach the database.",
    test: {
      fires: { [`gap_database_up{${portal}}`]: "1x2 0x10" },
      at: "6m",
      says: "p:3000 cannot reach the database.",
      labels: of(portal),
      quiet: { [`gap_database_up{${portal}}`]: "1x2 0 1x10" },
    },
  },
  {
    name: "DatabaseSlow",
    severity: "ticket",
    expr: `${quantile(0.95, "gap_database_request_duration_seconds", "10m", { matchers: { kind: "=~function|read|write" } })} > 1`,
    for: "10m",
    summary: "One call of the database in twenty takes longer than {{ $value | humanizeDuration }}.",
    test: {
      fires: {
        [`gap_database_request_duration_seconds_bucket{${portal},kind="function",le="1"}`]: "0+50x40",
        [`gap_database_request_duration_seconds_bucket{${portal},kind="function",le="2.5"}`]: "0+100x40",
        [`gap_database_request_duration_seconds_bucket{${portal},kind="function",le="+Inf"}`]: "0+100x40",
      },
      at: "30m",
      says: "One call of the database in twenty takes longer than 2.35s.",
      quiet: {
        [`gap_database_request_duration_seconds_bucket{${portal},kind="function",le="1"}`]: "0+99x40",
        [`gap_database_request_duration_seconds_bucket{${portal},kind="function",le="+Inf"}`]: "0+100x40",
        [`gap_database_request_duration_seconds_bucket{${portal},kind="storage",le="1"}`]: "0+0x40",
        [`gap_database_request_duration_seconds_bucket{${portal},kind="storage",le="+Inf"}`]: "0+900x40",
      },
    },
  },
  {
    name: "DatabaseErrors",
    severity: "ticket",
    expr: `sum by (kind) (${rate("gap_database_errors_total", "5m")}) > 0.1`,
    for: "5m",
    summary: '{{ $value | printf "%.2f" }} calls a second of the database ({{ $labels.kind }}) fail.',
    test: {
      fires: { [`gap_database_errors_total{${portal},kind="storage"}`]: "0+30x20" },
      at: "15m",
      says: "0.50 calls a second of the database (storage) fail.",
      labels: { kind: "storage" },
      quiet: { [`gap_database_errors_total{${portal},kind="storage"}`]: "0+1x20" },
    },
  },
  {
    name: "DatabaseConnectionsHigh",
    severity: "ticket",
    expr: `${once("gap_database_connections")} / ${once("gap_database_connections_limit")} > 0.85`,
    for: "10m",
    summary: "{{ $value | humanizePercentage }} of the database's connections are taken.",
    test: {
      fires: { [`gap_database_connections{${worker}}`]: "90x20", [`gap_database_connections_limit{${worker}}`]: "100x20" },
      at: "15m",
      says: "90% of the database's connections are taken.",
      quiet: { [`gap_database_connections{${worker}}`]: "60x20", [`gap_database_connections_limit{${worker}}`]: "100x20" },
    },
  },
  {
    name: "RedisUnreachable",
    severity: "page",
    expr: `${m("gap_redis_up")} == 0`,
    for: "1m",
    summary: "{{ $labels.instance }} cannot reach Redis: limits are counted locally, answers of other portals cannot be followed.",
    test: {
      fires: { [`gap_redis_up{${portal}}`]: "1x2 0x10" },
      at: "6m",
      says: "p:3000 cannot reach Redis: limits are counted locally, answers of other portals cannot be followed.",
      labels: of(portal),
      // A portal without a Redis has no such metric.
      quiet: { [`gap_database_up{${portal}}`]: "1x12" },
    },
  },
  {
    name: "QueueStoreUnreachable",
    severity: "page",
    expr: `${m("gap_queue_store_up")} == 0`,
    for: "1m",
    summary: "{{ $labels.instance }} cannot reach the store of the queue: jobs wait in the outbox.",
    test: {
      fires: { [`gap_queue_store_up{${worker}}`]: "1x2 0x10" },
      at: "6m",
      says: "w:3001 cannot reach the store of the queue: jobs wait in the outbox.",
      labels: of(worker),
      quiet: { [`gap_queue_store_up{${worker}}`]: "1x12" },
    },
  },
  {
    name: "EventLoopLags",
    severity: "ticket",
    expr: `${m("nodejs_eventloop_lag_p99_seconds", { job: `=~${JOBS.portal}|${JOBS.worker}` })} > 0.5`,
    for: "5m",
    summary: "{{ $labels.instance }} is late by {{ $value | humanizeDuration }}.",
    test: {
      fires: { [`nodejs_eventloop_lag_p99_seconds{${portal}}`]: "0.02x3 0.9x20" },
      at: "12m",
      says: "p:3000 is late by 900ms.",
      labels: of(portal),
      quiet: { [`nodejs_eventloop_lag_p99_seconds{${portal}}`]: "0.02x3 0.9 0.02x20" },
    },
  },
  {
    name: "MemoryHigh",
    severity: "ticket",
    expr: `${m("process_resident_memory_bytes", { job: `=~${JOBS.portal}|${JOBS.worker}` })} > 1.5e9`,
    for: "15m",
    summary: "{{ $labels.instance }} uses {{ $value | humanize1024 }}B of memory.",
    test: {
      fires: { [`process_resident_memory_bytes{${worker}}`]: "2e9x30" },
      at: "20m",
      says: "w:3001 uses 1.863GiB of memory.",
      labels: of(worker),
      quiet: { [`process_resident_memory_bytes{${worker}}`]: "6e8x30" },
    },
  },
  {
    name: "BudgetsHit",
    severity: "info",
    expr: `sum(${increase("gap_questions_refused_total", "15m", { code: "over_budget" })}) > 10`,
    for: "5m",
    summary: "{{ $value | humanize }} questions in 15 minutes met a budget that is used up.",
    test: {
      fires: { [`gap_questions_refused_total{${portal},code="over_budget"}`]: "0+5x40" },
      at: "25m",
      says: "75 questions in 15 minutes met a budget that is used up.",
      quiet: { [`gap_questions_refused_total{${portal},code="over_budget"}`]: "0x10 1x30" },
    },
  },
  {
    name: "LimitsHit",
    severity: "info",
    expr: `sum by (limit) (${rate("gap_limit_hits_total", "10m")}) > 5`,
    for: "10m",
    summary: "The limit {{ $labels.limit }} turns {{ $value | humanize }} requests a second away.",
    test: {
      fires: { [`gap_limit_hits_total{${portal},limit="badApiKey"}`]: "0+600x40" },
      at: "30m",
      says: "The limit badApiKey turns 10 requests a second away.",
      labels: { limit: "badApiKey" },
      quiet: { [`gap_limit_hits_total{${portal},limit="badApiKey"}`]: "0+60x40" },
    },
  },
  {
    name: "BackupTooOld",
    severity: "page",
    // 26 hours: a daily one may be a little late.
    expr: `time() - ${once("gap_backup_last_success_timestamp_seconds")} > 93600`,
    for: "10m",
    summary: "The last backup that succeeded is {{ $value | humanizeDuration }} old.",
    test: {
      fires: { [`gap_backup_last_success_timestamp_seconds{${worker}}`]: "-94000x40" },
      at: "15m",
      says: "The last backup that succeeded is 1d 2h 21m 40s old.",
      // The clock of a test begins at 0. A day old is as it should be.
      quiet: { [`gap_backup_last_success_timestamp_seconds{${worker}}`]: "-86400x40" },
    },
  },
  {
    name: "WebhooksFail",
    severity: "ticket",
    expr: `${once("gap_webhook_endpoints", { matchers: { state: "failing" } })} / (sum(${once("gap_webhook_endpoints", { by: ["state"], matchers: { state: "=~enabled|failing" } })})) > 0.2 or ${once("gap_webhook_deliveries_overdue")} > 50`,
    for: "30m",
    summary: "Webhooks fail for many endpoints at once, or are not sent: that is ours, not theirs.",
    test: {
      fires: { [`gap_webhook_endpoints{${worker},state="failing"}`]: "5x60", [`gap_webhook_endpoints{${worker},state="enabled"}`]: "5x60" },
      at: "40m",
      quiet: {
        [`gap_webhook_endpoints{${worker},state="failing"}`]: "1x60",
        [`gap_webhook_endpoints{${worker},state="enabled"}`]: "50x60",
        [`gap_webhook_deliveries_overdue{${worker}}`]: "3x60",
      },
    },
  },
  {
    name: "CrmConnectionsFail",
    severity: "ticket",
    expr: `sum by (crm) (${once("gap_crm_connections", { by: ["crm", "status"], matchers: { status: "=~failing|unauthorized" } })}) > 0`,
    for: "1h",
    summary: "{{ $value }} connections to {{ $labels.crm }} have failed for an hour.",
    test: {
      fires: {
        [`gap_crm_connections{${worker},crm="hubspot",status="failing"}`]: "1x100",
        [`gap_crm_connections{${worker},crm="hubspot",status="unauthorized"}`]: "1x100",
        [`gap_crm_connections{${worker},crm="amocrm",status="ok"}`]: "9x100",
      },
      at: "80m",
      says: "2 connections to hubspot have failed for an hour.",
      labels: { crm: "hubspot" },
      quiet: {
        [`gap_crm_connections{${worker},crm="hubspot",status="failing"}`]: "1x30 0x70",
        [`gap_crm_connections{${worker},crm="hubspot",status="paused"}`]: "1x100",
      },
    },
  },
];

/** The runbook's file name, from the alert's. */
export const runbookOf = (name: string): string => `${name.replace(/(?<!^)([A-Z])/g, "-$1").toLowerCase()}.md`;
