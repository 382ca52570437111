import OpenAI from "openai";
import { retryAfterSeconds } from "../retry-after.ts";
import { LlmError, type LlmErrorCode } from "./llm.ts";

/** Names that providers give their errors, such as model_not_found. */
const NAME = /^[a-z][\w.-]{1,60}$/i;

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

/**
 * An HTTP status, of the answer or of an error inside the stream, as an LlmError. Without one the provider is taken for overloaded.
 * What the provider says is read and not kept: it may repeat what it was sent, a visitor's question or our key (H18). Its name for the error is.
 */
function statusError(status: number | undefined, message: string, name: unknown, options: { retryAfterMs?: number } = {}): LlmError {
  let code: LlmErrorCode = status === undefined || status >= 500 ? "overloaded" : (CODES[status] ?? "refused");
  // OpenAI answers 400 to a prompt that does not fit.
  if (code === "refused" && /context.{0,3}length|too many tokens|maximum context/i.test(message)) code = "too_long";
  const named = typeof name === "string" && NAME.test(name) ? ` (${name})` : "";
  return new LlmError(code, `the provider answered with ${status ?? "an error"}: ${code}${named}`, {
    retryable: RETRYABLE.has(code),
    ...options,
  });
}

/** An error that arrived inside the stream: OpenRouter's `{code, message}`, or whatever another server sends. */
export function inBandError(error: unknown): LlmError {
  const { code, message, type } = (typeof error === "object" && error !== null ? error : { message: error }) as {
    code?: unknown;
    message?: unknown;
    type?: unknown;
  };
  const status = Number(code);
  const name = Number.isInteger(status) ? type : code;
  return statusError(Number.isInteger(status) && status >= 400 ? status : undefined, String(message ?? ""), name);
}

/** Any failure of the SDK or the network as an LlmError. */
export function toLlmError(error: unknown): LlmError {
  if (error instanceof LlmError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof OpenAI.APIConnectionError) return new LlmError("unreachable", message, { cause: error });
  if (error instanceof OpenAI.APIError)
    return statusError(error.status, message, error.code ?? error.type, { retryAfterMs: retryAfterMs(error.headers?.get("retry-after")) });
  // What cannot be read is quoted by those who tried.
  if (error instanceof SyntaxError) return new LlmError("broken_stream", "the provider sent what is no JSON");
  return new LlmError("broken_stream", message, { cause: error });
}
