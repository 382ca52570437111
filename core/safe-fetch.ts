import { lookup as systemLookup } from "node:dns";
import { request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import type { Readable } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { isPublicAddress } from "./public-address.ts";

export type EgressErrorCode =
  /** Not an http(s) URL we would dial: scheme, userinfo, port, a header that is ours to set. */
  | "bad_url"
  | "bad_header"
  /** The host is, or resolves to, an address that is not public. */
  | "address_refused"
  | "unreachable"
  | "timeout"
  | "too_many_redirects"
  | "unreadable";

/** Why a call to an address that a user gave was not made or failed. The message is for that user and names no address of ours. */
export class EgressError extends Error {
  override name = "EgressError";
  readonly code: EgressErrorCode;
  constructor(code: EgressErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}

export type SafeRequest = {
  method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  headers?: Record<string, string>;
  /** Names of headers that never follow a redirect to another origin; authorization and API key headers never do anyway. */
  secretHeaders?: string[];
  body?: string | Uint8Array;
  /** May plain http be spoken? Never from https by a redirect, whatever this says. */
  allowHttp?: boolean;
  /** Hops to follow, at most 5. With 0 the 3xx itself is the answer. */
  redirects?: number;
  /** For everything together: names, connections, redirects, the whole body. Milliseconds. */
  timeoutMs?: number;
  /** What is kept of the body, counted after decompression. The rest is not read. */
  maxBytes?: number;
  signal?: AbortSignal;
};

export type SafeResponse = {
  status: number;
  /** Lower-case names; several of one name are joined by ", ". No cookie among them. */
  headers: Record<string, string>;
  body: Buffer;
  /** Was the body longer than maxBytes? */
  truncated: boolean;
  /** Where the answer came from, after redirects. */
  url: string;
};

/** @throws EgressError; the signal's reason when aborted */
export type SafeFetch = (url: string, request?: SafeRequest) => Promise<SafeResponse>;

export type EgressOptions = {
  /** Exact origins ("http://erp.internal:8080") that the operator vouches for: no rule about scheme, port or address applies. */
  allow?: string[];
  /** Says honestly who calls. */
  userAgent?: string;
  /** Ports of public hosts that may be dialled. */
  ports?: number[];
  /** Resolves names; the system's resolver unless a test brings its own. */
  lookup?: typeof systemLookup;
};

const PORTS = [80, 443, 8080, 8443];
const MAX_HOPS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** Set by us or meaningful to the connection alone (RFC 9110 §7.6.1); cookies belong to browsers. */
const OURS = /^(host|content-length|connection|keep-alive|transfer-encoding|te|trailer|upgrade|expect|cookie|accept-encoding|proxy-.*)$/i;
const SECRET = /^(authorization|x-api-key|api-key)$|token|secret/i;
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;
/** Visible ASCII and spaces: what every server understands (RFC 9110 §5.5). */
const HEADER_VALUE = /^[\t\x20-\x7e]*$/;

type Hop = { url: URL; method: string; headers: Record<string, string>; body?: string | Uint8Array };

/**
 * The one way out to addresses that users give (actions, crawled pages, webhooks, CRMs). One parser for check and dial
 * (WHATWG URL); http(s) without userinfo on well-known ports; addresses are checked in the socket's own lookup, on every dial, so a
 * name cannot change its mind in between, and one private address among public ones refuses them all; redirects are followed by
 * hand and checked like the first address; no cookies, no proxy, no keep-alive shared between tenants.
 */
export function createSafeFetch(options: EgressOptions = {}): SafeFetch {
  const allowed = new Set((options.allow ?? []).map((origin) => new URL(origin).origin));
  const ports = new Set(options.ports ?? PORTS);
  const userAgent = options.userAgent ?? "GPT-Agent-Platform/0.1";
  const lookup = options.lookup ?? systemLookup;
  const guarded = guardedLookup(lookup);

  function check(url: URL, allowHttp: boolean): void {
    if (url.protocol !== "https:" && url.protocol !== "http:") throw new EgressError("bad_url", "Only https addresses can be called.");
    if (url.username || url.password) throw new EgressError("bad_url", "The address must not hold a user name or password.");
    if (allowed.has(url.origin)) return;
    if (url.protocol === "http:" && !allowHttp) throw new EgressError("bad_url", "Only https addresses can be called.");
    if (!ports.has(Number(url.port || (url.protocol === "https:" ? 443 : 80)))) {
      throw new EgressError("bad_url", `Only the ports ${[...ports].join(", ")} can be called.`);
    }
    // The socket asks lookup for names only, so addresses are looked at here.
    const host = url.hostname.replace(/^\[|\]$/g, "");
    if (isIP(host) && !isPublicAddress(host)) throw refused();
  }

  return async (address, request = {}) => {
    const { allowHttp = false, timeoutMs = 10_000, maxBytes = 1_000_000 } = request;
    const hops = Math.min(request.redirects ?? 0, MAX_HOPS);
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(new EgressError("timeout", "The address did not answer in time.")), timeoutMs);
    const stop = () => deadline.abort(request.signal?.reason);
    if (request.signal?.aborted) stop();
    request.signal?.addEventListener("abort", stop, { once: true });
    try {
      let hop: Hop = { url: parse(address), method: request.method ?? "GET", headers: checkedHeaders(request.headers), body: request.body };
      hop.headers["user-agent"] = userAgent;
      for (let followed = 0; ; followed++) {
        check(hop.url, allowHttp);
        deadline.signal.throwIfAborted();
        const response = await dial(hop, allowed.has(hop.url.origin) ? (lookup as LookupFunction) : guarded, deadline.signal);
        const location = REDIRECTS.has(response.statusCode!) && response.headers.location;
        if (!location || hops === 0) return await read(response, hop.url, maxBytes, deadline.signal);
        response.destroy();
        if (followed >= hops) throw new EgressError("too_many_redirects", "The address redirects too often.");
        hop = redirected(hop, response.statusCode!, parse(location, hop.url), request.secretHeaders ?? []);
      }
    } catch (error) {
      if (deadline.signal.aborted) throw deadline.signal.reason;
      throw error instanceof EgressError ? error : asEgressError(error);
    } finally {
      clearTimeout(timer);
      request.signal?.removeEventListener("abort", stop);
    }
  };
}

const refused = () => new EgressError("address_refused", "The address does not lead to the public internet.");

function parse(address: string, base?: URL): URL {
  try {
    return new URL(address, base);
  } catch (cause) {
    throw new EgressError("bad_url", "This is not a web address.", { cause });
  }
}

function checkedHeaders(headers: Record<string, string> = {}): Record<string, string> {
  const checked: Record<string, string> = { "accept-encoding": "gzip, deflate, br" };
  for (const [name, value] of Object.entries(headers)) {
    if (!HEADER_NAME.test(name) || OURS.test(name)) throw new EgressError("bad_header", `The header "${name}" cannot be set.`);
    if (!HEADER_VALUE.test(value)) throw new EgressError("bad_header", `The header "${name}" must hold visible ASCII characters only.`);
    checked[name.toLowerCase()] = value;
  }
  return checked;
}

/** A resolver that answers only when every address of the name is public. */
function guardedLookup(lookup: typeof systemLookup): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, "", 0);
      if (addresses.length === 0 || !addresses.every(({ address }) => isPublicAddress(address))) return callback(refused(), "", 0);
      if (options.all) callback(null, addresses);
      else callback(null, addresses[0]!.address, addresses[0]!.family);
    });
  };
}

function dial(hop: Hop, lookup: LookupFunction, signal: AbortSignal): Promise<IncomingMessage> {
  const length = hop.body === undefined ? {} : { "content-length": String(Buffer.byteLength(hop.body)) };
  const options: RequestOptions = { method: hop.method, headers: { ...hop.headers, ...length }, agent: false, lookup, signal };
  return new Promise((resolve, reject) => {
    const request = (hop.url.protocol === "https:" ? httpsRequest : httpRequest)(hop.url, options, resolve);
    request.on("error", reject);
    request.end(hop.body);
  });
}

/** The next hop, as browsers do it: 303, and 301 or 302 after a POST, become GET; secrets stay with their origin. */
function redirected(hop: Hop, status: number, url: URL, secretHeaders: string[]): Hop {
  if (hop.url.protocol === "https:" && url.protocol !== "https:")
    throw new EgressError("bad_url", "The address redirects away from https.");
  const toGet = status === 303 ? hop.method !== "HEAD" : status < 303 && hop.method === "POST";
  const secrets = new Set(secretHeaders.map((name) => name.toLowerCase()));
  const leaves = url.origin !== hop.url.origin;
  const kept = Object.entries(hop.headers).filter(
    ([name]) => !(leaves && (secrets.has(name) || SECRET.test(name))) && !(toGet && name.startsWith("content-")),
  );
  return { url, method: toGet ? "GET" : hop.method, headers: Object.fromEntries(kept), body: toGet ? undefined : hop.body };
}

const DECODERS: Record<string, () => NodeJS.ReadWriteStream & Readable> = {
  gzip: createGunzip,
  "x-gzip": createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/** The body up to `maxBytes` after decompression; a bomb is cut where it has unpacked that far. */
async function read(response: IncomingMessage, url: URL, maxBytes: number, signal: AbortSignal): Promise<SafeResponse> {
  const encoding = (response.headers["content-encoding"] ?? "").trim().toLowerCase();
  const decoder = DECODERS[encoding]?.();
  if (!decoder && encoding && encoding !== "identity") {
    response.destroy();
    throw new EgressError("unreadable", "The answer is compressed in a way we do not read.");
  }
  const stream: Readable = decoder ? response.on("error", (error) => decoder.destroy(error)).pipe(decoder) : response;
  const stop = () => stream.destroy(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > maxBytes) break;
    }
  } catch (cause) {
    throw decoder && (cause as NodeJS.ErrnoException).code?.startsWith("Z_")
      ? new EgressError("unreadable", "The answer is compressed wrongly.", { cause })
      : cause;
  } finally {
    signal.removeEventListener("abort", stop);
    stream.destroy();
    response.destroy();
  }
  const headers = Object.entries(response.headers).flatMap(([name, value]) =>
    value === undefined || name === "set-cookie" ? [] : [[name, Array.isArray(value) ? value.join(", ") : value]],
  );
  return {
    status: response.statusCode!,
    headers: Object.fromEntries(headers),
    body: Buffer.concat(chunks).subarray(0, maxBytes),
    truncated: bytes > maxBytes,
    url: url.href,
  };
}

const TLS_TROUBLE = /^(CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|EPROTO)/;

function asEgressError(cause: unknown): EgressError {
  const code = (cause as NodeJS.ErrnoException).code ?? "";
  if (TLS_TROUBLE.test(code)) return new EgressError("unreachable", "The address has no valid certificate.", { cause });
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return new EgressError("unreachable", "There is no such host.", { cause });
  if (code.startsWith("HPE_")) return new EgressError("unreadable", "The address answered something that is not HTTP.", { cause });
  return new EgressError("unreachable", "The address cannot be reached.", { cause });
}
