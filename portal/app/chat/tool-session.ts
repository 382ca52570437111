import { randomUUID } from "node:crypto";
import { type AgentAction, needsConsent } from "@gpt-agent/core/agent-actions";
import type { AgentSettings } from "@gpt-agent/core/agent-settings";
import type { ChatEvent, ClientTool, MessagePart, ToolReply } from "@gpt-agent/core/chat-events";
import type { LlmTool, LlmToolCall } from "@gpt-agent/core/llm/llm";
import type { Locale } from "@gpt-agent/core/locales";
import { z } from "zod";
import { ANSWER_WORDS } from "./answer-words.ts";
import type { Replies } from "./replies.ts";

type Json = z.core.util.JSONType;
export type ActionResult = { ok: true; output: Json; status: number } | { ok: false; error: string; status?: number };

/** The HTTP actions of agents. */
export interface Actions {
  /** The enabled actions of an agent, as a model is told of them. */
  toolsFor(settings: AgentSettings): LlmTool[];
  /** What is wrong with an input, for the model to mend; null when it fits the action's parameters. */
  check(action: AgentAction, input: unknown): string | null;
  /** Calls the action's address. Never throws but for an abort; failures come as plain words for the model. */
  run(action: AgentAction, input: unknown, by: { orgId: string; agentId: string; signal: AbortSignal }): Promise<ActionResult>;
}

/** What a receipt keeps of a tool call. */
export type UsedTool = {
  name: string;
  title: string | null;
  kind: "server" | "page";
  input: Json;
  outcome: "ok" | "failed" | "declined";
  status: number | null;
  durationMs: number;
  outputExcerpt: string | null;
};

type ToolPart = Extract<MessagePart, { type: "dynamic-tool" }>;
type Flags = { dynamic: true; providerExecuted?: true };
type Told = { toolCallId: string; toolName: string; input: Json; title?: string } & Flags;
type Ending = { ok: true; output: Json; status?: number } | { ok: false; declined?: boolean; told: string; status?: number; words: string };

export type ToolTurn = {
  orgId: string;
  agentId: string;
  settings: AgentSettings;
  /** Tools that the visitor's page runs. */
  clientTools: ClientTool[];
  /** Is there somebody to ask for consent? Callers of the OpenAI-compatible API are not asked, so they are offered no action that asks. */
  attended: boolean;
  locale: Locale;
};

/** A model that goes round in circles ends here: tool calls in one answer. */
const MAX_CALLS = 12;
/** How long a visitor may think about a consent, in milliseconds. */
const CONSENT_MS = 5 * 60_000;
/** How long a tool of the page may take, in milliseconds. */
const PAGE_TOOL_MS = 30_000;
/** What a model reads of a result, in UTF-16 code units. */
const MAX_RESULT_LENGTH = 16_000;
const EXCERPT_LENGTH = 500;

const jsonOr = (value: unknown): Json => z.json().safeParse(value).data ?? null;
const text = (value: Json): string => (typeof value === "string" ? value : JSON.stringify(value));

/** The tools of one answer: offers them, runs what the model calls, and keeps what the receipt needs. */
export class ToolSession {
  readonly used: UsedTool[] = [];
  readonly tools: LlmTool[];
  private readonly actions: Map<string, AgentAction>;
  private readonly pageTools: Map<string, ClientTool>;
  private readonly results = new Map<string, string>();
  private calls = 0;

  constructor(
    private readonly turn: ToolTurn,
    private readonly runner: Actions | null,
    private readonly replies: Replies,
  ) {
    const offered = runner ? turn.settings.actions.filter((action) => action.enabled && (turn.attended || !needsConsent(action))) : [];
    this.actions = new Map(offered.map((action) => [action.name, action]));
    // The agent's own actions go before the page's tools of the same name.
    this.pageTools = new Map(
      turn.attended ? turn.clientTools.filter(({ name }) => !this.actions.has(name)).map((tool) => [tool.name, tool]) : [],
    );
    this.tools = [...(runner?.toolsFor({ ...turn.settings, actions: offered }) ?? []), ...this.pageTools.values()];
  }

  /** Has any call given something that an answer can rest on? */
  get succeeded(): boolean {
    return this.used.some(({ outcome }) => outcome === "ok");
  }

  /**
   * Runs one call of the model. Yields the events of it, and the part that the message keeps; returns what the model reads.
   * The same call again gets the same result without being run; unknown tools and unfit inputs are told to the model alone.
   */
  async *call({ name, input: given }: LlmToolCall, signal: AbortSignal): AsyncGenerator<ChatEvent | ToolPart, string> {
    const input = jsonOr(given);
    const key = `${name} ${JSON.stringify(input)}`;
    const known = this.results.get(key);
    if (known !== undefined) return known;
    const action = this.actions.get(name);
    const page = this.pageTools.get(name);
    const unfit = action && this.runner?.check(action, input);
    const refusal =
      ++this.calls > MAX_CALLS
        ? "Refused: no more tool calls in this answer. Answer with what you have."
        : !action && !page
          ? "Refused: there is no such tool."
          : unfit;
    if (refusal) return refusal;
    const result = yield* this.perform(name, input, action, signal);
    this.results.set(key, result);
    return result;
  }

  private async *perform(
    name: string,
    input: Json,
    action: AgentAction | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<ChatEvent | ToolPart, string> {
    const { locale } = this.turn;
    const title = action && (action.title[locale] || action.title.en || action.title.ru);
    const flags: Flags = action ? { dynamic: true, providerExecuted: true } : { dynamic: true };
    const told: Told = { toolCallId: `call-${randomUUID()}`, toolName: name, input, ...(title ? { title } : {}), ...flags };
    const began = performance.now();
    let ending: Ending;
    if (action) {
      const consent = needsConsent(action);
      const reply = consent ? this.replies.wait(told.toolCallId, CONSENT_MS, signal) : null;
      // Awaited below; a stop in between must not count as unhandled.
      reply?.catch(() => {});
      yield { type: "tool-input-available", ...told, ...(consent ? { approval: "needed" } : {}) };
      const allowed = !consent || isConsent(await reply);
      // Told once more without the question: whoever else looks on, or comes later, has nothing to agree to any more.
      if (consent && allowed) yield { type: "tool-input-available", ...told };
      ending = allowed ? await this.runAction(action, input, signal) : this.declined();
    } else {
      const reply = this.replies.wait(told.toolCallId, PAGE_TOOL_MS, signal);
      reply.catch(() => {});
      yield { type: "tool-input-available", ...told };
      ending = this.pageEnding(await reply);
    }
    yield* this.close(told, ending, Math.round(performance.now() - began));
    return (ending.ok ? text(ending.output) : ending.told).slice(0, MAX_RESULT_LENGTH);
  }

  private async runAction(action: AgentAction, input: Json, signal: AbortSignal): Promise<Ending> {
    const { orgId, agentId, locale } = this.turn;
    const result = await this.runner!.run(action, input, { orgId, agentId, signal });
    signal.throwIfAborted();
    if (result.ok) return result;
    return {
      ok: false,
      told: `Failed: ${result.error}`,
      words: ANSWER_WORDS[locale].toolFailed,
      ...(result.status ? { status: result.status } : {}),
    };
  }

  private declined(): Ending {
    const told = "The visitor did not allow this. Do not try it again; say what you can do instead.";
    return { ok: false, declined: true, told, words: ANSWER_WORDS[this.turn.locale].toolDeclined };
  }

  private pageEnding(reply: ToolReply | null): Ending {
    if (reply && "output" in reply) return { ok: true, output: reply.output };
    const told = reply && "errorText" in reply ? `Failed: ${reply.errorText}` : "Failed: the page did not answer.";
    return { ok: false, told, words: ANSWER_WORDS[this.turn.locale].toolFailed };
  }

  /** Tells the end of a call and keeps it for the message and the receipt. */
  private *close(told: Told, ending: Ending, durationMs: number): Generator<ChatEvent | ToolPart> {
    const { toolCallId, toolName, input, title, dynamic, ...rest } = told;
    const flags: Flags = { dynamic, ...rest };
    yield ending.ok
      ? { type: "tool-output-available", toolCallId, output: ending.output, ...flags }
      : { type: "tool-output-error", toolCallId, errorText: ending.words, ...flags };
    yield {
      type: "dynamic-tool",
      toolName,
      toolCallId,
      input,
      ...(title ? { title } : {}),
      ...rest,
      ...(ending.ok ? { state: "output-available", output: ending.output } : { state: "output-error", errorText: ending.words }),
    };
    this.used.push({
      name: toolName,
      title: title ?? null,
      kind: rest.providerExecuted ? "server" : "page",
      input,
      outcome: ending.ok ? "ok" : ending.declined ? "declined" : "failed",
      status: ending.status ?? null,
      durationMs,
      outputExcerpt: (ending.ok ? text(ending.output) : ending.told).slice(0, EXCERPT_LENGTH),
    });
  }
}

const isConsent = (reply: ToolReply | null): boolean => reply !== null && "approved" in reply && reply.approved;
