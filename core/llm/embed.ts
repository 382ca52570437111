import OpenAI from "openai";

/** The port to whatever turns texts into vectors. */
export interface Embedder {
  /** Vectors of different models are never compared; the name keeps them apart. */
  readonly model: string;
  /**
   * One vector for each text, in their order, all of one length.
   * @throws EmbedError when the provider fails or answers nonsense; the signal's reason when aborted
   */
  embed(texts: string[], signal: AbortSignal): Promise<number[][]>;
}

/** A failure of the embeddings provider. The message is for our logs. */
export class EmbedError extends Error {
  override name = "EmbedError";
  /** May the same request succeed when sent again? */
  readonly retryable: boolean;
  constructor(message: string, options: { retryable: boolean; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.retryable = options.retryable;
  }
}

export type EmbedderConfig = {
  EMBEDDINGS_BASE_URL?: string;
  EMBEDDINGS_API_KEY?: string;
  EMBEDDINGS_MODEL?: string;
};

/** How patient to be: a question's vector is awaited by a visitor, a document's by nobody. */
export type EmbedderPatience = { retries: number; timeoutMs: number };

/**
 * The embedder that the environment describes, on any OpenAI-compatible endpoint; null when none is configured. A
 * provider that is busy is asked again after its Retry-After (at most a minute), else with growing pauses.
 */
export function createEmbedder(config: EmbedderConfig, patience: EmbedderPatience = { retries: 4, timeoutMs: 60_000 }): Embedder | null {
  const { EMBEDDINGS_BASE_URL: baseURL, EMBEDDINGS_API_KEY: apiKey, EMBEDDINGS_MODEL: model } = config;
  if (!model || !(baseURL || apiKey)) return null;
  const client = new OpenAI({
    // Local servers need no key, but the client refuses to start without one.
    apiKey: apiKey ?? "none",
    baseURL: baseURL ?? "https://api.openai.com/v1",
    maxRetries: patience.retries,
    timeout: patience.timeoutMs,
  });
  /** Set by the first answer: a model that changes its mind would mix vectors that cannot be compared. */
  let dims: number | undefined;
  return {
    model,
    async embed(texts, signal) {
      if (texts.length === 0) return [];
      signal.throwIfAborted();
      let data: { index: number; embedding: unknown }[];
      try {
        // Asked for floats: servers that do not know base64 would answer them anyway.
        ({ data } = await client.embeddings.create({ model, input: texts, encoding_format: "float" }, { signal }));
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        const status = error instanceof OpenAI.APIError ? error.status : undefined;
        const refused = status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 409 && status !== 429;
        throw new EmbedError(`The embeddings provider failed${status ? ` with ${status}` : ""}`, { retryable: !refused, cause: error });
      }
      const vectors = inOrder(data, texts.length);
      dims ??= vectors[0]!.length;
      if (vectors.some((vector) => vector.length !== dims)) {
        throw new EmbedError(`The provider's vectors differ in length from the ${dims} numbers it began with`, { retryable: false });
      }
      return vectors;
    },
  };
}

/** The answer's vectors by their index; some servers answer out of order, short, or with holes. */
function inOrder(data: unknown, count: number): number[][] {
  const broken = (what: string) => new EmbedError(`The provider answered ${what}`, { retryable: true });
  if (!Array.isArray(data) || data.length !== count) throw broken(`${Array.isArray(data) ? data.length : "no"} vectors for ${count} texts`);
  const vectors: number[][] = new Array(count);
  for (const [position, item] of data.entries()) {
    const index: unknown = item?.index ?? position;
    if (typeof index !== "number" || !Number.isInteger(index) || index < 0 || index >= count || vectors[index])
      throw broken("an index it was not asked for");
    const vector: unknown = item?.embedding;
    if (!Array.isArray(vector) || vector.length === 0 || !vector.every((value) => typeof value === "number" && Number.isFinite(value))) {
      throw broken("something that is not a vector");
    }
    vectors[index] = vector;
  }
  return vectors;
}
