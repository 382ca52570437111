import OpenAI from "openai";

/** What some models refuse: OpenAI's reasoning models a `max_tokens` and a `temperature` of ours, some servers `stream_options`. */
const REFUSABLE = ["max_tokens", "temperature", "stream_options"] as const;
type Refusable = (typeof REFUSABLE)[number];
/** Models remembered; ids come from people's settings. */
const MAX_MODELS = 1_000;

/**
 * What each model does not take, learned from its refusals: OpenAI-compatible endpoints say so in a 400 ("Unsupported parameter:
 * 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.") and in no list that could be read before.
 */
export class ModelQuirks {
  private readonly refused = new Map<string, Set<Refusable>>();

  /** The settings of a call as this model takes them. */
  settings(model: string, { temperature, maxOutputTokens }: { temperature: number; maxOutputTokens: number }) {
    const refused = this.refused.get(model);
    return {
      ...(refused?.has("max_tokens") ? { max_completion_tokens: maxOutputTokens } : { max_tokens: maxOutputTokens }),
      ...(refused?.has("temperature") ? {} : { temperature }),
      ...(refused?.has("stream_options") ? {} : { stream_options: { include_usage: true } }),
    };
  }

  /** Does a failure tell something new of the model? Then the call may be sent once more: a refused one was not billed. */
  learn(model: string, failure: unknown): boolean {
    if (!(failure instanceof OpenAI.APIError) || failure.status !== 400) return false;
    const { message, param } = failure;
    if (!/unsupported|not support|unknown|unrecognized|not permitted/i.test(message)) return false;
    const known = this.refused.get(model) ?? new Set<Refusable>();
    const told = REFUSABLE.find((name) => (param === name || message.includes(name)) && !known.has(name));
    if (!told || (!this.refused.has(model) && this.refused.size >= MAX_MODELS)) return false;
    this.refused.set(model, known.add(told));
    return true;
  }
}
