import OpenAI from "openai";
import type { Llm, LlmFinish, LlmPart, LlmPrompt, LlmUsage } from "./llm.ts";
import { LlmError } from "./llm.ts";

export type OpenRouterConfig = {
  /** An OpenAI-compatible endpoint; OpenRouter's extras go to OpenRouter alone. */
  baseUrl: string;
  apiKey: string;
  defaultModel: string;
  /** Models to try in order when the first one fails; OpenRouter only. */
  fallbackModels?: string[];
  /** Our public URL, sent to OpenRouter as the calling app. */
  appUrl: string;
  /** Milliseconds; tests shorten them. */
  timeouts?: Partial<typeof TIMEOUTS>;
};

const TIMEOUTS = {
  /** Until the first delta, connecting included. */
  firstToken: 30_000,
  /** Between two deltas. */
  silence: 60_000,
  /** Longest wait before a retry, whatever the provider asks for. */
  longestBackoff: 4_000,
  backoff: 400,
};
const ATTEMPTS = 3;
/** A runaway answer ends here, in UTF-16 code units. */
const MAX_ANSWER_LENGTH = 60_000;

const isOpenRouter = (baseUrl: string) => /(^|\.)openrouter\.ai$/.test(new URL(baseUrl).hostname);

/** Any failure of the SDK or the network as an LlmError that says whether trying again may help. */
function toLlmError(error: unknown): LlmError {
  if (error instanceof LlmError) return error;
  if (error instanceof OpenAI.APIConnectionError) return new LlmError("unreachable", error.message, { cause: error });
  if (error instanceof OpenAI.APIError) {
    const inBand = Number((error.error as { code?: unknown } | undefined)?.code);
    const status = error.status ?? (Number.isInteger(inBand) ? inBand : undefined);
    const seconds = Number(error.headers?.get("retry-after"));
    const retryAfterMs = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined;
    if (status === 429) return new LlmError("rate_limited", error.message, { cause: error, retryAfterMs });
    if (status === 408 || status === undefined || status >= 500)
      return new LlmError("overloaded", error.message, { cause: error, retryAfterMs });
    return new LlmError("refused", error.message, { cause: error, retryable: false });
  }
  return new LlmError("broken_stream", error instanceof Error ? error.message : String(error), { cause: error });
}

const FINISH: Record<string, LlmFinish> = { stop: "stop", length: "length", content_filter: "content-filter" };

/** A count from a provider; anything but a sane number counts as 0. */
const count = (value: unknown): number =>
  typeof value === "number" && Number.isFinite(value) && value > 0 ? Math.min(Math.round(value), 2_000_000_000) : 0;

function readUsage(chunk: OpenAI.ChatCompletionChunk, into: LlmUsage): void {
  if (chunk.model) into.model = chunk.model;
  const extra = chunk as { provider?: unknown };
  if (typeof extra.provider === "string") into.provider = extra.provider;
  if (!chunk.usage) return;
  into.promptTokens = count(chunk.usage.prompt_tokens);
  into.completionTokens = count(chunk.usage.completion_tokens);
  into.cachedTokens = count(chunk.usage.prompt_tokens_details?.cached_tokens);
  const { cost } = chunk.usage as { cost?: unknown };
  into.costMicros = typeof cost === "number" ? count(cost * 1e6) : 0;
}

/** Waits before another attempt; ends early when aborted. */
const wait = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });

/**
 * Answers from any OpenAI-compatible endpoint. Retries (twice, with jitter) only before the first delta, so that nothing is
 * paid or shown twice.
 */
export function openRouterLlm(config: OpenRouterConfig): Llm {
  const timeouts = { ...TIMEOUTS, ...config.timeouts };
  const extras = isOpenRouter(config.baseUrl);
  const client = new OpenAI({
    baseURL: config.baseUrl,
    apiKey: config.apiKey,
    maxRetries: 0,
    timeout: timeouts.firstToken,
    logLevel: "off",
    ...(extras ? { defaultHeaders: { "HTTP-Referer": config.appUrl, "X-Title": "GPT Agent Platform" } } : {}),
  });

  async function* attempt(prompt: LlmPrompt, signal: AbortSignal): AsyncGenerator<LlmPart> {
    const watchdog = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const expectWithin = (ms: number, what: string) => {
      clearTimeout(timer);
      timer = setTimeout(() => watchdog.abort(new LlmError("timeout", what)), ms);
    };
    const model = prompt.models[0] ?? config.defaultModel;
    const usage: LlmUsage = { model, provider: null, promptTokens: 0, completionTokens: 0, cachedTokens: 0, costMicros: 0 };
    let finish: LlmFinish = "other";
    let written = 0;
    try {
      expectWithin(timeouts.firstToken, "no first token in time");
      const stream = await client.chat.completions.create(
        {
          model,
          messages: prompt.messages as OpenAI.ChatCompletionMessageParam[],
          temperature: prompt.temperature,
          max_tokens: prompt.maxOutputTokens,
          stream: true,
          stream_options: { include_usage: true },
          ...(extras
            ? { usage: { include: true }, ...(config.fallbackModels?.length ? { models: [model, ...config.fallbackModels] } : {}) }
            : {}),
        },
        { signal: AbortSignal.any([signal, watchdog.signal]) },
      );
      for await (const chunk of stream) {
        readUsage(chunk, usage);
        const choice = chunk.choices?.[0];
        if (choice?.finish_reason === ("error" as string))
          throw new LlmError("broken_stream", "the provider ended the answer with an error");
        const delta = choice?.delta?.content;
        if (delta) {
          expectWithin(timeouts.silence, "the model fell silent");
          written += delta.length;
          yield { type: "delta", delta };
          if (written > MAX_ANSWER_LENGTH) {
            finish = "length";
            break;
          }
        }
        if (choice?.finish_reason) finish = FINISH[choice.finish_reason] ?? "other";
      }
      // The SDK ends the loop quietly when it is aborted.
      signal.throwIfAborted();
      watchdog.signal.throwIfAborted();
      if (written === 0) throw new LlmError("broken_stream", "the model sent an empty answer");
      yield { type: "end", finishReason: finish, usage };
    } catch (error) {
      signal.throwIfAborted();
      throw watchdog.signal.aborted ? watchdog.signal.reason : error;
    } finally {
      clearTimeout(timer);
      watchdog.abort();
    }
  }

  return {
    responder: "model",
    async *stream(prompt, signal) {
      for (let tried = 1; ; tried++) {
        let begun = false;
        try {
          for await (const part of attempt(prompt, signal)) {
            begun = true;
            yield part;
          }
          return;
        } catch (error) {
          signal.throwIfAborted();
          const failure = toLlmError(error);
          // A model that timed out once would keep the visitor waiting once more.
          if (begun || !failure.retryable || failure.code === "timeout" || tried >= ATTEMPTS) throw failure;
          const backoff = timeouts.backoff * 2 ** (tried - 1) * (0.5 + Math.random());
          if ((failure.retryAfterMs ?? 0) > timeouts.longestBackoff) throw failure;
          await wait(Math.max(backoff, failure.retryAfterMs ?? 0), signal);
          signal.throwIfAborted();
        }
      }
    },
  };
}
