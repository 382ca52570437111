import { randomBytes } from "node:crypto";
import { PassThrough } from "node:stream";
import type { ActionFunctionArgs, EntryContext, LoaderFunctionArgs, ServerBuild } from "@remix-run/node";
import { createReadableStreamFromReadable } from "@remix-run/node";
import { RemixServer } from "@remix-run/react";
import { isbot } from "isbot";
import { renderToPipeableStream } from "react-dom/server";
import { AnswerContext } from "~/components/answer-context";
import { NonceContext } from "~/components/nonce";
import { analyticsOf } from "~/http/analytics";
import { answerBroken, answerFailures, guardAnswers, MAX_HEADERS, SERVER_LIMITS } from "~/http/edge";
import { requestMetrics } from "~/http/metrics/request-metrics";
import { nodeHandler as nodeHandlerWith } from "~/http/node-handler";
import { nameRequests as nameRequestsWith, requestIdOf } from "~/http/request-id";
import { isCrossSite } from "~/http/same-origin";
import { securityHeaders } from "~/http/security-headers";
import { handOverCookies } from "~/http/session.server";
import { admission, env, log, metrics, runLog, telemetry } from "~/services.server";
import { pageReports } from "~/telemetry.server";

const https = env.APP_URL.startsWith("https:");
const connect = analyticsOf(env)?.origin ?? undefined;

/** For server.mjs, which asks before Remix does: whether another site's page sent a request to a page of ours (T30). */
export const isCrossSitePage = (request: { method: string; path: string; headers: Headers }): boolean =>
  !/^\/(api\/v1|v1|api\/webhooks)\//.test(request.path) && isCrossSite(request);

/** For server.mjs, before all else. */
export const nameRequests = nameRequestsWith(log);

/** For server.mjs: Remix as a handler of Express. */
export const nodeHandler = (build: ServerBuild, mode?: string) => nodeHandlerWith(build, mode, telemetry);

/** For server.mjs: what holds for every answer. */
export const edge = {
  limits: SERVER_LIMITS,
  maxHeaders: MAX_HEADERS,
  guardAnswers: guardAnswers(https),
  answerFailures: answerFailures(log),
  answerBroken: answerBroken(https),
};

/** For server.mjs: what is told as the process ends. */
export const closeTelemetry = telemetry.close;

/** For server.mjs: counts and times what is asked, by the routes of the build. */
export const watchRequests = (build: Parameters<typeof requestMetrics>[1]) => requestMetrics(metrics, build);

/** For those who end a process: how long it may take to finish what it writes, and when it has finished. */
export const drain = {
  seconds: env.DRAIN_SECONDS,
  async whenIdle(): Promise<void> {
    await admission.whenIdle();
    // Readers at other portals hear of the end as well.
    await runLog.settled();
  },
};

/** Milliseconds after which data that is still being loaded is given up. */
export const streamTimeout = 10_000;

/** Renders a page: the shell at once, the rest as its data arrives; crawlers get the whole page. */
export default function handleRequest(request: Request, status: number, headers: Headers, context: EntryContext): Promise<Response> {
  const nonce = randomBytes(16).toString("base64");
  const whenReady = isbot(request.headers.get("user-agent") ?? "") ? "onAllReady" : "onShellReady";
  let answerStatus = status;
  return new Promise((resolve, reject) => {
    let shellSent = false;
    const { pipe, abort } = renderToPipeableStream(
      <NonceContext.Provider value={nonce}>
        <AnswerContext.Provider value={{ requestId: requestIdOf(request), reports: pageReports(env) }}>
          <RemixServer context={context} url={request.url} abortDelay={streamTimeout} nonce={nonce} />
        </AnswerContext.Provider>
      </NonceContext.Provider>,
      {
        nonce,
        [whenReady]() {
          shellSent = true;
          const body = new PassThrough();
          headers.set("Content-Type", "text/html; charset=utf-8");
          finish(request, headers, nonce);
          resolve(new Response(createReadableStreamFromReadable(body), { headers, status: answerStatus }));
          pipe(body);
        },
        onShellError: reject,
        onError(error: unknown) {
          answerStatus = 500;
          if (shellSent && !request.signal.aborted)
            log.error("A page failed while rendering", { error, path: new URL(request.url).pathname });
        },
      },
    );
    setTimeout(abort, streamTimeout + 1_000).unref();
  });
}

/** The same care for what client-side navigation fetches. */
export function handleDataRequest(response: Response, { request }: LoaderFunctionArgs | ActionFunctionArgs): Response {
  finish(request, response.headers);
  return response;
}

function finish(request: Request, headers: Headers, nonce?: string) {
  for (const [name, value] of Object.entries(securityHeaders({ nonce, https, connect }))) if (!headers.has(name)) headers.set(name, value);
  if (!headers.has("Cache-Control")) headers.set("Cache-Control", "private, no-store");
  headers.append("Server-Timing", `request;desc="${requestIdOf(request)}"`);
  handOverCookies(request, headers);
}

/** What a loader or action threw that is no answer of ours: for the log, never for the page. */
export function handleError(error: unknown, { request }: LoaderFunctionArgs | ActionFunctionArgs): void {
  if (!request.signal.aborted) log.error("A request failed", { error, method: request.method, path: new URL(request.url).pathname });
}
