import type { ServerResponse } from "node:http";
import { createReadableStreamFromReadable, createRequestHandler, type ServerBuild, writeReadableStreamToWritable } from "@remix-run/node";
import type { NextFunction, Request as NodeRequest, Response as NodeResponse } from "express";
import { type EventFrames, framesOf, PING } from "./event-stream.ts";

/** A client that has taken nothing for this long while there was something to take is gone, in milliseconds. */
const STALLED_MS = 60_000;

/**
 * Remix behind Express. What @remix-run/express does, and two things more: event streams are written straight to the socket
 * (a web stream in between costs more than all else that a token goes through), and a client that does not read is not written
 * to, so that what waits for it never grows.
 */
export function nodeHandler(build: ServerBuild, mode?: string) {
  const handle = createRequestHandler(build, mode);
  return async (request: NodeRequest, response: NodeResponse, next: NextFunction): Promise<void> => {
    try {
      await send(await handle(toRequest(request, response)), request, response);
    } catch (error) {
      next(error);
    }
  };
}

function toRequest(request: NodeRequest, response: NodeResponse): Request {
  const [, port = ""] = /:(\d+)$/.exec(request.headers.host ?? "") ?? [];
  const url = new URL(`${request.protocol}://${request.hostname}${port && `:${port}`}${request.originalUrl}`);
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) for (const one of [value ?? []].flat()) headers.append(name, one);
  const leave = new AbortController();
  response.once("close", () => leave.abort());
  const hasBody = request.method !== "GET" && request.method !== "HEAD";
  return new Request(url, {
    method: request.method,
    headers,
    signal: leave.signal,
    ...(hasBody ? { body: createReadableStreamFromReadable(request), duplex: "half" } : {}),
  });
}

async function send(answer: Response, request: NodeRequest, response: NodeResponse): Promise<void> {
  response.statusMessage = answer.statusText;
  response.status(answer.status);
  for (const [name, value] of answer.headers) response.append(name, value);
  const events = framesOf(answer);
  if (!answer.body || request.method === "HEAD") response.end();
  else if (events) await writeFrames(events, response);
  else await writeReadableStreamToWritable(answer.body, response);
}

/** Writes frames as they come until they end, the client leaves, or it stalls. */
export async function writeFrames({ frames, signal, pingMs }: EventFrames, response: ServerResponse): Promise<void> {
  response.flushHeaders();
  const heartbeat = setInterval(() => response.writableNeedDrain || response.write(PING), pingMs);
  try {
    for await (const frame of frames) {
      if (signal.aborted) break;
      if (!response.write(frame)) await drained(response);
      heartbeat.refresh();
    }
    response.end();
  } catch (error) {
    response.destroy();
    throw error;
  } finally {
    clearInterval(heartbeat);
  }
}

/** Resolves when a response can take more, or will never take anything again. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(stalled);
      response.off("drain", end).off("close", end);
      resolve();
    };
    const stalled = setTimeout(() => response.destroy(), STALLED_MS);
    response.once("drain", end).once("close", end);
    if (response.closed || response.destroyed) end();
  });
}
