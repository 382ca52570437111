import OpenAI from "openai";
import { type ChatChunk, chatChunk } from "./chat-chunk.ts";
import { readEventData } from "./event-data.ts";
import type { Llm, LlmFinish, LlmPart, LlmPrompt, LlmUsage } from "./llm.ts";
import { LlmError } from "./llm.ts";
import { toOpenAiMessage, toOpenAiTool } from "./openai-request.ts";
import { inBandError, toLlmError } from "./provider-error.ts";
import { ToolCallGatherer } from "./tool-calls.ts";

export type OpenRouterConfig = {
  /** An OpenAI-compatible endpoint; OpenRouter's extras go to OpenRouter alone. */
  baseUrl: string;
  apiKey: string;
  defaultModel: string;
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

const FINISH: Record<string, LlmFinish> = {
  stop: "stop",
  length: "length",
  content_filter: "content-filter",
  tool_calls: "tool-calls",
  function_call: "tool-calls",
};

/** A count from a provider; anything but a sane number counts as 0. */
const count = (value: unknown): number =>
  typeof value === "number" && Number.isFinite(value) && value > 0 ? Math.min(Math.round(value), 2_000_000_000) : 0;

function readUsage(chunk: ChatChunk, into: LlmUsage): void {
  if (chunk.model) into.model = chunk.model.slice(0, 200);
  if (chunk.provider) into.provider = chunk.provider.slice(0, 200);
  if (!chunk.usage) return;
  into.promptTokens = count(chunk.usage.prompt_tokens);
  into.completionTokens = count(chunk.usage.completion_tokens);
  into.cachedTokens = count(chunk.usage.prompt_tokens_details?.cached_tokens);
  const { cost } = chunk.usage;
  into.costMicros = typeof cost === "number" ? count(cost * 1e6) : 0;
}

/** @throws LlmError for what is no chunk, and for an error inside the stream */
function parseChunk(data: string): ChatChunk {
  let json: unknown;
  try {
    json = JSON.parse(data);
  } catch {
    throw new LlmError("broken_stream", `the provider sent what is no JSON: ${data.slice(0, 100)}`);
  }
  const parsed = chatChunk.safeParse(json);
  if (!parsed.success) throw new LlmError("broken_stream", "the provider sent what is no chunk", { cause: parsed.error });
  const chunk = parsed.data;
  const choice = chunk.choices?.[0];
  if (chunk.error) throw inBandError(chunk.error);
  if (choice?.error || choice?.finish_reason === "error")
    throw choice.error ? inBandError(choice.error) : new LlmError("broken_stream", "the provider ended the answer with an error");
  return chunk;
}

/** The chunks of an answer up to [DONE]. @throws LlmError when the body ends before the answer does */
async function* readChunks(body: ReadableStream<Uint8Array>): AsyncGenerator<ChatChunk> {
  let ended = false;
  for await (const events of readEventData(body)) {
    for (const data of events) {
      if (data === "[DONE]") return;
      const chunk = parseChunk(data);
      ended ||= Boolean(chunk.choices?.[0]?.finish_reason);
      yield chunk;
    }
  }
  if (!ended) throw new LlmError("broken_stream", "the answer broke off");
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

  async function* attempt(prompt: LlmPrompt, signal: AbortSignal): AsyncGenerator<LlmPart | { type: "begun" }> {
    const watchdog = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const expectWithin = (ms: number, what: string) => {
      clearTimeout(timer);
      timer = setTimeout(() => watchdog.abort(new LlmError("timeout", what)), ms);
    };
    const model = prompt.models[0] ?? config.defaultModel;
    const usage: LlmUsage = { model, provider: null, promptTokens: 0, completionTokens: 0, cachedTokens: 0, costMicros: 0 };
    const gatherer = new ToolCallGatherer(prompt.messages);
    let finish: LlmFinish = "other";
    let written = 0;
    try {
      expectWithin(timeouts.firstToken, "no first token in time");
      const response = await client.chat.completions
        .create(
          {
            model,
            messages: prompt.messages.map(toOpenAiMessage),
            ...(prompt.tools?.length ? { tools: prompt.tools.map(toOpenAiTool) } : {}),
            temperature: prompt.temperature,
            max_tokens: prompt.maxOutputTokens,
            stream: true,
            stream_options: { include_usage: true },
            ...(extras ? { usage: { include: true } } : {}),
          },
          { signal: AbortSignal.any([signal, watchdog.signal]) },
        )
        .asResponse();
      if (!response.body) throw new LlmError("broken_stream", "an answer without a body");
      for await (const chunk of readChunks(response.body)) {
        readUsage(chunk, usage);
        const choice = chunk.choices?.[0];
        const delta = choice?.delta?.content;
        if (choice?.delta?.tool_calls?.length) {
          expectWithin(timeouts.silence, "the model fell silent");
          gatherer.add(choice.delta.tool_calls);
          yield { type: "begun" };
        }
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
      signal.throwIfAborted();
      watchdog.signal.throwIfAborted();
      // Calls that were cut off are not to be run.
      const calls = finish === "length" || finish === "content-filter" ? [] : gatherer.calls();
      if (written === 0 && calls.length === 0) throw new LlmError("empty", "the model sent an empty answer");
      for (const call of calls) yield { type: "tool-call", call };
      yield { type: "end", finishReason: calls.length > 0 ? "tool-calls" : finish, usage };
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
            if (part.type !== "begun") yield part;
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
