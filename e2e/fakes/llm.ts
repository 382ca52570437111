import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * A scripted OpenAI-compatible upstream, for tests: it says what it is told, and fails in each way that real providers do.
 * `answer` may be a function of the request, so that a script can obey or quote its prompt.
 */
export type LlmScript =
  | {
      kind: "answer";
      text: string | ((request: ChatRequest) => string);
      pauseMs?: number;
      wordsAtOnce?: number;
      comments?: boolean;
      splitBytes?: boolean;
      withoutDone?: boolean;
      crlf?: boolean;
      cost?: number;
    }
  /** An HTTP error before the stream; `times` then lets the fallback script answer. */
  | { kind: "status"; status: number; retryAfter?: string }
  /** 200, then `after` words, then an error inside the stream. */
  | { kind: "in-band-error"; after: number; code?: number }
  /** 200, then `after` words, then the connection is reset. */
  | { kind: "reset"; after: number }
  /** 200, then `after` words, then nothing for ever. */
  | { kind: "silence"; after: number };

export type ChatRequest = { model: string; messages: { role: string; content: string }[]; stream?: boolean; [key: string]: unknown };

export type FakeLlm = {
  /** For LLM_BASE_URL. */
  url: string;
  /** Scripts for the coming requests, first in first out; the last one repeats. */
  script(...scripts: LlmScript[]): void;
  /** The bodies of the requests so far, with the Authorization header of each. */
  requests: { body: ChatRequest; headers: IncomingMessage["headers"] }[];
  /** How many answers the client cut before their end. */
  aborted(): number;
  /** Answers being written now. */
  open(): number;
  close(): Promise<void>;
};

const WORDS = "The answer is written word by word so that a stream can be cut anywhere in the middle of it".split(" ");

/** Starts the upstream on a free loopback port. */
export async function startFakeLlm(): Promise<FakeLlm> {
  let scripts: LlmScript[] = [{ kind: "answer", text: "Hello from the model." }];
  const requests: FakeLlm["requests"] = [];
  let cut = 0;
  let open = 0;

  const chunk = (body: ChatRequest, delta: object, extra: object = {}) =>
    JSON.stringify({
      id: "gen-1",
      object: "chat.completion.chunk",
      created: 1,
      model: body.model,
      provider: "fake",
      choices: [{ index: 0, delta, finish_reason: null }],
      ...extra,
    });

  async function play(script: LlmScript, body: ChatRequest, response: ServerResponse): Promise<void> {
    if (script.kind === "status") {
      response.writeHead(script.status, {
        "content-type": "application/json",
        ...(script.retryAfter ? { "retry-after": script.retryAfter } : {}),
      });
      response.end(JSON.stringify({ error: { message: `scripted ${script.status}`, code: script.status } }));
      return;
    }
    const newline = script.kind === "answer" && script.crlf ? "\r\n" : "\n";
    const data = (json: string) => `data: ${json}${newline}${newline}`;
    response.writeHead(200, { "content-type": "text/event-stream" });
    if (script.kind !== "answer") {
      for (const word of WORDS.slice(0, script.after)) response.write(data(chunk(body, { content: `${word} ` })));
      await sleep(20);
      if (script.kind === "in-band-error")
        response.end(data(JSON.stringify({ error: { code: script.code ?? 502, message: "Provider disconnected" } })));
      else if (script.kind === "reset") response.destroy();
      // Silence: the connection stays open until the client leaves.
      else response.write(": waiting\n\n");
      return;
    }
    const text = typeof script.text === "function" ? script.text(body) : script.text;
    const words = text.match(/\s*\S+/g) ?? [];
    const step = script.wordsAtOnce ?? 1;
    if (script.comments) response.write(": OPENROUTER PROCESSING\n\n");
    for (let at = 0; at < words.length && !response.destroyed; at += step) {
      const bytes = Buffer.from(data(chunk(body, { content: words.slice(at, at + step).join("") })));
      if (script.splitBytes) {
        // Cut inside a multi-byte character wherever there is one.
        for (const byte of bytes) response.write(Buffer.from([byte]));
      } else response.write(bytes);
      if (script.comments) response.write(": OPENROUTER PROCESSING\n\n");
      if (script.pauseMs) await sleep(script.pauseMs);
    }
    if (response.destroyed) return;
    response.write(data(chunk(body, {}, { choices: [{ index: 0, delta: {}, finish_reason: "stop" }] })));
    const usage = { prompt_tokens: 100, completion_tokens: words.length, total_tokens: 100 + words.length, cost: script.cost ?? 0.00042 };
    response.write(data(chunk(body, {}, { choices: [], usage })));
    response.end(script.withoutDone ? "" : data("[DONE]"));
  }

  const server = createServer(async (request, response) => {
    const bytes: Buffer[] = [];
    for await (const part of request) bytes.push(part as Buffer);
    const body = JSON.parse(Buffer.concat(bytes).toString("utf8")) as ChatRequest;
    requests.push({ body, headers: request.headers });
    const script = scripts.length > 1 ? scripts.shift()! : scripts[0]!;
    open++;
    response.on("close", () => {
      open--;
      if (!response.writableFinished && script.kind !== "reset") cut++;
    });
    await play(script, body, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    script: (...next) => {
      scripts = next;
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
