import { retryAfterSeconds } from "../retry-after.ts";
import { EgressError, type SafeFetch } from "../safe-fetch.ts";
import type { Crm, CrmAnswer, CrmCall, CrmGrant, CrmHttp, CrmRequest } from "./crm.ts";
import { CrmError, errorOfStatus } from "./crm-error.ts";

/** For one request, in milliseconds. */
const TIMEOUT_MS = 20_000;
/** What is read of an answer, in bytes: a page of 200 wide contacts is about a megabyte. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

type Sent = Omit<CrmRequest, "path" | "cost"> & { url: string };

/**
 * HTTP to a CRM through the one safe way out: JSON or a form out, JSON in, no redirects.
 * @param readError what the CRM says beyond the status
 * @throws (the returned function) CrmError for everything that is not a 2xx; the signal's reason when aborted
 */
export function crmHttp(
  egress: SafeFetch,
  options: { signal: AbortSignal; readError?: ((answer: CrmAnswer) => CrmError | null) | undefined },
): CrmHttp {
  return async (request) => {
    const answer = await send(egress, request, options.signal);
    const said = options.readError?.(answer);
    if (said) throw said;
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw errorOfStatus(answer, retryAfterMs(answer.headers["retry-after"]));
  };
}

async function send(egress: SafeFetch, request: Sent, signal: AbortSignal): Promise<CrmAnswer> {
  const url = new URL(request.url);
  for (const [name, value] of Object.entries(request.query ?? {})) if (value !== undefined) url.searchParams.set(name, String(value));
  const headers: Record<string, string> = { accept: "application/json", ...request.headers };
  let body: string | undefined;
  if (request.json !== undefined) {
    headers["content-type"] = "application/json";
    body = JSON.stringify(request.json);
  } else if (request.form) {
    headers["content-type"] = "application/x-www-form-urlencoded";
    body = new URLSearchParams(request.form).toString();
  }
  try {
    const {
      status,
      headers: received,
      body: bytes,
      truncated,
    } = await egress(url.href, {
      method: request.method,
      headers,
      ...(body === undefined ? {} : { body }),
      redirects: 0,
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_ANSWER_BYTES,
      signal,
    });
    if (truncated) throw new CrmError("malformed", "The CRM's answer is too long");
    return { status, headers: received, body: readJson(bytes, status), origin: url.origin };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (!(error instanceof EgressError)) throw error;
    const refused = error.code === "bad_url" || error.code === "address_refused" || error.code === "bad_header";
    throw new CrmError(refused ? "invalid" : "unavailable", error.message, { cause: error, detail: error.message });
  }
}

/** @throws CrmError("malformed") for a success that is no JSON; an error may be a web page */
function readJson(bytes: Buffer, status: number): unknown {
  if (bytes.length === 0) return null;
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch (cause) {
    if (status >= 200 && status < 300) throw new CrmError("malformed", "The CRM's answer is not JSON", { cause });
    return null;
  }
}

/** At once, after a refusal, is in a second; and nobody is waited for longer than a day. */
function retryAfterMs(header: string | undefined): number | null {
  const seconds = retryAfterSeconds(header);
  return seconds === undefined ? null : Math.min(Math.max(seconds, 1), 86_400) * 1_000;
}

/** What a call needs of the connection it speaks for. */
export type CallOptions = {
  signal: AbortSignal;
  /** The grant at hand, refreshed before when it is about to run out. */
  grant(): Promise<CrmGrant>;
  /** Another grant in place of one that was refused. @throws CrmError("unauthorized") when there is none */
  renew(refused: CrmGrant): Promise<CrmGrant>;
  /** Waits until the account's limits let a request through. @throws CrmError("rate_limited") when that is too far off */
  admit(cost: Record<string, number>): Promise<void>;
  /** Told of a 429: nobody of us calls this account before that long, in milliseconds. */
  slowDown(forMs: number): Promise<void>;
};

/** What a 429 without Retry-After is taken for, in milliseconds. */
const DEFAULT_PAUSE_MS = 10_000;

/** The way to one account (see CrmCall). A request that is refused for its token is sent once more with a renewed one. */
export function crmCall(crm: Crm, egress: SafeFetch, options: CallOptions): CrmCall {
  const http = crmHttp(egress, { signal: options.signal, readError: crm.readError?.bind(crm) });
  const once = async (request: CrmRequest, grant: CrmGrant): Promise<CrmAnswer> => {
    await options.admit(request.cost ?? { requests: 1 });
    const { baseUrl, headers, json } = crm.sign(grant);
    const { path, cost: _, ...rest } = request;
    if (json) rest.json = { ...(rest.json as object | undefined), ...json };
    try {
      return await http({ ...rest, url: baseUrl + path, headers: { ...headers, ...request.headers } });
    } catch (error) {
      if (error instanceof CrmError && error.code === "rate_limited") await options.slowDown(error.retryAfterMs ?? DEFAULT_PAUSE_MS);
      throw error;
    }
  };
  return async (request) => {
    const grant = await options.grant();
    try {
      return await once(request, grant);
    } catch (error) {
      if (!(error instanceof CrmError) || error.code !== "unauthorized" || grant.kind === "token") throw error;
      return once(request, await options.renew(grant));
    }
  };
}
