/**
 * Every metric of ours, by its name in Prometheus (https://prometheus.io/docs/practices/naming). `of`: the process that has it; several
 * processes of a kind each tell their own, except for what is counted over the whole platform (`platform: true`), where all workers
 * tell the same and a query takes the max. `labels`: the most values each label may have; what comes after them is told as "other", so
 * that nothing from outside can make series without end (core/metrics/metrics.ts).
 */
type Metric = {
  type: "counter" | "gauge" | "histogram";
  of: "portal" | "worker" | "both";
  help: string;
  labels?: Record<string, number>;
  buckets?: readonly number[];
  platform?: true;
};

const WAITING = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;
const DATABASE = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10] as const;
const ANSWERING = [0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60] as const;
const WORKING = [0.01, 0.05, 0.25, 1, 5, 15, 60, 300, 1_800] as const;

export const METRICS = {
  // Requests
  gap_http_requests_total: {
    type: "counter",
    of: "portal",
    help: "Requests by the pattern of their route and the status of the answer (499: the client left before it).",
    labels: { method: 9, route: 250, code: 40 },
  },
  gap_http_request_duration_seconds: {
    type: "histogram",
    of: "portal",
    help: "Seconds until an answer was sent; of an event stream, until it began.",
    labels: { route: 250 },
    buckets: WAITING,
  },
  gap_streams_open: { type: "gauge", of: "portal", help: "Event streams that are being read." },
  gap_limit_hits_total: { type: "counter", of: "portal", help: "Requests beyond a limit, by its name.", labels: { limit: 40 } },
  gap_limiter_fallbacks_total: { type: "counter", of: "portal", help: "Uses counted in this process because the shared limits were away." },
  gap_redis_up: { type: "gauge", of: "portal", help: "1 while the Redis of limits and streams answers; absent without REDIS_URL." },
  gap_redis_ping_seconds: { type: "gauge", of: "portal", help: "Seconds that Redis took to answer a ping." },

  // Answers
  gap_answers_total: {
    type: "counter",
    of: "portal",
    help: "Answers that ended, by what came of them and who wrote them.",
    labels: { outcome: 6, responder: 3 },
  },
  gap_answer_first_token_seconds: {
    type: "histogram",
    of: "portal",
    help: "Seconds from the beginning of an answer to its first word.",
    labels: { responder: 3 },
    buckets: ANSWERING,
  },
  gap_answer_retrieval_seconds: { type: "histogram", of: "portal", help: "Seconds that an answer's search took.", buckets: DATABASE },
  gap_answer_duration_seconds: {
    type: "histogram",
    of: "portal",
    help: "Seconds that an answer took.",
    labels: { responder: 3 },
    buckets: ANSWERING,
  },
  gap_answer_tokens_total: {
    type: "counter",
    of: "portal",
    help: "Tokens read and written by models for answers.",
    labels: { direction: 2 },
  },
  gap_answer_cost_dollars_total: { type: "counter", of: "portal", help: "What models cost, in US dollars." },
  gap_answers_running: { type: "gauge", of: "portal", help: "Answers being written." },
  gap_answers_starting: { type: "gauge", of: "portal", help: "Of these, the ones whose question is being stored and searched for." },
  gap_questions_refused_total: {
    type: "counter",
    of: "portal",
    help: "Questions that got no answer, by the code of the error: unavailable (no room), over_budget, rate_limited and others.",
    labels: { code: 20 },
  },
  gap_llm_failures_total: {
    type: "counter",
    of: "portal",
    help: "Models that failed in an answer, by the kind of failure.",
    labels: { kind: 30 },
  },
  gap_llm_circuits_open: { type: "gauge", of: "portal", help: "Models that are left out because they fail." },

  // What processes need
  gap_build_info: { type: "gauge", of: "both", help: "1, with the version.", labels: { version: 3 } },
  gap_database_up: { type: "gauge", of: "both", help: "1 while the database answers." },
  gap_database_request_duration_seconds: {
    type: "histogram",
    of: "both",
    help: "Seconds that calls of the database, its storage and its accounts took.",
    labels: { kind: 6 },
    buckets: DATABASE,
  },
  gap_database_errors_total: {
    type: "counter",
    of: "both",
    help: "Calls that failed: no answer, or a status of 500 and above.",
    labels: { kind: 6 },
  },

  // The worker
  gap_jobs_total: { type: "counter", of: "worker", help: "Tries of jobs by what came of them.", labels: { job_name: 60, outcome: 5 } },
  gap_job_duration_seconds: {
    type: "histogram",
    of: "worker",
    help: "Seconds that a try of a job took.",
    labels: { job_name: 60 },
    buckets: WORKING,
  },
  gap_worker_jobs_running: { type: "gauge", of: "worker", help: "Jobs that this worker is doing." },
  gap_worker_places: { type: "gauge", of: "worker", help: "Jobs that this worker can do at once." },
  gap_queue_store_up: { type: "gauge", of: "worker", help: "1 while the store of the queue (Redis or Postgres) answers." },
  gap_queue_store_jobs: { type: "gauge", of: "worker", help: "Jobs in the store of the queue by state.", labels: { state: 6 } },

  // The whole platform, as the ledger of jobs and the tables have it
  gap_queue_jobs: {
    type: "gauge",
    of: "worker",
    platform: true,
    help: "Jobs that have not ended: waiting, later, in_flight.",
    labels: { job_name: 60, state: 3 },
  },
  gap_queue_oldest_seconds: {
    type: "gauge",
    of: "worker",
    platform: true,
    help: "Age of the oldest job that is due and not in the queue.",
    labels: { job_name: 60 },
  },
  gap_queue_in_flight_seconds: {
    type: "gauge",
    of: "worker",
    platform: true,
    help: "Age of the oldest job in the queue.",
    labels: { job_name: 60 },
  },
  gap_queue_dead_jobs: {
    type: "gauge",
    of: "worker",
    platform: true,
    help: "Jobs that were given up and that nobody has settled.",
    labels: { job_name: 60 },
  },
  gap_queue_paused: { type: "gauge", of: "worker", platform: true, help: "1 for a job that is paused.", labels: { job_name: 60 } },
  gap_outbox_lag_seconds: {
    type: "gauge",
    of: "worker",
    platform: true,
    help: "Age of the oldest due row of the outbox, without jobs that are paused.",
  },
  gap_workers_alive: { type: "gauge", of: "worker", platform: true, help: "Workers seen in the last 15 seconds." },
  gap_backup_last_success_timestamp_seconds: {
    type: "gauge",
    of: "worker",
    platform: true,
    help: "When the last backup that succeeded ended, in seconds since 1970; absent when there is none.",
  },
  gap_database_size_bytes: { type: "gauge", of: "worker", platform: true, help: "Size of the database." },
  gap_database_connections: { type: "gauge", of: "worker", platform: true, help: "Connections to the database." },
  gap_database_connections_limit: { type: "gauge", of: "worker", platform: true, help: "Connections that the database allows." },
  gap_webhook_endpoints: {
    type: "gauge",
    of: "worker",
    platform: true,
    help: "Webhook endpoints: enabled, failing, or disabled because they failed.",
    labels: { state: 3 },
  },
  gap_webhook_deliveries_pending: { type: "gauge", of: "worker", platform: true, help: "Deliveries that are to be made." },
  gap_webhook_deliveries_overdue: { type: "gauge", of: "worker", platform: true, help: "Deliveries five minutes late." },
  gap_crm_connections: {
    type: "gauge",
    of: "worker",
    platform: true,
    help: "Connections to CRMs by kind and status.",
    labels: { crm: 8, status: 8 },
  },
  gap_organizations: { type: "gauge", of: "worker", platform: true, help: "Organizations." },
  gap_agents: { type: "gauge", of: "worker", platform: true, help: "Agents." },
  gap_users: { type: "gauge", of: "worker", platform: true, help: "People with an account." },
  gap_users_active: { type: "gauge", of: "worker", platform: true, help: "People who signed in during the last day." },
  gap_visitors_active: { type: "gauge", of: "worker", platform: true, help: "Visitors who asked something in the last hour." },
  gap_organizations_active: {
    type: "gauge",
    of: "worker",
    platform: true,
    help: "Organizations whose agents were asked in the last hour.",
  },
  gap_conversations_active: { type: "gauge", of: "worker", platform: true, help: "Conversations of the last hour." },
  gap_knowledge_sources: { type: "gauge", of: "worker", platform: true, help: "Sources of knowledge." },
  gap_knowledge_sources_unread: { type: "gauge", of: "worker", platform: true, help: "Sources that are being read or wait for it." },
  gap_knowledge_passages: { type: "gauge", of: "worker", platform: true, help: "Passages of knowledge." },
  gap_knowledge_bytes: { type: "gauge", of: "worker", platform: true, help: "Size of passages and vectors in the database." },
  gap_day_conversations: { type: "gauge", of: "worker", platform: true, help: "Conversations that began today (UTC)." },
  gap_day_answers: { type: "gauge", of: "worker", platform: true, help: "Answers of today (UTC)." },
  gap_day_unanswered: { type: "gauge", of: "worker", platform: true, help: "Questions of today (UTC) that the knowledge does not answer." },
  gap_day_tokens: { type: "gauge", of: "worker", platform: true, help: "Tokens of today (UTC)." },
  gap_day_cost_dollars: { type: "gauge", of: "worker", platform: true, help: "What models cost today (UTC), in US dollars." },
} as const satisfies Record<string, Metric>;

export type MetricName = keyof typeof METRICS;
type Definition<N extends MetricName> = (typeof METRICS)[N];
/** Names of metrics of a type that a process has. */
export type NameOf<P extends "portal" | "worker", T extends Metric["type"]> = {
  [N in MetricName]: Definition<N> extends { type: T; of: P | "both" } ? N : never;
}[MetricName];
export type LabelOf<N extends MetricName> = Definition<N> extends { labels: infer L } ? keyof L & string : never;
export type LabelsOf<N extends MetricName> = Record<LabelOf<N>, string>;
/** The entry with what only some entries say. */
export const metricOf = (name: MetricName): Metric => METRICS[name];
