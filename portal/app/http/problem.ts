import { type AppError, ERROR_STATUS, type ErrorCode } from "@gpt-agent/core/errors";
import { z } from "zod";

/** The body of an error (RFC 9457). */
export const problemBody = z.strictObject({
  type: z.string().meta({ description: "Names the kind of error; no page to open." }),
  title: z.string(),
  status: z.number().int(),
  code: z.enum(Object.keys(ERROR_STATUS) as [ErrorCode, ...ErrorCode[]]).meta({ description: "What a program looks at." }),
  detail: z.string().meta({ description: "For people, in English: what is wrong and what to do." }),
  requestId: z.uuid().meta({ description: "Name it when you report a problem." }),
  retryAfter: z.number().int().min(0).optional().meta({ description: "Seconds, as in Retry-After." }),
});

const TITLES: Record<number, string> = {
  400: "Bad request",
  401: "Not signed in",
  403: "Not allowed",
  404: "Not found",
  405: "Method not allowed",
  409: "Conflict",
  413: "Too large",
  415: "Unsupported media type",
  422: "Cannot be processed",
  429: "Too many requests",
  500: "Internal error",
  502: "Upstream failed",
  503: "Unavailable",
};

/** Headers that every error carries: what it is, how long to wait, never cached. */
export function errorHeaders(error: AppError, requestId: string): Headers {
  const headers = new Headers({ "cache-control": "no-store", "x-request-id": requestId, "x-content-type-options": "nosniff" });
  const retryAfter = error.retryAfter ?? (error.status === 503 ? 5 : undefined);
  if (retryAfter !== undefined) headers.set("retry-after", String(retryAfter));
  // Nobody waits for the rest of a body that is too large.
  if (error.code === "too_large") headers.set("connection", "close");
  return headers;
}

/** The body of an error. */
export function problemOf(error: AppError, requestId: string, retryAfter = error.retryAfter): z.infer<typeof problemBody> {
  return {
    type: `about:blank#${error.code}`,
    title: TITLES[error.status] ?? "Error",
    status: error.status,
    code: error.code,
    detail: error.message,
    requestId,
    ...(retryAfter === undefined ? {} : { retryAfter }),
  };
}

/** An error as application/problem+json (RFC 9457). */
export function problem(error: AppError, requestId: string): Response {
  const headers = errorHeaders(error, requestId);
  headers.set("content-type", "application/problem+json");
  const retryAfter = headers.get("retry-after");
  const body = problemOf(error, requestId, retryAfter === null ? undefined : Number(retryAfter));
  return new Response(JSON.stringify(body), { status: error.status, headers });
}
