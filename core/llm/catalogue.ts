import OpenAI from "openai";
import { SNAPSHOT } from "./catalogue-snapshot.ts";
import { isOpenRouter } from "./openrouter.ts";
import type { ModelPrices } from "./usage.ts";

export type CatalogueModel = {
  id: string;
  name: string;
  /** The most that prompt and answer may take together; null when unknown. */
  contextTokens: number | null;
  prices: ModelPrices | null;
};

/** What is known of the models that can be asked. */
export type Catalogue = {
  /** A model by its id, or null. Never waits: an old answer is given while a new one is fetched. */
  find(id: string): CatalogueModel | null;
  /** Every model to choose from, by id; waits a moment when the endpoint was not asked yet. */
  list(): Promise<CatalogueModel[]>;
};

export type CatalogueConfig = {
  baseUrl: string;
  /** null: the endpoint is never asked, and the shipped snapshot has to do. */
  apiKey: string | null;
  now?: () => number;
  onFailure?: (error: unknown) => void;
};

const FRESH_MS = 6 * 3_600_000;
/** After a failure the endpoint is left alone for this long. */
const RETRY_MS = 60_000;
const TIMEOUT_MS = 10_000;
/** What a person waits for a list. */
const PATIENCE_MS = 1_500;
const MAX_BYTES = 16 * 1024 * 1024;
const MAX_MODELS = 5_000;
/** As long as an agent's settings take. */
const MAX_ID_LENGTH = 120;

type Unknown = Record<string, unknown>;
const record = (value: unknown): Unknown => (typeof value === "object" && value !== null ? (value as Unknown) : {});
const plain = (value: unknown): string => (typeof value === "string" ? value.replace(/\p{C}/gu, "").trim().slice(0, MAX_ID_LENGTH) : "");

/** Dollars for one token, as text or number, in micro-dollars for a million; null for what is no price ("-1" stands for "it depends"). */
function price(dollars: unknown): number | null {
  const value = typeof dollars === "string" && dollars.trim() !== "" ? Number(dollars) : dollars;
  return typeof value === "number" && value >= 0 && value < 1 ? Math.round(value * 1e12) : null;
}

const tokens = (...told: unknown[]): number | null =>
  told.map(Number).find((value) => Number.isSafeInteger(value) && value > 0 && value < 1e9) ?? null;

/**
 * One entry of GET /models: OpenRouter's, or OpenAI's bare `{id, object, created, owned_by}` with whatever else a server adds
 * (context_window: Groq, max_model_len: vLLM). Null for what cannot write text.
 */
function parseModel(entry: unknown): CatalogueModel | null {
  const { id: given, name, context_length, context_window, max_model_len, top_provider, pricing, architecture } = record(entry);
  const id = plain(given);
  const writes = record(architecture).output_modalities;
  if (!id || id !== given || (Array.isArray(writes) && !writes.includes("text"))) return null;
  const { prompt, completion, input_cache_read } = record(pricing);
  const prices = { prompt: price(prompt), completion: price(completion) };
  return {
    id,
    name: plain(name) || id,
    contextTokens: tokens(context_length, record(top_provider).context_length, context_window, max_model_len),
    prices:
      prices.prompt === null || prices.completion === null
        ? null
        : { prompt: prices.prompt, completion: prices.completion, cached: price(input_cache_read) },
  };
}

/** The models of an answer to GET /models: `{data: […]}`, or the list itself. @throws Error when it is neither */
export function parseModels(body: unknown): CatalogueModel[] {
  const list = Array.isArray(body) ? body : record(body).data;
  if (!Array.isArray(list)) throw new Error("The endpoint's list of models is no list");
  return list
    .slice(0, MAX_MODELS)
    .map(parseModel)
    .filter((model) => model !== null);
}

async function readJson(response: Response): Promise<unknown> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
    size += part.byteLength;
    if (size > MAX_BYTES) throw new Error("The endpoint's list of models is too long");
    parts.push(part);
  }
  return JSON.parse(Buffer.concat(parts).toString("utf8"));
}

const shipped = new Map<string, CatalogueModel>(SNAPSHOT.map((model) => [model.id, model]));
/** OpenAI's own endpoint says "gpt-5-mini" where OpenRouter says "openai/gpt-5-mini". */
const byBareId = new Map<string, CatalogueModel>(SNAPSHOT.map((model) => [model.id.replace(/^.*\//, ""), model]));
const known = (id: string) => shipped.get(id) ?? byBareId.get(id);

/**
 * The models of an endpoint, asked for at the first need and then every few hours; the shipped snapshot fills in what the endpoint
 * does not tell. Nothing here ever fails: a list that cannot be fetched is an old one.
 */
export function createCatalogue({ baseUrl, apiKey, now = Date.now, onFailure = () => {} }: CatalogueConfig): Catalogue {
  const client = apiKey ? new OpenAI({ baseURL: baseUrl, apiKey, maxRetries: 0, logLevel: "off" }) : null;
  let models = new Map(isOpenRouter(baseUrl) ? shipped : []);
  let asked = false;
  let staleAt = 0;
  let refreshing: Promise<void> | null = null;

  async function refresh(from: OpenAI): Promise<void> {
    try {
      const response = await from.get("/models", { signal: AbortSignal.timeout(TIMEOUT_MS) }).asResponse();
      const found = parseModels(await readJson(response));
      if (found.length === 0) throw new Error("The endpoint's list of models is empty");
      models = new Map(found.map((model) => [model.id, withDetails(model)]));
      staleAt = now() + FRESH_MS;
    } catch (error) {
      staleAt = now() + RETRY_MS;
      onFailure(error);
    } finally {
      asked = true;
      refreshing = null;
    }
  }

  function keepFresh(): void {
    if (client && !refreshing && now() >= staleAt) refreshing = refresh(client);
  }

  return {
    find(id) {
      keepFresh();
      const own = models.get(id) ?? known(id);
      if (own) return own;
      // A variant ("…:free", "…:nitro") has its model's context, and a price of its own.
      const model = models.get(id.replace(/:\w+$/, "")) ?? known(id.replace(/:\w+$/, ""));
      return model ? { ...model, id, prices: null } : null;
    },
    async list() {
      keepFresh();
      if (!asked && refreshing) await Promise.race([refreshing, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS).unref())]);
      return [...models.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
    },
  };
}

function withDetails(model: CatalogueModel): CatalogueModel {
  const more = known(model.id);
  if (!more) return model;
  return {
    id: model.id,
    name: model.name === model.id ? more.name : model.name,
    contextTokens: model.contextTokens ?? more.contextTokens,
    prices: model.prices ?? more.prices,
  };
}
