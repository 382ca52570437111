import { redactText } from "./redact.ts";

// What an SDK made, as far as it is looked at here. Events differ by SDK and version; what is not named below does not leave.
type Frame = {
  filename?: string;
  abs_path?: string;
  function?: string;
  module?: string;
  lineno?: number;
  colno?: number;
  in_app?: boolean;
  debug_id?: string;
};
type Thrown = { type?: string; value?: string; mechanism?: unknown; stacktrace?: { frames?: Frame[] } };
type Span = Record<string, unknown> & { description?: string; data?: Record<string, unknown> };
type Contexts = { trace?: Record<string, unknown>; feedback?: Record<string, unknown>; replay?: unknown };
type SentryEvent = {
  message?: unknown;
  transaction?: string;
  exception?: { values?: Thrown[] };
  tags?: Record<string, unknown>;
  contexts?: Contexts;
  spans?: Span[];
};

/** Fields that say when, where and by which build, and nothing of anybody. */
const KEPT = [
  ...[
    "type",
    "event_id",
    "timestamp",
    "start_timestamp",
    "platform",
    "level",
    "release",
    "environment",
    "dist",
    "sdk",
    "sdkProcessingMetadata",
  ],
  ...[
    "fingerprint",
    "transaction_info",
    "debug_meta",
    "measurements",
    "replay_id",
    "replay_start_timestamp",
    "replay_type",
    "segment_id",
    "error_ids",
    "trace_ids",
  ],
];
/** Ids by which an event is found again. Organizations go by their id, people not at all. */
const TAGS = /^(process|requestId|orgId|agentId|runId|jobId|job|sourceId|connectionId|endpointId|attempt|code|replayId)$/;
const PLAIN = /^[\w.:-]{1,80}$/;
/** What a span may say of itself. */
const SPAN_DATA = /^(sentry\.(op|origin|source|sample_rate)|http\.(response\.)?status_code|http\.request\.method)$/;

const pick = (from: Record<string, unknown> | undefined, keep: (key: string, value: unknown) => boolean) =>
  from && Object.fromEntries(Object.entries(from).filter(([key, value]) => keep(key, value)));

/** Addresses without the names of organizations in them; a route's pattern stays. */
export const withoutNames = (text: string): string => text.replace(/\/orgs\/(?!:)[^/"'?#\s\\]+/g, "/orgs/-");

/** An address as far as its path. */
const place = (text: string | undefined) => (text === undefined ? undefined : withoutNames(redactText(text)).slice(0, 300));

function scrubThrown({ type, value, mechanism, stacktrace }: Thrown): Thrown {
  const { type: by, handled } = (mechanism ?? {}) as { type?: string; handled?: boolean };
  return {
    type,
    value: value === undefined ? undefined : withoutNames(redactText(value.slice(0, 2_000))),
    ...(mechanism ? { mechanism: { type: by ?? "generic", handled } } : {}),
    ...(stacktrace?.frames
      ? {
          stacktrace: {
            // Without the source around a line and the values of variables.
            frames: stacktrace.frames.map(({ filename, abs_path, function: name, module, lineno, colno, in_app, debug_id }) => ({
              filename: place(filename),
              abs_path: place(abs_path),
              function: name,
              module,
              lineno,
              colno,
              in_app,
              debug_id,
            })),
          },
        }
      : {}),
  };
}

function scrubContexts({ trace, feedback, replay }: Contexts): Contexts {
  return {
    ...(trace
      ? {
          trace: {
            ...pick(trace, (key) => /^(trace_id|span_id|parent_span_id|op|status|origin)$/.test(key)),
            data: pick(trace.data as Record<string, unknown>, (key) => SPAN_DATA.test(key)),
          },
        }
      : {}),
    // What somebody writes to us of their own will goes as they wrote it, but for secrets and addresses.
    ...(feedback
      ? {
          feedback: {
            message: redactText(String(feedback.message ?? "")).slice(0, 2_000),
            associated_event_id: feedback.associated_event_id,
            source: feedback.source,
          },
        }
      : {}),
    ...(replay ? { replay } : {}),
  };
}

/**
 * An event (error, transaction, feedback, replay) with what may leave and nothing else: no request, cookie, header, body, query, address,
 * person, breadcrumb, variable or line of source; texts masked as in logs.
 */
export function scrubEvent<E extends object>(event: E): E {
  const { transaction, exception, tags, contexts, spans, message } = event as SentryEvent;
  return {
    ...pick(event as Record<string, unknown>, (key) => KEPT.includes(key)),
    ...(transaction ? { transaction: place(transaction) } : {}),
    ...(typeof message === "string" ? { message: withoutNames(redactText(message.slice(0, 2_000))) } : {}),
    ...(exception?.values ? { exception: { values: exception.values.map(scrubThrown) } } : {}),
    ...(tags ? { tags: pick(tags, (key, value) => TAGS.test(key) && PLAIN.test(String(value))) } : {}),
    ...(contexts ? { contexts: scrubContexts(contexts) } : {}),
    ...(spans
      ? {
          spans: spans.map((span) => ({
            ...pick(span, (key) => /^(trace_id|span_id|parent_span_id|op|origin|status|start_timestamp|timestamp)$/.test(key)),
            description: place(span.description),
            data: pick(span.data, (key) => SPAN_DATA.test(key)),
          })),
        }
      : {}),
  } as E;
}
