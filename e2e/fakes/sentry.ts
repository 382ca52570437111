// Sentry's door for envelopes on loopback (https://develop.sentry.dev/sdk/data-model/envelopes/): takes what SDKs send and keeps it.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";

export type EnvelopeItem = { type: string; payload: Record<string, unknown> | string };
export type Envelope = {
  project: string;
  /** Under which a browser or SDK names its DSN's key: query or X-Sentry-Auth. */
  key: string | null;
  headers: Record<string, string | string[] | undefined>;
  header: Record<string, unknown>;
  items: EnvelopeItem[];
  /** As it came, unpacked. */
  text: string;
};
/** A payload as far as tests look into it. */
export type Sent = {
  event_id: string;
  release: string;
  environment: string;
  transaction?: string;
  spans?: unknown[];
  tags: Record<string, string>;
  contexts: {
    trace: { trace_id: string; span_id: string; parent_span_id?: string; op?: string };
    feedback?: { message: string; associated_event_id?: string };
  };
  exception: { values: { type: string; value: string; stacktrace: { frames: { filename: string }[] } }[] };
};
export type FakeSentry = {
  envelopes: Envelope[];
  /** A DSN of a project here. */
  dsn(project: number): string;
  /** The payloads of a kind: "event", "transaction", "feedback", "replay_event", "replay_recording". */
  payloads(type: string, project?: number): Sent[];
  close(): Promise<void>;
};

const KEY = "0123456789abcdef0123456789abcdef";

/** The items of an envelope; a payload that is no JSON (a replay's recording) stays text. */
function readEnvelope(bytes: Buffer): Pick<Envelope, "header" | "items" | "text"> {
  let at = 0;
  const line = () => {
    const end = bytes.indexOf(10, at);
    const text = bytes.subarray(at, end < 0 ? bytes.length : end).toString("utf8");
    at = end < 0 ? bytes.length : end + 1;
    return text;
  };
  const header = JSON.parse(line()) as Record<string, unknown>;
  const items: EnvelopeItem[] = [];
  while (at < bytes.length) {
    const text = line();
    if (!text) continue;
    const { type, length } = JSON.parse(text) as { type: string; length?: number };
    let payload: string;
    if (length === undefined) payload = line();
    else {
      payload = bytes.subarray(at, at + length).toString("utf8");
      at += length + 1;
    }
    try {
      items.push({ type, payload: JSON.parse(payload) as Record<string, unknown> });
    } catch {
      items.push({ type, payload });
    }
  }
  return { header, items, text: bytes.toString("utf8") };
}

export async function startFakeSentry(): Promise<FakeSentry> {
  const envelopes: Envelope[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const url = new URL(request.url ?? "/", "http://sentry");
    const [, project] = /^\/api\/(\d+)\/envelope\/$/.exec(url.pathname) ?? [];
    // A browser asks first when a page of another origin sends.
    const open = { "access-control-allow-origin": "*", "access-control-allow-headers": "*" };
    if (request.method === "OPTIONS") return response.writeHead(204, open).end();
    if (!project || request.method !== "POST") return response.writeHead(404, open).end();
    const body = Buffer.concat(parts);
    const key = url.searchParams.get("sentry_key") ?? /sentry_key=(\w+)/.exec(String(request.headers["x-sentry-auth"]))?.[1] ?? null;
    envelopes.push({
      project,
      key,
      headers: request.headers,
      ...readEnvelope(request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body),
    });
    response.writeHead(200, { ...open, "content-type": "application/json" }).end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    envelopes,
    dsn: (project) => `http://${KEY}@127.0.0.1:${port}/${project}`,
    payloads: (type, project) =>
      envelopes
        .filter((one) => project === undefined || one.project === String(project))
        .flatMap(({ items }) => items.filter((item) => item.type === type).map(({ payload }) => payload as Sent)),
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
