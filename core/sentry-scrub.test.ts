import { randomBytes, randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { scrubEvent } from "./sentry-scrub.ts";

const canary = `canary${randomBytes(6).toString("hex")}`;
const [requestId, orgId] = [randomUUID(), randomUUID()];

test("H18: an event leaves with ids and places, and without anything that an SDK could put into it about people", () => {
  const event = {
    event_id: "e",
    type: undefined,
    level: "error",
    release: "gap@1",
    message: `told ${canary}@shop.example`,
    transaction: `/orgs/${canary}/agents?q=${canary}`,
    request: { url: `https://a.example/?q=${canary}`, headers: { cookie: canary }, data: canary, cookies: { a: canary } },
    user: { id: canary, email: canary, ip_address: canary },
    extra: { anything: canary },
    breadcrumbs: [{ message: canary }],
    server_name: canary,
    modules: { [canary]: "1" },
    tags: { requestId, orgId, job: "source.read", anything: canary, attempt: `${canary} with words` },
    contexts: {
      trace: { trace_id: "t", span_id: "s", op: "http.server", data: { "http.url": canary, "sentry.op": "http.server" } },
      device: { name: canary },
      state: { value: canary },
    },
    exception: {
      values: [
        {
          type: "Error",
          value: `broke at https://a.example/orgs/${canary}/x?token=${canary} for ${canary}@shop.example`,
          mechanism: { type: "generic", handled: false, data: { url: canary } },
          stacktrace: {
            frames: [
              {
                filename: `https://a.example/orgs/${canary}/a.js?${canary}`,
                function: "take",
                lineno: 1,
                vars: { a: canary },
                context_line: canary,
              },
            ],
          },
        },
      ],
    },
    spans: [
      { span_id: "s", op: "http.client", description: `GET /orgs/${canary}/agents.data?q=${canary}`, data: { url: canary, body: canary } },
    ],
  };
  const sent = scrubEvent(event);
  expect(JSON.stringify(sent)).not.toContain(canary);
  expect(sent).toMatchObject({
    event_id: "e",
    release: "gap@1",
    transaction: "/orgs/-/agents?[redacted]",
    tags: { requestId, orgId, job: "source.read" },
    contexts: { trace: { trace_id: "t", span_id: "s", op: "http.server" } },
    exception: {
      values: [{ type: "Error", stacktrace: { frames: [{ filename: "https://a.example/orgs/-/a.js?[redacted]", function: "take" }] } }],
    },
    spans: [{ op: "http.client", description: "GET /orgs/-/agents.data?[redacted]" }],
  });
});

test("the pattern of a route stays as it is", () => {
  expect(scrubEvent({ transaction: "GET /orgs/:orgSlug/agents/:agentId" })).toEqual({ transaction: "GET /orgs/:orgSlug/agents/:agentId" });
});
