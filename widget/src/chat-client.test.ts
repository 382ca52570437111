import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { FakeVisitorApi, hold, text } from "../../e2e/fakes/visitor-api.ts";
import { ChatClient, ChatProblem, type Received } from "./chat-client.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

function clientOf(base: string, kept?: string): { client: ChatClient; kept(): string | undefined } {
  let token = kept;
  const client = new ChatClient({
    base,
    agentId: "demo",
    locale: () => "ru",
    token: {
      get: () => token,
      set: (value) => {
        token = value;
      },
    },
  });
  return { client, kept: () => token };
}

async function startApi(): Promise<FakeVisitorApi> {
  const api = await new FakeVisitorApi().start();
  closing.push(() => api.stop());
  return api;
}

/** A server that answers the session and leaves the rest to `answer`. */
async function serve(answer: RequestListener): Promise<string> {
  const server = createServer((request, response) => {
    if (!request.url?.endsWith("/sessions")) return answer(request, response);
    response.end(JSON.stringify({ token: "t", expiresAt: new Date(Date.now() + 3_600_000), visitorId: "v", conversations: [] }));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const question = {
  conversationId: "c1",
  message: { id: "q1", text: "Сколько?" },
  trigger: "submit-message" as const,
  idempotencyKey: "key-1",
};
const never = new AbortController().signal;

async function collect(events: AsyncIterable<Received>): Promise<Received[]> {
  const received: Received[] = [];
  for await (const event of events) received.push(event);
  return received;
}

describe("the visitor API's client", () => {
  test("asks in one session and yields the events with their ids", async () => {
    const api = await startApi();
    api.script = () => text("Три дня");
    const { client, kept } = clientOf(api.origin);
    const events = await collect(client.ask(question, never));
    expect(events.map(({ event }) => event.type)).toEqual(["start", "text-start", "text-delta", "text-delta", "text-end", "finish"]);
    expect(events[0]?.id).toMatch(/^run-\d+:0$/);
    await client.conversation("c1");
    expect(api.calls.filter((call) => call.endsWith("/sessions"))).toHaveLength(1);
    expect(kept()).toMatch(/^token-/);
    const sent = api.requests.find(({ path }) => path.endsWith("/chat"));
    expect(sent?.headers).toMatchObject({ "accept-language": "ru", "idempotency-key": "key-1" });
    expect(sent?.body).toEqual({
      id: "c1",
      messages: [{ id: "q1", role: "user", parts: [{ type: "text", text: "Сколько?" }] }],
      trigger: "submit-message",
    });
  });

  test("T43: reads a stream that is cut at every byte, between letters of several bytes too", async () => {
    const events = [
      { type: "start", messageId: "a" },
      { type: "text-delta", id: "t", delta: "Привет 👋\n<img src=x>" },
      { type: "finish" },
    ];
    const bytes = Buffer.from(
      `: ping\n\n${events.map((event, index) => `id: r:${index}\ndata: ${JSON.stringify(event)}\n\n`).join("")}data: [DONE]\n\n`,
    );
    const base = await serve(async (_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (const byte of bytes) await new Promise((sent) => response.write(Buffer.from([byte]), sent));
      response.end();
    });
    const received = await collect(clientOf(base).client.ask(question, never));
    expect(received).toEqual(events.map((event, index) => ({ id: `r:${index}`, event })));
  });

  test("skips what is no event and says when a stream ends before its answer", async () => {
    const base = await serve((_request, response) =>
      response.end('data: {broken\n\ndata: 7\n\ndata: {"type":"start","messageId":"a"}\n\n'),
    );
    const seen: string[] = [];
    const reading = (async () => {
      for await (const { event } of clientOf(base).client.ask(question, never)) seen.push(event.type);
    })();
    await expect(reading).rejects.toMatchObject({ code: "interrupted" });
    expect(seen).toEqual(["start"]);
  });

  test("resumes after the last event it saw; nothing when nothing runs", async () => {
    const api = await startApi();
    const pause = hold();
    api.script = () => [...text("abc", 1), pause.step, ...text("def", 1)];
    const { client } = clientOf(api.origin);
    const leaving = new AbortController();
    let last = "";
    for await (const { id, event } of client.ask(question, never)) {
      last = id;
      if (event.type === "text-delta" && event.delta === "b") break;
    }
    const rest = await client.resume("c1", last, leaving.signal);
    pause.release();
    const deltas = (await collect(rest!)).flatMap(({ event }) => (event.type === "text-delta" ? event.delta : []));
    expect(deltas.join("")).toBe("cdef");
    expect(await client.resume("c1", "", never)).toBeNull();
  });

  test("stops, rates, forgets and reads a conversation by its own paths", async () => {
    const api = await startApi();
    const { client } = clientOf(api.origin);
    await collect(client.ask(question, never));
    const [, answer] = (await client.conversation("c1")).messages;
    await client.rate(answer!.id, "down", "short");
    await client.stop("c1");
    await client.forget("c1");
    await expect(client.conversation("c1")).rejects.toMatchObject({ code: "not_found" });
    expect(api.ratings).toEqual([{ messageId: answer!.id, rating: "down", comment: "short" }]);
    await expect(client.conversation("../../other/../x")).rejects.toMatchObject({ code: "not_found" });
    expect(api.calls.at(-1)).toBe("GET /conversations/..%2F..%2Fother%2F..%2Fx");
  });

  test("turns problem+json into typed errors, and answers of others by their status", async () => {
    const api = await startApi();
    const { client } = clientOf(api.origin);
    api.refuse({ path: /chat$/, status: 429, code: "over_budget", retryAfter: 7 });
    const refused = await collect(client.ask(question, never)).catch((problem) => problem);
    expect(refused).toBeInstanceOf(ChatProblem);
    expect(refused).toMatchObject({ code: "over_budget", retryAfter: 7 });
    const base = await serve((_request, response) => response.writeHead(503, { "retry-after": "30" }).end("<h1>Bad gateway</h1>"));
    await expect(collect(clientOf(base).client.ask(question, never))).rejects.toMatchObject({ code: "unavailable", retryAfter: 30 });
    const nowhere = clientOf("http://127.0.0.1:9").client;
    await expect(collect(nowhere.ask(question, never))).rejects.toMatchObject({ code: "network" });
  });

  test("renews an ended session once, shares the new one, and stays the same visitor", async () => {
    const api = await startApi();
    const { client } = clientOf(api.origin);
    await collect(client.ask(question, never));
    api.expireSessions();
    await Promise.all([client.conversation("c1"), client.conversation("c1"), client.conversation("c1")]);
    expect(api.calls.filter((call) => call.endsWith("/sessions"))).toHaveLength(2);
    api.refuse({ path: /conversations/, status: 401, code: "unauthenticated", times: 2 });
    await expect(client.conversation("c1")).rejects.toMatchObject({ code: "unauthenticated" });
  });

  test("starts afresh when the kept token is refused", async () => {
    const api = await startApi();
    api.refuse({ path: /sessions$/, status: 401, code: "unauthenticated" });
    const { client, kept } = clientOf(api.origin, "rubbish");
    await client.session();
    expect(api.requests.map(({ body }) => body.visitorToken)).toEqual(["rubbish", undefined]);
    expect(kept()).toMatch(/^token-/);
  });

  test("an abort ends the request at the server", async () => {
    const gone = hold();
    const base = await serve((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write('data: {"type":"start","messageId":"a"}\n\n');
      response.on("close", gone.release);
    });
    const leaving = new AbortController();
    const reading = collect(
      (async function* () {
        for await (const event of clientOf(base).client.ask(question, leaving.signal)) {
          leaving.abort();
          yield event;
        }
      })(),
    );
    await expect(reading).rejects.toThrow(/abort/i);
    await (gone.step as { until: Promise<void> }).until;
  });
});
