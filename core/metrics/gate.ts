import { sameSecret } from "../same-secret.ts";

export type Asker = {
  /** The Authorization header. */
  authorization: string | null;
  /** The address that the socket came from. */
  address: string;
  /** The Host header. */
  host: string | null;
  /** Whether a header says that somebody else passed the request on. */
  forwarded: boolean;
};

/** Headers by which proxies tell that they are some. */
export const FORWARDING_HEADERS = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via", "cf-connecting-ip"] as const;

const isLoopbackHost = (host: string) => /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i.test(host);
const isLoopbackAddress = (address: string) => address === "::1" || /^(::ffff:)?127(\.\d{1,3}){3}$/i.test(address);

/**
 * Who may read the metrics: whoever has the token; without one, programs on the same machine, and those only while the platform itself
 * is on loopback. Behind a public address a request from loopback may be a proxy's, made for anybody: then a token is needed.
 * @returns what to answer: "open"; "unauthorized" where a token would help (401); "hidden" as if there were nothing (404)
 */
export function metricsGate({ token, appUrl }: { token?: string | undefined; appUrl: string }) {
  const expected = token ? `Bearer ${token}` : null;
  const isLocal = isLoopbackHost(new URL(appUrl).host);
  return ({ authorization, address, host, forwarded }: Asker): "open" | "unauthorized" | "hidden" => {
    if (expected) return sameSecret(authorization, expected) ? "open" : "unauthorized";
    // A page that had its name point at 127.0.0.1 (DNS rebinding) comes with that name.
    return isLocal && !forwarded && isLoopbackAddress(address) && host !== null && isLoopbackHost(host) ? "open" : "hidden";
  };
}
export type MetricsGate = ReturnType<typeof metricsGate>;
