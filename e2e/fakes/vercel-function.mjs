// A function of a Vercel deployment in a process of its own, as Vercel's launcher runs it: the handler gets each request over HTTP, and
// the process is frozen for good when no request is being answered and nothing that was given to waitUntil is left.
import { AsyncLocalStorage } from "node:async_hooks";
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

const context = new AsyncLocalStorage();
globalThis[Symbol.for("@vercel/request-context")] = { get: () => context.getStore() };

const { default: handle } = await import(pathToFileURL(process.argv[2]).href);
const awake = new Set();
const waitUntil = (promise) => {
  const held = Promise.resolve(promise).finally(() => awake.delete(held));
  awake.add(held);
};

const server = createServer((request, response) => context.run({ waitUntil }, () => handle(request, response)));
server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));

process.on("message", async () => {
  await new Promise((done) => {
    server.close(done);
    server.closeIdleConnections();
  });
  while (awake.size > 0) await Promise.allSettled([...awake]);
  process.exit(0);
});
process.once("disconnect", () => process.exit(0));
