import type { IncomingMessage } from "node:http";
import OpenAI from "openai";
import { type ChatChunk, readChatChunk } from "./chat-chunk.ts";
import { readEventData } from "./event-data.ts";
import type { ModelCall } from "./failover.ts";
import type { LlmFinish, LlmPrompt } from "./llm.ts";
import { LlmError } from "./llm.ts";
import { ModelQuirks } from "./model-quirks.ts";
import { toOpenAiMessage, toOpenAiTool } from "./openai-request.ts";
import { inBandError, toLlmError } from "./provider-error.ts";
import { bodyOf, providerFetch } from "./provider-fetch.ts";
import { ToolCallGatherer } from "./tool-calls.ts";
import { type PriceOf, UsageMeter } from "./usage.ts";

export type OpenRouterConfig = {
  /** An OpenAI-compatible endpoint; OpenRouter's extras go to OpenRouter alone. */
  baseUrl: string;
  apiKey: string;
  /** Our public URL, sent to OpenRouter as the calling app. */
  appUrl: string;
  /** For calls whose cost the provider does not tell. */
  priceOf?: PriceOf;
  /** Milliseconds; tests shorten them. */
  timeouts?: Partial<typeof TIMEOUTS>;
};

const TIMEOUTS = {
  /** For the first token of a model that is seen to think. */
  thinking: 30_000,
  /** Between two deltas. */
  silence: 20_000,
  /** For all of an answer. */
  whole: 180_000,
};
/** A runaway answer ends here, in UTF-16 code units. */
const MAX_ANSWER_LENGTH = 60_000;

export const isOpenRouter = (baseUrl: string): boolean => /(^|\.)openrouter\.ai$/.test(new URL(baseUrl).hostname);

const FINISH: Record<string, LlmFinish> = {
  stop: "stop",
  length: "length",
  content_filter: "content-filter",
  tool_calls: "tool-calls",
  function_call: "tool-calls",
};

/** @throws LlmError for what is no chunk, and for an error inside the stream */
function parseChunk(data: string): ChatChunk {
  let json: unknown;
  try {
    json = JSON.parse(data);
  } catch {
    throw new LlmError("broken_stream", `the provider sent what is no JSON: ${data.slice(0, 100)}`);
  }
  const chunk = readChatChunk(json);
  if (!chunk) throw new LlmError("broken_stream", "the provider sent what is no chunk");
  const [choice] = chunk.choices;
  if (chunk.error) throw inBandError(chunk.error);
  if (choice?.error || choice?.finish_reason === "error")
    throw choice.error ? inBandError(choice.error) : new LlmError("broken_stream", "the provider ended the answer with an error");
  return chunk;
}

/** The chunks of an answer up to [DONE]. @throws LlmError when the body ends before the answer does */
async function* readChunks(body: IncomingMessage): AsyncGenerator<ChatChunk> {
  let ended = false;
  for await (const events of readEventData(body)) {
    for (const data of events) {
      if (data === "[DONE]") return;
      const chunk = parseChunk(data);
      ended ||= Boolean(chunk.choices[0]?.finish_reason);
      yield chunk;
    }
  }
  if (!ended) throw new LlmError("broken_stream", "the answer broke off");
}

/** Ends a call that keeps us waiting. */
class Watchdog {
  private readonly controller = new AbortController();
  private readonly whole: NodeJS.Timeout;
  private next: NodeJS.Timeout | undefined;
  private expected = "";

  constructor(wholeMs: number) {
    this.whole = setTimeout(() => this.bite("the answer took too long"), wholeMs);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  expectWithin(ms: number, otherwise: string): void {
    // The same once more, as for every token of an answer: the timer begins anew.
    if (this.expected === otherwise) return void this.next?.refresh();
    this.expected = otherwise;
    clearTimeout(this.next);
    this.next = setTimeout(() => this.bite(otherwise), ms);
  }

  /** The call is over: whatever of it still runs is ended. */
  end(): void {
    clearTimeout(this.next);
    clearTimeout(this.whole);
    this.controller.abort();
  }

  private bite(message: string): void {
    this.controller.abort(new LlmError("timeout", message));
  }
}

/** Calls one model of an OpenAI-compatible endpoint, once. */
export function openRouterCall(config: OpenRouterConfig): ModelCall {
  const timeouts = { ...TIMEOUTS, ...config.timeouts };
  const extras = isOpenRouter(config.baseUrl);
  const client = new OpenAI({
    baseURL: config.baseUrl,
    apiKey: config.apiKey,
    maxRetries: 0,
    timeout: timeouts.whole,
    logLevel: "off",
    fetch: providerFetch,
    ...(extras ? { defaultHeaders: { "HTTP-Referer": config.appUrl, "X-Title": "GPT Agent Platform" } } : {}),
  });

  const quirks = new ModelQuirks();

  /** Sends the call; anew where the refusal told which setting the model does not take. */
  async function open(prompt: LlmPrompt, model: string, signal: AbortSignal): Promise<Response> {
    for (;;) {
      const body: OpenAI.ChatCompletionCreateParamsStreaming = {
        model,
        messages: prompt.messages.map(toOpenAiMessage),
        ...(prompt.tools?.length ? { tools: prompt.tools.map(toOpenAiTool) } : {}),
        ...quirks.settings(model, prompt),
        stream: true,
        ...(extras ? { usage: { include: true } } : {}),
      };
      try {
        return await client.chat.completions.create(body, { signal }).asResponse();
      } catch (error) {
        if (!quirks.learn(model, error)) throw error;
      }
    }
  }

  return async function* call(prompt, model, { firstTokenMs }, signal) {
    const watchdog = new Watchdog(timeouts.whole);
    const meter = new UsageMeter(prompt, model, config.priceOf ?? (() => null));
    const gatherer = new ToolCallGatherer(prompt.messages);
    let finish: LlmFinish = "other";
    let written = 0;
    let begun = false;
    let thinking = false;
    try {
      watchdog.expectWithin(firstTokenMs, "no first token in time");
      const response = await open(prompt, model, AbortSignal.any([signal, watchdog.signal]));
      for await (const chunk of readChunks(bodyOf(response))) {
        meter.read(chunk);
        const [choice] = chunk.choices;
        const delta = choice?.delta?.content;
        const toolCalls = choice?.delta?.tool_calls;
        if (delta || toolCalls?.length) {
          watchdog.expectWithin(timeouts.silence, "the model fell silent");
          if (!begun) yield { type: "begin", model, attempts: [], usage: () => meter.usage() };
          begun = true;
        } else if (!begun && !thinking && (choice?.delta?.reasoning || choice?.delta?.reasoning_content)) {
          watchdog.expectWithin(timeouts.thinking, "the model thought too long");
          thinking = true;
        }
        if (toolCalls?.length) gatherer.add(toolCalls);
        if (delta) {
          written += delta.length;
          meter.wrote(delta);
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
      if (written === 0 && calls.length === 0) throw nothingSaid(finish);
      for (const call of calls) yield { type: "tool-call", call };
      yield { type: "end", finishReason: calls.length > 0 ? "tool-calls" : finish, usage: meter.usage() };
    } catch (error) {
      signal.throwIfAborted();
      const failure = toLlmError(watchdog.signal.aborted ? watchdog.signal.reason : error);
      throw begun || meter.isTold ? failure.with({ usage: meter.usage() }) : failure;
    } finally {
      watchdog.end();
    }
  };
}

/** Not sent again to the same model: it was billed, and would most likely say nothing once more. */
const nothingSaid = (finish: LlmFinish) =>
  finish === "content-filter"
    ? new LlmError("filtered", "the provider's filter took the whole answer", { retryable: false })
    : new LlmError("empty", "the model sent an empty answer", { retryable: false });
