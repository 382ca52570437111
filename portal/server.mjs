// Listens with the portal (handler.mjs) until it is told to stop. Thin on purpose: what the portal does is in app/, which also runs as
// functions elsewhere (vercel.mjs).
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { createPortal } from "./handler.mjs";
import { listen } from "./listen.mjs";

// V8 lets a heap that is mostly at rest grow by a tenth before it looks through all of it, which takes the event loop a fifth of a second in
// pieces, and everybody who asks in that time waits. With five hundred answers a heap that may grow by half is looked through every seven to
// nine seconds; so it may double.
setFlagsFromString("--heap-growing-percent=100");

const port = Number(process.env.PORT ?? 3000);
const host = process.env.HOST ?? "0.0.0.0";

// The build reads the environment as it loads, and exits with a clear message when something is missing.
const build = await import("./build/server/index.js");
const { drain, edge, closeTelemetry } = build.entry.module;

const server = createServer(edge.limits, createPortal(build));
server.maxHeadersCount = edge.maxHeaders;
server.on("clientError", edge.answerBroken);
server.on("error", (error) => {
  console.error(
    error.code === "EADDRINUSE" ? `Port ${port} is taken by another program. Set PORT to a free one, such as PORT=3100.` : error.message,
  );
  process.exit(1);
});
const door = listen(server, port, host);
door.listening.then(() => process.send?.({ ready: true }));

// A closing portal takes no new connections and lets what goes on end: answers (whether or not anybody reads them here) and their readers.
// What is left after DRAIN_SECONDS goes on elsewhere: readers of other portals' answers come back to another portal.
let closing = false;
const close = async () => {
  if (closing) return;
  closing = true;
  const closed = door.close();
  // A connection that is kept alive becomes idle when its request ends; nobody else would close it.
  setInterval(() => server.closeIdleConnections(), 100).unref();
  await Promise.race([Promise.all([closed, drain.whenIdle()]), sleep(drain.seconds * 1000)]);
  await closeTelemetry();
  process.exit(0);
};
process.once("SIGTERM", close);
process.once("SIGINT", close);
// The supervisor of the embedded mode is gone, however it went: follow it.
process.once("disconnect", close);
