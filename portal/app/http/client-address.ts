import { isIP } from "node:net";
import { isWithin } from "@gpt-agent/core/public-address";

/** server.mjs sets it from the socket and strips any that a client sends. */
export const SOCKET_ADDRESS_HEADER = "x-client-address";

/** Who in front of us is believed: so many proxies, or those at these addresses and ranges. */
export type TrustedProxies = number | string[];

/**
 * The address a request came from, for limits. X-Forwarded-For is believed as far as trusted proxies have written it: its last entries;
 * anything further left was written by whoever called (T32). X-Forwarded-Proto and X-Forwarded-Host are believed of nobody: the portal's own
 * address is APP_URL.
 */
export function clientAddress(request: Request, trusted: TrustedProxies): string {
  const socket = request.headers.get(SOCKET_ADDRESS_HEADER)?.trim() || "unknown";
  if (trusted === 0) return socket;
  const hops = (request.headers.get("x-forwarded-for") ?? "").split(",").map((hop) => hop.trim());
  if (typeof trusted === "number") return addressOf(hops.at(-trusted), socket);
  // From the nearest outwards, for as long as the one that tells is known; the first that is not is the client.
  let client = socket;
  while (trusted.some((range) => isWithin(client, range))) {
    const next = hops.pop();
    if (!next || !isIP(next)) break;
    client = next;
  }
  return client;
}

const addressOf = (hop: string | undefined, otherwise: string) => (hop && isIP(hop) ? hop : otherwise);
