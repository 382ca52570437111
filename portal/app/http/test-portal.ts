import { randomBytes, randomUUID } from "node:crypto";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { ChatEvent, VisitorSession } from "@gpt-agent/core/chat-events";
import type { ServerBuild } from "@remix-run/node";
import { createParser } from "eventsource-parser";
import express from "express";
import { vi } from "vitest";
import { startTestBackend, type TestBackend } from "../../../supabase/embedded/test-backend.ts";
import { SOCKET_ADDRESS_HEADER } from "./client-address.ts";
import { failOnUndocumented, watchAnswers } from "./openapi/test-watch.ts";

/** A page that the agents of these tests allow. */
export const SHOP = "https://shop.example";

export type SeededAgent = { orgId: string; agentId: string; publicId: string; ownerId: string };
export type TestPortal = {
  url: string;
  backend: TestBackend;
  services: typeof import("../services.server.ts");
  /** The API's routes with the methods they serve. */
  routes: { path: string; methods: string[] }[];
  close(): Promise<void>;
};

/** An API route file's address: `api.v1.chat.$id_.export.ts` is `/api/v1/chat/:id/export`; `[.]` is a dot, `_index` adds nothing. */
const pathOf = (file: string) =>
  file
    .replace(/^.*\/|\.ts$/g, "")
    .replaceAll("[.]", "\u0000")
    .split(".")
    .filter((part) => part !== "_index")
    .map((part) => (part === "$" ? "*" : part.replace(/^\$/, ":").replace(/_$/, "").replaceAll("\u0000", ".")))
    .join("/");

/**
 * The portal's API behind real HTTP: its route modules in Remix's own request handler on Express, over a real backend.
 * @param env added to the environment the portal reads
 * @param shared another portal's backend; closing this portal leaves it running
 */
export async function startTestPortal(env: Record<string, string> = {}, shared?: TestBackend): Promise<TestPortal> {
  const backend = shared ?? (await startTestBackend());
  const app = express();
  const server = await new Promise<Server>((resolve) => {
    const listening = app.listen(0, "127.0.0.1", () => resolve(listening));
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const variables = {
    NODE_ENV: "test",
    LOG_LEVEL: "error",
    APP_URL: url,
    SUPABASE_URL: backend.url,
    SUPABASE_PUBLISHABLE_KEY: backend.publishableKey,
    SUPABASE_SECRET_KEY: backend.secretKey,
    ENCRYPTION_KEY: randomBytes(32).toString("base64"),
    // A busy machine that runs tests is no reason to refuse them.
    MAX_EVENT_LOOP_LAG_MS: "60000",
    ...env,
  };
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  vi.resetModules();
  const modules = import.meta.glob<Record<string, unknown>>(["../routes/api.*.ts", "../routes/v1.*.ts", "!../routes/*.test.ts"]);
  const routes = Object.fromEntries(
    await Promise.all(
      Object.entries(modules).map(async ([file, load]) => {
        const id = file.replace(/^.*\//, "routes/").replace(/\.ts$/, "");
        return [id, { id, parentId: undefined, path: pathOf(file), module: await load() }] as const;
      }),
    ),
  );
  const services = await import("../services.server.ts");
  const build = {
    routes,
    entry: { module: { default: () => new Response("no pages here", { status: 404 }) } },
    assets: { version: "test", url: "", entry: { imports: [], module: "" }, routes: {} },
    assetsBuildDirectory: "",
    publicPath: "/",
    future: { v3_singleFetch: true, v3_relativeSplatPath: true, v3_throwAbortReason: true },
    isSpaMode: false,
  } as unknown as ServerBuild;
  app.use(watchAnswers);
  app.use((request, _response, next) => {
    request.headers[SOCKET_ADDRESS_HEADER] = request.socket.remoteAddress ?? "unknown";
    next();
  });
  const [{ nodeHandler }, { requestMetrics }, { nameRequests }] = await Promise.all([
    import("./node-handler.ts"),
    import("./metrics/request-metrics.ts"),
    import("./request-id.ts"),
  ]);
  app.use(requestMetrics(services.metrics, build));
  app.use(nameRequests(services.log));
  app.use(nodeHandler(build, "test", services.telemetry));
  return {
    url,
    backend,
    services,
    routes: Object.values(routes).map(({ path, module }) => ({
      path: `/${path}`,
      methods: (module.loader as { methods?: string[] }).methods ?? [],
    })),
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      await services.runLog.dispose();
      await services.limiter.dispose();
      services.admission.dispose();
      if (!shared) await backend.close();
      vi.unstubAllEnvs();
      failOnUndocumented();
    },
  };
}

export type SeededPassage = { title?: string; body: string; headings?: string[]; url?: string; page?: number; start?: number };

/** An organization with its owner and a live agent that knows the given passages, one source each. */
export async function seedAgent(
  { db }: TestBackend,
  options: { origins?: string[]; passages?: SeededPassage[]; settings?: object; publicId?: string; name?: string } = {},
): Promise<SeededAgent> {
  const one = async <T extends object>(sql: string, values: unknown[]): Promise<T> => (await db.query<T>(sql, values)).rows[0]!;
  const slug = `org-${randomUUID().slice(0, 12)}`;
  const owner = await one<{ id: string }>("insert into auth.users (id, email) values (gen_random_uuid(), $1) returning id", [
    `${slug}@example.com`,
  ]);
  const org = await one<{ id: string }>("insert into organizations (name, slug, created_by) values ($1, $1, $2) returning id", [
    slug,
    owner.id,
  ]);
  await db.query("insert into memberships (org_id, user_id, role) values ($1, $2, 'owner')", [org.id, owner.id]);
  const agent = await one<{ id: string; public_id: string }>(
    "insert into agents (org_id, name, public_id) values ($1, $2, coalesce($3, replace(gen_random_uuid()::text, '-', ''))) returning id, public_id",
    [org.id, options.name ?? "Bottle Helper", options.publicId ?? null],
  );
  const version = await one<{ id: string }>(
    "insert into agent_versions (org_id, agent_id, number, settings) values ($1, $2, 1, $3) returning id",
    [org.id, agent.id, JSON.stringify(options.settings ?? {})],
  );
  await db.query("update agents set published_version_id = $1 where id = $2", [version.id, agent.id]);
  for (const origin of options.origins ?? [SHOP]) {
    await db.query("insert into agent_origins (org_id, agent_id, origin) values ($1, $2, $3)", [org.id, agent.id, origin]);
  }
  for (const passage of options.passages ?? []) {
    const source = await one<{ id: string }>(
      "insert into sources (org_id, agent_id, kind, title, url, media_type, status) values ($1, $2, $3, $4, $5, 'text/markdown', 'ready') returning id",
      [org.id, agent.id, passage.url ? "page" : "file", passage.title ?? "Handbook", passage.url ?? null],
    );
    const reading = await one<{ id: string }>(
      "insert into source_versions (org_id, source_id, content_hash, indexed_at) values ($1, $2, 'h', now()) returning id",
      [org.id, source.id],
    );
    await db.query("update sources set current_version_id = $1 where id = $2", [reading.id, source.id]);
    const start = passage.start ?? 0;
    await db.query("select add_chunks($1, $2)", [
      reading.id,
      JSON.stringify([
        {
          position: 0,
          headingPath: passage.headings ?? [],
          page: passage.page ?? null,
          charStart: start,
          charEnd: start + passage.body.length,
          body: passage.body,
          language: "en",
          contentHash: "hash",
        },
      ]),
    ]);
  }
  return { orgId: org.id, agentId: agent.id, publicId: agent.public_id, ownerId: owner.id };
}

/** Opens a visitor's session. */
export async function openSession(
  portal: TestPortal,
  agent: SeededAgent,
  body: object = {},
  origin = SHOP,
  more: Record<string, string> = {},
): Promise<VisitorSession> {
  const response = await fetch(`${portal.url}/api/v1/agents/${agent.publicId}/sessions`, {
    method: "POST",
    headers: { origin, "content-type": "application/json", ...more },
    body: JSON.stringify(body),
  });
  if (response.status !== 201) throw new Error(`No session: ${response.status} ${await response.text()}`);
  return (await response.json()) as VisitorSession;
}

/** A call of the visitor API as a page on SHOP makes it. */
export function call(
  portal: TestPortal,
  path: string,
  token: string,
  init: { method?: string; body?: unknown; headers?: Record<string, string>; signal?: AbortSignal } = {},
) {
  return fetch(`${portal.url}${path}`, {
    method: init.method ?? (init.body === undefined ? "GET" : "POST"),
    headers: {
      origin: SHOP,
      authorization: `Bearer ${token}`,
      ...(init.body === undefined ? {} : { "content-type": "application/json" }),
      ...init.headers,
    },
    ...(init.body === undefined ? {} : { body: typeof init.body === "string" ? init.body : JSON.stringify(init.body) }),
    ...(init.signal ? { signal: init.signal } : {}),
  });
}

/** The body of a question. */
export const question = (text: string, ids: { id?: string; messageId?: string } = {}) => ({
  id: ids.id ?? randomUUID(),
  trigger: "submit-message",
  messages: [{ id: ids.messageId ?? randomUUID(), role: "user", parts: [{ type: "text", text }] }],
});

export type Received = { id: string | undefined; event: ChatEvent };

/** The events of a stream as they come, and whether [DONE] ended it. */
export async function* readEvents(response: Response): AsyncGenerator<Received, boolean> {
  const queue: { id: string | undefined; data: string }[] = [];
  const parser = createParser({ onEvent: ({ id, data }) => queue.push({ id, data }) });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    parser.feed(read.value);
    for (let next = queue.shift(); next; next = queue.shift()) {
      if (next.data === "[DONE]") return true;
      yield { id: next.id, event: JSON.parse(next.data) as ChatEvent };
    }
  }
  return false;
}

/** A whole stream. */
export async function readAnswer(response: Response) {
  const received: Received[] = [];
  const events = readEvents(response);
  let step = await events.next();
  for (; !step.done; step = await events.next()) received.push(step.value);
  const all = received.map(({ event }) => event);
  return {
    received,
    events: all,
    done: step.value,
    text: all.map((event) => (event.type === "text-delta" ? event.delta : "")).join(""),
    citations: all.flatMap((event) => (event.type === "data-citation" ? [event.data] : [])),
    grounding: all.find((event) => event.type === "data-grounding")?.data,
    start: all.find((event) => event.type === "start"),
  };
}
