import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type AgentConfig,
  type ChatEvent,
  type Citation,
  type ConversationMessage,
  clientTool,
  type MessagePart,
  type ToolReply,
  toolReply,
} from "../../core/chat-events.ts";

/**
 * One step of a scripted answer: an event, a pause until the test lets go, a connection that breaks off, or a wait for the
 * reply to a tool call (null: nobody replied in time) that says how the answer goes on.
 */
export type Step =
  | ChatEvent
  | { type: "hold"; until: Promise<void> }
  | { type: "cut" }
  | { type: "wait"; toolCallId: string; next(reply: ToolReply | null): Step[] };

/** A refusal to be given to the next matching request; an `unreadable` one names no origin that may read it (CORS). */
export type Refusal = { path: RegExp; status: number; code: string; retryAfter?: number; times?: number; unreadable?: true };

type Logged = { method: string; path: string; headers: IncomingMessage["headers"]; body: Record<string, unknown> };
type Run = { id: string; events: string[]; done: boolean; stopped: boolean; listeners: Set<() => void> };
type Kept = { id: string; owner: string; title?: string; messages: ConversationMessage[]; run?: Run; hasLead?: boolean };

/**
 * A visitor API that says what a test tells it to, over real HTTP, and serves the built widget as the portal does. The
 * wire format is the portal's: UI message stream v1 with ids, problem+json errors, CORS without cookies.
 */
export class FakeVisitorApi {
  origin = "";
  config: AgentConfig = {
    id: "demo",
    name: "Tea Shop",
    avatar: null,
    primaryColor: "#5b4fd6",
    theme: "auto",
    position: "bottom-right",
    texts: {
      en: { greeting: "", prompts: ["How long is delivery?", "Can I return an opened pack?"] },
      ru: { greeting: "", prompts: ["Сколько идёт доставка?", "Можно вернуть открытую пачку?"] },
    },
    privacyUrl: "https://shop.example/privacy",
    handoff: false,
    lead: null,
    status: "live",
  };
  /** What is answered; `start` and `finish` are added around the steps. */
  script: (question: string, asked: number) => Step[] = (question) => text(`You asked: ${question}`);
  passage = "";
  /** Only verified visitors may talk. */
  enforce = false;
  readonly requests: Logged[] = [];
  readonly conversations = new Map<string, Kept>();
  readonly ratings: Record<string, unknown>[] = [];
  /** Contact details that were left. */
  readonly leads: Record<string, unknown>[] = [];
  /** What was replied to tool calls, whether anybody waited for it or not. */
  readonly replies: { toolCallId: string; reply: ToolReply }[] = [];
  readonly #waiting = new Map<string, (reply: ToolReply | null) => void>();
  readonly #refusals: Refusal[] = [];
  #tokens = new Map<string, string>();
  /** Runs by the Idempotency-Key of their question. */
  readonly #answered = new Map<string, Run>();
  #count = 0;
  readonly #server = createServer((request, response) => {
    this.#handle(request, response).catch((error) => {
      console.error(error);
      response.destroy();
    });
  });

  async start(): Promise<this> {
    await new Promise<void>((listening) => this.#server.listen(0, "127.0.0.1", listening));
    this.origin = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return this;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }

  refuse(refusal: Refusal): void {
    this.#refusals.push(refusal);
  }

  /** Every token given so far stops being accepted; the visitors are still recognized by them. */
  expireSessions(): void {
    this.#tokens = new Map([...this.#tokens].map(([token, visitor]) => [`expired ${token}`, visitor]));
  }

  /** A tool call has waited for its reply long enough. */
  giveUp(toolCallId: string): void {
    this.#waiting.get(toolCallId)?.(null);
  }

  /** The process dies in the middle of its answers, and is there again at once: of each, so many characters had been saved. */
  crash(saved: number): void {
    for (const { run, messages } of this.conversations.values()) {
      const answer = messages.at(-1);
      if (!run || run.done || !answer) continue;
      run.done = run.stopped = true;
      answer.metadata.status = "failed";
      for (const part of answer.parts) if (part.type === "text") part.text = part.text.slice(0, saved);
    }
    this.#server.closeAllConnections();
  }

  /** The API calls so far as "METHOD /path", without preflights and files. */
  get calls(): string[] {
    return this.requests
      .filter(({ path }) => path.startsWith("/api/"))
      .map(({ method, path }) => `${method} ${path.replace("/api/v1", "")}`);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? "/", this.origin).pathname;
    response.setHeader("access-control-allow-origin", request.headers.origin ?? "*");
    response.setHeader("vary", "Origin");
    if (request.method === "OPTIONS") {
      response.setHeader("access-control-allow-methods", "GET, POST, DELETE");
      response.setHeader("access-control-allow-headers", "authorization, content-type, last-event-id, idempotency-key");
      response.writeHead(204).end();
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = chunks.length ? JSON.parse(Buffer.concat(chunks).toString()) : {};
    const method = request.method ?? "GET";
    this.requests.push({ method, path, headers: request.headers, body });
    const refusal = this.#refusals.find((candidate) => candidate.path.test(`${method} ${path}`));
    if (refusal) {
      refusal.times = (refusal.times ?? 1) - 1;
      if (refusal.times <= 0) this.#refusals.splice(this.#refusals.indexOf(refusal), 1);
      if (refusal.unreadable) response.removeHeader("access-control-allow-origin");
      return problem(response, refusal.status, refusal.code, refusal.retryAfter);
    }
    if (path === "/widget.js" || path.startsWith("/widget/")) return this.#serveWidget(path, response);
    await this.#serveApi(method, path.replace("/api/v1/", ""), request, body, response);
  }

  async #serveWidget(path: string, response: ServerResponse): Promise<void> {
    try {
      const content = await readFile(new URL(`../../widget/dist${path}`, import.meta.url));
      response.setHeader("cross-origin-resource-policy", "cross-origin");
      response.writeHead(200, { "content-type": "text/javascript; charset=utf-8" }).end(content);
    } catch {
      response.writeHead(404).end();
    }
  }

  async #serveApi(
    method: string,
    path: string,
    request: IncomingMessage,
    body: Record<string, unknown>,
    response: ServerResponse,
  ): Promise<void> {
    const call = `${method} ${path}`;
    const agent = `agents/${this.config.id}/`;
    if (call === `GET ${agent}config`) return json(response, this.config);
    if (call === `POST ${agent}sessions`) return this.#session(body, response);
    const visitor = this.#tokens.get(request.headers.authorization?.replace("Bearer ", "") ?? "");
    if (!visitor) return problem(response, 401, "unauthenticated");
    if (call === `POST ${agent}chat`) return this.#chat(visitor, String(request.headers["idempotency-key"]), body, response);

    const [, id = ""] = /^(?:chat|conversations)\/([^/]+)/.exec(path) ?? [];
    const [, contact] = /^conversations\/[^/]+\/(handoff|lead|end)$/.exec(path) ?? [];
    if (contact) return this.#contact(decodeURIComponent(id), contact, visitor, body, response);
    const conversation = this.conversations.get(decodeURIComponent(id));
    if (id && conversation?.owner !== visitor) return problem(response, 404, "not_found");
    if (conversation && call === `GET chat/${id}/stream`) return this.#resume(conversation, request, response);
    if (conversation && call === `POST chat/${id}/stop`) return this.#stop(conversation, response);
    const [, toolCallId] = /\/tools\/(.+)$/.exec(path) ?? [];
    if (conversation && toolCallId && method === "POST") return this.#reply(conversation, toolCallId, body, response);
    if (conversation && call === `GET conversations/${id}`)
      return json(response, { id, title: null, messages: conversation.messages, hasLead: conversation.hasLead ?? false });
    if (conversation && call === `DELETE conversations/${id}`) {
      this.conversations.delete(conversation.id);
      response.writeHead(204).end();
      return;
    }
    const [, messageId, about, index] = /^messages\/([^/]+)\/(feedback|citations)(?:\/(\d+))?$/.exec(path) ?? [];
    if (about === "feedback") {
      this.ratings.push({ messageId, ...body });
      return json(response, {});
    }
    if (about === "citations") return this.#citation(String(messageId), Number(index), response);
    problem(response, 404, "not_found");
  }

  #session(body: Record<string, unknown>, response: ServerResponse): void {
    const known = String(body.visitorToken ?? "");
    const before = this.#tokens.get(known) ?? this.#tokens.get(`expired ${known}`);
    if (this.enforce && !body.identityToken) {
      problem(response, 401, "unauthenticated");
      return;
    }
    const visitorId = body.identityToken
      ? `verified ${body.identityToken}`
      : before && !before.startsWith("verified")
        ? before
        : `visitor-${++this.#count}`;
    if (body.identityToken && !before?.startsWith("verified"))
      for (const one of this.conversations.values()) if (one.owner === before) one.owner = visitorId;
    const token = `token-${++this.#count}`;
    this.#tokens.set(token, visitorId);
    const conversations = [...this.conversations.values()]
      .filter(({ owner }) => owner === visitorId)
      .map(({ id, title, messages }) => ({
        id,
        title: title ?? partText(messages[0]),
        lastMessageAt: messages.at(-1)?.metadata.createdAt ?? "",
      }))
      .toSorted((one, other) => other.lastMessageAt.localeCompare(one.lastMessageAt));
    json(response, { token, expiresAt: new Date(Date.now() + 3_600_000).toISOString(), visitorId, conversations });
  }

  async #chat(visitor: string, key: string, body: Record<string, unknown>, response: ServerResponse): Promise<void> {
    const unknown = Object.keys(body).filter((key) => !["id", "messages", "trigger", "messageId", "clientTools"].includes(key));
    if (unknown.length || !clientTool.array().max(16).optional().safeParse(body.clientTools).success)
      return problem(response, 400, "invalid_request");
    const known = this.#answered.get(key);
    if (known) return this.#send(known, 0, response);
    const id = String(body.id);
    const conversation = this.conversations.get(id) ?? { id, owner: visitor, messages: [] };
    this.conversations.set(id, conversation);
    const asked = (body.messages as { id: string; parts: { type: "text"; text: string }[] }[]).at(-1);
    if (!asked) return problem(response, 400, "invalid_request");
    if (body.messageId) conversation.messages = conversation.messages.filter((message) => message.id !== body.messageId);
    if (!conversation.messages.some((message) => message.id === asked.id)) conversation.messages.push(kept(asked.id, "user", asked.parts));
    const run: Run = { id: `run-${++this.#count}`, events: [], done: false, stopped: false, listeners: new Set() };
    conversation.run = run;
    this.#answered.set(key, run);
    const question = asked.parts.map((part) => part.text).join("");
    const count = this.requests.filter(({ path }) => path.endsWith("/chat")).length;
    const answer = kept(`answer-${++this.#count}`, "assistant", []);
    answer.metadata.status = "streaming";
    conversation.messages.push(answer);
    const steps = this.script(question, count);
    const sent = this.#send(run, 0, response);
    this.#play(run, answer, steps);
    await sent;
  }

  /** Plays a script into the run's log, whoever listens. */
  async #play(run: Run, answer: ConversationMessage, steps: Step[]): Promise<void> {
    const log = (event: Record<string, unknown>) => {
      run.events.push(JSON.stringify(event));
      for (const listener of run.listeners) listener();
    };
    log({ type: "start", messageId: answer.id, messageMetadata: { runId: run.id } });
    const tools = new Map<string, ToolInput>();
    const ahead = [...steps];
    for (let step = ahead.shift(); step; step = ahead.shift()) {
      if (step.type === "wait") {
        const { toolCallId, next } = step;
        const reply = new Promise<ToolReply | null>((resolve) => this.#waiting.set(toolCallId, resolve));
        const ended = new Promise<null>((wake) => run.listeners.add(() => run.stopped && wake(null)));
        ahead.unshift(...next(await Promise.race([reply, ended])));
        this.#waiting.delete(toolCallId);
      }
      if (step.type === "hold")
        await Promise.race([step.until, new Promise<void>((wake) => run.listeners.add(() => run.stopped && wake()))]);
      if (run.stopped) break;
      if (step.type === "hold" || step.type === "wait") continue;
      keepPart(answer, step, tools);
      log(step);
    }
    if (run.done) return;
    const failed = steps.at(-1)?.type === "error";
    answer.metadata.status = run.stopped ? "stopped" : failed ? "failed" : "complete";
    if (run.stopped) log({ type: "abort", reason: "stopped" });
    log({ type: "finish", finishReason: run.stopped ? "other" : failed ? "error" : "stop" });
    run.done = true;
    for (const listener of run.listeners) listener();
  }

  /** Streams a run's log from an event on, until the run ends; a `cut` breaks the first connection that reaches it. */
  async #send(run: Run, from: number, response: ServerResponse): Promise<void> {
    response.writeHead(200, {
      "content-type": "text/event-stream",
      "cache-control": "no-cache, no-transform",
      "x-vercel-ai-ui-message-stream": "v1",
    });
    response.write(": hello\n\n");
    for (let sequence = from; ; sequence += 1) {
      while (sequence >= run.events.length && !run.done) {
        await new Promise<void>((wake) => {
          run.listeners.add(wake);
          response.once("close", wake);
        });
        if (response.destroyed) return;
      }
      const data = run.events[sequence];
      if (data === undefined) break;
      if (data.includes('"type":"cut"')) {
        run.events[sequence] = JSON.stringify({ type: "data-nothing", data: {} });
        // What has been written still arrives: the connection is closed, not reset.
        response.socket?.end();
        return;
      }
      response.write(`id: ${run.id}:${sequence}\ndata: ${data}\n\n`);
    }
    response.end("data: [DONE]\n\n");
  }

  async #resume(conversation: Kept, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const run = conversation.run;
    if (!run || run.done) {
      response.writeHead(204).end();
      return;
    }
    const [, after] = /:(\d+)$/.exec(String(request.headers["last-event-id"] ?? "")) ?? [];
    await this.#send(run, after === undefined ? 0 : Number(after) + 1, response);
  }

  #contact(id: string, what: string, visitor: string, body: Record<string, unknown>, response: ServerResponse): void {
    const conversation = this.conversations.get(id) ?? { id, owner: visitor, messages: [] };
    this.conversations.set(id, conversation);
    if (what === "end") {
      response.writeHead(204).end();
      return;
    }
    if (what === "lead") {
      this.leads.push(body);
      conversation.hasLead = true;
      json(response, { id: "lead-1", createdAt: new Date().toISOString() });
      return;
    }
    const note = kept(`note-${++this.#count}`, "system", [{ type: "data-handoff", data: { state: "requested" } }]);
    conversation.messages.push(note);
    json(response, { id: "handoff-1", state: "requested", requestedAt: note.metadata.createdAt });
  }

  #stop(conversation: Kept, response: ServerResponse): void {
    if (conversation.run && !conversation.run.done) {
      conversation.run.stopped = true;
      for (const listener of conversation.run.listeners) listener();
    }
    response.writeHead(204).end();
  }

  #reply(conversation: Kept, toolCallId: string, body: Record<string, unknown>, response: ServerResponse): void {
    const reply = toolReply.safeParse(body);
    if (!reply.success) {
      problem(response, 400, "invalid_request");
      return;
    }
    if (!conversation.run || conversation.run.done) {
      problem(response, 404, "not_found");
      return;
    }
    this.replies.push({ toolCallId, reply: reply.data });
    this.#waiting.get(toolCallId)?.(reply.data);
    response.writeHead(204).end();
  }

  #citation(messageId: string, index: number, response: ServerResponse): void {
    const messages = [...this.conversations.values()].flatMap((conversation) => conversation.messages);
    const parts = messages.find((message) => message.id === messageId)?.parts ?? [];
    const part = parts.find((candidate) => candidate.type === "data-citation" && candidate.data.index === index);
    if (part?.type !== "data-citation" || !this.passage) problem(response, 404, "not_found");
    else json(response, { ...part.data, passage: this.passage, quoteStart: this.passage.indexOf(part.data.quote) });
  }
}

/** The steps of an answer that says `content` in pieces of a few characters. */
export function text(content: string, pieceLength = 6): Step[] {
  const pieces = content.match(new RegExp(`[\\s\\S]{1,${pieceLength}}`, "g")) ?? [];
  return [
    { type: "text-start", id: "t" },
    ...pieces.map((delta): Step => ({ type: "text-delta", id: "t", delta })),
    { type: "text-end", id: "t" },
  ];
}

/** A citation step. */
export function cite(index: number, citation: Partial<Citation> = {}): Step {
  const quote = citation.quote ?? "Orders arrive within three days.";
  const data = { index, sourceId: `source-${index}`, title: "Delivery", quote, start: 0, end: quote.length, ...citation };
  return { type: "data-citation", id: `c${index}`, data };
}

/** The step of a tool call; one with `approval` waits for the visitor, one without `providerExecuted` for the page. */
export function toolCall(toolName: string, input: ToolInput["input"], more: Partial<ToolInput> = {}): ToolInput {
  return { type: "tool-input-available", toolCallId: `call-${toolName}`, toolName, input, dynamic: true, ...more };
}

/** The step of a tool call's end: well, or with an error in words for the visitor. */
export function toolEnd({ toolCallId, providerExecuted }: ToolInput, errorText?: string): Step {
  const call = { toolCallId, dynamic: true as const, providerExecuted };
  return errorText ? { type: "tool-output-error", ...call, errorText } : { type: "tool-output-available", ...call, output: {} };
}

/** A pause that the test ends. */
export function hold(): { step: Step; release: () => void } {
  let release = () => {};
  const until = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { step: { type: "hold", until }, release };
}

type ToolInput = Extract<ChatEvent, { type: "tool-input-available" }>;

function keepPart(answer: ConversationMessage, step: Step, tools: Map<string, ToolInput>): void {
  if (step.type === "tool-input-available") tools.set(step.toolCallId, step);
  if (step.type === "tool-output-available" || step.type === "tool-output-error") {
    const { toolName, toolCallId, title, input, providerExecuted } = tools.get(step.toolCallId)!;
    const end =
      step.type === "tool-output-available"
        ? ({ state: "output-available", output: step.output } as const)
        : ({ state: "output-error", errorText: step.errorText } as const);
    answer.parts.push({ type: "dynamic-tool", toolName, toolCallId, title, input, providerExecuted, ...end });
  }
  const last = answer.parts.findLast((part) => part.type === "text");
  if (step.type === "text-start") answer.parts.push({ type: "text", text: "" });
  else if (step.type === "text-delta" && last) last.text += step.delta;
  else if (step.type === "data-citation" || step.type === "data-grounding" || step.type === "data-suggestions")
    answer.parts.push(step as MessagePart);
}

function kept(id: string, role: ConversationMessage["role"], parts: MessagePart[]): ConversationMessage {
  const author = role === "user" ? "visitor" : role === "assistant" ? "agent" : "system";
  return { id, role, parts, metadata: { createdAt: new Date().toISOString(), status: "complete", author } };
}

function partText(message: ConversationMessage | undefined): string | null {
  const part = message?.parts[0];
  return part?.type === "text" ? part.text : null;
}

function json(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function problem(response: ServerResponse, status: number, code: string, retryAfter?: number): void {
  if (retryAfter) response.setHeader("retry-after", retryAfter);
  response.writeHead(status, { "content-type": "application/problem+json" });
  response.end(JSON.stringify({ type: "about:blank", title: `Refused: ${code}`, status, code, requestId: "req-1", retryAfter }));
}
