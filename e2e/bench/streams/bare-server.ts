// The least that streams server-sent events: Node's http server and one timer for each stream. What the product is measured against.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Pace } from "./child.ts";
import { tokenOf } from "./token.ts";

let pace: Pace = { tokens: 100, everyMs: 100, firstMs: 300 };
process.on("message", (message: Pace) => {
  pace = message;
});

const server = createServer((request, response) => {
  request.resume();
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache, no-transform" });
  response.flushHeaders();
  let sent = 0;
  const timer = setInterval(() => {
    sent++;
    const delta = JSON.stringify({ type: "text-delta", id: "text-1", delta: tokenOf(sent) });
    response.write(`id: 019a0000-0000-7000-8000-000000000000:${sent}\ndata: ${delta}\n\n`);
    if (sent < pace.tokens) return;
    clearInterval(timer);
    response.end("data: [DONE]\n\n");
  }, pace.everyMs);
  response.on("close", () => clearInterval(timer));
});
server.listen(0, "127.0.0.1", () => process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }));
process.once("disconnect", () => process.exit(0));
