import type { ServerResponse } from "node:http";
import type { Writable } from "node:stream";
import { correlation, requestIdFrom } from "@gpt-agent/core/correlation";
import { silentTelemetry, type Telemetry } from "@gpt-agent/core/telemetry";
import {
  createReadableStreamFromReadable,
  createRequestHandler,
  type RequestHandler,
  type ServerBuild,
  writeReadableStreamToWritable,
} from "@remix-run/node";
import type { NextFunction, Request as NodeRequest, Response as NodeResponse } from "express";
import { type EventFrames, framesOf, PING } from "./event-stream.ts";
import { remixPath, routeFinder } from "./metrics/route-pattern.ts";

/** A client that has taken nothing for this long while there was something to take is gone, in milliseconds. */
const STALLED_MS = 60_000;
/** So much of a body that nobody has read is taken off the wire after the answer; of more the connection is cut. */
const DROPPED_BYTES = 1024 * 1024;

/**
 * Remix behind Express. What the adapter of Remix does, and three things more: event streams are written straight to the socket
 * (a web stream in between costs more than all else that a token goes through), a client that does not read is not written
 * to, so that what waits for it never grows, and what an answer has left unread of a request does not stand in the next one's way.
 */
export function nodeHandler(build: ServerBuild, mode?: string, telemetry: Telemetry = silentTelemetry) {
  const handlerOf = requestHandlers(build, mode);
  const routeOf = routeFinder(build.routes);
  return async (request: NodeRequest, response: NodeResponse, next: NextFunction): Promise<void> => {
    try {
      const url = urlOf(request);
      const asked = toRequest(url, request, response);
      const { pattern, id } = routeOf(remixPath(url));
      const ids = correlation() ?? { requestId: requestIdFrom(null), trace: null, baggage: null };
      await telemetry.step({ name: `${request.method} ${pattern}`, op: "http.server" }, ids, async () => {
        await send(await handlerOf(pattern, id)(asked), request, response);
      });
    } catch (error) {
      next(error);
    }
  };
}

/**
 * Remix prepares all routes that it has anew for each request, which is a tenth of what a question costs. A call of the API is for one
 * route and has no layouts, so it is answered by a Remix that has this route alone, and those that answer what nothing else does.
 */
function requestHandlers(build: ServerBuild, mode?: string): (pattern: string, id: string | null) => RequestHandler {
  const whole = createRequestHandler(build, mode);
  const single = new Map<string, RequestHandler>();
  return (pattern, id) => {
    // What has no route of its own may be a name in other letters ("%61gents"), which Remix reads.
    if (id === null || !/^\/(?:api|v1)\/.*[^*]$/.test(pattern)) return whole;
    const known = single.get(id);
    if (known) return known;
    const needed = Object.values(build.routes).filter((route) => route?.path?.endsWith("*"));
    for (let route = build.routes[id]; route; route = build.routes[route.parentId ?? ""]) needed.push(route);
    const made = createRequestHandler({ ...build, routes: Object.fromEntries(needed.map((route) => [route!.id, route])) }, mode);
    single.set(id, made);
    return made;
  };
}

function urlOf(request: NodeRequest): URL {
  const [, port = ""] = /:(\d+)$/.exec(request.headers.host ?? "") ?? [];
  return new URL(`${request.protocol}://${request.hostname}${port && `:${port}`}${request.originalUrl}`);
}

function toRequest(url: URL, request: NodeRequest, response: NodeResponse): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) for (const one of [value ?? []].flat()) headers.append(name, one);
  const leave = new AbortController();
  response.once("close", () => leave.abort());
  const hasBody = request.method !== "GET" && request.method !== "HEAD";
  if (hasBody) response.once("finish", () => dropRest(request));
  return new Request(url, {
    method: request.method,
    headers,
    signal: leave.signal,
    ...(hasBody ? { body: createReadableStreamFromReadable(request), duplex: "half" } : {}),
  });
}

/**
 * Takes what is left of a body off the wire, once the request is answered. Node does it for bodies that nobody has begun to read; ours
 * are, as Remix's stream fills itself, and then the connection's next request, which a proxy may send for somebody else, would
 * wait behind the rest until the connection is given up.
 */
function dropRest(request: NodeRequest): void {
  if (request.complete) return;
  let dropped = 0;
  request.removeAllListeners("data");
  request.on("data", (chunk: Buffer) => {
    dropped += chunk.byteLength;
    if (dropped > DROPPED_BYTES) request.socket.destroy();
  });
  request.resume();
}

async function send(answer: Response, request: NodeRequest, response: NodeResponse): Promise<void> {
  response.statusMessage = answer.statusText;
  response.status(answer.status);
  // In place of what every answer has (edge.ts), not beside it.
  for (const name of new Set(answer.headers.keys()))
    response.setHeader(name, name === "set-cookie" ? answer.headers.getSetCookie() : (answer.headers.get(name) ?? ""));
  if (!answer.headers.has("cache-control")) response.setHeader("cache-control", "no-store");
  const events = framesOf(answer);
  if (!answer.body || request.method === "HEAD") response.end();
  else if (events) await writeFrames(events, response);
  else await writeReadableStreamToWritable(answer.body, response);
}

/** Writes frames as they come until they end, the client leaves, or it stalls. */
export async function writeFrames({ frames, signal, pingMs }: EventFrames, response: ServerResponse): Promise<void> {
  response.flushHeaders();
  const { write, to } = frameWriter(response);
  // What the signal says: to ask it costs half a microsecond, for every frame.
  let hasLeft = signal.aborted;
  signal.addEventListener("abort", () => {
    hasLeft = true;
  });
  // Two halves of silence rather than a timer that begins anew with every frame.
  let halves = 0;
  const heartbeat = setInterval(() => {
    if (++halves < 2 || to.writableNeedDrain) return;
    halves = 0;
    write(PING);
  }, pingMs / 2);
  try {
    await frames((frame) => {
      if (hasLeft) throw new Error("The client has left.");
      halves = 0;
      if (!write(frame)) return drained(response, to);
    });
    response.end();
  } catch (error) {
    response.destroy();
    if (!signal.aborted) throw error;
  } finally {
    clearInterval(heartbeat);
  }
}

/**
 * Puts a frame on the socket as one chunk of the body (RFC 9112, section 7.1) in one piece. response.write sends the chunk's length,
 * the frame and the ends of their lines one by one, which costs half as much again. It is used all the same where it has been
 * wrapped by somebody who wants to see or change what is written, and for clients that know no chunks.
 * @returns how to write, false when it is enough for now, and what tells when there is room again
 */
function frameWriter(response: ServerResponse): { write(frame: string): boolean; to: Writable } {
  const { socket } = response;
  if (!socket || !response.chunkedEncoding || Object.hasOwn(response, "write"))
    return { write: (frame) => response.write(frame), to: response };
  return { write: (frame) => socket.write(`${Buffer.byteLength(frame).toString(16)}\r\n${frame}\r\n`), to: socket };
}

/** Resolves when there is room for more of a response, or it will never take anything again. */
function drained(response: ServerResponse, to: Writable): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(stalled);
      to.off("drain", end);
      response.off("close", end);
      resolve();
    };
    const stalled = setTimeout(() => response.destroy(), STALLED_MS);
    to.once("drain", end);
    response.once("close", end);
    if (response.closed || response.destroyed) end();
  });
}
