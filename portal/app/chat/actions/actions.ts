import { addToQuery, fillUrl, UrlValueError } from "@gpt-agent/core/action-url";
import type { AgentAction } from "@gpt-agent/core/agent-actions";
import type { AgentSettings } from "@gpt-agent/core/agent-settings";
import type { LlmTool } from "@gpt-agent/core/llm/llm";
import type { Log } from "@gpt-agent/core/log";
import { EgressError, type EgressErrorCode, type SafeFetch, type SafeRequest } from "@gpt-agent/core/safe-fetch";
import { checkInput, closed, type Json } from "./input.ts";
import { mapped } from "./mapped.ts";
import { readable } from "./output.ts";
import { MissingSecretError, masker, type SecretStore } from "./secret-headers.ts";

export type ActionDeps = { egress: SafeFetch; secrets: SecretStore; log: Log };

/** On whose behalf an action runs. */
export type ActionCaller = {
  orgId: string;
  agentId: string;
  signal: AbortSignal;
  /** Names the call to the service, so that one it hears twice can have the effect of once. */
  callId?: string;
  /** Secrets that are not stored yet, by their ids: an editor tries them. */
  unsaved?: ReadonlyMap<string, string>;
};

/** `error` is in short plain English for the model, and holds no secret. */
export type ActionOutcome = { ok: true; output: Json; status: number } | { ok: false; error: string; status?: number };

/** Why a run gave nothing, for words of one's own: the input or a value in it, the way there, a secret, the answer's status, or us. */
export type TrialFailure = "input" | "value" | "secret_missing" | "status" | "failed" | EgressErrorCode;

/** A run as its editor sees it: what was sent and what came, secrets masked. */
export type ActionTrial = {
  outcome: ActionOutcome;
  /** Null when the outcome is ok. */
  failure: TrialFailure | null;
  sent: { method: string; url: string; headers: Record<string, string>; body: string | null } | null;
  /** `body` is cut to some thousands of characters; `content` is the whole of it where it is JSON and not too long. */
  received: { status: number; contentType: string; body: string; content: Json | null } | null;
  milliseconds: number;
};

export type Actions = {
  /** The enabled actions as tools for a model. */
  toolsFor(settings: Pick<AgentSettings, "actions">): LlmTool[];
  /** What is wrong with an input, in words for the model that wrote it; null when it fits the action's parameters. */
  check(action: AgentAction, input: unknown): string | null;
  /**
   * Runs an action once. Whether the visitor has agreed is the caller's to know. An action that does not exist, is disabled,
   * is called wrongly or fails gives an outcome that says so.
   * @throws the signal's reason when aborted
   */
  run(action: AgentAction | undefined, input: unknown, caller: ActionCaller): Promise<ActionOutcome>;
  /** The same for an editor who tries it, disabled or not. @throws the signal's reason when aborted */
  tryOut(action: AgentAction, input: unknown, caller: ActionCaller): Promise<ActionTrial>;
};

/** What is read of an answer at most, in bytes; what the model sees of it is less (output.ts). */
const MAX_ANSWER = 256 * 1024;
const SHOWN = 4_000;
/** Of JSON, in characters: what an editor can pick values from. */
const MAX_CONTENT = 64_000;
/** Reading may follow redirects; writing twice by mistake is worse than a 3xx. */
const REDIRECTS_OF_A_GET = 3;
const ACCEPTED = "application/json, text/*;q=0.5";

/** The executor of agents' HTTP actions. Everything goes out through the one SSRF-safe fetch; nothing is retried. */
export function createActions({ egress, secrets, log }: ActionDeps): Actions {
  async function attempt(action: AgentAction, input: unknown, caller: ActionCaller): Promise<ActionTrial> {
    const started = performance.now();
    const trial: ActionTrial = { outcome: refusal(""), failure: null, sent: null, received: null, milliseconds: 0 };
    try {
      trial.outcome = await exchange(action, input, caller, trial);
      if (!trial.outcome.ok) trial.failure = "status";
    } catch (error) {
      caller.signal.throwIfAborted();
      trial.outcome = refusal(inWords(error, log));
      trial.failure = failureOf(error);
    }
    trial.milliseconds = Math.round(performance.now() - started);
    const { outcome, milliseconds } = trial;
    log.info("an action has run", { action: action.name, agentId: caller.agentId, ok: outcome.ok, status: outcome.status, milliseconds });
    return trial;
  }

  async function exchange(action: AgentAction, given: unknown, caller: ActionCaller, trial: ActionTrial): Promise<ActionOutcome> {
    const checked = checkInput(action.parameters, given);
    if (!checked.ok) throw new UnfitInputError(checked.problem);
    const { url, body } = addressed(action, checked.input);
    const { headers, secretValues, secretHeaders } = await secrets.headersOf(action, caller);
    const mask = masker(secretValues);
    if (body !== null) headers["content-type"] = "application/json";
    if (action.method !== "GET" && caller.callId) headers["idempotency-key"] = caller.callId;
    trial.sent = { method: action.method, url: mask(url.href), headers: mask(headers), body };
    const answer = await egress(url.href, {
      method: action.method,
      headers: { accept: ACCEPTED, ...headers },
      secretHeaders,
      ...(body === null ? {} : { body }),
      redirects: action.method === "GET" ? REDIRECTS_OF_A_GET : 0,
      timeoutMs: action.timeoutMs,
      maxBytes: MAX_ANSWER,
      signal: caller.signal,
    } satisfies SafeRequest);
    const contentType = answer.headers["content-type"] ?? "";
    const content = mask(readable(answer.body, contentType));
    trial.received = { status: answer.status, contentType: mask(contentType), body: shown(content), content: structured(content) };
    return concluded(action, answer.status, content);
  }

  return {
    toolsFor: ({ actions }) =>
      actions
        .filter(({ enabled }) => enabled)
        .map(({ name, description, parameters }) => ({ name, description, parameters: closed(parameters) })),
    check(action, input) {
      const checked = checkInput(action.parameters, input);
      return checked.ok ? null : checked.problem;
    },
    async run(action, input, caller) {
      caller.signal.throwIfAborted();
      if (!action?.enabled) return refusal("There is no such action.");
      return (await attempt(action, input, caller)).outcome;
    },
    async tryOut(action, input, caller) {
      caller.signal.throwIfAborted();
      return attempt(action, input, caller);
    },
  };
}

const refusal = (error: string, status?: number): ActionOutcome => ({ ok: false, error, ...(status ? { status } : {}) });

/** What the template does not hold goes into the query of calls that carry no body, else into a JSON body. */
function addressed(action: AgentAction, input: Record<string, Json>): { url: URL; body: string | null } {
  const { url, rest } = fillUrl(action.url, input);
  const hasBody = action.method !== "GET" && action.method !== "DELETE";
  return { url: addToQuery(url, hasBody ? {} : rest), body: hasBody ? JSON.stringify(rest) : null };
}

function concluded(action: AgentAction, status: number, content: Json | null): ActionOutcome {
  if (status >= 200 && status < 300) {
    if (content === null) return { ok: true, output: "Done. The service sent nothing that can be read.", status };
    return { ok: true, output: mapped(content, action.result), status };
  }
  return refusal(`${STATUS_WORDS[status] ?? defaultWords(status)} (HTTP ${status})${detail(status, content)}`, status);
}

const STATUS_WORDS: Record<number, string> = {
  400: "The service did not accept these values",
  401: "The service refused the agent's credentials",
  403: "The service refused the agent's credentials",
  404: "The service found nothing for these values",
  409: "The service says this conflicts with what it holds",
  422: "The service did not accept these values",
  429: "The service is asked too often at the moment",
};
const defaultWords = (status: number) =>
  status >= 500
    ? "The service has a problem of its own"
    : status >= 400
      ? "The service refused the call"
      : "The service answered in an unexpected way";

/** The service's own words about values it did not accept; a model can then ask for better ones. */
function detail(status: number, content: Json | null): string {
  if (![400, 404, 409, 422].includes(status) || content === null) return ".";
  const said = typeof content === "object" && !Array.isArray(content) ? (content.message ?? content.detail ?? content.error) : null;
  return typeof said === "string" && said ? `: ${said.slice(0, 300)}` : ".";
}

/** An input that does not fit the action's parameters. The message is for the model. */
class UnfitInputError extends Error {
  override name = "UnfitInputError";
}

function failureOf(error: unknown): TrialFailure {
  if (error instanceof EgressError) return error.code;
  if (error instanceof UnfitInputError) return "input";
  if (error instanceof UrlValueError) return "value";
  return error instanceof MissingSecretError ? "secret_missing" : "failed";
}

function inWords(error: unknown, log: Log): string {
  if (error instanceof EgressError || error instanceof UrlValueError || error instanceof UnfitInputError) return error.message;
  if (error instanceof MissingSecretError) return "The action is not set up completely: a secret is missing.";
  log.error("an action failed in us", { error });
  return "The action failed.";
}

function shown(content: Json | null): string {
  const text = typeof content === "string" ? content : content === null ? "" : JSON.stringify(content, null, 2);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

function structured(content: Json | null): Json | null {
  return typeof content === "object" && JSON.stringify(content).length <= MAX_CONTENT ? content : null;
}
