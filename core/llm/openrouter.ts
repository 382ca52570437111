import OpenAI from "openai";
import { type ChatChunk, readChatChunk } from "./chat-chunk.ts";
import { readEventData } from "./event-data.ts";
import type { ModelCall } from "./failover.ts";
import type { Gather } from "./gather.ts";
import type { LlmFinish, LlmPart, LlmPrompt } from "./llm.ts";
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
    throw new LlmError("broken_stream", "the provider sent what is no JSON");
  }
  const chunk = readChatChunk(json);
  if (!chunk) throw new LlmError("broken_stream", "the provider sent what is no chunk");
  const [choice] = chunk.choices;
  if (chunk.error) throw inBandError(chunk.error);
  if (choice?.error || choice?.finish_reason === "error")
    throw choice.error ? inBandError(choice.error) : new LlmError("broken_stream", "the provider ended the answer with an error");
  return chunk;
}

/**
 * Has an answer read up to [DONE], or until it is long enough.
 * @param gather brings together what follows its first word
 * @throws LlmError when the body ends before the answer does
 */
async function readAnswer(response: Response, answer: AnswerReader, gather: Gather | undefined): Promise<void> {
  let ended = false;
  const readOne = (data: string) => {
    if (data === "[DONE]") {
      ended = true;
      return true;
    }
    const chunk = parseChunk(data);
    const enough = answer.read(chunk);
    ended ||= enough || Boolean(chunk.choices[0]?.finish_reason);
    return enough;
  };
  await readEventData(bodyOf(response), {
    read: (events) => {
      try {
        return events.some(readOne);
      } finally {
        answer.tell();
      }
    },
    ...(gather ? { gather } : {}),
    mayWait: () => answer.begun,
  });
  if (!ended) throw new LlmError("broken_stream", "the answer broke off");
}

/** Ends a call that keeps us waiting. */
class Watchdog {
  private readonly controller = new AbortController();
  private readonly whole: NodeJS.Timeout;
  private next: NodeJS.Timeout | undefined;
  private expected = "";
  /** When it is to come at the latest, by performance.now(). */
  private dueAt = 0;

  constructor(wholeMs: number) {
    this.whole = setTimeout(() => this.bite("the answer took too long"), wholeMs);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  expectWithin(ms: number, otherwise: string): void {
    this.dueAt = performance.now() + ms;
    // The same once more, as for every token of an answer: the timer that runs finds out that there is more time.
    if (this.expected === otherwise) return;
    this.expected = otherwise;
    clearTimeout(this.next);
    this.wait();
  }

  /** The call is over: whatever of it still runs is ended. */
  end(): void {
    clearTimeout(this.next);
    clearTimeout(this.whole);
    this.controller.abort();
  }

  private wait(): void {
    this.next = setTimeout(() => (performance.now() < this.dueAt ? this.wait() : this.bite(this.expected)), this.dueAt - performance.now());
  }

  private bite(message: string): void {
    this.controller.abort(new LlmError("timeout", message));
  }
}

/** Reads one answer chunk by chunk: gathers its words until they are told, keeps its tool calls, how it ends and what it has used. */
class AnswerReader {
  readonly meter: UsageMeter;
  /** Has a word or a tool call come? */
  begun = false;
  private finish: LlmFinish = "other";
  private written = 0;
  private untold = "";
  private thinking = false;
  private readonly gatherer: ToolCallGatherer;

  constructor(
    prompt: LlmPrompt,
    private readonly model: string,
    priceOf: PriceOf,
    private readonly timeouts: typeof TIMEOUTS,
    private readonly watchdog: Watchdog,
    private readonly hear: (part: LlmPart) => void,
  ) {
    this.meter = new UsageMeter(prompt, model, priceOf);
    this.gatherer = new ToolCallGatherer(prompt.messages);
  }

  /** Is the answer too long to go on? */
  read(chunk: ChatChunk): boolean {
    this.meter.read(chunk);
    const [choice] = chunk.choices;
    const delta = choice?.delta?.content;
    const toolCalls = choice?.delta?.tool_calls;
    if (delta || toolCalls?.length) this.begin();
    else if (choice?.delta?.reasoning || choice?.delta?.reasoning_content) this.think();
    if (toolCalls?.length) this.gatherer.add(toolCalls);
    if (delta) {
      this.written += delta.length;
      this.untold += delta;
      if (this.written > MAX_ANSWER_LENGTH) {
        this.finish = "length";
        return true;
      }
    }
    if (choice?.finish_reason) this.finish = FINISH[choice.finish_reason] ?? "other";
    return false;
  }

  /** Tells the words read since it was called last. */
  tell(): void {
    const delta = this.untold;
    if (!delta) return;
    this.untold = "";
    this.meter.wrote(delta);
    this.hear({ type: "delta", delta });
  }

  /** @throws LlmError when the answer said nothing */
  end(): void {
    const { finish, gatherer, meter } = this;
    // Calls that were cut off are not to be run.
    const calls = finish === "length" || finish === "content-filter" ? [] : gatherer.calls();
    if (this.written === 0 && calls.length === 0) throw nothingSaid(finish);
    for (const call of calls) this.hear({ type: "tool-call", call });
    this.hear({ type: "end", finishReason: calls.length > 0 ? "tool-calls" : finish, usage: meter.usage() });
  }

  private begin(): void {
    this.watchdog.expectWithin(this.timeouts.silence, "the model fell silent");
    if (this.begun) return;
    this.begun = true;
    this.hear({ type: "begin", model: this.model, attempts: [], usage: () => this.meter.usage() });
  }

  private think(): void {
    if (this.begun || this.thinking) return;
    this.thinking = true;
    this.watchdog.expectWithin(this.timeouts.thinking, "the model thought too long");
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

  return async function call(prompt, model, { firstTokenMs }, hear, signal) {
    const watchdog = new Watchdog(timeouts.whole);
    const answer = new AnswerReader(prompt, model, config.priceOf ?? (() => null), timeouts, watchdog, hear);
    try {
      watchdog.expectWithin(firstTokenMs, "no first token in time");
      const response = await open(prompt, model, AbortSignal.any([signal, watchdog.signal]));
      await readAnswer(response, answer, prompt.gather);
      signal.throwIfAborted();
      watchdog.signal.throwIfAborted();
      answer.end();
    } catch (error) {
      signal.throwIfAborted();
      const failure = toLlmError(watchdog.signal.aborted ? watchdog.signal.reason : error);
      throw answer.begun || answer.meter.isTold ? failure.with({ usage: answer.meter.usage() }) : failure;
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
