// What holds for every answer of the portal, whoever gives it: files, pages, the API, refusals and answers to requests that are none.
import type { Socket } from "node:net";
import { requestIdFrom } from "@gpt-agent/core/correlation";
import type { Log } from "@gpt-agent/core/log";
import type { ErrorRequestHandler, NextFunction, Request as NodeRequest, Response as NodeResponse } from "express";
import { securityHeaders } from "./security-headers.ts";

/**
 * For node:http's createServer. A request line with its headers has 16 KiB and 100 headers; it must be whole after 15 s, with its body after
 * five minutes (uploads). Answers may stream for longer. Node looks every 2 s.
 */
export const SERVER_LIMITS = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 15_000,
  requestTimeout: 300_000,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 2_000,
} as const;
export const MAX_HEADERS = 100;

/** What Node answers itself, before there is a request: 400, 408 or 431. */
const BROKEN: Record<string, string> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};

/** Puts the headers of every answer in place; what answers may say more, and pages say their own policy. */
export function guardAnswers(https: boolean) {
  const headers = Object.entries(securityHeaders({ https }));
  return (_request: NodeRequest, response: NodeResponse, next: NextFunction): void => {
    for (const [name, value] of headers) response.setHeader(name, value);
    next();
  };
}

/** The last of Express's handlers: what went wrong on the way is answered in few words, never with a stack. */
export function answerFailures(log: Log): ErrorRequestHandler {
  return (error: { status?: number; statusCode?: number }, _request, response, _next) => {
    const status = error.status ?? error.statusCode ?? (error instanceof URIError ? 400 : 500);
    if (status >= 500) log.error("A request broke", { error });
    if (response.headersSent) return void response.destroy();
    const words = status === 404 ? "Not found" : status < 500 ? "Bad request" : "Something went wrong on our side.";
    response.status(status).setHeader("cache-control", "no-store");
    response.type("text/plain").send(words);
  };
}

/** For the server's event clientError: what is no request gets an answer like all others, and the connection ends. */
export function answerBroken(https: boolean) {
  const headers = { ...securityHeaders({ https }), "Cache-Control": "no-store", "Content-Length": "0", Connection: "close" };
  return (error: NodeJS.ErrnoException, socket: Socket): void => {
    if (error.code === "ECONNRESET" || !socket.writable) return void socket.destroy();
    const lines = Object.entries({ ...headers, "X-Request-Id": requestIdFrom(null) }).map(([name, value]) => `${name}: ${value}`);
    socket.end(`HTTP/1.1 ${BROKEN[error.code ?? ""] ?? "400 Bad Request"}\r\n${lines.join("\r\n")}\r\n\r\n`);
  };
}
