// Tools of an answer, the whole way: the model calls, the visitor consents or their page answers, the service is called, the receipt keeps it.
import { randomUUID } from "node:crypto";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import type { ChatEvent, ToolReply } from "@gpt-agent/core/chat-events";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ChatRequest, FakeLlm, ScriptedToolCall } from "../../../e2e/fakes/llm.ts";
import { type ModelPortal, startModelPortal } from "./test-model-portal.ts";
import { call, openSession, question, readEvents, type SeededAgent, seedAgent } from "./test-portal.ts";

type Seen = { method: string | undefined; url: string | undefined; headers: IncomingHttpHeaders; body: string };
const seen: Seen[] = [];
const service = createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  seen.push({ method: request.method, url: request.url, headers: request.headers, body });
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ status: "shipped", internal: "do not tell" }));
});

let llm: FakeLlm;
let portal: ModelPortal;
let agent: SeededAgent;
const parameters = { type: "object", properties: { id: { type: "string" } }, required: ["id"] };
beforeAll(async () => {
  await new Promise<void>((done) => service.listen(0, "127.0.0.1", done));
  const origin = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  portal = await startModelPortal({ EGRESS_ALLOW: origin });
  llm = portal.llm;
  agent = await seedAgent(portal.backend, {
    passages: [{ body: "Orders are sent within a day." }],
    settings: {
      actions: [
        {
          name: "order_status",
          title: { en: "Look up the order" },
          description: "Looks up an order",
          method: "GET",
          url: `${origin}/orders/{id}`,
          parameters,
          result: ["/status"],
        },
        {
          name: "cancel_order",
          title: { en: "Cancel the order" },
          description: "Cancels an order",
          method: "POST",
          url: `${origin}/orders/{id}/cancel`,
          parameters,
        },
      ],
    },
  });
});
afterAll(async () => {
  await portal.close();
  service.closeAllConnections();
  service.close();
});
beforeEach(() => {
  seen.length = 0;
  llm.requests.length = 0;
});

/** The model makes these calls first, and then says what the last tool gave it. */
const calls = (...toolCalls: ScriptedToolCall[]) =>
  llm.script(
    { kind: "answer", text: "", toolCalls },
    { kind: "answer", text: ({ messages }: ChatRequest) => `Tool says: ${messages.at(-1)?.content?.slice(0, 120)}` },
  );

/** Asks, and answers what the tool calls wait for. Returns all events and the answer's run. */
async function ask(reply: (event: ChatEvent) => ToolReply | undefined, extra: object = {}) {
  const session = await openSession(portal, agent);
  const asked = question("Where is my order 7?");
  const response = await call(portal, `/api/v1/agents/${agent.publicId}/chat`, session.token, { body: { ...asked, ...extra } });
  const events: ChatEvent[] = [];
  const stream = readEvents(response);
  for (let step = await stream.next(); !step.done; step = await stream.next()) {
    const { event } = step.value;
    events.push(event);
    const body = reply(event);
    if (body && event.type === "tool-input-available")
      await call(portal, `/api/v1/chat/${asked.id}/tools/${event.toolCallId}`, session.token, { body });
  }
  const [start] = events;
  const messageId = start?.type === "start" ? start.messageId : "";
  const { rows } = await portal.backend.db.query<Record<string, unknown>>(
    "select a.* from run_actions a join runs r on r.id = a.run_id where r.message_id = $1 order by a.position",
    [messageId],
  );
  const text = events.map((event) => (event.type === "text-delta" ? event.delta : "")).join("");
  return { session, asked, events, text, messageId, actions: rows };
}
const types = (events: ChatEvent[]) => events.map(({ type }) => type).filter((type) => type.startsWith("tool-"));

describe("tool calls", () => {
  it("reads without asking, tells the model only what is mapped, and keeps the receipt", async () => {
    calls({ name: "order_status", input: { id: "7" } });
    const { events, text, messageId, actions } = await ask(() => undefined);
    expect(types(events)).toEqual(["tool-input-available", "tool-output-available"]);
    expect(seen.map(({ method, url }) => [method, url])).toEqual([["GET", "/orders/7"]]);
    expect(text).toContain("shipped");
    expect(JSON.stringify(llm.requests.at(-1)?.body)).not.toContain("do not tell");
    expect(events.find(({ type }) => type === "data-grounding")).toMatchObject({ data: { supported: true } });
    expect(actions).toMatchObject([{ name: "order_status", title: "Look up the order", kind: "server", outcome: "ok", status: 200 }]);
    const { rows } = await portal.backend.db.query<{ parts: { type: string }[]; title: string; search_text: string }>(
      "select m.parts, c.title, r.search_text from messages m join conversations c on c.id = m.conversation_id join runs r on r.message_id = m.id where m.id = $1",
      [messageId],
    );
    expect(rows[0]).toMatchObject({ title: "Where is my order 7?", search_text: "Where is my order 7?" });
    expect(rows[0]?.parts.map(({ type }) => type)).toContain("dynamic-tool");
  });

  it("writes only after the visitor has agreed", async () => {
    calls({ name: "cancel_order", input: { id: "7" } });
    const { events, actions } = await ask((event) => {
      // Told a second time, without the question, once the visitor has agreed.
      if (event.type !== "tool-input-available" || !event.approval) return undefined;
      expect(event).toMatchObject({ approval: "needed", title: "Cancel the order", input: { id: "7" } });
      expect(seen).toEqual([]);
      return { approved: true };
    });
    expect(types(events)).toEqual(["tool-input-available", "tool-input-available", "tool-output-available"]);
    expect(seen.map(({ method, url }) => [method, url])).toEqual([["POST", "/orders/7/cancel"]]);
    expect(actions).toMatchObject([{ name: "cancel_order", outcome: "ok" }]);
  });

  it("a declined write never reaches the service, and the model is told", async () => {
    calls({ name: "cancel_order", input: { id: "7" } });
    const { events, text, actions } = await ask((event) => (event.type === "tool-input-available" ? { approved: false } : undefined));
    expect(types(events)).toEqual(["tool-input-available", "tool-output-error"]);
    expect(seen).toEqual([]);
    expect(text).toContain("did not allow");
    expect(actions).toMatchObject([{ name: "cancel_order", outcome: "declined", status: null }]);
  });

  it("a tool of the page gives its result", async () => {
    calls({ name: "cart", input: {} });
    const clientTools = [{ name: "cart", description: "The cart", parameters: { type: "object", properties: {} } }];
    const { text, actions } = await ask(
      (event) => (event.type === "tool-input-available" ? { output: { items: ["blue bottle"] } } : undefined),
      { clientTools },
    );
    expect(text).toContain("blue bottle");
    expect(actions).toMatchObject([{ name: "cart", kind: "page", outcome: "ok" }]);
  });

  it("T11: nobody else can answer for the visitor, and the call waits on", async () => {
    calls({ name: "cancel_order", input: { id: "7" } });
    const stranger = await openSession(portal, agent);
    const session = await openSession(portal, agent);
    const asked = question("Where is my order 7?");
    const response = await call(portal, `/api/v1/agents/${agent.publicId}/chat`, session.token, { body: asked });
    let outcome = "";
    for await (const { event } of readEvents(response)) {
      if (event.type === "tool-output-available" || event.type === "tool-output-error") outcome = event.type;
      if (event.type !== "tool-input-available") continue;
      const path = `/api/v1/chat/${asked.id}/tools/${event.toolCallId}`;
      expect((await call(portal, path, stranger.token, { body: { approved: true } })).status).toBe(404);
      expect((await call(portal, `/api/v1/chat/${randomUUID()}/tools/x`, session.token, { body: { approved: true } })).status).toBe(404);
      expect((await call(portal, path, session.token, { body: { approved: "yes" } })).status).toBe(400);
      expect(seen).toEqual([]);
      expect((await call(portal, path, session.token, { body: { approved: false } })).status).toBe(204);
    }
    expect(outcome).toBe("tool-output-error");
  });

  it("a stop ends an answer that waits for consent", async () => {
    calls({ name: "cancel_order", input: { id: "7" } });
    const session = await openSession(portal, agent);
    const asked = question("Where is my order 7?");
    const response = await call(portal, `/api/v1/agents/${agent.publicId}/chat`, session.token, { body: asked });
    const types: string[] = [];
    for await (const { event } of readEvents(response)) {
      types.push(event.type);
      if (event.type === "tool-input-available")
        expect((await call(portal, `/api/v1/chat/${asked.id}/stop`, session.token, { method: "POST" })).status).toBe(204);
    }
    expect(types.slice(-2)).toEqual(["abort", "finish"]);
    expect(seen).toEqual([]);
  });

  it("a model that calls without end has to answer", async () => {
    let id = 0;
    llm.script({ kind: "answer", text: "", toolCalls: () => [{ name: "order_status", input: { id: String(id++) } }] });
    const { events } = await ask(() => undefined);
    expect(events.at(-1)?.type).toBe("finish");
    expect(llm.requests.length).toBeLessThanOrEqual(6);
    expect(seen.length).toBeLessThanOrEqual(12);
  });
});
