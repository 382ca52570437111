import { correlate, correlation, requestIdFrom, traceFrom } from "@gpt-agent/core/correlation";
import type { Log } from "@gpt-agent/core/log";
import type { NextFunction, Request as NodeRequest, Response as NodeResponse } from "express";

export const REQUEST_ID_HEADER = "x-request-id";

/** What is served from the disk: told of at the level debug. */
const FILES = /^\/(assets|widget|widget\.js|favicon|fonts)\b/;

const API = /^\/(api|v1)\//;

/**
 * For server.mjs, before all else: the request gets its id (a caller may bring one, if it is a UUID), every answer names it, whatever
 * is done for it is known by it (core/correlation.ts), and the log has a line when it has been answered.
 */
export function nameRequests(log: Log) {
  return (request: NodeRequest, response: NodeResponse, next: NextFunction): void => {
    const brought = request.headers[REQUEST_ID_HEADER];
    const requestId = requestIdFrom(brought);
    request.headers[REQUEST_ID_HEADER] = requestId;
    response.setHeader(REQUEST_ID_HEADER, requestId);
    const started = performance.now();
    const { method, path } = request;
    response.once("close", () => {
      const ms = Math.round(performance.now() - started);
      const whole = response.writableFinished;
      log[FILES.test(path) ? "debug" : "info"]("A request was answered", {
        requestId,
        method,
        path,
        status: response.statusCode,
        ms,
        whole,
      });
    });
    // A trace goes on from our own pages; what others send would be theirs to steer.
    const ours = request.headers["sec-fetch-site"] === "same-origin" && !API.test(path);
    const from = ours ? traceFrom(request.headers["sentry-trace"], request.headers.baggage) : { trace: null, baggage: null };
    correlate({ requestId, own: requestId !== brought, ...from }, next);
  };
}

/** The id of a request, also where no server of ours stands in front (as functions elsewhere). */
export const requestIdOf = (request: Request): string => correlation()?.requestId ?? requestIdFrom(request.headers.get(REQUEST_ID_HEADER));
