import { Agent, type IncomingMessage, request as overTcp } from "node:http";
import { request as overTls, Agent as TlsAgent } from "node:https";
import type { OnReadOpts } from "node:net";
import { text } from "node:stream/consumers";
import { messageResponse } from "../message-response.ts";

/** Answers whose body is read from Node's own stream. */
const bodies = new WeakMap<Response, IncomingMessage>();

/** What all sockets read into, one after the other: the HTTP parser copies what it takes of it before the next of them reads. */
const READ = Buffer.allocUnsafeSlow(64 * 1024);

/**
 * Has an agent's sockets hand their bytes to the HTTP client as they are read (`onread`, https://nodejs.org/api/net.html#new-netsocketoptions).
 * Otherwise each piece of an answer gets 64 KB, which are then cut to its size, and goes through a stream that looks whether to ask for more.
 */
function readingDirectly<A extends Agent>(agent: A): A {
  const { createConnection } = agent;
  agent.createConnection = (options, callback) => {
    const hand = (length: number) => {
      socket?.emit("data", READ.subarray(0, length));
      return true;
    };
    const direct: typeof options & { onread: OnReadOpts } = { ...options, onread: { buffer: READ, callback: hand } };
    const socket = createConnection.call(agent, direct, callback);
    return socket;
  };
  return agent;
}

const agents = {
  "http:": readingDirectly(new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })),
  "https:": readingDirectly(new TlsAgent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })),
};

/** The text of an error is read up to here, in bytes. */
const MAX_ERROR_BYTES = 64 * 1024;

/** Reads the body of an answer that is no stream of ours. */
async function whole(message: IncomingMessage): Promise<string> {
  let size = 0;
  message.on("data", (bytes: Buffer) => {
    size += bytes.length;
    if (size > MAX_ERROR_BYTES) message.destroy();
  });
  return text(message).catch(() => "");
}

/**
 * A fetch for the SDK, over Node's HTTP client. Reading an answer token by token through the web streams of the built-in fetch
 * takes twice the CPU time of all else that the portal does with it (docs/SCALING.md). Follows no redirect, so the key that a
 * request carries goes nowhere else. The body of a 200 is had from `bodyOf`.
 */
export const providerFetch = (async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
  const url = new URL(input instanceof Request ? input.url : input);
  const secure = url.protocol === "https:";
  const message = await new Promise<IncomingMessage>((resolve, reject) => {
    const call = (secure ? overTls : overTcp)(
      url,
      {
        method: init.method ?? "GET",
        headers: { ...Object.fromEntries(new Headers(init.headers)), "accept-encoding": "identity" },
        agent: agents[secure ? "https:" : "http:"],
        ...(init.signal ? { signal: init.signal } : {}),
      },
      resolve,
    );
    call.on("error", reject);
    call.end(init.body);
  });
  if (message.statusCode !== 200) return messageResponse(message, await whole(message));
  const response = messageResponse(message, null);
  bodies.set(response, message);
  return response;
}) as typeof fetch;

/** The body of an answer that providerFetch brought. @throws TypeError for any other */
export function bodyOf(response: Response): IncomingMessage {
  const body = bodies.get(response);
  if (!body) throw new TypeError("This answer has no body to be read.");
  return body;
}
