import { setTimeout as sleep } from "node:timers/promises";
import { CircuitBreaker } from "./circuit-breaker.ts";
import { type Llm, type LlmAttempt, LlmError, type LlmErrorCode, type LlmPart, type LlmPrompt, type LlmUsage } from "./llm.ts";
import { addUsage, NO_USAGE } from "./usage.ts";

/**
 * Asks one model once. Tells begin, deltas, tool calls, and one end part.
 * @throws LlmError when the model fails; the signal's reason when aborted
 */
export type ModelCall = (
  prompt: LlmPrompt,
  model: string,
  limits: { firstTokenMs: number },
  hear: (part: LlmPart) => void,
  signal: AbortSignal,
) => Promise<void>;

export type FailoverOptions = {
  /** Asked last, after the prompt's own models. */
  defaultModel: string;
  /** How many tokens prompt and answer of a model may have together; null when unknown. */
  contextOf?: (model: string) => number | null;
  breaker?: CircuitBreaker;
  patience?: Partial<typeof PATIENCE>;
};

const PATIENCE = {
  /**
   * Until the first token of any model, in milliseconds. With a slow search before it and quotes after it, visitors still read
   * words within 15 s.
   */
  firstTokenMs: 12_500,
  /** What a model gets of that while others wait behind it. */
  share: 0.6,
  /** With less than this left there is no point in asking, and paying, once more. */
  leastMs: 1_000,
  backoffMs: 400,
  /** Longest wait before asking the same model again, whatever the provider asks for. */
  longestBackoffMs: 4_000,
};
/** What a model is taken to read when nobody knows: few of those in use today read less. */
const ASSUMED_CONTEXT_TOKENS = 16_000;
/** A model is asked once and again at most twice. */
const TRIES = 3;

/** The circuit that all models of the endpoint share. */
const ENDPOINT = "(endpoint)";
/** The request's own fault, or a matter of taste: says nothing about the model's health. */
const BLAMELESS: ReadonlySet<LlmErrorCode> = new Set(["too_long", "refused", "filtered"]);
/** The state of our account at the provider: no model of it would answer. */
const OF_THE_ENDPOINT: ReadonlySet<LlmErrorCode> = new Set(["unauthorized", "unpaid"]);

/** The part of an answer that is still to come: what it may take and what it has cost. */
class Chain {
  readonly attempts: LlmAttempt[] = [];
  private readonly deadline: number;
  private usage: LlmUsage = NO_USAGE;
  private last: LlmError | null = null;

  constructor(private readonly patience: typeof PATIENCE) {
    this.deadline = performance.now() + patience.firstTokenMs;
  }

  get leftMs(): number {
    return this.deadline - performance.now();
  }

  get isLate(): boolean {
    return this.leftMs < this.patience.leastMs;
  }

  firstTokenMs(isLastModel: boolean): number {
    return isLastModel ? this.leftMs : Math.max(this.leftMs * this.patience.share, Math.min(this.patience.leastMs, this.leftMs));
  }

  /** Milliseconds to wait before asking the same model again; null when that is no use. */
  backoffMs(failure: LlmError, tried: number): number | null {
    // A model that timed out once would keep the visitor waiting once more.
    if (!failure.retryable || failure.code === "timeout" || tried >= TRIES) return null;
    const asked = failure.retryAfterMs ?? 0;
    if (asked > this.patience.longestBackoffMs) return null;
    const ms = Math.max(this.patience.backoffMs * 2 ** (tried - 1) * (0.5 + Math.random()), asked);
    return this.leftMs - ms < this.patience.leastMs ? null : ms;
  }

  note(model: string, failure: LlmError): void {
    this.last = failure;
    if (failure.usage) this.usage = addUsage(this.usage, failure.usage);
    const again = this.attempts.at(-1);
    if (again?.model === model) again.error = failure.code;
    else this.attempts.push({ model, error: failure.code });
  }

  /** All that was billed, once the answer that came about has cost `usage`. */
  with(usage: LlmUsage): LlmUsage {
    return addUsage(this.usage, usage);
  }

  /** How the whole chain failed. */
  failure(): LlmError {
    const last = this.last ?? new LlmError("circuit_open", "no model is asked before its next probe");
    return last.with({ retryable: false, usage: this.usage, attempts: this.attempts });
  }
}

/**
 * A model that answers whichever of several can: the prompt's own in their order, then the default. Each is asked again at most twice
 * and, like the next one, only before the first token, so that nothing is told twice. One that failed five times in a row is
 * left out but for a probe every ten seconds. What failed attempts were billed counts, each once.
 */
export function failoverLlm(
  call: ModelCall,
  { defaultModel, contextOf = () => null, breaker = new CircuitBreaker(), ...options }: FailoverOptions,
): Llm {
  const chainOf = (models: string[]) => [...new Set([...models, defaultModel])];
  const patience = { ...PATIENCE, ...options.patience };

  function blame(model: string, { code }: LlmError): void {
    if (OF_THE_ENDPOINT.has(code)) breaker.failed(ENDPOINT);
    else if (!BLAMELESS.has(code)) breaker.failed(model);
  }

  /** Asks one model until it has answered (true) or there is no use in asking it again. @throws LlmError when it fails after its first token */
  async function ask(
    model: string,
    isLast: boolean,
    prompt: LlmPrompt,
    chain: Chain,
    hear: (part: LlmPart) => void,
    signal: AbortSignal,
  ): Promise<boolean> {
    for (let tried = 1; !chain.isLate; tried++) {
      let begun = false;
      try {
        const relay = (part: LlmPart) => {
          begun = true;
          if (part.type === "begin") hear({ ...part, attempts: chain.attempts, usage: () => chain.with(part.usage()) });
          else if (part.type === "end") {
            breaker.succeeded(model);
            breaker.succeeded(ENDPOINT);
            hear({ ...part, usage: chain.with(part.usage) });
          } else hear(part);
        };
        await call(prompt, model, { firstTokenMs: chain.firstTokenMs(isLast) }, relay, signal);
        return true;
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof LlmError)) throw error;
        chain.note(model, error);
        blame(model, error);
        if (begun) throw chain.failure();
        const pause = chain.backoffMs(error, tried);
        if (pause === null) return false;
        await sleep(pause, undefined, { signal }).catch(() => signal.throwIfAborted());
        if (!breaker.allows(model)) return false;
      }
    }
    return false;
  }

  return {
    responder: "model",
    contextTokens: (models) => Math.min(...chainOf(models).map((model) => contextOf(model) ?? ASSUMED_CONTEXT_TOKENS)),
    async stream(prompt, hear, signal) {
      const models = chainOf(prompt.models);
      const chain = new Chain(patience);
      if (!breaker.allows(ENDPOINT)) {
        chain.note(models[0]!, new LlmError("circuit_open", "the provider refuses our account"));
        throw chain.failure();
      }
      for (const [at, model] of models.entries()) {
        if (chain.isLate) break;
        if (!breaker.allows(model)) {
          chain.note(model, new LlmError("circuit_open", `${model} is not asked before its next probe`));
          continue;
        }
        if (await ask(model, at === models.length - 1, prompt, chain, hear, signal)) return;
        if (OF_THE_ENDPOINT.has(chain.attempts.at(-1)!.error)) break;
      }
      throw chain.failure();
    },
  };
}
