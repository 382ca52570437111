import { AppError, toAppError } from "@gpt-agent/core/errors";
import type { Log } from "@gpt-agent/core/log";
import { problem } from "./problem.ts";
import { requestIdOf } from "./request-id.ts";

/** What Remix hands to loaders and actions, as far as API routes need it. */
export type RouteArgs = { request: Request; params: Record<string, string | undefined> };

export type ApiCall = RouteArgs & { requestId: string; log: Log };
export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS";
export type Handlers<Call> = Partial<Record<Method, (call: Call) => Promise<Response>>>;

/** Which handler serves a request; HEAD is answered as GET. @throws AppError("method_not_allowed") */
export function pickHandler<Call>(handlers: Handlers<Call>, method: string): (call: Call) => Promise<Response> {
  const name = method === "HEAD" ? "GET" : method;
  const handler = Object.entries(handlers).find(([own]) => own === name)?.[1];
  if (!handler) throw new AppError("method_not_allowed", `Use ${Object.keys(handlers).join(" or ")} here.`);
  return handler;
}

/** A thrown value as an answer; our own failures are logged with their cause. To be full or paused is none. */
export function renderError(thrown: unknown, call: ApiCall, render: (error: AppError, requestId: string) => Response): Response {
  const error = toAppError(thrown);
  if (error.status >= 500 && (error.code !== "unavailable" || error.cause !== undefined))
    call.log.error(error.message, { code: error.code, error: error.cause ?? error });
  return render(error, call.requestId);
}

/**
 * A loader and action in one for an API route without CORS: picks the method's handler, names each request, and turns
 * whatever is thrown into an answer in the API's own shape.
 */
export function apiRoute(log: Log, handlers: Handlers<ApiCall>, render: (error: AppError, requestId: string) => Response = problem) {
  const serve = async ({ request, params }: RouteArgs): Promise<Response> => {
    const requestId = requestIdOf(request);
    const call: ApiCall = { request, params, requestId, log: log.with({ requestId }) };
    try {
      const answer = await pickHandler(handlers, request.method)(call);
      answer.headers.set("x-request-id", requestId);
      return answer;
    } catch (thrown) {
      const response = renderError(thrown, call, render);
      if (response.status === 405) response.headers.set("allow", Object.keys(handlers).join(", "));
      return response;
    }
  };
  return withMethods(serve, handlers);
}

/** A route that tells which methods it serves, so that a test can hold the API's document against all of them. */
export const withMethods = <Serve extends (args: RouteArgs) => Promise<Response>>(serve: Serve, handlers: Handlers<never>) =>
  Object.assign(serve, { methods: Object.keys(handlers) });

/** A JSON answer that is nobody else's to keep. */
export const privateJson = (body: unknown, init: { status?: number; headers?: Record<string, string> } = {}): Response =>
  new Response(JSON.stringify(body), {
    status: init.status ?? 200,
    headers: {
      "content-type": "application/json; charset=utf-8",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      ...init.headers,
    },
  });

/** Done, and nothing to say. */
export const noContent = (): Response => new Response(null, { status: 204, headers: { "cache-control": "no-store" } });
