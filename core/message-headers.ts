import type { IncomingMessage } from "node:http";

/** The headers of an answer that Node's client brought, as the fetch standard has them; of those that came several times, each. */
export function messageHeaders(message: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, values] of Object.entries(message.headersDistinct)) for (const value of values ?? []) headers.append(name, value);
  return headers;
}
