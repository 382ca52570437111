import { GrowingText } from "../growing-text.ts";
import type { ChatChunk } from "./chat-chunk.ts";
import type { LlmMessage, LlmPrompt, LlmUsage } from "./llm.ts";
import { countTokens } from "./tokens.ts";

export const NO_USAGE: LlmUsage = {
  model: null,
  provider: null,
  promptTokens: 0,
  completionTokens: 0,
  cachedTokens: 0,
  costMicros: 0,
};

/** What two calls used together; the later one names the model. */
export function addUsage(a: LlmUsage, b: LlmUsage): LlmUsage {
  const estimated = a.estimated || b.estimated;
  return {
    model: b.model ?? a.model,
    provider: b.provider ?? a.provider,
    promptTokens: a.promptTokens + b.promptTokens,
    completionTokens: a.completionTokens + b.completionTokens,
    cachedTokens: a.cachedTokens + b.cachedTokens,
    costMicros: a.costMicros + b.costMicros,
    ...(estimated ? { estimated } : {}),
  };
}

/** Prices of a model in micro-dollars for a million tokens. */
export type ModelPrices = { prompt: number; completion: number; cached: number | null };
/** Knows what a model costs; null for one it does not know. */
export type PriceOf = (model: string) => ModelPrices | null;

/** No call costs more than this: a provider that says so has lost its mind, and a customer's budget with it. In micro-dollars. */
const MAX_COST_MICROS = 100_000_000;
/** No answer is longer than this, hidden thoughts included. */
const MAX_COMPLETION_TOKENS = 250_000;
/** What a chat template and its special tokens may add to a prompt. */
const TEMPLATE_TOKENS = 2_000;

const number = (value: unknown): number | null => (typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : null);

/** The text of a prompt as it is sent. */
const promptText = ({ messages, tools }: Pick<LlmPrompt, "messages" | "tools">): string[] => [
  ...messages.map((message: LlmMessage) =>
    "toolCalls" in message && message.toolCalls ? message.content + JSON.stringify(message.toolCalls) : message.content,
  ),
  ...(tools?.length ? [JSON.stringify(tools)] : []),
];

/** Gathers what a call used from what the provider tells, and reckons what it does not tell, or cannot have meant. */
export class UsageMeter {
  private model: string;
  private provider: string | null = null;
  private told: ChatChunk["usage"] = null;
  private readonly written = new GrowingText();

  constructor(
    private readonly prompt: Pick<LlmPrompt, "messages" | "tools">,
    /** The model that was asked for; its price counts, whatever alias the provider answers with. */
    private readonly asked: string,
    private readonly priceOf: PriceOf,
  ) {
    this.model = asked;
  }

  read(chunk: ChatChunk): void {
    if (chunk.model) this.model = chunk.model.slice(0, 200);
    if (chunk.provider) this.provider = chunk.provider.slice(0, 200);
    if (chunk.usage) this.told = chunk.usage;
  }

  wrote(text: string): void {
    this.written.append(text);
  }

  /** Has the provider told anything? Without, a call that failed is taken to have cost nothing. */
  get isTold(): boolean {
    return this.told !== null && this.told !== undefined;
  }

  usage(): LlmUsage {
    const prompt = this.promptTokens();
    const completion = this.completionTokens();
    const cached = Math.min(Math.round(number(this.told?.prompt_tokens_details?.cached_tokens) ?? 0), prompt.tokens);
    const cost = number(this.told?.cost);
    const sane = cost !== null && cost * 1e6 <= MAX_COST_MICROS;
    const tokens = { promptTokens: prompt.tokens, completionTokens: completion.tokens, cachedTokens: cached };
    const prices = sane ? null : (this.priceOf(this.asked) ?? this.priceOf(this.model));
    return {
      model: this.model,
      provider: this.provider,
      ...tokens,
      costMicros: sane ? Math.round(cost * 1e6) : prices ? priceOfTokens(tokens, prices) : 0,
      ...(prompt.reckoned || completion.reckoned || prices ? { estimated: true } : {}),
    };
  }

  private promptTokens(): { tokens: number; reckoned: boolean } {
    const told = number(this.told?.prompt_tokens);
    const texts = promptText(this.prompt);
    // No tokenizer makes more tokens than there are bytes.
    const most = texts.reduce((sum, text) => sum + Buffer.byteLength(text), TEMPLATE_TOKENS);
    if (told && told <= most) return { tokens: Math.round(told), reckoned: false };
    return { tokens: texts.reduce((sum, text) => sum + countTokens(text) + 4, 0), reckoned: true };
  }

  private completionTokens(): { tokens: number; reckoned: boolean } {
    const told = number(this.told?.completion_tokens);
    if (told !== null && told <= MAX_COMPLETION_TOKENS && (told > 0 || this.written.length === 0))
      return { tokens: Math.round(told), reckoned: false };
    return { tokens: countTokens(this.written.toString()), reckoned: this.written.length > 0 };
  }
}

/** What tokens cost at a model's prices, in micro-dollars. */
export function priceOfTokens(
  { promptTokens, completionTokens, cachedTokens }: Pick<LlmUsage, "promptTokens" | "completionTokens" | "cachedTokens">,
  prices: ModelPrices,
): number {
  const fresh = (promptTokens - cachedTokens) * prices.prompt + cachedTokens * (prices.cached ?? prices.prompt);
  return Math.round((fresh + completionTokens * prices.completion) / 1e6);
}
