import { DefaultChatTransport, readUIMessageStream, type UIMessage } from "ai";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FakeLlm } from "../../../e2e/fakes/llm.ts";
import { createApiKey } from "./api-key.ts";
import { makeKey } from "./test-keys.ts";
import { type ModelPortal, startModelPortal } from "./test-model-portal.ts";
import { openSession, type SeededAgent, SHOP, seedAgent } from "./test-portal.ts";

const WARRANTY = "All bottles come with a ten-year warranty. The warranty covers leaks and broken lids. It does not cover dents.";

let llm: FakeLlm;
let portal: ModelPortal;
let agent: SeededAgent;
let other: SeededAgent;
let apiKey: string;
beforeAll(async () => {
  portal = await startModelPortal();
  llm = portal.llm;
  agent = await seedAgent(portal.backend, { passages: [{ title: "Warranty", body: WARRANTY, url: "https://shop.example/warranty" }] });
  other = await seedAgent(portal.backend);
  apiKey = await makeKey(portal, agent, ["chat"]);
});
afterAll(() => portal.close());

const client = (key = apiKey) => new OpenAI({ baseURL: `${portal.url}/v1`, apiKey: key, maxRetries: 0 });
const ANSWER = "It covers leaks and broken lids [1].";

describe("the openai package as a client", () => {
  it("lists the organization's agents as models", async () => {
    const models = await client().models.list();
    expect(models.data.map(({ id }) => id)).toEqual([`agent:${agent.publicId}`]);
  });

  it("gets a whole completion with annotations and usage", async () => {
    llm.script({ kind: "answer", text: ANSWER });
    const completion = await client().chat.completions.create({
      model: `agent:${agent.publicId}`,
      messages: [{ role: "user", content: "What does the warranty cover?" }],
    });
    const [choice] = completion.choices;
    expect(choice?.message.content).toBe(ANSWER);
    expect(choice?.finish_reason).toBe("stop");
    expect(choice?.message.annotations?.[0]).toMatchObject({
      type: "url_citation",
      url_citation: {
        title: "Warranty",
        content: "The warranty covers leaks and broken lids.",
        start_index: ANSWER.indexOf("[1]"),
        end_index: ANSWER.indexOf("[1]") + 3,
      },
    });
    expect(choice?.message.annotations?.[0]?.url_citation.url).toMatch(/^https:\/\/shop\.example\/warranty#:~:text=/);
    expect(completion.usage).toEqual({ prompt_tokens: 100, completion_tokens: 7, total_tokens: 107 });
    const stored = await portal.backend.db.query("select channel, visitor_id from conversations where agent_id = $1", [agent.agentId]);
    expect(stored.rows).toContainEqual({ channel: "api", visitor_id: null });
  });

  it("streams, with usage at the end when asked, and reads the history from the request", async () => {
    llm.requests.length = 0;
    llm.script({ kind: "answer", text: ANSWER });
    const stream = await client().chat.completions.create({
      model: agent.publicId,
      stream: true,
      stream_options: { include_usage: true },
      messages: [
        { role: "system", content: "Answer like a pirate." },
        { role: "user", content: "Do you sell bottles?" },
        { role: "assistant", content: "Yes." },
        { role: "user", content: [{ type: "text", text: "What does the warranty cover?" }] },
      ],
    });
    let text = "";
    let usage: OpenAI.CompletionUsage | null | undefined;
    let finish: string | null | undefined;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? "";
      finish = chunk.choices[0]?.finish_reason ?? finish;
      usage = chunk.usage ?? usage;
    }
    expect(text).toBe(ANSWER);
    expect(finish).toBe("stop");
    expect(usage).toMatchObject({ total_tokens: 107 });
    const [request] = llm.requests;
    expect(request?.body.messages[0]?.content).toContain("Answer like a pirate.");
    expect(request?.body.messages.slice(1).map(({ content }) => content)).toEqual([
      "Do you sell bottles?",
      "Yes.",
      "What does the warranty cover?",
    ]);
  });

  it("T42: the request's model, endpoint and key reach nobody", async () => {
    llm.requests.length = 0;
    llm.script({ kind: "answer", text: ANSWER });
    const body = {
      model: agent.publicId,
      messages: [{ role: "user", content: "Warranty?" }],
      api_base: "http://127.0.0.1:1",
      temperature: 2,
      headers: { authorization: "x" },
    };
    const response = await fetch(`${portal.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "x-api-key": apiKey, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(200);
    expect(llm.requests).toHaveLength(1);
    expect(llm.requests[0]?.headers.authorization).toBe("Bearer sk-provider-key");
    expect(llm.requests[0]?.body).toMatchObject({ model: "openai/gpt-5-mini", temperature: 0.3 });
    expect(response.headers.get("access-control-allow-origin")).toBeNull();
  });

  it("a client that leaves stops the model", async () => {
    llm.script({ kind: "answer", text: "word ".repeat(500), pauseMs: 15 });
    const before = llm.aborted();
    const stream = await client().chat.completions.create({
      model: agent.publicId,
      stream: true,
      messages: [{ role: "user", content: "Tell me all" }],
    });
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break;
    await expect.poll(() => llm.aborted(), { timeout: 2_000 }).toBe(before + 1);
  });

  it("a failing stream ends with an error that the client throws", async () => {
    llm.script({ kind: "reset", after: 3 });
    const stream = await client().chat.completions.create({
      model: agent.publicId,
      stream: true,
      messages: [{ role: "user", content: "Tell me all" }],
    });
    let text = "";
    await expect(
      (async () => {
        for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
      })(),
    ).rejects.toThrow(/interrupted/);
    expect(text).toBe("The answer is");
  });

  it.each([
    ["no key at all", ""],
    ["a wrong checksum (D5)", "gap_live_0000000000000000000000000000000000AAAAAA"],
    ["an unknown key", createApiKey().key],
    ["SQL", "gap_live_' or 1=1 --"],
  ])("401 in OpenAI's shape for %s", async (_, key) => {
    const error = await client(key || "none")
      .models.list()
      .then(
        () => null,
        (thrown: unknown) => thrown,
      );
    expect(error).toBeInstanceOf(OpenAI.AuthenticationError);
    expect(error).toMatchObject({ status: 401, code: "unauthenticated" });
  });

  it("D4: a revoked key is refused with the next request, through both headers", async () => {
    const key = await makeKey(portal, agent, ["chat"]);
    expect((await client(key).models.list()).data).toHaveLength(1);
    await portal.backend.db.query("update api_keys set revoked_at = now() where key_hash = encode(sha256($1::bytea), 'hex')", [
      Buffer.from(key),
    ]);
    const both: Record<string, string>[] = [{ authorization: `Bearer ${key}` }, { "x-api-key": key }];
    for (const headers of both) expect((await fetch(`${portal.url}/v1/models`, { headers })).status).toBe(401);
  });

  it("D6: the scope is needed, and the key dies with its maker's role", async () => {
    const error = await client(await makeKey(portal, agent, ["read"]))
      .models.list()
      .then(
        () => null,
        (thrown: unknown) => thrown,
      );
    expect(error).toBeInstanceOf(OpenAI.PermissionDeniedError);
    const leaver = await seedAgent(portal.backend);
    const key = await makeKey(portal, leaver, ["chat"]);
    expect((await client(key).models.list()).data).toHaveLength(1);
    await portal.backend.db.query("delete from organizations where id = $1", [leaver.orgId]);
    await expect(client(key).models.list()).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
  });

  it("T01: another organization's agent is no model of this key", async () => {
    for (const model of [`agent:${other.publicId}`, other.publicId, other.agentId, "gpt-4", "agent:", "agent:../x"]) {
      const error = await client()
        .chat.completions.create({ model, messages: [{ role: "user", content: "hi" }] })
        .then(
          () => null,
          (thrown: unknown) => thrown,
        );
      expect(error).toBeInstanceOf(OpenAI.NotFoundError);
    }
  });

  it("T57: bad bodies are 4xx in OpenAI's shape", async () => {
    const good = { model: agent.publicId, messages: [{ role: "user", content: "hi" }] };
    const bad: unknown[] = [
      null,
      [],
      "",
      0,
      {},
      { ...good, messages: [] },
      { ...good, messages: [{ role: "user", content: 5 }] },
      { ...good, messages: [{ role: "tool", content: "x" }] },
      { ...good, model: 1 },
      { ...good, n: 3 },
      { ...good, messages: [{ role: "assistant", content: "x" }] },
      { ...good, messages: [{ role: "user", content: "" }] },
    ];
    for (const body of bad) {
      const response = await fetch(`${portal.url}/v1/chat/completions`, {
        method: "POST",
        headers: { "x-api-key": apiKey, "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      expect([response.status, JSON.stringify(body)]).toEqual([400, JSON.stringify(body)]);
      expect((await response.json()).error).toMatchObject({ type: "invalid_request_error", code: "invalid_request" });
    }
  });
});

describe("the AI SDK's chat transport as a client", () => {
  type Ours = UIMessage<{ conversationId?: string; runId?: string }>;
  const transportFor = (token: string) =>
    new DefaultChatTransport<Ours>({
      api: `${portal.url}/api/v1/agents/${agent.publicId}/chat`,
      headers: { authorization: `Bearer ${token}`, origin: SHOP },
      prepareReconnectToStreamRequest: ({ id, headers }) => ({ api: `${portal.url}/api/v1/chat/${id}/stream`, headers: headers ?? {} }),
    });
  const visitor = (id: string, text: string): Ours => ({ id, role: "user", parts: [{ type: "text", text }] });
  async function finalMessage(stream: Parameters<typeof readUIMessageStream<Ours>>[0]["stream"]): Promise<Ours | undefined> {
    let last: Ours | undefined;
    for await (const message of readUIMessageStream<Ours>({ stream, terminateOnError: true })) last = message;
    return last;
  }

  it("sends, streams a UI message with text, sources and citations, and reconnects", async () => {
    llm.script({ kind: "answer", text: ANSWER, pauseMs: 30 });
    const { token } = await openSession(portal, agent);
    const transport = transportFor(token);
    const messages = [visitor("m1", "What does the warranty cover?")];
    const sent = await transport.sendMessages({
      chatId: "chat-1",
      messages,
      trigger: "submit-message",
      messageId: undefined,
      abortSignal: undefined,
    });
    const again = await transport.reconnectToStream({ chatId: "chat-1" });
    expect(again).not.toBeNull();
    const [message, resumed] = await Promise.all([finalMessage(sent), finalMessage(again!)]);
    expect(message?.role).toBe("assistant");
    expect(message?.metadata?.conversationId).toBe("chat-1");
    expect(message?.parts.find((part) => part.type === "text")).toMatchObject({ text: ANSWER, state: "done" });
    expect(message?.parts.find((part) => part.type === "source-url")).toMatchObject({ title: "Warranty" });
    expect(message?.parts.find((part) => part.type === "data-citation")).toMatchObject({
      data: { index: 1, quote: "The warranty covers leaks and broken lids." },
    });
    expect(resumed).toEqual(message);
    expect(await transport.reconnectToStream({ chatId: "chat-1" })).toBeNull();

    llm.script({ kind: "answer", text: "Ten years [1]." });
    const follow = [...messages, message!, visitor("m2", "And how long?")];
    const second = await finalMessage(
      await transport.sendMessages({
        chatId: "chat-1",
        messages: follow,
        trigger: "submit-message",
        messageId: undefined,
        abortSignal: undefined,
      }),
    );
    expect(second?.parts.find((part) => part.type === "text")).toMatchObject({ text: "Ten years [1]." });
    llm.script({ kind: "answer", text: "A ten-year warranty [1]." });
    const anew = await finalMessage(
      await transport.sendMessages({
        chatId: "chat-1",
        messages: follow,
        trigger: "regenerate-message",
        messageId: second?.id,
        abortSignal: undefined,
      }),
    );
    expect(anew?.id).not.toBe(second?.id);
    expect(anew?.parts.find((part) => part.type === "text")).toMatchObject({ text: "A ten-year warranty [1]." });
  });

  it("is told of a failure mid-stream", async () => {
    llm.script({ kind: "reset", after: 3 });
    const { token } = await openSession(portal, agent);
    const stream = await transportFor(token).sendMessages({
      chatId: "chat-2",
      messages: [visitor("m1", "Tell me of the warranty")],
      trigger: "submit-message",
      messageId: undefined,
      abortSignal: undefined,
    });
    await expect(finalMessage(stream)).rejects.toThrow(/interrupted/);
  });
});
