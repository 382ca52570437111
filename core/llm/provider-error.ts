import OpenAI from "openai";
import { retryAfterSeconds } from "../retry-after.ts";
import { LlmError, type LlmErrorCode } from "./llm.ts";

/** Providers quote whole pages in their errors. */
const MAX_MESSAGE_LENGTH = 500;

/** How long a Retry-After header asks to wait, in milliseconds, if it does. */
function retryAfterMs(header: string | null | undefined): number | undefined {
  const seconds = retryAfterSeconds(header);
  return seconds === undefined ? undefined : seconds * 1_000;
}

const CODES: Record<number, LlmErrorCode> = {
  401: "unauthorized",
  402: "unpaid",
  404: "unknown_model",
  408: "overloaded",
  409: "overloaded",
  413: "too_long",
  425: "overloaded",
  429: "rate_limited",
};
const RETRYABLE = new Set<LlmErrorCode>(["overloaded", "rate_limited"]);

/** An HTTP status, of the answer or of an error inside the stream, as an LlmError. Without one the provider is taken for overloaded. */
export function statusError(
  status: number | undefined,
  message: string,
  options: { cause?: unknown; retryAfterMs?: number } = {},
): LlmError {
  let code: LlmErrorCode = status === undefined || status >= 500 ? "overloaded" : (CODES[status] ?? "refused");
  // OpenAI answers 400 to a prompt that does not fit.
  if (code === "refused" && /context.{0,3}length|too many tokens|maximum context/i.test(message)) code = "too_long";
  return new LlmError(code, `${status ?? "no status"}: ${message.slice(0, MAX_MESSAGE_LENGTH)}`, {
    retryable: RETRYABLE.has(code),
    ...options,
  });
}

/** An error that arrived inside the stream: OpenRouter's `{code, message}`, or whatever another server sends. */
export function inBandError(error: unknown): LlmError {
  const { code, message } = (typeof error === "object" && error !== null ? error : { message: error }) as {
    code?: unknown;
    message?: unknown;
  };
  const status = Number(code);
  return statusError(Number.isInteger(status) && status >= 400 ? status : undefined, String(message ?? "an error inside the stream"), {
    cause: error,
  });
}

/** Any failure of the SDK or the network as an LlmError. */
export function toLlmError(error: unknown): LlmError {
  if (error instanceof LlmError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof OpenAI.APIConnectionError) return new LlmError("unreachable", message, { cause: error });
  if (error instanceof OpenAI.APIError)
    return statusError(error.status, message, { cause: error, retryAfterMs: retryAfterMs(error.headers?.get("retry-after")) });
  return new LlmError("broken_stream", message.slice(0, MAX_MESSAGE_LENGTH), { cause: error });
}
