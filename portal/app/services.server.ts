// The composition root: every client the portal uses is made here, once, from the environment.
import { createCrmEgress, createCrms, crmConfig } from "@gpt-agent/core/crm/crms";
import { serviceDb } from "@gpt-agent/core/db";
import { readEnv } from "@gpt-agent/core/env";
import { createCatalogue } from "@gpt-agent/core/llm/catalogue";
import { CircuitBreaker } from "@gpt-agent/core/llm/circuit-breaker";
import { createEmbedder } from "@gpt-agent/core/llm/embed";
import { failoverLlm } from "@gpt-agent/core/llm/failover";
import { openRouterCall } from "@gpt-agent/core/llm/openrouter";
import { quotesLlm } from "@gpt-agent/core/llm/quotes";
import { loadTokenizer } from "@gpt-agent/core/llm/tokens";
import { createLog } from "@gpt-agent/core/log";
import { metricsGate } from "@gpt-agent/core/metrics/gate";
import { openMetrics } from "@gpt-agent/core/metrics/metrics";
import { createSafeFetch } from "@gpt-agent/core/safe-fetch";
import { createSecretBox } from "@gpt-agent/core/secrets";
import { createActions } from "~/chat/actions/actions";
import { secretStore } from "~/chat/actions/secret-headers";
import { Admission } from "~/chat/admission";
import { createChat } from "~/chat/chat";
import { embedQuestion, type RetrieveQuery, retrieve } from "~/chat/retrieve";
import { keptHere } from "~/chat/run-log/kept-here";
import { memoryRunLog } from "~/chat/run-log/memory";
import { redisRunLog } from "~/chat/run-log/redis";
import { apiKeyStore } from "~/http/api-key-guard";
import { createLimiter } from "~/http/limiter/limiter";
import { memoryCounter } from "~/http/limiter/memory";
import { redisCounter } from "~/http/limiter/redis";
import { countAnswer, countRefusal, lookAtPortal, watchDatabase } from "~/http/metrics/portal-metrics";
import { ownOrigins, visitorDoor } from "~/http/visitor-door";
import type { VisitorApi } from "~/http/visitor-route";
import { visitorTokens } from "~/http/visitor-token";
import { openIdentityKeys } from "~/models/identity-key.server";
import { openTelemetry } from "~/telemetry.server";
import packageJson from "../package.json";

export const env = readEnv("portal");
export const telemetry = await openTelemetry(env);
export const log = createLog(env.LOG_LEVEL, { process: "portal" }, telemetry.report);
/** What Prometheus reads at /metrics, and who may. */
export const metrics = openMetrics("portal");
export const metricsDoor = metricsGate({ token: env.METRICS_TOKEN, appUrl: env.APP_URL });
export const dbConfig = {
  url: env.SUPABASE_URL,
  publishableKey: env.SUPABASE_PUBLISHABLE_KEY,
  secretKey: env.SUPABASE_SECRET_KEY,
  watch: watchDatabase(metrics),
};
/** Past RLS: for the visitor API alone, whose callers are not Supabase users. Behind login it is always userDb. */
export const service = serviceDb(dbConfig);

/** The way out to addresses that customers give. */
const userAgent = `GPT-Agent-Platform/0.1 (+${env.APP_URL})`;
const safeFetch = createSafeFetch({ allow: env.EGRESS_ALLOW, userAgent });
export const secretBox = createSecretBox(env.ENCRYPTION_KEY);
export const secrets = secretStore(service, secretBox, log);

const crmSetup = crmConfig(env);
export const crms = createCrms(crmSetup);
export const crmEgress = createCrmEgress(crmSetup, { userAgent });

export const actions = createActions({ egress: safeFetch, secrets, log });

const onLimiterFailure = (error: unknown) => {
  metrics.count("gap_limiter_fallbacks_total", {});
  log.warn("the shared limits are away, using local ones", { error });
};
const counter = env.REDIS_URL ? redisCounter(env.REDIS_URL) : memoryCounter();
export const limiter = createLimiter(counter, memoryCounter(), onLimiterFailure, (limit) =>
  metrics.count("gap_limit_hits_total", { limit }),
);

/** Where the key goes: OpenRouter's own key to OpenRouter alone. */
const llmKey = env.LLM_API_KEY ?? (new URL(env.LLM_BASE_URL).hostname.endsWith("openrouter.ai") ? env.OPENROUTER_API_KEY : undefined);
export const breaker = new CircuitBreaker({ onChange: (model, state) => log.warn(`a model's circuit is ${state}`, { model }) });
export const catalogue = createCatalogue({
  baseUrl: env.LLM_BASE_URL,
  apiKey: llmKey ?? null,
  onFailure: (error) => log.warn("the catalogue of models could not be fetched", { error }),
});
const priceOf = (id: string) => catalogue.find(id)?.prices ?? null;
const model = llmKey
  ? failoverLlm(openRouterCall({ baseUrl: env.LLM_BASE_URL, apiKey: llmKey, appUrl: env.APP_URL, priceOf }), {
      defaultModel: env.LLM_DEFAULT_MODEL,
      contextOf: (id) => catalogue.find(id)?.contextTokens ?? null,
      breaker,
    })
  : null;
if (model) void loadTokenizer();
/** Who answers: a model where a key is set, the built-in quotes otherwise. For the portal to show. */
export const responder = { kind: model ? ("model" as const) : ("quotes" as const), model: model ? env.LLM_DEFAULT_MODEL : null };

const embed = embedQuestion(createEmbedder(env, { retries: 0, timeoutMs: 1_500 }));
const redisUrl = env.REDIS_URL;
export const runLog = redisUrl
  ? keptHere((interrupted) => redisRunLog(redisUrl, { interrupted }), {
      onChange: (away) =>
        away ? log.warn("the shared run log is away; answers go on here") : log.info("the shared run log is back with all answers"),
    })
  : memoryRunLog();
export const admission = new Admission({ runs: env.MAX_RUNS, starting: env.MAX_STARTING_RUNS, lagMs: env.MAX_EVENT_LOOP_LAG_MS }, log);
/** Finds passages of an agent's knowledge. */
export const searchKnowledge = (query: RetrieveQuery, signal: AbortSignal) => retrieve(service, query, signal, embed);
export const chat = createChat({
  db: service,
  runLog,
  admission,
  retrieve: searchKnowledge,
  llm: model ?? quotesLlm(),
  fallback: quotesLlm({ fallback: true }),
  actions,
  onAnswered: (receipt) => countAnswer(metrics, receipt),
  onRefused: (error) => countRefusal(metrics, error),
  log,
});
lookAtPortal(metrics, { db: service, admission, breaker, limiter, version: packageJson.version });

/** The keys that check who an agent's visitors are. */
export const identityKeys = (of: { orgId: string; agentId: string }) => openIdentityKeys(service, secretBox, log, of);
export const apiKeys = apiKeyStore(service, limiter, env.TRUSTED_PROXIES);

const api: VisitorApi = {
  door: visitorDoor(service, ownOrigins(env.APP_URL), log),
  tokens: visitorTokens(env.ENCRYPTION_KEY),
  limiter,
  trustedProxies: env.TRUSTED_PROXIES,
  log,
};
export const visitorApi = (): VisitorApi => api;
