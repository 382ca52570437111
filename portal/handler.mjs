// The portal as a handler of requests: the widget's files, the client assets, then Remix. server.mjs listens with it, vercel.mjs is
// called with it.
import { fileURLToPath } from "node:url";
import express from "express";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

// Fetch knows no TRACE or CONNECT, and Remix answers other unknown methods in its own words.
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** The widget runs on other people's pages, so its files may be read from anywhere. */
export const FROM_ANYWHERE = {
  "access-control-allow-origin": "*",
  "cross-origin-resource-policy": "cross-origin",
  "x-content-type-options": "nosniff",
};
/** widget.js and chat.js keep their names from one release to the next; everything else carries a digest of itself in its name. */
export const LOADER_CACHING = "public, max-age=300, stale-while-revalidate=86400";

/**
 * The portal behind Node's `(request, response)`.
 * @param {import("@remix-run/node").ServerBuild} build what `remix vite:build` made of app/
 * @returns {import("express").Express}
 */
export function createPortal(build) {
  const app = express();
  app.disable("x-powered-by");
  app.set("query parser", "simple");
  app.use(build.entry.module.watchRequests(build));
  const { edge, nameRequests } = build.entry.module;
  app.use(nameRequests);
  app.use(edge.guardAnswers);

  // The client's address for limits comes from the socket; one that a client claims is dropped.
  app.use((request, _response, next) => {
    request.headers["x-client-address"] = request.socket.remoteAddress ?? "unknown";
    next();
  });

  app.use((request, response, next) => {
    if (METHODS.includes(request.method)) return next();
    const problem = { type: "about:blank#method_not_allowed", title: "Method not allowed", status: 405, code: "method_not_allowed" };
    response.status(405).set({ allow: METHODS.join(", "), "cache-control": "no-store" });
    response.type("application/problem+json").send(JSON.stringify(problem));
  });

  // Maps of the source are nobody's, should one ever be left in a folder.
  app.use((request, _response, next) =>
    request.path.endsWith(".map") ? next(Object.assign(new Error("no maps"), { status: 404 })) : next(),
  );

  const anywhere = (response, path = "") => {
    for (const [name, value] of Object.entries(FROM_ANYWHERE)) response.setHeader(name, value);
    if (/(^|[\\/])(widget|chat)\.js$/.test(path)) response.setHeader("cache-control", LOADER_CACHING);
  };
  app.use(
    "/widget",
    express.static(at("../widget/dist/widget"), { immutable: true, maxAge: "1y", index: false, fallthrough: false, setHeaders: anywhere }),
  );
  app.get("/widget.js", (_request, response) => {
    anywhere(response, "widget.js");
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
  app.use(edge.answerFailures);
  return app;
}
