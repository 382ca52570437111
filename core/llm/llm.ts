import type { Locale } from "../locales.ts";
import type { Gather } from "./gather.ts";

/** A tool's call as a model wrote it; `input` is whatever JSON it wrote, or its text when that is no JSON. */
export type LlmToolCall = { id: string; name: string; input: unknown };

/** One turn of what a model reads. */
export type LlmMessage =
  | { role: "system" | "user"; content: string }
  | { role: "assistant"; content: string; toolCalls?: LlmToolCall[] }
  | { role: "tool"; toolCallId: string; content: string };

/** A tool that a model may call. `parameters` is the JSON schema of its input. */
export type LlmTool = { name: string; description: string; parameters: Record<string, unknown> };

/** A numbered passage of the knowledge; answers name it as [index]. */
export type LlmPassage = { index: number; title: string; headings: string[]; text: string };

/**
 * All that a responder may use. A model reads `messages` (which already hold the passages); the built-in responder reads
 * `question` and `passages`.
 */
export type LlmPrompt = {
  messages: LlmMessage[];
  question: string;
  /** What the visitor asked before, where the question leans on it. */
  before?: string;
  passages: LlmPassage[];
  /** The language to answer in. */
  locale: Locale;
  /** Can the visitor call for a person, in the chat's menu? */
  canCallPerson?: boolean;
  /** Model ids of the provider, tried in order; none means the platform's default. */
  models: string[];
  /** Tools the model may call; absent or empty for none. */
  tools?: LlmTool[];
  temperature: number;
  maxOutputTokens: number;
  /** Brings together what comes of the answer after its first words, before anything is made of it; absent, all is told as it comes. */
  gather?: Gather;
};

export type LlmUsage = {
  model: string | null;
  provider: string | null;
  promptTokens: number;
  completionTokens: number;
  cachedTokens: number;
  /** Millionths of a US dollar. */
  costMicros: number;
  /** Set when the provider told no tokens or no cost, so that some of these are our own reckoning. */
  estimated?: boolean;
};

export type LlmFinish = "stop" | "length" | "content-filter" | "tool-calls" | "other";

/** A model that was asked and did not answer. */
export type LlmAttempt = { model: string; error: LlmErrorCode };

export type LlmPart =
  /**
   * A model has begun to answer; comes once, before its first delta. `attempts` failed before it; `usage` tells at any moment what has
   * been used so far, for an answer that is aborted. The built-in responder sends none.
   */
  | { type: "begin"; model: string; attempts: LlmAttempt[]; usage: () => LlmUsage }
  | { type: "delta"; delta: string }
  /** A whole tool call; comes after the deltas. */
  | { type: "tool-call"; call: LlmToolCall }
  /**
   * Always the last part. Its usage is all that was billed, failed attempts included. `supported` only from a responder that knows
   * whether the passages hold an answer.
   */
  | { type: "end"; finishReason: LlmFinish; usage: LlmUsage; supported?: boolean };

/**
 * The port to whatever writes answers. `hear` is told who answers, deltas, then tool calls, then one end part, each as soon as it is
 * there; what it throws ends the answer. Throws LlmError when the responder fails, before or after the first delta, and the signal's
 * reason when it is aborted.
 */
export interface Llm {
  readonly responder: "model" | "quotes";
  /** How many tokens prompt and answer may have together, whichever of the models answers; absent where there is no such limit. */
  contextTokens?(models: string[]): number;
  stream(prompt: LlmPrompt, hear: (part: LlmPart) => void, signal: AbortSignal): Promise<void>;
}

/** Why a model did not answer; also what an attempt is recorded with (runs.attempts). */
export type LlmErrorCode =
  /** No connection: no such host, refused, a certificate that is no good. */
  | "unreachable"
  /** Nothing came in time. */
  | "timeout"
  | "rate_limited"
  | "overloaded"
  /** The answer broke off, or was no answer in the protocol. */
  | "broken_stream"
  /** An answer without a word. */
  | "empty"
  /** Refused by the provider's content filter. */
  | "filtered"
  /** The provider does not take the API key. */
  | "unauthorized"
  /** The provider wants to be paid first. */
  | "unpaid"
  | "unknown_model"
  /** The prompt does not fit. */
  | "too_long"
  /** Refused for another reason. */
  | "refused"
  /** Not asked at all, as it failed again and again a moment ago. */
  | "circuit_open";

/** A failure of a responder. The message is for our logs, not for visitors. */
export class LlmError extends Error {
  readonly code: LlmErrorCode;
  /** May the same request succeed when sent again? */
  readonly retryable: boolean;
  /** Milliseconds the provider asked us to wait. */
  readonly retryAfterMs?: number;
  /** What the provider billed although nothing came of it, where it said so. */
  readonly usage?: LlmUsage;
  /** Every model that was asked, this failure's included. */
  readonly attempts: LlmAttempt[];
  constructor(
    code: LlmErrorCode,
    message: string,
    options: { cause?: unknown; retryable?: boolean; retryAfterMs?: number; usage?: LlmUsage; attempts?: LlmAttempt[] } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = "LlmError";
    this.code = code;
    this.retryable = options.retryable ?? true;
    this.retryAfterMs = options.retryAfterMs;
    this.usage = options.usage;
    this.attempts = options.attempts ?? [];
  }

  /** The same failure with more that is known of it. */
  with(known: { usage?: LlmUsage; attempts?: LlmAttempt[]; retryable?: boolean }): LlmError {
    const { code, message, cause, retryable, retryAfterMs, usage, attempts } = this;
    return new LlmError(code, message, {
      cause,
      retryable,
      attempts,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...(usage ? { usage } : {}),
      ...known,
    });
  }
}
