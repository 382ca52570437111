import type { Metrics } from "@gpt-agent/core/metrics/metrics";
import type { ServerBuild } from "@remix-run/node";
import type { NextFunction, Request, Response } from "express";
import { remixPath, routeFinder } from "./route-pattern.ts";

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
/** nginx's number for a client that left before there was an answer. */
const LEFT = "499";

/**
 * Express middleware that counts requests and times answers, by the pattern of their route. An event stream is timed until it begins, and
 * is open until it ends; nothing is done for its events.
 */
export function requestMetrics(metrics: Metrics<"portal">, build: Pick<ServerBuild, "routes">) {
  const routeOf = routeFinder(build.routes);
  return (request: Request, response: Response, next: NextFunction): void => {
    const began = performance.now();
    const { pattern: route } = routeOf(remixPath(new URL(`http://portal${request.originalUrl}`)));
    let isStream = false;
    const timed = () => metrics.observe("gap_http_request_duration_seconds", { route }, (performance.now() - began) / 1_000);
    const { writeHead } = response;
    // As the package on-headers does: whatever sends the head comes through here.
    response.writeHead = ((...args: Parameters<typeof writeHead>) => {
      response.writeHead = writeHead;
      const sent = writeHead.apply(response, args);
      isStream = String(response.getHeader("content-type") ?? "").startsWith("text/event-stream") && request.method !== "HEAD";
      if (isStream) {
        timed();
        metrics.add("gap_streams_open", {}, 1);
      }
      return sent;
    }) as typeof writeHead;
    response.once("close", () => {
      if (isStream) metrics.add("gap_streams_open", {}, -1);
      else timed();
      const method = METHODS.has(request.method) ? request.method : "other";
      metrics.count("gap_http_requests_total", { method, route, code: response.headersSent ? String(response.statusCode) : LEFT });
    });
    next();
  };
}
