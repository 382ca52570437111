import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

type Told<T> = T | ((request: ChatRequest) => T);
/** A call that the model makes. `input` as text is sent as it is, so that it may be no JSON. */
export type ScriptedToolCall = { name: string; input: unknown; id?: string };

/**
 * A scripted OpenAI-compatible upstream, for tests: it says what it is told, and fails in each way that real providers do.
 * `text` and `toolCalls` may be functions of the request, so that a script can obey or quote its prompt, or answer the result of
 * a tool.
 */
export type LlmScript =
  | {
      kind: "answer";
      text: Told<string>;
      /** Called after the text; their arguments are streamed in pieces. */
      toolCalls?: Told<ScriptedToolCall[]>;
      /** Thoughts before the text, as reasoning models stream them. */
      reasoning?: string;
      pauseMs?: number;
      wordsAtOnce?: number;
      comments?: boolean;
      /** One byte a packet: characters and field names are cut in the middle. */
      splitBytes?: boolean;
      withoutDone?: boolean;
      /** [DONE] right after the text, without a finish reason or usage. */
      earlyDone?: boolean;
      lineEnd?: "\n" | "\r\n" | "\r";
      /** The JSON of an event over several `data:` lines. */
      multiLine?: boolean;
      finish?: string;
      /** In place of the real usage; null for none. */
      usage?: object | null;
      /** US dollars; null when the provider does not say. */
      cost?: number | null;
      /** The model that claims to have answered. */
      model?: string;
    }
  /** An HTTP error before the stream. */
  | { kind: "status"; status: number; retryAfter?: string; message?: string }
  /** 200, then `after` words, then an error inside the stream; `inChoice` puts it where some providers do. */
  | { kind: "in-band-error"; after: number; code?: number; inChoice?: boolean }
  /** 200, then `after` words, then the connection is reset. */
  | { kind: "reset"; after: number }
  /** 200, then `after` words, then the end of the body, in the middle of an event. */
  | { kind: "cut"; after: number }
  /** 200, then `after` words, then nothing for ever. */
  | { kind: "silence"; after: number }
  /** The request is read and never answered. */
  | { kind: "hang" }
  /** 200, then `after` words, then these bytes. */
  | { kind: "raw"; body: string; after?: number; contentType?: string };

export type ChatRequest = {
  model: string;
  messages: { role: string; content: string | null; tool_calls?: object[]; tool_call_id?: string }[];
  stream?: boolean;
  [key: string]: unknown;
};

export type FakeLlm = {
  /** For LLM_BASE_URL. */
  url: string;
  /** Scripts for the coming requests, first in first out; the last one repeats. */
  script(...scripts: LlmScript[]): void;
  /** What each model does from now on; models that are not named follow `script`. */
  scriptModels(scripts: Record<string, LlmScript>): void;
  /** The answer to GET /models: what a catalogue holds, or a status to fail with. */
  catalogue(answer: unknown | { status: number }): void;
  /** The bodies of the requests so far, with the headers of each. */
  requests: { body: ChatRequest; headers: IncomingMessage["headers"] }[];
  /** How many answers the client cut before their end. */
  aborted(): number;
  /** Answers being written now. */
  open(): number;
  close(): Promise<void>;
};

const WORDS = "The answer is written word by word so that a stream can be cut anywhere in the middle of it".split(" ");

/** An event of an answer, as OpenRouter sends it. */
const chunk = (model: string, delta: object, extra: object = {}) =>
  JSON.stringify({
    id: "gen-1",
    object: "chat.completion.chunk",
    created: 1,
    model,
    provider: "fake",
    choices: [{ index: 0, delta, finish_reason: null }],
    ...extra,
  });

const told = <T>(value: Told<T>, request: ChatRequest): T =>
  typeof value === "function" ? (value as (r: ChatRequest) => T)(request) : value;

/** The deltas of a call as OpenAI streams it: its id and name first, its arguments in pieces. */
function* toolCallDeltas({ name, input, id }: ScriptedToolCall, index: number): Generator<object> {
  yield { tool_calls: [{ index, id: id ?? `call_${index}`, type: "function", function: { name, arguments: "" } }] };
  const text = typeof input === "string" ? input : JSON.stringify(input);
  const step = Math.max(7, Math.ceil(text.length / 50));
  for (let at = 0; at < text.length; at += step) yield { tool_calls: [{ index, function: { arguments: text.slice(at, at + step) } }] };
}

async function playAnswer(script: Extract<LlmScript, { kind: "answer" }>, body: ChatRequest, response: ServerResponse): Promise<void> {
  const line = script.lineEnd ?? "\n";
  const model = script.model ?? body.model;
  const send = (json: string) => {
    const lines = script.multiLine ? json.replaceAll(',"', ',\n"').split("\n") : [json];
    const bytes = Buffer.from(`${lines.map((part) => `data: ${part}${line}`).join("")}${line}`);
    if (!script.splitBytes) return response.write(bytes);
    for (const byte of bytes) response.write(Buffer.from([byte]));
  };
  const words = told(script.text, body).match(/\s*\S+/g) ?? [];
  const calls = told(script.toolCalls ?? [], body);
  const step = script.wordsAtOnce ?? 1;
  if (script.comments) response.write(`: OPENROUTER PROCESSING${line}${line}`);
  for (const word of script.reasoning?.split(" ") ?? []) {
    send(chunk(model, { content: "", reasoning: `${word} ` }));
    if (script.pauseMs) await sleep(script.pauseMs);
  }
  for (let at = 0; at < words.length && !response.destroyed; at += step) {
    send(chunk(model, { content: words.slice(at, at + step).join("") }));
    if (script.comments) response.write(`: OPENROUTER PROCESSING${line}${line}`);
    if (script.pauseMs) await sleep(script.pauseMs);
  }
  if (script.earlyDone) send("[DONE]");
  if (response.destroyed || script.earlyDone) return void response.end();
  for (const [index, call] of calls.entries()) for (const delta of toolCallDeltas(call, index)) send(chunk(model, delta));
  const finish_reason = script.finish ?? (calls.length > 0 ? "tool_calls" : "stop");
  send(chunk(model, {}, { choices: [{ index: 0, delta: {}, finish_reason }] }));
  const cost = script.cost === null ? {} : { cost: script.cost ?? 0.00042 };
  const usage = script.usage ?? { prompt_tokens: 100, completion_tokens: words.length, total_tokens: 100 + words.length, ...cost };
  if (script.usage !== null) send(chunk(model, {}, { choices: [], usage }));
  if (!script.withoutDone) send("[DONE]");
  response.end();
}

async function play(script: LlmScript, body: ChatRequest, response: ServerResponse): Promise<void> {
  if (script.kind === "hang") return;
  if (script.kind === "status") {
    response.writeHead(script.status, {
      "content-type": "application/json",
      ...(script.retryAfter ? { "retry-after": script.retryAfter } : {}),
    });
    response.end(JSON.stringify({ error: { message: script.message ?? `scripted ${script.status}`, code: script.status } }));
    return;
  }
  response.writeHead(200, { "content-type": (script.kind === "raw" && script.contentType) || "text/event-stream" });
  if (script.kind === "answer") return playAnswer(script, body, response);
  for (const word of WORDS.slice(0, script.after ?? 0)) response.write(`data: ${chunk(body.model, { content: `${word} ` })}\n\n`);
  await sleep(20);
  const error = { code: script.kind === "in-band-error" ? (script.code ?? 502) : 502, message: "Provider disconnected" };
  if (script.kind === "raw") response.end(script.body);
  else if (script.kind === "cut") response.end(chunk(body.model, { content: "never read" }).slice(0, 50).replace(/^/, "data: "));
  else if (script.kind === "reset") response.destroy();
  else if (script.kind === "in-band-error" && script.inChoice)
    response.end(`data: ${chunk(body.model, {}, { choices: [{ index: 0, delta: {}, finish_reason: "error", error }] })}\n\n`);
  else if (script.kind === "in-band-error") response.end(`data: ${JSON.stringify({ error })}\n\n`);
  // Silence: the connection stays open until the client leaves.
  else response.write(": waiting\n\n");
}

/** Starts the upstream on a free loopback port. */
export async function startFakeLlm(): Promise<FakeLlm> {
  let scripts: LlmScript[] = [{ kind: "answer", text: "Hello from the model." }];
  let byModel: Record<string, LlmScript> = {};
  let models: unknown = { data: [{ id: "test/model" }] };
  const requests: FakeLlm["requests"] = [];
  let cut = 0;
  let open = 0;

  function tellModels(response: ServerResponse): void {
    const status = (models as { status?: number } | null)?.status ?? 200;
    response.writeHead(status, { "content-type": "application/json" });
    response.end(typeof models === "string" ? models : JSON.stringify(models));
  }

  const server = createServer(async (request, response) => {
    if (request.method === "GET") return tellModels(response);
    const bytes: Buffer[] = [];
    for await (const part of request) bytes.push(part as Buffer);
    const body = JSON.parse(Buffer.concat(bytes).toString("utf8")) as ChatRequest;
    requests.push({ body, headers: request.headers });
    const script = byModel[body.model] ?? (scripts.length > 1 ? scripts.shift()! : scripts[0]!);
    open++;
    response.on("close", () => {
      open--;
      if (!response.writableFinished && script.kind !== "reset") cut++;
    });
    await play(script, body, response).catch(() => response.destroy());
  });
  // As providers do: Node's own five seconds close connections in the very moment they are used again.
  server.keepAliveTimeout = 75_000;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    script: (...next) => {
      scripts = next;
      byModel = {};
    },
    scriptModels: (next) => {
      byModel = next;
    },
    catalogue: (answer) => {
      models = answer;
    },
    requests,
    aborted: () => cut,
    open: () => open,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
