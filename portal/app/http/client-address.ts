import { isIP } from "node:net";

/** server.mjs sets it from the socket and strips any that a client sends. */
export const SOCKET_ADDRESS_HEADER = "x-client-address";

/**
 * The address a request came from, for limits. X-Forwarded-For is believed only for as many hops as there are trusted
 * proxies in front of us: its last entries were written by them, anything further left by whoever called (T32).
 */
export function clientAddress(request: Request, trustedProxies: number): string {
  const socket = request.headers.get(SOCKET_ADDRESS_HEADER)?.trim() || "unknown";
  if (trustedProxies === 0) return socket;
  const hops = (request.headers.get("x-forwarded-for") ?? "").split(",").map((hop) => hop.trim());
  const forwarded = hops.at(-trustedProxies) ?? "";
  return isIP(forwarded) ? forwarded : socket;
}
