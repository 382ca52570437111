// An OpenAI-compatible endpoint whose answers keep a pace: a child process of the stream benches. Each token says its number and
// when it was sent, so that a reader can tell what is lost, doubled or late.
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Pace } from "./child.ts";
import { tokenOf } from "./token.ts";

let pace: Pace = { tokens: 100, everyMs: 100, firstMs: 300 };
process.on("message", (message: Pace) => {
  pace = message;
});

const frame = (content: string) =>
  `data: {"id":"gen-1","object":"chat.completion.chunk","created":1764000000,"model":"paced","provider":"bench","choices":[{"index":0,"delta":{"role":"assistant","content":${JSON.stringify(content)}},"finish_reason":null,"native_finish_reason":null,"logprobs":null}]}\n\n`;
const END = `data: {"id":"gen-1","object":"chat.completion.chunk","created":1764000000,"model":"paced","choices":[{"index":0,"delta":{"content":""},"finish_reason":"stop"}]}\n\ndata: {"id":"gen-1","object":"chat.completion.chunk","model":"paced","choices":[],"usage":{"prompt_tokens":100,"completion_tokens":100,"cost":0.0004}}\n\ndata: [DONE]\n\n`;

function answer(response: ServerResponse): void {
  const { tokens, everyMs, firstMs } = pace;
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.flushHeaders();
  let sent = 0;
  const send = () => {
    sent++;
    response.write(frame(tokenOf(sent)));
    if (sent < tokens) return;
    clearInterval(timer);
    response.end(END);
  };
  let timer = setTimeout(() => {
    send();
    timer = setInterval(send, everyMs);
  }, firstMs);
  response.on("close", () => clearInterval(timer));
}

const server = createServer((request, response) => {
  request.resume();
  request.on("end", () => (request.method === "GET" ? response.end('{"data":[{"id":"paced"}]}') : answer(response)));
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1` }));
process.once("disconnect", () => process.exit(0));
