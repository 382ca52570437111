// Serves the built portal: the widget's files, the client assets, then Remix. Thin on purpose: what the portal does is in
// app/, which also runs as functions elsewhere.

import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import express from "express";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const port = Number(process.env.PORT ?? 3000);
const host = process.env.HOST ?? "0.0.0.0";

// The build reads the environment as it loads, and exits with a clear message when something is missing.
const build = await import("./build/server/index.js");

const app = express();
app.disable("x-powered-by");
app.set("query parser", "simple");
app.use(build.entry.module.watchRequests(build));

// The client's address for limits comes from the socket; one that a client claims is dropped.
app.use((request, _response, next) => {
  request.headers["x-client-address"] = request.socket.remoteAddress ?? "unknown";
  next();
});

// Fetch knows no TRACE or CONNECT, and Remix answers other unknown methods in its own words.
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
app.use((request, response, next) => {
  if (METHODS.includes(request.method)) return next();
  const problem = { type: "about:blank#method_not_allowed", title: "Method not allowed", status: 405, code: "method_not_allowed" };
  response.status(405).set("allow", METHODS.join(", ")).type("application/problem+json").send(JSON.stringify(problem));
});

// The widget runs on other people's pages, so its files may be read from anywhere.
const anywhere = (response) => {
  response.setHeader("access-control-allow-origin", "*");
  response.setHeader("cross-origin-resource-policy", "cross-origin");
  response.setHeader("x-content-type-options", "nosniff");
};
app.use(
  "/widget",
  express.static(at("../widget/dist/widget"), { immutable: true, maxAge: "1y", index: false, fallthrough: false, setHeaders: anywhere }),
);
app.get("/widget.js", (_request, response) => {
  anywhere(response);
  response.setHeader("cache-control", "public, max-age=300, stale-while-revalidate=86400");
  response.sendFile(at("../widget/dist/widget.js"), { cacheControl: false });
});
app.use("/assets", express.static(at("build/client/assets"), { immutable: true, maxAge: "1y", index: false, fallthrough: false }));
// The API has no files: a call of it never waits for the disk.
const files = express.static(at("build/client"), { maxAge: "1h", index: false });
app.use((request, response, next) => (/^\/(?:api|v1)\//.test(request.path) ? next() : files(request, response, next)));

// Pipedrive tells that an app was removed at the address that people come back to from signing in; pages answer no DELETE.
app.use((request, _response, next) => {
  if (request.method === "DELETE" && request.path === "/integrations/crm/callback")
    request.url = request.originalUrl = "/api/webhooks/pipedrive";
  next();
});
// Pages know people by cookies, so nothing another site's page sends may change anything. The guards ask the same again.
app.use((request, response, next) => {
  const headers = new Headers(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
  if (!build.entry.module.isCrossSitePage({ method: request.method, path: request.path, headers })) return next();
  response
    .status(403)
    .set({ "cache-control": "no-store", "x-content-type-options": "nosniff" })
    .type("text/plain")
    .send("Cross-site requests are refused.");
});
// use, not all("*"): a pattern would decode the path, and Express answers a broken escape (%e0) with a page of its own.
app.use(build.entry.module.nodeHandler(build, process.env.NODE_ENV ?? "production"));

// Slow clients: the whole head must arrive in 15 s, a body in five minutes (uploads); answers may stream for longer. Node looks
// every 30 s unless told otherwise.
const patience = { headersTimeout: 15_000, requestTimeout: 300_000, keepAliveTimeout: 65_000, connectionsCheckingInterval: 2_000 };
const server = createServer(patience, app).listen(port, host, () => process.send?.({ ready: true }));
server.on("error", (error) => {
  console.error(
    error.code === "EADDRINUSE" ? `Port ${port} is taken by another program. Set PORT to a free one, such as PORT=3100.` : error.message,
  );
  process.exit(1);
});

// A closing portal takes no new requests and lets running answers end, up to 20 seconds.
const close = () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
  setTimeout(() => process.exit(0), 20_000).unref();
};
process.once("SIGTERM", close);
process.once("SIGINT", close);
// The supervisor of the embedded mode is gone, however it went: follow it.
process.once("disconnect", close);
