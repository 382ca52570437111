import type { AgentConfig, ChatEvent, CitedPassage, ClientTool, ToolReply, VisitorSession } from "@gpt-agent/core/chat-events";
import { createParser } from "eventsource-parser";
import type { KeptConversation } from "./conversation.ts";

/** A stream that stays silent for longer is taken for dead, in ms; the server pings every 10 to 15 s. */
const SILENCE = 45_000;
/** A session with less time left than this, in ms, is renewed before it is used. */
const NEARLY_EXPIRED = 30_000;

/**
 * Why something did not work: the `code` of the API's problem+json, or one of our own: `network` (no answer at all) and
 * `interrupted` (the stream broke off).
 */
export class ChatProblem extends Error {
  readonly code: string;
  /** Seconds after which a retry makes sense. */
  readonly retryAfter?: number;
  constructor(code: string, message: string, retryAfter?: number) {
    super(message);
    this.name = "ChatProblem";
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

/** An event with its id, after which a broken stream can be resumed. */
export type Received = { id: string; event: ChatEvent };

export type Question = {
  conversationId: string;
  message: { id: string; text: string };
  trigger: "submit-message" | "regenerate-message";
  /** The answer to make anew. */
  messageId?: string;
  /** What the page can do, if the model asks for it. */
  clientTools?: ClientTool[];
  /** The same for every attempt to ask this: the server answers once. */
  idempotencyKey: string;
};

/** The stream broke off. */
export function interrupted(): ChatProblem {
  return new ChatProblem("interrupted", "The connection was lost before the answer was complete.");
}

type Options = {
  /** Origin of the API, without a slash at the end. */
  base: string;
  agentId: string;
  locale(): string;
  /** Where the visitor's token is kept between visits. */
  token: { get(): string | undefined; set(token: string | undefined): void };
  /** A token in which the page's server says who the visitor is; asked for each session. */
  identity?(): Promise<string | undefined>;
};

/** The visitor API of one agent. Every call can be aborted and throws a ChatProblem when it fails. */
export class ChatClient {
  /** By this id support finds the newest answer in the logs, or the newest failure. */
  requestId?: string | null;
  readonly #options: Options;
  #session?: Promise<VisitorSession>;

  constructor(options: Options) {
    this.#options = options;
  }

  config(signal?: AbortSignal): Promise<AgentConfig> {
    return this.#fetch(this.#agentPath("config"), { signal }).then((response) => response.json() as Promise<AgentConfig>);
  }

  /** The visitor's session, made on first use and shared by all calls; their earlier token lets them be recognized. */
  session(): Promise<VisitorSession> {
    this.#session ??= this.#newSession().catch((problem) => {
      this.#session = undefined;
      throw problem;
    });
    return this.#session;
  }

  /** The next call opens a session anew: the visitor is somebody else now, or known by name. */
  drop(): void {
    this.#session = undefined;
  }

  /** The visitor's conversations as they are now. */
  async conversations(): Promise<VisitorSession["conversations"]> {
    // Sessions list them; one made long ago knows neither new ones nor their titles.
    if (this.#session) await this.#renewed((await this.session()).token);
    return (await this.session()).conversations;
  }

  /** Sends a question and yields the events of its answer. Throws `interrupted` when the stream ends before the answer does. */
  async *ask(question: Question, signal: AbortSignal): AsyncGenerator<Received> {
    const { conversationId, message, trigger, messageId, clientTools, idempotencyKey } = question;
    const headers = { "idempotency-key": idempotencyKey };
    const body = {
      id: conversationId,
      messages: [{ id: message.id, role: "user", parts: [{ type: "text", text: message.text }] }],
      trigger,
      messageId,
      clientTools,
    };
    yield* readEvents(await this.#authorized(this.#agentPath("chat"), { method: "POST", body, headers, signal }), signal);
  }

  /** The running answer of a conversation after `lastEventId`, or from its start; null when none runs. */
  async resume(conversationId: string, lastEventId: string, signal: AbortSignal): Promise<AsyncGenerator<Received> | null> {
    const headers = lastEventId ? { "last-event-id": lastEventId } : undefined;
    const response = await this.#authorized(`chat/${encodeURIComponent(conversationId)}/stream`, { headers, signal });
    return response.status === 204 ? null : readEvents(response, signal);
  }

  async stop(conversationId: string): Promise<void> {
    await this.#authorized(`chat/${encodeURIComponent(conversationId)}/stop`, { method: "POST" });
  }

  /** The visitor's consent to a tool call, or what a tool of the page has given. */
  async reply(conversationId: string, toolCallId: string, reply: ToolReply): Promise<void> {
    await this.#authorized(`chat/${encodeURIComponent(conversationId)}/tools/${encodeURIComponent(toolCallId)}`, {
      method: "POST",
      body: reply,
    });
  }

  async conversation(id: string): Promise<KeptConversation> {
    const response = await this.#authorized(`conversations/${encodeURIComponent(id)}`);
    return (await response.json()) as KeptConversation;
  }

  async forget(conversationId: string): Promise<void> {
    await this.#authorized(`conversations/${encodeURIComponent(conversationId)}`, { method: "DELETE" });
  }

  /** Asks for a person in a conversation, leaves contact details there, or ends it. */
  async tell(conversationId: string, what: "handoff" | "lead" | "end", body: unknown): Promise<void> {
    await this.#authorized(`conversations/${encodeURIComponent(conversationId)}/${what}`, { method: "POST", body });
  }

  async rate(messageId: string, rating: "up" | "down", comment?: string): Promise<void> {
    await this.#authorized(`messages/${encodeURIComponent(messageId)}/feedback`, { method: "POST", body: { rating, comment } });
  }

  async citation(messageId: string, index: number, signal?: AbortSignal): Promise<CitedPassage> {
    const response = await this.#authorized(`messages/${encodeURIComponent(messageId)}/citations/${index}`, { signal });
    return (await response.json()) as CitedPassage;
  }

  #agentPath(name: string): string {
    return `agents/${encodeURIComponent(this.#options.agentId)}/${name}`;
  }

  async #newSession(): Promise<VisitorSession> {
    const { token, locale, identity } = this.#options;
    const identityToken = await identity?.();
    const make = async (visitorToken?: string) => {
      const body = { visitorToken, identityToken, locale: locale() };
      const response = await this.#fetch(this.#agentPath("sessions"), { method: "POST", body });
      return (await response.json()) as VisitorSession;
    };
    const kept = token.get();
    const session = await make(kept).catch((problem) => {
      // A token that the server cannot read at all must not lock the visitor out for good.
      if (kept && (problem.code === "unauthenticated" || problem.code === "invalid_request")) return make();
      throw problem;
    });
    token.set(session.token);
    return session;
  }

  /** A call in the visitor's name; a session that has ended is renewed once. */
  async #authorized(path: string, init: Init = {}): Promise<Response> {
    const call = async (token: string) => this.#fetch(path, { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } });
    let { token, expiresAt } = await this.session();
    if (Date.parse(expiresAt) - Date.now() < NEARLY_EXPIRED) token = await this.#renewed(token);
    return call(token).catch(async (problem) => {
      if (problem.code !== "unauthenticated") throw problem;
      return call(await this.#renewed(token));
    });
  }

  /** A newer token than `token`; calls that find the same one stale share the new one. */
  async #renewed(token: string): Promise<string> {
    if ((await this.session()).token === token) this.#session = undefined;
    return (await this.session()).token;
  }

  async #fetch(path: string, { method = "GET", body, headers, signal }: Init): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(`${this.#options.base}/api/v1/${path}`, {
        method,
        signal,
        headers: { ...headers, "accept-language": this.#options.locale(), ...(body ? { "content-type": "application/json" } : {}) },
        body: body ? JSON.stringify(body) : undefined,
        credentials: "omit",
        cache: "no-store",
      });
    } catch (cause) {
      if (signal?.aborted) throw cause;
      throw new ChatProblem("network", "The server could not be reached.");
    }
    if (!response.ok || /chat$|stream$/.test(path)) this.requestId = response.headers.get("x-request-id");
    if (!response.ok) throw await toProblem(response);
    return response;
  }
}

type Init = { method?: "GET" | "POST" | "DELETE"; body?: unknown; headers?: Record<string, string>; signal?: AbortSignal };

async function toProblem(response: Response): Promise<ChatProblem> {
  const problem: Record<string, unknown> = await response.json().catch(() => ({}));
  const retryAfter = Number(problem.retryAfter ?? response.headers.get("retry-after"));
  const code = typeof problem.code === "string" ? problem.code : (BARE_STATUS[response.status] ?? "internal");
  const title = typeof problem.title === "string" ? problem.title : `The server answered ${response.status}.`;
  return new ChatProblem(code, title, retryAfter > 0 ? retryAfter : undefined);
}

/** Codes for answers that do not come from the API itself but from something in front of it. */
const BARE_STATUS: Record<number, string> = {
  401: "unauthenticated",
  403: "forbidden",
  404: "not_found",
  413: "too_large",
  429: "rate_limited",
  502: "unavailable",
  503: "unavailable",
  504: "unavailable",
};

/** Reads a UI message stream to its end. */
async function* readEvents(response: Response, signal: AbortSignal): AsyncGenerator<Received> {
  const arrived: { id?: string; data: string }[] = [];
  const parser = createParser({ onEvent: (event) => arrived.push(event) });
  const reader = response.body?.getReader();
  if (!reader) throw interrupted();
  const decoder = new TextDecoder();
  let finished = false;
  try {
    for (;;) {
      const { value, done } = await withinSilence(reader.read());
      if (value) parser.feed(decoder.decode(value, { stream: true }));
      for (const { id = "", data } of arrived.splice(0)) {
        if (data === "[DONE]") return;
        const event = parseEvent(data);
        if (!event) continue;
        finished ||= event.type === "finish" || event.type === "abort" || event.type === "error";
        yield { id, event };
      }
      if (done) break;
    }
  } catch (cause) {
    if (signal.aborted) throw cause;
    if (!finished) throw interrupted();
  } finally {
    reader.cancel().catch(() => {});
  }
  if (!finished) throw interrupted();
}

function parseEvent(data: string): ChatEvent | null {
  try {
    const event = JSON.parse(data);
    return typeof event?.type === "string" ? event : null;
  } catch {
    return null;
  }
}

function withinSilence<Result>(promise: Promise<Result>): Promise<Result> {
  let timer: ReturnType<typeof setTimeout>;
  const silence = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(interrupted()), SILENCE);
  });
  return Promise.race([promise, silence]).finally(() => clearTimeout(timer));
}
