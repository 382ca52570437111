import type { LlmTool } from "@gpt-agent/core/llm/llm";
import { countTokens } from "@gpt-agent/core/llm/tokens";

/** How many tokens each part of a prompt may take. */
export type ContextBudget = { passages: number; history: number; output: number };

/** However much a model could read: more passages and older turns make answers dearer and slower, hardly better. */
const MOST: ContextBudget = { passages: 6_000, history: 3_000, output: 2_000 };
/** The model's own tokenizer may make more of a text than ours. */
const MARGIN = 0.95;
/** Our own rules, and the frames around everything. */
const RULES_TOKENS = 600;
/** What passages get of the room that is left; the rest is the history's. */
const PASSAGES_SHARE = 2 / 3;

/**
 * Shares a model's context out: first what cannot be left out (rules, instructions, question, tools), the answer, then passages and
 * history. Where the context is so small that nothing is left, a prompt has the first passage and the question alone.
 * @param contextTokens what prompt and answer may have together; undefined where there is no such limit
 */
export function contextBudget(
  contextTokens: number | undefined,
  fixed: { texts: (string | null | undefined)[]; tools: LlmTool[] },
): ContextBudget {
  if (contextTokens === undefined) return MOST;
  const output = Math.min(MOST.output, Math.floor(contextTokens / 4));
  const taken = fixed.texts.reduce((sum, text) => sum + (text ? countTokens(text) : 0), RULES_TOKENS);
  const tools = fixed.tools.length > 0 ? countTokens(JSON.stringify(fixed.tools)) : 0;
  const left = Math.max(0, Math.floor(contextTokens * MARGIN) - output - taken - tools);
  const passages = Math.min(MOST.passages, Math.floor(left * PASSAGES_SHARE));
  return { passages, history: Math.min(MOST.history, left - passages), output };
}
